"""Keys and orders: escrow of a tablet's data key, its recovery, and what the county demands.

The shapes of `POST /escrow/v1`, `POST /recover/v1`, `POST /wiped/v1` and of the orders in an
answer to `POST /sync/v1`. Binary values travel in hexadecimal.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from pydantic import TypeAdapter

from core.wire.canonical import canonical_bytes

DEFAULT_LEASE_DAYS = 14
DEFAULT_KEEP_YEARS = 5
WIPE_AFTER_HAND_IN = "after_hand_in"
WIPE_REGARDLESS = "regardless"


@dataclass(frozen=True, slots=True, kw_only=True)
class EscrowRequest:
    """The tablet's data key, sealed to the county's escrow key and bound to the tablet's id."""

    sealed_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EscrowResponse:
    """That the county holds it; `key_name` is the key it was sealed to, as the county knows it."""

    key_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoverRequest:
    """A one-time code by its name, never the code itself, and an X25519 key made for this call."""

    device_id: str
    code_name: str
    public_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoverResponse:
    """Whom the code lets in, and the data key: locked with the code, sealed to the call's key."""

    doctor_id: str
    doctor_name: str
    sealed_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What the county demands of one tablet; an answer without orders means these defaults.

    Facts older than `keep_years` leave the tablet once the county has them under its backup.
    `wipe` is "", `after_hand_in` or `regardless`. `escrow_key` is the X25519 key the tablet
    shall seal to from now on, "" where it does so already. `signature` is the county's
    Ed25519 over `orders_bytes`, so that nobody in between can have a tablet wiped.
    """

    lease_days: int = DEFAULT_LEASE_DAYS
    keep_years: int = DEFAULT_KEEP_YEARS
    wipe: str = ""
    escrow_key: str = ""
    signature: str = ""


def orders_bytes(device_id: str, orders: Orders) -> bytes:
    """What the county signs: the orders with every field, for this one tablet."""
    said = {name: value for name, value in asdict(orders).items() if name != "signature"}
    return canonical_bytes({"luyue": "orders 1", "device_id": device_id, **said})


ESCROW_REQUESTS: TypeAdapter[EscrowRequest] = TypeAdapter(EscrowRequest)
ESCROW_RESPONSES: TypeAdapter[EscrowResponse] = TypeAdapter(EscrowResponse)
RECOVER_REQUESTS: TypeAdapter[RecoverRequest] = TypeAdapter(RecoverRequest)
RECOVER_RESPONSES: TypeAdapter[RecoverResponse] = TypeAdapter(RecoverResponse)
