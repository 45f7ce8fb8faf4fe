"""What this tablet did and the county may not know yet: numbered, chained, signed, settled.

`append` belongs into the transaction that stores the record itself, so neither is ever
there without the other.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import bindparam, func, update
from sqlmodel import Session, col, select

from app.clock import new_id
from app.store.chunks import chunks
from app.store.queries.device import the_device
from app.store.tables import OutboxRow
from core.wire.clocks import next_clock
from core.wire.envelopes import (
    OPERATIONS,
    Operation,
    bytes_to_sign,
    hashed,
)
from core.wire.receipts import Receipt, Taken, receipt_fields, taken_fields
from core.wire.schemas import schema_of

REFUSED_OUTCOME = "refused"
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
    `base_revision`. `occurred_at` is the clinical time as ISO text.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxSummary:
    """How much waits, and since when."""

    unsent: int
    unsent_bytes: int
    oldest_unsent_at: datetime | None
    refused: int


def append(session: Session, draft: OperationDraft, now: datetime) -> Operation:
    """Queues an operation: the next number without a gap, the last hash before it, signed."""
    device = the_device(session)
    is_set = draft.action == "set"
    if is_set:
        device.last_clock = next_clock(
            device.last_clock or None, int(now.timestamp() * 1000), device.device_id
        )
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
            clock=device.last_clock if is_set else None,
        )
    )
    key = Ed25519PrivateKey.from_private_bytes(device.private_key)
    operation = replace(operation, signature=key.sign(bytes_to_sign(operation)).hex())
    device.last_seq, device.last_hash = operation.device_seq, operation.hash
    session.add_all((device, _row(operation)))
    return operation


def pending(session: Session, limit: int = 200, max_bytes: int = 8 << 20) -> list[Operation]:
    """The oldest queued operations, up to `limit` and `max_bytes` of envelopes, at least one."""
    rows = session.exec(
        select(OutboxRow)
        .where(OutboxRow.state == OutboxState.QUEUED)
        .order_by(col(OutboxRow.device_seq))
        .limit(limit)
    )
    taken: list[Operation] = []
    size = 0
    for row in rows:
        size += len(row.envelope.encode())
        if taken and size > max_bytes:
            break
        taken.append(_operation(row))
    return taken


def from_seq(session: Session, device_seq: int, limit: int = 200) -> list[Operation]:
    """Operations from a number on, whatever became of them: what a restored county lacks."""
    rows = session.exec(
        select(OutboxRow)
        .where(col(OutboxRow.device_seq) >= device_seq)
        .order_by(col(OutboxRow.device_seq))
        .limit(limit)
    )
    return [_operation(row) for row in rows]


def mark_sent(session: Session, op_ids: Sequence[str], now: datetime) -> None:
    """Notes that operations went into a push, whether or not it arrives."""
    session.execute(
        update(OutboxRow).where(col(OutboxRow.op_id).in_(op_ids)).values(sent_at=iso(now))
    )


def settle(
    session: Session, taken: Sequence[Taken], receipts: Sequence[Receipt], now: datetime
) -> None:
    """Commits the county's answers; one for another revision or operation is passed over.

    The latest answer stands: a county restored from a backup judges anew what it had lost,
    and may set aside what it had once accepted; and what it had set aside for want of a
    record it may take once that record has come.
    """
    for run in taken:
        _settle_run(session, run, now)
    known = _revisions_of(session, [receipt.op_id for receipt in receipts])
    answers = [
        _answer(receipt, now)
        for receipt in receipts
        if known.get(receipt.op_id) == (receipt.record_id, receipt.revision)
    ]
    if answers:
        session.connection().execute(_SETTLE, answers)


def _settle_run(session: Session, run: Taken, now: datetime) -> None:
    """The county has taken what this tablet made up to the run's hash, or nothing of it counts."""
    last = session.connection().execute(_ENVELOPE, {"seq": run.last_seq}).scalar()
    if last is None or json.loads(last)["hash"] != run.hash:
        return
    values = {
        "first": run.first_seq,
        "last": run.last_seq,
        "receipt": json.dumps(taken_fields(run)),
        "settled_at": iso(now),
    }
    session.connection().execute(_SETTLE_RUN, values)


_ENVELOPE = select(OutboxRow.envelope).where(col(OutboxRow.device_seq) == bindparam("seq"))
_SETTLE_RUN = (
    update(OutboxRow)
    .where(col(OutboxRow.device_seq).between(bindparam("first"), bindparam("last")))
    .values(
        state=OutboxState.RECEIPTED,
        receipt=bindparam("receipt"),
        settled_at=bindparam("settled_at"),
    )
)


def _revisions_of(session: Session, op_ids: Sequence[str]) -> dict[str, tuple[str, int]]:
    """The record and revision each of these operations is about."""
    return {
        op_id: (record_id, revision)
        for some in chunks(op_ids)
        for op_id, record_id, revision in session.exec(
            select(OutboxRow.op_id, OutboxRow.record_id, OutboxRow.revision).where(
                col(OutboxRow.op_id).in_(some)
            )
        )
    }


def _answer(receipt: Receipt, now: datetime) -> dict[str, Any]:
    refused = receipt.outcome == REFUSED_OUTCOME
    return {
        "answered": receipt.op_id,
        "state": OutboxState.REFUSED if refused else OutboxState.RECEIPTED,
        "receipt": json.dumps(receipt_fields(receipt), ensure_ascii=False),
        "settled_at": iso(now),
    }


_SETTLE = update(OutboxRow).where(col(OutboxRow.op_id) == bindparam("answered"))


def requeue_from(session: Session, device_seq: int) -> int:
    """Queues everything from a number on again, for a county restored from a backup; how many.

    Whatever became of it before: the county judges it anew, and that answer has to arrive here.
    """
    result = session.execute(
        update(OutboxRow)
        .where(col(OutboxRow.device_seq) >= device_seq)
        .where(col(OutboxRow.state) != OutboxState.QUEUED)
        .values(state=OutboxState.QUEUED, receipt=None, settled_at=None)
        .returning(col(OutboxRow.device_seq))
    )
    return len(result.all())


def offer_again(session: Session, record_ids: Iterable[str]) -> None:
    """Queues the answered operations of records the county has no longer, under their numbers."""
    for some in chunks(record_ids):
        session.execute(
            update(OutboxRow)
            .where(
                col(OutboxRow.record_id).in_(some), col(OutboxRow.state) == OutboxState.RECEIPTED
            )
            .values(state=OutboxState.QUEUED, receipt=None, settled_at=None)
        )


def refusals(session: Session) -> tuple[tuple[int, str], ...]:
    """The operations set aside, by number with the county's reason, the latest MOST_REFUSALS."""
    rows = session.exec(
        select(OutboxRow)
        .where(OutboxRow.state == OutboxState.REFUSED)
        .order_by(col(OutboxRow.device_seq).desc())
        .limit(MOST_REFUSALS)
    )
    receipts = [receipt for row in rows if (receipt := receipt_in(row)) is not None]
    return tuple((receipt.device_seq, receipt.code or "") for receipt in receipts)


def unsent_of(session: Session, record_id: str) -> list[Operation]:
    """The record's operations the county has not answered, oldest first."""
    rows = session.exec(
        select(OutboxRow)
        .where(OutboxRow.record_id == record_id, OutboxRow.state == OutboxState.QUEUED)
        .order_by(col(OutboxRow.device_seq))
    )
    return [_operation(row) for row in rows]


def summary(session: Session) -> OutboxSummary:
    """How much waits to be sent, since when, and how many were refused."""
    queued = OutboxRow.state == OutboxState.QUEUED
    unsent, size, oldest = session.exec(
        select(
            func.count(), func.sum(func.length(OutboxRow.envelope)), func.min(OutboxRow.queued_at)
        ).where(queued)
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
    kept = json.loads(row.receipt)
    if "op_id" in kept:
        return Receipt(**kept)
    return Receipt(
        op_id=row.op_id,
        device_seq=row.device_seq,
        record_id=row.record_id,
        revision=row.revision,
        outcome="accepted",
        received_at=kept["received_at"],
    )


def iso(moment: datetime) -> str:
    """An instant as ISO 8601 text in UTC, the same length always, so that texts sort by time."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def _row(operation: Operation) -> OutboxRow:
    return OutboxRow(
        device_seq=operation.device_seq,
        op_id=operation.op_id,
        record_id=operation.record_id,
        revision=operation.revision,
        kind=operation.kind,
        action=operation.action,
        state=OutboxState.QUEUED,
        envelope=json.dumps(asdict(operation), ensure_ascii=False, separators=(",", ":")),
        queued_at=operation.recorded_at,
    )


def _operation(row: OutboxRow) -> Operation:
    return OPERATIONS.validate_json(row.envelope)
