"""A scope that comes whole: its pieces as they arrive, kept sealed here, then its records.

A cursor at 0 is set before the first record, so that the county knows what this tablet has
begun, and the true one with the last. Records of a load that did not get to its end are in
doubt until the scope is level (`app.store.restored`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from sqlalchemy import delete, func
from sqlmodel import Session, col, select

from app.store.chunks import chunks
from app.store.cursor import set_cursors
from app.store.incoming import apply_changes
from app.store.restored import doubt_renewed_scopes, doubt_scope
from app.store.tables import RecordRow, SnapshotPieceRow, SnapshotRow
from core.wire.envelopes import Change, Cursor
from core.wire.snapshots import SnapshotOffer


def begun(session: Session, scope_id: str) -> SnapshotOffer | None:
    """The snapshot whose pieces lie here, None where there is none of this scope."""
    row = session.get(SnapshotRow, scope_id)
    if row is None:
        return None
    return SnapshotOffer(epoch=row.epoch, seq=row.seq, bytes=row.bytes, sha256=row.sha256)


def begin(session: Session, scope_id: str, offer: SnapshotOffer) -> None:
    """Make a place for the pieces of a snapshot; those of another one are dropped."""
    drop(session, scope_id)
    session.add(
        SnapshotRow(
            scope_id=scope_id,
            epoch=offer.epoch,
            seq=offer.seq,
            bytes=offer.bytes,
            sha256=offer.sha256,
        )
    )


def drop(session: Session, scope_id: str) -> None:
    """Forget what has come of a scope's snapshot."""
    session.execute(delete(SnapshotPieceRow).where(col(SnapshotPieceRow.scope_id) == scope_id))
    session.execute(delete(SnapshotRow).where(col(SnapshotRow.scope_id) == scope_id))


def drop_others(session: Session, scope_ids: Collection[str]) -> None:
    """Forget the snapshots of all scopes but these: they come another way now, or not at all."""
    for scope_id in session.exec(select(SnapshotRow.scope_id)).all():
        if scope_id not in scope_ids:
            drop(session, scope_id)


def fetched(session: Session, scope_id: str) -> int:
    """How many bytes of a scope's snapshot lie here, from its beginning."""
    size = func.coalesce(func.sum(func.length(SnapshotPieceRow.content)), 0)
    of_scope = col(SnapshotPieceRow.scope_id) == scope_id
    return int(session.execute(select(size).where(of_scope)).scalar_one())


def add_piece(session: Session, scope_id: str, start: int, content: bytes) -> None:
    """Keep the next bytes."""
    session.add(SnapshotPieceRow(scope_id=scope_id, start=start, content=content))


def piece(session: Session, scope_id: str, start: int) -> bytes:
    """The piece that begins at a byte; empty behind the last."""
    row = session.get(SnapshotPieceRow, (scope_id, start))
    return b"" if row is None else row.content


def begin_records(session: Session, scope_id: str, epoch: str) -> None:
    """Before the first record: whatever an earlier load has left of the scope is in doubt."""
    at_nothing = {scope_id: Cursor(epoch=epoch, seq=0)}
    doubt_renewed_scopes(session, at_nothing)
    doubt_scope(session, scope_id)
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
        rows = session.exec(
            select(RecordRow.id, RecordRow.scope_id, RecordRow.revision).where(
                col(RecordRow.id).in_(some), col(RecordRow.received_at).is_not(None)
            )
        )
        for record_id, scope_id, revision in rows:
            change = theirs[record_id]
            if scope_id != change.scope_id and revision > change.revision:
                yield record_id
