"""Writes what the county answered: receipts, changes and cursors, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from app.store import outbox
from app.store.chunks import chunks
from app.store.cursor import forget_cursors, set_cursors
from app.store.errors import StoreDamaged
from app.store.outbox import OutboxState
from app.store.own_facts import confirm_own
from app.store.restored import doubt_renewed_scopes, drop_unconfirmed
from app.store.retention import forget_retired, forget_retired_of, retired_sums
from app.store.rows import RecordWrite, remove_records, store_records
from app.store.tables import OutboxRow, RecordRow
from core.wire.digests import EMPTY_ROOT, body_hash, record_digest, root_text
from core.wire.envelopes import OPERATIONS, Change, SyncResponse
from core.wire.schemas import schema_of, todays


def apply_answer(session: Session, answer: SyncResponse, now: datetime) -> None:
    """Everything one answer says, or nothing of it: the caller's transaction decides.

    Receipts go first, so that a refused edit no longer stands before what the county has.
    """
    outbox.settle(session, answer.taken, answer.receipts, now)
    doubt_renewed_scopes(session, answer.cursors)
    confirm_own(session, answer.numbered)
    apply_changes(session, answer.changes)
    set_cursors(session, answer.cursors)
    drop_unconfirmed(session, answer.roots)
    if answer.dropped_scopes:
        _leave_scopes(session, answer.dropped_scopes)


def apply_changes(session: Session, changes: Sequence[Change]) -> None:
    """Stores and removes records in the order of the changes.

    A field of a standing record that was edited here and has no receipt yet keeps the
    value it was given here. A record that has moved to another scope of this tablet is not
    taken away by the scope it left.
    """
    run: list[Change] = []
    for change in changes:
        if run and change.action != run[-1].action:
            _apply_run(session, run)
            run = []
        run.append(change)
    if run:
        _apply_run(session, run)


def _apply_run(session: Session, run: Sequence[Change]) -> None:
    if run[0].action == "remove":
        _remove(session, run)
    else:
        _put(session, run)


def _remove(session: Session, changes: Sequence[Change]) -> None:
    left = {change.record_id: change.scope_id for change in changes}
    rows = _rows(session, left)
    remove_records(session, [row.id for row in rows if row.scope_id == left[row.id]])
    for scope_id in set(left.values()):
        forget_retired(session, [id for id in left if left[id] == scope_id], scope_id)


def _put(session: Session, changes: Sequence[Change]) -> None:
    ids = {change.record_id for change in changes}
    forget_retired(session, ids)
    edits = _unsent_edits(session, ids)
    store_records(session, [_write(change, edits.get(change.record_id, {})) for change in changes])


def _write(change: Change, edits: Mapping[str, Any]) -> RecordWrite:
    body = change.body
    if body is None:
        raise StoreDamaged("the county sends a record without saying what it is")
    read = todays(change.kind, change.schema, body)
    merged = {name: value for name, value in {**read, **edits}.items() if value is not None}
    return RecordWrite(
        id=change.record_id,
        kind=change.kind,
        scope_id=change.scope_id,
        revision=change.revision,
        schema=max(change.schema, schema_of(change.kind)) if edits else change.schema,
        author_id=change.author_id,
        received_at=change.received_at,
        body=merged if edits else body,
        hash=body_hash(merged) if edits else change.hash,
    )


def _unsent_edits(session: Session, record_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The fields set here without an answer from the county yet, by record."""
    edits: dict[str, dict[str, Any]] = {}
    rows = session.exec(
        select(OutboxRow)
        .where(OutboxRow.state == OutboxState.QUEUED, OutboxRow.action == "set")
        .order_by(col(OutboxRow.device_seq))
    )
    wanted = set(record_ids)
    for row in rows:
        if row.record_id in wanted:
            said = OPERATIONS.validate_json(row.envelope)
            fields = todays(said.kind, said.schema, said.body)
            edits.setdefault(row.record_id, {}).update(fields)
    return edits


def _leave_scopes(session: Session, scopes: Sequence[str]) -> None:
    ids = session.exec(select(RecordRow.id).where(col(RecordRow.scope_id).in_(scopes))).all()
    remove_records(session, ids)
    forget_cursors(session, scopes)
    forget_retired_of(session, scopes)


def _rows(session: Session, record_ids: Iterable[str]) -> list[RecordRow]:
    return [
        row
        for some in chunks(record_ids)
        for row in session.exec(select(RecordRow).where(col(RecordRow.id).in_(some)))
    ]


def acknowledged_seq(session: Session) -> int:
    """The number of the last operation the county has answered; 0 before the first."""
    answered = OutboxRow.state != OutboxState.QUEUED
    return session.exec(select(func.max(OutboxRow.device_seq)).where(answered)).one() or 0


def roots(session: Session) -> dict[str, str]:
    """The sum over the records of each scope, to be compared with the county's.

    Only what the county has sent or acknowledged counts: a refused record stays here alone.
    What has left by age counts on.
    """
    sums = dict(retired_sums(session))
    rows = session.exec(
        select(RecordRow.scope_id, RecordRow.id, RecordRow.revision, RecordRow.hash).where(
            col(RecordRow.received_at).is_not(None)
        )
    )
    for scope_id, record_id, revision, content_hash in rows:
        digest = record_digest(record_id, revision, content_hash)
        sums[scope_id] = sums.get(scope_id, 0) + digest
    return {scope_id: root_text(total) for scope_id, total in sums.items()}


def different_scopes(session: Session, theirs: Mapping[str, str]) -> list[str]:
    """The scopes in which this tablet's sum is not the county's."""
    ours = roots(session)
    return [scope for scope, root in theirs.items() if ours.get(scope, EMPTY_ROOT) != root]
