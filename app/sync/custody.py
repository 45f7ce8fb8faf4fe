"""Handing the data key in, being let in again by a code, checking orders, and a last word."""

from __future__ import annotations

from collections.abc import Callable

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import ValidationError

from app.store.custody import confirm_key
from app.store.opening import Store
from app.sync.county_call import CountyCall
from app.sync.enrolment import ask_unsigned
from app.sync.transport import Transport
from app.sync.troubles import SyncTrouble, Trouble
from core.wire.custody import (
    ESCROW_REQUESTS,
    ESCROW_RESPONSES,
    RECOVER_REQUESTS,
    RECOVER_RESPONSES,
    EscrowRequest,
    EscrowResponse,
    Orders,
    RecoverRequest,
    RecoverResponse,
    orders_bytes,
)

ESCROW_PATH = "/escrow/v1"
RECOVER_PATH = "/recover/v1"
WIPED_PATH = "/wiped/v1"


def hand_key_in(store: Store, call: CountyCall, sealed: str) -> None:
    """Give the county the sealed data key, and note that it holds it.

    Raises SyncTrouble; it is tried again at the next synchronisation.
    """
    said = ESCROW_REQUESTS.dump_json(EscrowRequest(sealed_key=sealed))
    answer = _confirmation(call.post(ESCROW_PATH, said))
    with store.transaction() as session:
        confirm_key(session, answer.key_name)


def recover(
    connect: Callable[[str], Transport], county_url: str, asked: RecoverRequest
) -> RecoverResponse:
    """What a recovery code guards. Raises Refused with the county's own code, or as `enrol`."""
    said = RECOVER_REQUESTS.dump_json(asked)
    return ask_unsigned(connect, county_url, RECOVER_PATH, said, RECOVER_RESPONSES.validate_json)


def check_orders(orders: Orders | None, device_id: str, county_key: str) -> None:
    """Raises SyncTrouble `false_receipt` unless the county itself signed these orders."""
    if orders is None:
        return
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(county_key))
        key.verify(bytes.fromhex(orders.signature), orders_bytes(device_id, orders))
    except (InvalidSignature, ValueError) as error:
        raise SyncTrouble(Trouble.FALSE_RECEIPT) from error


def tell_wiped(call: CountyCall) -> None:
    """The tablet's last word; raises SyncTrouble."""
    call.post(WIPED_PATH, b"{}")


def _confirmation(content: bytes) -> EscrowResponse:
    try:
        return ESCROW_RESPONSES.validate_json(content)
    except ValidationError as error:
        raise SyncTrouble(Trouble.NOT_UNDERSTOOD) from error
