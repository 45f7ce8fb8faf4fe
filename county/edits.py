"""What an edit of a tablet may have seen of what stands: read from the history it was made in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from core.merging import Edit
from core.vocabulary import STANDING_KINDS
from core.wire.clocks import not_after
from core.wire.envelopes import Operation
from core.wire.schemas import todays
from county.envelopes import is_id
from county.held import CHUNK
from county.numbering import epochs_of
from county.tables import CountyRow, RecordRow, RestoredRow
from statements.made_once import run


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """A history of the county, as far as some edits need it.

    `epochs` are its names by scope, `restored` the revisions in which records were brought
    back as it began, where that was not their first.
    """

    epochs: Mapping[str, str] = field(default_factory=dict)
    restored: Mapping[str, int] = field(default_factory=dict)


def history_for(session: Session, county_id: str, operations: Iterable[Operation]) -> History:
    """The present history, for the edits among these operations."""
    edits = [operation for operation in operations if operation.action == "set"]
    scopes = {edit.scope_id for edit in edits if is_id(edit.scope_id)}
    epochs = epochs_of(session, county_id, scopes)
    lost = {edit.record_id for edit in edits if _is_lost(edit, epochs.get(edit.scope_id))}
    return History(epochs=epochs, restored=_restored(session, county_id, lost))


def history_told_by(operation: Operation) -> History:
    """The history an operation says it was made in."""
    return History(epochs={operation.scope_id: operation.base_epoch})


def edit_of(operation: Operation, came_at: datetime, history: History, *, is_broken: bool) -> Edit:
    """The edit an operation says, made no later than it came, as it is taken into a history.

    One made in another has seen of this one no more than what both began with. `is_broken` is
    whether the tablet's chain has a break.
    """
    base_revision = operation.base_revision or 0
    is_lost = _is_lost(operation, history.epochs.get(operation.scope_id))
    if is_lost:
        base_revision = min(base_revision, history.restored.get(operation.record_id, 1))
    return Edit(
        base_revision=base_revision,
        clock=not_after(operation.clock or "", came_at, operation.device_seq),
        fields=todays(operation.kind, operation.schema, operation.body),
        is_of_lost_history=is_lost,
        may_be_two=is_broken,
    )


def begin_history(session: Session, now: datetime) -> None:
    """Note with what a restore has begun another history, and when."""
    session.execute(update(CountyRow).values(restored_at=now))
    session.execute(delete(RestoredRow))
    names = ["county_id", "record_id", "revision"]
    session.execute(insert(RestoredRow).from_select(names, _BROUGHT_BACK))


_BROUGHT_BACK = select(RecordRow.county_id, RecordRow.id, RecordRow.revision).where(
    RecordRow.kind.in_(STANDING_KINDS), RecordRow.revision > 1
)


def _is_lost(operation: Operation, epoch: str | None) -> bool:
    # A tablet that names no epoch, of an older version, is taken at its word.
    return operation.base_epoch not in {"", epoch}


def _restored(session: Session, county_id: str, record_ids: Iterable[str]) -> dict[str, int]:
    ids = sorted(record_ids)
    found: dict[str, int] = {}
    for start in range(0, len(ids), CHUNK):
        rows = run(session, _RESTORED, county=county_id, ids=ids[start : start + CHUNK])
        found.update((row.record_id, row.revision) for row in rows)
    return found


_RESTORED = select(RestoredRow.record_id, RestoredRow.revision).where(
    RestoredRow.county_id == bindparam("county"),
    RestoredRow.record_id.in_(bindparam("ids", expanding=True)),
)
