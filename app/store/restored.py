"""What a county restored from a backup has lost: found by reading its scopes from the beginning.

A scope's new epoch puts every record of it in doubt. Reading on confirms what the county
still has; once the scope is level, what nobody has confirmed goes, unless it was made here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import update
from sqlmodel import Session, col, select

from app.store.cursor import cursors
from app.store.outbox import offer_again
from app.store.queries.device import set_setting, setting
from app.store.retention import forget_retired_of
from app.store.rows import remove_records
from app.store.tables import OutboxRow, RecordRow
from core.wire.envelopes import Cursor

REREADING = "rereading."


def doubt_renewed_scopes(session: Session, reached: Mapping[str, Cursor]) -> None:
    """Take the records of scopes whose epoch has changed for unconfirmed."""
    known = cursors(session)
    for scope_id, cursor in reached.items():
        if scope_id in known and known[scope_id].epoch != cursor.epoch:
            doubt_scope(session, scope_id)


def doubt_scope(session: Session, scope_id: str) -> None:
    """Take every record of a scope for unconfirmed until the scope is level again."""
    session.execute(
        update(RecordRow).where(col(RecordRow.scope_id) == scope_id).values(received_at=None)
    )
    forget_retired_of(session, [scope_id])
    set_setting(session, REREADING + scope_id, "1")


def drop_unconfirmed(session: Session, level_scopes: Iterable[str]) -> None:
    """Take away what the county has not confirmed of scopes read to their ends again.

    Records made here stay, and are offered again: the county has lost them, or set them
    aside and knows no longer that it had taken them since.
    """
    made_here = set(session.exec(select(OutboxRow.record_id).where(OutboxRow.revision == 1)))
    for scope_id in level_scopes:
        if not setting(session, REREADING + scope_id):
            continue
        ids = set(
            session.exec(
                select(RecordRow.id).where(
                    RecordRow.scope_id == scope_id, col(RecordRow.received_at).is_(None)
                )
            )
        )
        offer_again(session, ids & made_here)
        remove_records(session, sorted(ids - made_here))
        set_setting(session, REREADING + scope_id, "")
