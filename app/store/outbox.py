"""What this tablet did and the county may not know yet: numbered, chained, signed, settled.

`append` belongs into the transaction that stores the record itself, so neither is ever
there without the other.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic_core import from_json
from sqlalchemy import bindparam, func, update
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from app.clock import new_id
from app.store.errors import NotEnrolled
from app.store.queries.device import set_setting, setting
from app.store.tables import DeviceRow, OutboxRow, RecordRow
from app.store.upserts import insertion
from core.refusals import Refusal, Refused
from core.wire.canonical import canonical_bytes
from core.wire.clocks import next_clock
from core.wire.envelopes import (
    MOST_OPERATION_BYTES,
    OPERATION_DEFAULTS,
    OPERATIONS,
    Operation,
    bytes_to_sign,
    envelope_of,
    hashed,
)
from core.wire.receipts import ACCEPTED, Receipt
from core.wire.schemas import schema_of, todays
from statements.made_once import run

SENT_THROUGH = "outbox.sent_through"
MOST_REFUSALS = 500
"""Refused operations the county is reminded of in one request."""


class OutboxState(StrEnum):
    """Queued until the county's receipt is here; refused ones are set aside, never dropped."""

    QUEUED = "queued"
    RECEIPTED = "receipted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationDraft:
    """What an operation says, before this tablet numbers, chains and signs it.

    `action` is `put` for a fact, `set` for fields of a standing record, which needs
    `base_revision`, and the `base_epoch` it was counted in where that is known. `occurred_at`
    is the clinical time as ISO text.
    """

    kind: str
    record_id: str
    revision: int
    action: str
    scope_id: str
    author_id: str
    occurred_at: str
    policy_version: str
    body: Mapping[str, Any]
    base_revision: int | None = None
    base_epoch: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxSummary:
    """How much waits, and since when."""

    unsent: int
    unsent_bytes: int
    oldest_unsent_at: datetime | None
    refused: int


class Queued(NamedTuple):
    """An operation without an answer: its number, and the signed operation as JSON text."""

    device_seq: int
    envelope: str


def queued(operation: Operation) -> Queued:
    """An operation as it is kept and sent: what has its default value is left out."""
    said = {
        name: value
        for name, value in envelope_of(operation).items()
        if name not in OPERATION_DEFAULTS or value != OPERATION_DEFAULTS[name]
    }
    return Queued(operation.device_seq, canonical_bytes(said).decode())


def append(session: Session, draft: OperationDraft, now: datetime) -> Operation:
    """Queues an operation: the next number without a gap, the last hash before it, signed.

    Raises Refused `record.too_large`.
    """
    device = _chain(session)
    is_set = draft.action == "set"
    last_clock = device.last_clock
    if is_set:
        unix_ms = max(0, int(now.timestamp() * 1000))
        last_clock = next_clock(last_clock or None, unix_ms, device.device_id)
    operation = hashed(
        Operation(
            op_id=new_id(now),
            device_id=device.device_id,
            device_seq=device.last_seq + 1,
            kind=draft.kind,
            record_id=draft.record_id,
            revision=draft.revision,
            action=draft.action,
            scope_id=draft.scope_id,
            author_id=draft.author_id,
            occurred_at=draft.occurred_at,
            recorded_at=iso(now),
            policy_version=draft.policy_version,
            body=dict(draft.body),
            schema=schema_of(draft.kind),
            previous_hash=device.last_hash,
            base_revision=draft.base_revision,
            clock=last_clock if is_set else None,
            base_epoch=draft.base_epoch,
        )
    )
    key = Ed25519PrivateKey.from_private_bytes(device.private_key)
    operation = replace(operation, signature=key.sign(bytes_to_sign(operation)).hex())
    row = _row(operation)
    if len(row["envelope"].encode()) > MOST_OPERATION_BYTES:
        values = {"most_kb": MOST_OPERATION_BYTES >> 10}
        raise Refused(Refusal(code="record.too_large", values=values))
    run(session, _LENGTHEN, seq=operation.device_seq, hash=operation.hash, clock=last_clock)
    run(session, _QUEUE, **row)
    return operation


def _chain(session: Session) -> Any:
    """Who signs, and what the next operation follows."""
    row = run(session, _CHAIN).first()
    if row is None:
        raise NotEnrolled
    return row


_CHAIN = select_columns(
    col(DeviceRow.device_id),
    col(DeviceRow.private_key),
    col(DeviceRow.last_seq),
    col(DeviceRow.last_hash),
    col(DeviceRow.last_clock),
).limit(1)
_LENGTHEN = update(DeviceRow).values(
    last_seq=bindparam("seq"), last_hash=bindparam("hash"), last_clock=bindparam("clock")
)
_QUEUE = insertion(OutboxRow)


def fields_set_by(said: Mapping[str, Any]) -> Mapping[str, Any]:
    """The fields an edit sets, as it is queued, in today's shape."""
    schema = said.get("schema", OPERATION_DEFAULTS["schema"])
    return todays(said["kind"], schema, said["body"])


class Base(NamedTuple):
    """What an edit was made on: a revision of the county's, and the epoch that was counted in."""

    revision: int
    epoch: str


def hidden_base(session: Session, row: RecordRow, fields: Container[str]) -> Base | None:
    """The base of the first change of one of these fields that hides what the county says of it.

    It has no answer, or was not simply accepted and the record has not come down since. None
    without any.
    """
    shown = todays(row.kind, row.schema_version, from_json(row.body))
    for envelope, state, answer in run(session, _EDITS, record=row.id):
        said = from_json(envelope)
        set_to = {name: value for name, value in fields_set_by(said).items() if name in fields}
        stands = any(shown.get(name) == value for name, value in set_to.items())
        is_waiting = state == OutboxState.QUEUED and bool(set_to)
        if is_waiting or (stands and _is_news(answer, row)):
            return Base(said["base_revision"], said.get("base_epoch", ""))
    return None


def _is_news(answer: str | None, row: RecordRow) -> bool:
    """Whether the county has answered something else than yes, and not sent the record since."""
    told = from_json(answer or "{}")
    if told.get("outcome", ACCEPTED) == ACCEPTED or not row.received_at:
        return False
    return datetime.fromisoformat(told["received_at"]) >= datetime.fromisoformat(row.received_at)


_EDITS = (
    select_columns(col(OutboxRow.envelope), col(OutboxRow.state), col(OutboxRow.receipt))
    .where(col(OutboxRow.record_id) == bindparam("record"), col(OutboxRow.action) == "set")
    .where((col(OutboxRow.state) != OutboxState.QUEUED) | col(OutboxRow.settled_at).is_(None))
    .order_by(col(OutboxRow.device_seq))
)


def pending(
    session: Session, limit: int = 200, max_bytes: int = 8 << 20, after: int = 0
) -> list[Queued]:
    """The oldest queued operations behind a number, at least one if there is any.

    Up to `limit`, and up to `max_bytes` of envelopes.
    """
    taken: list[Queued] = []
    size = 0
    for row in run(session, _PENDING, limit=limit, after=after).all():
        size += len(row.envelope.encode())
        if taken and size > max_bytes:
            break
        taken.append(Queued(*row))
    return taken


_PENDING = (
    select_columns(col(OutboxRow.device_seq), col(OutboxRow.envelope))
    .where(col(OutboxRow.state) == OutboxState.QUEUED)
    .where(col(OutboxRow.device_seq) > bindparam("after"))
    .order_by(col(OutboxRow.device_seq))
    .limit(bindparam("limit"))
)


def is_waiting(session: Session) -> bool:
    """Whether any operation has no answer yet."""
    return run(session, _FIRST_WAITING).first() is not None


_FIRST_WAITING = (
    select_columns(col(OutboxRow.device_seq))
    .where(col(OutboxRow.state) == OutboxState.QUEUED)
    .limit(1)
)


def waiting(session: Session) -> int:
    """How many operations have no answer yet."""
    return int(run(session, _WAITING).scalar_one())


_WAITING = (
    select_columns(func.count())
    .select_from(OutboxRow)
    .where(col(OutboxRow.state) == OutboxState.QUEUED)
)


def acknowledged_seq(session: Session) -> int:
    """The number of the last operation the county has answered; 0 before the first."""
    return run(session, _ACKNOWLEDGED).scalar_one() or 0


def _last_in(state: OutboxState) -> Any:
    # One state at a time: the index by state then has the number at its very end.
    return (
        select_columns(func.coalesce(func.max(OutboxRow.device_seq), 0))
        .where(col(OutboxRow.state) == state)
        .scalar_subquery()
    )


_ACKNOWLEDGED = select_columns(
    func.max(_last_in(OutboxState.RECEIPTED), _last_in(OutboxState.REFUSED))
)


def from_seq(session: Session, device_seq: int, limit: int = 200) -> list[Operation]:
    """Operations from a number on, whatever became of them: what a restored county lacks."""
    rows = session.exec(
        select(OutboxRow.envelope)
        .where(col(OutboxRow.device_seq) >= device_seq)
        .order_by(col(OutboxRow.device_seq))
        .limit(limit)
    )
    return [OPERATIONS.validate_json(envelope) for envelope in rows]


def mark_sent(session: Session, last: int) -> None:
    """Notes that the operations up to a number have gone into a push, whether or not it arrives.

    They go in the order of their numbers, so one number says it of all.
    """
    if last > sent_through(session):
        set_setting(session, SENT_THROUGH, str(last))


def sent_through(session: Session) -> int:
    """The number of the last operation that ever went into a push; 0 before the first."""
    return int(setting(session, SENT_THROUGH) or 0)


def refusals(session: Session) -> tuple[tuple[int, str], ...]:
    """The operations set aside, by number with the county's reason, the latest MOST_REFUSALS."""
    rows = run(session, _REFUSALS).all()
    return tuple((seq, from_json(receipt).get("code") or "") for seq, receipt in rows if receipt)


_REFUSALS = (
    select_columns(col(OutboxRow.device_seq), col(OutboxRow.receipt))
    .where(col(OutboxRow.state) == OutboxState.REFUSED)
    .order_by(col(OutboxRow.device_seq).desc())
    .limit(MOST_REFUSALS)
)


def summary(session: Session) -> OutboxSummary:
    """How much waits to be sent, since when, and how many were refused."""
    unsent, size, oldest = session.exec(
        select(
            func.count(), func.sum(func.length(OutboxRow.envelope)), func.min(OutboxRow.queued_at)
        ).where(OutboxRow.state == OutboxState.QUEUED)
    ).one()
    refused = session.exec(
        select(func.count()).select_from(OutboxRow).where(OutboxRow.state == OutboxState.REFUSED)
    ).one()
    return OutboxSummary(
        unsent=unsent,
        unsent_bytes=size or 0,
        oldest_unsent_at=datetime.fromisoformat(oldest) if oldest else None,
        refused=refused,
    )


def receipt_in(row: OutboxRow) -> Receipt | None:
    """The county's answer kept with an operation."""
    if not row.receipt:
        return None
    of_the_row = {
        "op_id": row.op_id,
        "device_seq": row.device_seq,
        "record_id": row.record_id,
        "revision": row.revision,
    }
    return Receipt(**{**of_the_row, **from_json(row.receipt)})


def iso(moment: datetime) -> str:
    """An instant as ISO 8601 text in UTC, the same length always, so that texts sort by time."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def _row(operation: Operation) -> dict[str, Any]:
    return {
        "device_seq": operation.device_seq,
        "op_id": operation.op_id,
        "record_id": operation.record_id,
        "revision": operation.revision,
        "kind": operation.kind,
        "action": operation.action,
        "state": OutboxState.QUEUED,
        "envelope": queued(operation).envelope,
        "receipt": None,
        "queued_at": operation.recorded_at,
        "settled_at": None,
    }
