"""How far each scope of the county has been read; written with the changes, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import delete
from sqlmodel import Session, col, select

from app.store.tables import CursorRow
from core.wire.envelopes import Cursor


def cursors(session: Session) -> dict[str, Cursor]:
    """Every scope's cursor."""
    return {
        row.scope_id: Cursor(epoch=row.epoch, seq=row.seq)
        for row in session.exec(select(CursorRow))
    }


def set_cursors(session: Session, reached: Mapping[str, Cursor]) -> None:
    """Stores how far the scopes have been read."""
    for scope_id, cursor in reached.items():
        session.merge(CursorRow(scope_id=scope_id, epoch=cursor.epoch, seq=cursor.seq))


def forget_cursors(session: Session, scope_ids: Sequence[str]) -> None:
    """Drops the cursors of scopes that are no longer this tablet's."""
    session.execute(delete(CursorRow).where(col(CursorRow.scope_id).in_(scope_ids)))
