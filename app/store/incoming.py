"""Writes what the county answered: receipts, changes and cursors, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from datetime import datetime
from typing import Any

from pydantic_core import from_json
from sqlalchemy import bindparam, select
from sqlmodel import Session, col

from app.store import settling
from app.store.chunks import chunks
from app.store.cursor import forget_cursors, set_cursors
from app.store.custody import doubt_key
from app.store.errors import StoreDamaged
from app.store.outbox import OutboxState, fields_set_by
from app.store.own_facts import confirm_own
from app.store.queries.device import HISTORY, set_setting, the_device
from app.store.restored import doubt_no_more, doubt_renewed_scopes, drop_unconfirmed
from app.store.retention import forget_retired, forget_retired_of
from app.store.rows import RecordWrite, remove_records, store_records
from app.store.tables import OutboxRow, RecordRow
from core.wire.digests import body_hash
from core.wire.envelopes import Change, SyncResponse
from core.wire.schemas import schema_of, todays
from statements.made_once import run


def apply_answer(session: Session, answer: SyncResponse, now: datetime) -> None:
    """Everything one answer says, or nothing of it: the caller's transaction decides.

    Receipts go first, so that a refused edit no longer stands before what the county has. A
    county that has another history has answered in it only what it answers now.
    """
    if answer.history:
        settling.doubt_answers(session, _covered(session, answer))
        doubt_key(session)
        set_setting(session, HISTORY, answer.history)
    settling.settle(session, answer.taken, answer.receipts, now)
    doubt_renewed_scopes(session, answer.cursors)
    confirm_own(session, answer.numbered)
    apply_changes(session, answer.changes)
    set_cursors(session, answer.cursors)
    drop_unconfirmed(session, answer.roots)
    if answer.dropped_scopes:
        _leave_scopes(session, answer.dropped_scopes)


def _covered(session: Session, answer: SyncResponse) -> int:
    """How far a county with another history has what was made here: by the chain, not by count.

    A copy of this tablet may have been first with its numbers. A county of an older version
    tells no hash; the lesser of what it tells now and told before is nearly as sure.
    """
    if not answer.durable_hash:
        return min(the_device(session).durable_seq, answer.durable_seq)
    envelope = run(session, _OF_NUMBER, seq=answer.durable_seq).scalar()
    is_ours = envelope is not None and from_json(envelope)["hash"] == answer.durable_hash
    return answer.durable_seq if is_ours else 0


_OF_NUMBER = select(col(OutboxRow.envelope)).where(col(OutboxRow.device_seq) == bindparam("seq"))


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
    here = [row for some in chunks(left) for row in _scopes_of(session, some)]
    remove_records(session, [id for id, scope_id in here if scope_id == left[id]])
    for scope_id in set(left.values()):
        forget_retired(session, [id for id in left if left[id] == scope_id], scope_id)


def _scopes_of(session: Session, ids: Sequence[str]) -> Sequence[Any]:
    return run(session, _HELD, ids=ids).all()


_HELD = select(col(RecordRow.id), col(RecordRow.scope_id)).where(
    col(RecordRow.id).in_(bindparam("ids", expanding=True))
)


def _put(session: Session, changes: Sequence[Change]) -> None:
    ids = {change.record_id for change in changes}
    forget_retired(session, ids)
    edits = _unsent_edits(session, ids)
    store_records(session, [_write(change, edits.get(change.record_id, {})) for change in changes])


def _write(change: Change, edits: Mapping[str, Any]) -> RecordWrite:
    body: Mapping[str, Any] | None = change.body
    if body is None:
        raise StoreDamaged("the county sends a record without saying what it is")
    if edits:
        read = todays(change.kind, change.schema, body)
        body = {name: value for name, value in {**read, **edits}.items() if value is not None}
    return RecordWrite(
        id=change.record_id,
        kind=change.kind,
        scope_id=change.scope_id,
        revision=change.revision,
        schema=max(change.schema, schema_of(change.kind)) if edits else change.schema,
        author_id=change.author_id,
        received_at=change.received_at,
        body=body,
        hash=body_hash(body) if edits else change.hash,
    )


def _unsent_edits(session: Session, record_ids: Set[str]) -> dict[str, dict[str, Any]]:
    """The fields set here without an answer from the county yet, by record."""
    edits: dict[str, dict[str, Any]] = {}
    for record_id, envelope in run(session, _UNSENT_EDITS):
        if record_id in record_ids:
            fields = fields_set_by(from_json(envelope))
            edits.setdefault(record_id, {}).update(fields)
    return edits


_UNSENT_EDITS = (
    select(col(OutboxRow.record_id), col(OutboxRow.envelope))
    .where(col(OutboxRow.state) == OutboxState.QUEUED, col(OutboxRow.action) == "set")
    .where(col(OutboxRow.settled_at).is_(None))
    .order_by(col(OutboxRow.device_seq))
)


def _leave_scopes(session: Session, scopes: Sequence[str]) -> None:
    found = run(session, _OF_SCOPES, scopes=scopes)
    remove_records(session, found.scalars().all())
    forget_cursors(session, scopes)
    doubt_no_more(session, scopes)
    forget_retired_of(session, scopes)


_OF_SCOPES = select(col(RecordRow.id)).where(
    col(RecordRow.scope_id).in_(bindparam("scopes", expanding=True))
)
