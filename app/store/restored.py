"""What a county restored from a backup has lost: found by reading its scopes from the beginning.

A scope's new epoch puts every record of it in doubt. Reading on confirms what the county
still has; once the scope is level, what nobody has confirmed goes, unless it was made here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import bindparam, select, update
from sqlmodel import Session, col

from app.store.cursor import cursors
from app.store.queries.device import set_setting, setting, settings
from app.store.retention import forget_retired_of
from app.store.rows import remove_records
from app.store.settling import offer_again
from app.store.tables import OutboxRow, RecordRow
from core.wire.envelopes import UNCONFIRMED, Cursor
from statements.made_once import run

REREADING = "rereading."
"""Of which scope the records are in doubt, and the epoch they were confirmed in."""


def doubt_renewed_scopes(session: Session, reached: Mapping[str, Cursor]) -> None:
    """Take the records of scopes whose epoch has changed for unconfirmed."""
    known = cursors(session) if reached else {}
    for scope_id, cursor in reached.items():
        if scope_id in known and known[scope_id].epoch != cursor.epoch:
            epoch, mark = known[scope_id].epoch, setting(session, REREADING + scope_id)
            doubt_scope(session, scope_id, epoch)
            if mark and mark != epoch:  # of some it was that one, and of others this one
                set_setting(session, REREADING + scope_id, UNCONFIRMED)


def doubt_scope(session: Session, scope_id: str, epoch: str) -> None:
    """Take every record of a scope for unconfirmed until the scope is level again.

    `epoch` is the one they were confirmed in, unless they have been in doubt since another.
    """
    run(session, _DOUBT, scope=scope_id)
    forget_retired_of(session, [scope_id])
    if not setting(session, REREADING + scope_id):
        set_setting(session, REREADING + scope_id, epoch)


def doubt_no_more(session: Session, scopes: Iterable[str]) -> None:
    """Forget that scopes were in doubt of which nothing is here any more."""
    for scope_id in scopes:
        set_setting(session, REREADING + scope_id, "")


def base_epoch(session: Session, row: RecordRow) -> str:
    """The epoch a record's revision was counted in; UNCONFIRMED where none is known.

    A record in doubt was confirmed in the one its scope was read in before.
    """
    if not row.received_at:
        return setting(session, REREADING + row.scope_id) or UNCONFIRMED
    cursor = cursors(session).get(row.scope_id)
    return UNCONFIRMED if cursor is None else cursor.epoch


def drop_unconfirmed(session: Session, level_scopes: Collection[str]) -> None:
    """Take away what the county has not confirmed of scopes read to their ends again.

    Records made here stay, and are offered again: the county has lost them, or set them
    aside and knows no longer that it had taken them since.
    """
    marks = settings(session, [REREADING + scope_id for scope_id in level_scopes])
    for name in sorted(name for name, mark in marks.items() if mark):
        values = {"scope": name.removeprefix(REREADING)}
        found = run(session, _UNCONFIRMED, **values).all()
        offer_again(session, [record_id for record_id, is_own in found if is_own])
        remove_records(session, [record_id for record_id, is_own in found if not is_own])
        set_setting(session, name, "")


_DOUBT = (
    update(RecordRow).where(col(RecordRow.scope_id) == bindparam("scope")).values(received_at=None)
)
_MADE_HERE = select(col(OutboxRow.record_id)).where(col(OutboxRow.revision) == 1)
_UNCONFIRMED = select(col(RecordRow.id), col(RecordRow.id).in_(_MADE_HERE)).where(
    col(RecordRow.scope_id) == bindparam("scope"), col(RecordRow.received_at).is_(None)
)
