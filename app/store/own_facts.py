"""Facts made here that the county has numbered: it names them, the bodies are on this tablet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import and_, bindparam, func, update
from sqlmodel import Session, col, select

from app.store.errors import StoreDamaged
from app.store.retention import forget_retired
from app.store.rows import RecordWrite, store_records
from app.store.tables import OutboxRow, RecordRow
from core.wire.digests import body_hash
from core.wire.envelopes import OPERATIONS, Numbered
from statements.made_once import run


def confirm_own(session: Session, numbered: Sequence[Numbered]) -> None:
    """Note that the county has these facts in their scopes; in the caller's transaction.

    One that has left this tablet meanwhile comes back. Nothing derives from when a fact
    was received, so nothing else has to be renewed. Raises StoreDamaged where the county
    speaks of operations that are not here.
    """
    for stretch in numbered:
        span = {"first": stretch.device_seq, "last": stretch.device_seq + stretch.count - 1}
        if run(session, _COUNT, **span).scalar() != stretch.count:
            raise StoreDamaged("the county speaks of records that are not here")
        lacking = run(session, _LACKING, **span, scope=stretch.scope_id).scalars().all()
        if lacking:
            _bring_back(session, [_write(envelope, stretch) for envelope in lacking])
        run(session, _CONFIRM, **span, received_at=stretch.received_at)


def _bring_back(session: Session, writes: Sequence[RecordWrite]) -> None:
    forget_retired(session, [write.id for write in writes])
    store_records(session, writes)


def _write(envelope: str, stretch: Numbered) -> RecordWrite:
    operation = OPERATIONS.validate_json(envelope)
    body: Mapping[str, Any] = operation.body
    return RecordWrite(
        id=operation.record_id,
        kind=operation.kind,
        scope_id=stretch.scope_id,
        revision=1,
        schema=operation.schema,
        author_id=operation.author_id,
        received_at=stretch.received_at,
        body=body,
        hash=body_hash(body),
    )


_FACTS = and_(
    col(OutboxRow.device_seq).between(bindparam("first"), bindparam("last")),
    col(OutboxRow.action) == "put",
)
_COUNT = select(func.count()).select_from(OutboxRow).where(_FACTS)
_LACKING = (
    select(OutboxRow.envelope)
    .outerjoin(
        RecordRow,
        and_(
            col(RecordRow.id) == col(OutboxRow.record_id),
            col(RecordRow.scope_id) == bindparam("scope"),
        ),
    )
    .where(_FACTS, col(RecordRow.id).is_(None))
    .order_by(col(OutboxRow.device_seq))
)
_CONFIRM = (
    update(RecordRow)
    .where(col(RecordRow.id).in_(select(OutboxRow.record_id).where(_FACTS)))
    .values(received_at=bindparam("received_at"), revision=1)
)
