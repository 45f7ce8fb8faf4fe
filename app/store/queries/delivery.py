"""Where records are on their way to the county."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, col, select

from app.store.chunks import chunks
from app.store.outbox import OutboxState
from app.store.tables import OutboxRow


def operations_of(session: Session, record_ids: Sequence[str]) -> dict[str, OutboxRow]:
    """The latest operation of each record this tablet made, by record."""
    found: dict[str, OutboxRow] = {}
    for chunk in chunks(record_ids):
        rows = session.exec(
            select(OutboxRow)
            .where(col(OutboxRow.record_id).in_(chunk))
            .order_by(col(OutboxRow.device_seq))
        )
        found |= {row.record_id: row for row in rows}
    return found


def latest(session: Session, limit: int) -> Sequence[OutboxRow]:
    """The operations made last, newest first."""
    return session.exec(
        select(OutboxRow).order_by(col(OutboxRow.device_seq).desc()).limit(limit)
    ).all()


def set_aside(session: Session, limit: int = 500) -> Sequence[OutboxRow]:
    """Operations the county refused, oldest first."""
    return session.exec(
        select(OutboxRow)
        .where(OutboxRow.state == OutboxState.REFUSED)
        .order_by(col(OutboxRow.device_seq))
        .limit(limit)
    ).all()
