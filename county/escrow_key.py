"""The county's escrow key: made here, kept under a passphrase, in the database or in a file.

Only the console ever opens it. The server that talks to tablets holds the public half and a
private half it cannot read, so whoever breaks into it opens no tablet.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.refusals import Refusal, Refused
from sealing.envelope import key_name

COST = 1 << 16
"""scrypt's n: 64 MiB and a quarter of a second for each guess at a passphrase."""
MIN_PASSPHRASE = 10
_WORDS = "0123456789abcdefghjkmnpqrstvwxyz"
_SALT_BYTES, _NONCE_BYTES, _KEY_BYTES = 16, 12, 32


@dataclass(frozen=True, slots=True, kw_only=True)
class EscrowKey:
    """A pair of X25519 keys in hexadecimal; the private one is locked, "" where kept elsewhere."""

    public: str
    locked_private: str

    @property
    def name(self) -> str:
        """By which sealed bytes say whose they are, in hexadecimal."""
        return key_name(bytes.fromhex(self.public)).hex()


def new_escrow_key(passphrase: str, cost: int = COST) -> EscrowKey:
    """A fresh pair under a passphrase; refused `escrow.passphrase_short`."""
    if len(passphrase) < MIN_PASSPHRASE:
        raise Refused(Refusal(code="escrow.passphrase_short", values={"least": MIN_PASSPHRASE}))
    private = X25519PrivateKey.generate()
    public = private.public_key().public_bytes_raw()
    locked = _locked(private.private_bytes_raw(), passphrase, public, cost)
    return EscrowKey(public=public.hex(), locked_private=locked)


def private_key(key: EscrowKey, passphrase: str) -> bytes:
    """The private half. Refused `escrow.key_elsewhere`, `escrow.wrong_passphrase`."""
    if not key.locked_private:
        raise Refused(Refusal(code="escrow.key_elsewhere"))
    try:
        kdf, cost, salt, sealed = key.locked_private.split(":")
        if kdf != "scrypt":
            raise Refused(Refusal(code="escrow.key_damaged"))
        stretched = _stretched(passphrase, bytes.fromhex(salt), int(cost))
        content = bytes.fromhex(sealed)
    except ValueError as error:
        raise Refused(Refusal(code="escrow.key_damaged")) from error
    try:
        public = bytes.fromhex(key.public)
        return AESGCM(stretched).decrypt(content[:_NONCE_BYTES], content[_NONCE_BYTES:], public)
    except InvalidTag as error:
        raise Refused(Refusal(code="escrow.wrong_passphrase")) from error


def easy_passphrase() -> str:
    """A passphrase to write down: 80 random bits in groups of four."""
    drawn = "".join(secrets.choice(_WORDS) for _ in range(16))
    return "-".join(drawn[start : start + 4] for start in range(0, 16, 4))


def write_key_file(path: Path, key: EscrowKey) -> None:
    """Keep a key in a file of its owner's alone; refused `escrow.file_exists`."""
    if not key.locked_private:
        raise Refused(Refusal(code="escrow.key_elsewhere"))
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise Refused(Refusal(code="escrow.file_exists", values={"file": str(path)})) from error
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(asdict(key), file, indent=2)
        file.flush()
        os.fsync(file.fileno())


def read_key_file(path: Path) -> EscrowKey:
    """A key written by `write_key_file`; refused `escrow.key_damaged`."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return EscrowKey(public=told["public"], locked_private=told["locked_private"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refused(Refusal(code="escrow.key_damaged")) from error


def _locked(secret: bytes, passphrase: str, public: bytes, cost: int) -> str:
    salt, nonce = os.urandom(_SALT_BYTES), os.urandom(_NONCE_BYTES)
    sealed = nonce + AESGCM(_stretched(passphrase, salt, cost)).encrypt(nonce, secret, public)
    return f"scrypt:{cost}:{salt.hex()}:{sealed.hex()}"


def _stretched(passphrase: str, salt: bytes, cost: int) -> bytes:
    return hashlib.scrypt(
        passphrase.encode(),
        salt=salt,
        n=cost,
        r=8,
        p=1,
        maxmem=2 * 128 * 8 * (cost + 3),
        dklen=_KEY_BYTES,
    )
