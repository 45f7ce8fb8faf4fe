"""A scope that comes whole: its pieces as they arrive, kept sealed here, then its records.

A cursor at 0 is set before the first record, so that the county knows what this tablet has
begun, and the true one with the last. Records of a load that did not get to its end are in
doubt until the scope is level (`app.store.restored`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict

from sqlalchemy import bindparam, delete, func, select
from sqlmodel import Session, col

from app.store.chunks import chunks
from app.store.cursor import set_cursors
from app.store.incoming import apply_changes
from app.store.restored import doubt_renewed_scopes, doubt_scope
from app.store.tables import RecordRow, SnapshotPieceRow, SnapshotRow
from app.store.upserts import insertion
from core.wire.envelopes import Change, Cursor
from core.wire.snapshots import SnapshotOffer
from statements.made_once import run


def begun(session: Session, scope_id: str) -> SnapshotOffer | None:
    """The snapshot whose pieces lie here, None where there is none of this scope."""
    row = run(session, _BEGUN, scope=scope_id).first()
    return None if row is None else SnapshotOffer(**row._mapping)


def begin(session: Session, scope_id: str, offer: SnapshotOffer) -> None:
    """Make a place for the pieces of a snapshot; those of another one are dropped."""
    drop(session, scope_id)
    run(session, _BEGIN, scope_id=scope_id, **asdict(offer))


def drop(session: Session, scope_id: str) -> None:
    """Forget what has come of a scope's snapshot."""
    run(session, _DROP_PIECES, scope=scope_id)
    run(session, _DROP, scope=scope_id)


def drop_others(session: Session, scope_ids: Collection[str]) -> None:
    """Forget the snapshots of all scopes but these: they come another way now, or not at all."""
    for scope_id in run(session, _SCOPES).scalars():
        if scope_id not in scope_ids:
            drop(session, scope_id)


def fetched(session: Session, scope_id: str) -> int:
    """How many bytes of a scope's snapshot lie here, from its beginning."""
    return int(run(session, _FETCHED, scope=scope_id).scalar_one())


def add_piece(session: Session, scope_id: str, start: int, content: bytes) -> None:
    """Keep the next bytes."""
    run(session, _ADD_PIECE, scope_id=scope_id, start=start, content=content)


def piece(session: Session, scope_id: str, start: int) -> bytes:
    """The piece that begins at a byte; empty behind the last."""
    return run(session, _PIECE, scope=scope_id, start=start).scalar() or b""


_OF_SCOPE = col(SnapshotPieceRow.scope_id) == bindparam("scope")
_BEGUN = select(
    col(SnapshotRow.epoch), col(SnapshotRow.seq), col(SnapshotRow.bytes), col(SnapshotRow.sha256)
).where(col(SnapshotRow.scope_id) == bindparam("scope"))
_BEGIN = insertion(SnapshotRow)
_SCOPES = select(col(SnapshotRow.scope_id))
_DROP = delete(SnapshotRow).where(col(SnapshotRow.scope_id) == bindparam("scope"))
_DROP_PIECES = delete(SnapshotPieceRow).where(_OF_SCOPE)
_FETCHED = select(func.coalesce(func.sum(func.length(SnapshotPieceRow.content)), 0)).where(
    _OF_SCOPE
)
_ADD_PIECE = insertion(SnapshotPieceRow)
_PIECE = select(col(SnapshotPieceRow.content)).where(
    _OF_SCOPE, col(SnapshotPieceRow.start) == bindparam("start")
)


def begin_records(session: Session, scope_id: str, epoch: str) -> None:
    """Before the first record: whatever an earlier load has left of the scope is in doubt."""
    at_nothing = {scope_id: Cursor(epoch=epoch, seq=0)}
    doubt_renewed_scopes(session, at_nothing)
    doubt_scope(session, scope_id, epoch)
    set_cursors(session, at_nothing)


def store_records_of(session: Session, changes: Sequence[Change]) -> None:
    """The next records of a snapshot, but for those that have since moved to another scope.

    Scopes are loaded one by one and not all as of one moment: what this tablet already has
    elsewhere, in a later revision, is not brought back to where it was.
    """
    moved = set(_moved(session, changes))
    apply_changes(session, [change for change in changes if change.record_id not in moved])


def end_records(session: Session, scope_id: str, offer: SnapshotOffer) -> None:
    """With the last record: the scope has been read up to the snapshot's cursor."""
    set_cursors(session, {scope_id: Cursor(epoch=offer.epoch, seq=offer.seq)})
    drop(session, scope_id)


def _moved(session: Session, changes: Sequence[Change]) -> Iterator[str]:
    theirs = {change.record_id: change for change in changes}
    for some in chunks(theirs):
        for record_id, scope_id, revision in run(session, _CONFIRMED, ids=some):
            change = theirs[record_id]
            if scope_id != change.scope_id and revision > change.revision:
                yield record_id


_CONFIRMED = select(col(RecordRow.id), col(RecordRow.scope_id), col(RecordRow.revision)).where(
    col(RecordRow.id).in_(bindparam("ids", expanding=True)), col(RecordRow.received_at).is_not(None)
)
