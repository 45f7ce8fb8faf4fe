"""How far each scope of the county has been read; written with the changes, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import bindparam, delete, select
from sqlmodel import Session, col

from app.store.tables import CursorRow
from app.store.upserts import upsert
from core.wire.envelopes import Cursor
from statements.made_once import run, run_many

_ALL = select(col(CursorRow.scope_id), col(CursorRow.epoch), col(CursorRow.seq))
_REACH = upsert(CursorRow)
_FORGET = delete(CursorRow).where(col(CursorRow.scope_id).in_(bindparam("scopes", expanding=True)))


def cursors(session: Session) -> dict[str, Cursor]:
    """Every scope's cursor."""
    return {scope_id: Cursor(epoch=epoch, seq=seq) for scope_id, epoch, seq in run(session, _ALL)}


def set_cursors(session: Session, reached: Mapping[str, Cursor]) -> None:
    """Stores how far the scopes have been read."""
    rows = [
        {"scope_id": scope_id, "epoch": cursor.epoch, "seq": cursor.seq}
        for scope_id, cursor in reached.items()
    ]
    run_many(session, _REACH, rows)


def forget_cursors(session: Session, scope_ids: Sequence[str]) -> None:
    """Drops the cursors of scopes that are no longer this tablet's."""
    run(session, _FORGET, scopes=scope_ids)
