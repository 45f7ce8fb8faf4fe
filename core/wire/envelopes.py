"""Operations going up, answers and changes coming down: the shapes of `POST /sync/v1`.

Everything is additive: a reader passes over fields it does not know, and stores bodies
as they came. `docs/wire.md` describes each field for other implementers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from typing import Any

from pydantic import TypeAdapter

from core.wire.canonical import canonical_bytes, sha256_hex
from core.wire.custody import Orders
from core.wire.receipts import Receipt, Taken
from core.wire.repair import Question, Told
from core.wire.snapshots import SnapshotOffer

PROTOCOL = 1
GENESIS = "0" * 64
"""The `previous_hash` of a tablet's first operation."""
UNCONFIRMED = "unconfirmed"
"""The `base_epoch` of an edit of what has not come from the county, or in no epoch known here."""
MOST_OPERATION_BYTES = 512 << 10
"""The most an operation weighs: a tablet makes none that weighs more, a county keeps none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One thing a tablet did, numbered without gaps from 1 per tablet and chained by hash.

    `action` is `put` for a fact (the body is the whole record) or `set` for a standing
    record (the body holds only the changed fields; `base_revision` is the revision they
    were changed on, 0 for a new record, `base_epoch` the epoch of the scope it was counted in, or
    UNCONFIRMED, and "" from tablets that do not say; `clock` is the hybrid logical clock).
    Times are ISO 8601 in UTC. `hash` covers every field but itself and `signature`, those
    with defaults included, but an empty `base_epoch`, which operations had not from the
    beginning; `signature` is Ed25519 over the hash, hexadecimal.

    In a batch the three may be left out where they follow: `previous_hash` after the first
    operation, `hash` and `signature` before the last, whose signature covers the chain.
    """

    op_id: str
    device_id: str
    device_seq: int
    kind: str
    record_id: str
    revision: int
    action: str
    scope_id: str
    author_id: str
    occurred_at: str
    recorded_at: str
    policy_version: str
    body: dict[str, Any]
    previous_hash: str = ""
    schema: int = 1
    base_revision: int | None = None
    clock: str | None = None
    base_epoch: str = ""
    hash: str = ""
    signature: str = ""


OPERATION_DEFAULTS: Mapping[str, Any] = {
    item.name: item.default for item in fields(Operation) if item.default is not MISSING
}
PROOF = ("hash", "signature")
"""The fields an operation's hash does not cover."""


def hashed_content(envelope: Mapping[str, Any]) -> bytes:
    """What the hash of an operation covers: unknown fields too, defaults filled in.

    Raises ValueError where the envelope has no canonical bytes.
    """
    content = {**OPERATION_DEFAULTS, **envelope}
    for name in PROOF:
        content.pop(name, None)
    return canonical_bytes(_without_empty_epoch(content))


def envelope_of(operation: Operation) -> dict[str, Any]:
    """The operation as a JSON object with every field its hash covers, and its proof.

    The body is shared, not copied.
    """
    return _without_empty_epoch({name: getattr(operation, name) for name in _OPERATION_FIELDS})


def _without_empty_epoch(said: dict[str, Any]) -> dict[str, Any]:
    if said["base_epoch"] == "":
        del said["base_epoch"]
    return said


_OPERATION_FIELDS = tuple(item.name for item in fields(Operation))


def operation_hash(operation: Operation) -> str:
    """The SHA-256 over the operation's canonical bytes without `hash` and `signature`."""
    return sha256_hex(hashed_content(envelope_of(operation)))


def hashed(operation: Operation) -> Operation:
    """The operation with its hash filled in, ready to be signed."""
    return replace(operation, hash=operation_hash(operation))


def bytes_to_sign(operation: Operation) -> bytes:
    """What the tablet signs and the county checks: the 32 bytes of the operation's hash."""
    return bytes.fromhex(operation.hash)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One numbered change of a scope; `action` is `put`, with the whole record, or `remove`."""

    scope_id: str
    seq: int
    kind: str
    record_id: str
    revision: int
    action: str
    schema: int
    hash: str
    author_id: str
    received_at: str
    body: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbered:
    """Facts this very request has sent up, as changes of their scope: the tablet has the bodies.

    `count` operations from `device_seq` on are the changes from `seq` on, in the same order,
    each in revision 1.
    """

    scope_id: str
    seq: int
    device_seq: int
    count: int
    received_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """How far a tablet has read a scope; a changed `epoch` means the county was restored."""

    epoch: str
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncRequest:
    """What a tablet says in one round trip.

    `acknowledged_seq` is its last operation it holds a receipt for; a county restored from
    an older backup sees by it what to ask for again. `want` is the most changes it takes.
    `question` asks where a scope's sums differ. `refused` are the numbers and codes of the
    operations it holds as refused: where the county has judged one anew, it says so.
    `history` is the county's as the tablet last heard it; operations sent into another one,
    to a county restored since, are not taken.
    """

    device_id: str
    app_version: str
    operations: tuple[Operation, ...] = ()
    cursors: dict[str, Cursor] = field(default_factory=dict)
    want: int = 2000
    acknowledged_seq: int = 0
    takes_snapshots: bool = False
    question: Question | None = None
    refused: tuple[tuple[int, str], ...] = ()
    history: str = ""
    protocol: int = PROTOCOL


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncResponse:
    """What the county answers.

    `taken` and `receipts` answer the operations (`core.wire.receipts`); `receipts_signature`
    is the county's Ed25519 signature over both, hexadecimal. `resend_from` names the first
    `device_seq` the county lacks. `cursors` are to be stored with `numbered` and `changes` in
    one transaction. `dropped_scopes` are no
    longer this tablet's. `durable_seq` is the tablet's last operation under the county's
    backup. `roots` are the sums (`core.wire.digests`) of the scopes the changes bring level.
    A `revoked` tablet may still hand in, into quarantine, and is sent nothing. `orders` are
    the county's demands on this tablet where they are not the defaults. `snapshots` are the
    scopes to be loaded whole (`core.wire.snapshots`); no change of theirs is in this answer.
    `told` answers the request's question; the records it fetched are `repairs`, which move no
    cursor. `history` is the county's, where the request named another or none; `durable_hash`
    is then the hash of its operation of `durable_seq`, by which the tablet knows that all up to
    there is its own; where its chain has a break up to there, the county says 0 and "".
    """

    server_time: str
    county_version: str
    taken: tuple[Taken, ...] = ()
    receipts: tuple[Receipt, ...] = ()
    receipts_signature: str = ""
    resend_from: int | None = None
    durable_seq: int = 0
    numbered: tuple[Numbered, ...] = ()
    changes: tuple[Change, ...] = ()
    cursors: dict[str, Cursor] = field(default_factory=dict)
    dropped_scopes: tuple[str, ...] = ()
    has_more: bool = False
    roots: dict[str, str] = field(default_factory=dict)
    revoked: bool = False
    orders: Orders | None = None
    snapshots: dict[str, SnapshotOffer] = field(default_factory=dict)
    told: Told | None = None
    repairs: tuple[Change, ...] = ()
    history: str = ""
    durable_hash: str = ""
    protocol: int = PROTOCOL


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolRequest:
    """`POST /enrol/v1`: the one-time code, and the public keys the tablet has just made.

    Keys are raw 32 bytes in hexadecimal: Ed25519 for signing.
    """

    code: str
    device_public_key: str
    device_name: str
    app_version: str
    protocol: int = PROTOCOL


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolResponse:
    """Who the tablet now belongs to, and the keys it needs.

    `county_public_key` is Ed25519 (receipts), `county_escrow_key` X25519 (sealing of the
    tablet's data key), both raw in hexadecimal. `history` goes back with the first request.
    """

    device_id: str
    county_id: str
    county_name: str
    doctor_id: str
    doctor_name: str
    scopes: tuple[str, ...]
    county_public_key: str
    county_escrow_key: str
    server_time: str
    history: str = ""
    protocol: int = PROTOCOL


REQUESTS: TypeAdapter[SyncRequest] = TypeAdapter(SyncRequest)
RESPONSES: TypeAdapter[SyncResponse] = TypeAdapter(SyncResponse)
ENROL_REQUESTS: TypeAdapter[EnrolRequest] = TypeAdapter(EnrolRequest)
ENROL_RESPONSES: TypeAdapter[EnrolResponse] = TypeAdapter(EnrolResponse)
OPERATIONS: TypeAdapter[Operation] = TypeAdapter(Operation)
CHANGES: TypeAdapter[tuple[Change, ...]] = TypeAdapter(tuple[Change, ...])
