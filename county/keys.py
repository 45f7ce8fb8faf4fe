"""The county's own keys: Ed25519 to sign receipts, and the escrow key it was founded with."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.refusals import Refusal, Refused
from county.escrow_key import EscrowKey
from county.tables import CountyRow


def found_county(
    session: Session, county_id: str, name: str, now: datetime, escrow: EscrowKey
) -> CountyRow:
    """Make the county's row: a fresh key to sign with, and the escrow key made for it."""
    signing = Ed25519PrivateKey.generate()
    county = CountyRow(
        county_id=county_id,
        name=name,
        created_at=now,
        signing_private_key=signing.private_bytes_raw().hex(),
        signing_public_key=signing.public_key().public_bytes_raw().hex(),
        escrow_public_key=escrow.public,
        escrow_private_key_sealed=escrow.locked_private,
    )
    session.add(county)
    session.flush()
    return county


def the_county(session: Session) -> CountyRow:
    """The county this server serves; refused `county.not_founded` before `luyue county init`."""
    county = session.scalars(_THE_COUNTY).first()
    if county is None:
        raise Refused(Refusal(code="county.not_founded"))
    return county


_THE_COUNTY = select(CountyRow).order_by(CountyRow.created_at).limit(1)


def sign(private_key_hex: str, message: bytes) -> str:
    """The Ed25519 signature of a message, in hexadecimal."""
    return _private_key(private_key_hex).sign(message).hex()


def check_signature(public_key_hex: str, signature_hex: str, message: bytes) -> None:
    """Raises InvalidSignature or ValueError unless the key has signed the message."""
    _public_key(public_key_hex).verify(bytes.fromhex(signature_hex), message)


@lru_cache(maxsize=4)
def _private_key(hexadecimal: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(hexadecimal))


@lru_cache(maxsize=4096)
def _public_key(hexadecimal: str) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(bytes.fromhex(hexadecimal))
