"""What an edit of a tablet may have seen of what stands: read from the history it was made in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from core.merging import Edit
from core.wire.clocks import not_after
from core.wire.envelopes import Operation
from core.wire.schemas import todays
from county.envelopes import is_id
from county.held import chunks
from county.numbering import epochs_of
from county.tables import FormerEpochRow, RestoredRow
from statements.made_once import run


class FormerEpoch(NamedTuple):
    """An epoch of a scope that a restore has ended, and the one that followed it."""

    scope_id: str
    epoch: str
    next_epoch: str
    ended_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Histories:
    """The county's histories, one behind the other, as far as some edits need them.

    `epochs` are the present ones by scope, `former` those that restores have ended, the first
    ended first, and `restored` the revisions in which a restore brought records back, by record
    and the epoch that then began, where that was not their first.
    """

    epochs: Mapping[str, str] = field(default_factory=dict)
    former: Sequence[FormerEpoch] = ()
    restored: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def seen_by(self, edit: Operation, taken_at: datetime | None = None) -> int:
        """The last revision an edit has seen, of the present history or the one of `taken_at`.

        That is its base where it was made in the same history, and else no more than what a
        restore brought back of the history it was made in. What names no epoch, of a tablet of
        an older version, was made in the history of its time, by its tablet's clock.
        """
        base_revision = edit.base_revision or 0
        of_scope = [one for one in self.former if one.scope_id == edit.scope_id]
        ended = [one for one in of_scope if taken_at is None or one.ended_at <= taken_at]
        if edit.base_epoch:
            later = of_scope[len(ended) :]
            in_force = later[0].epoch if later else self.epochs.get(edit.scope_id)
            own = [one for one in ended if one.epoch == edit.base_epoch]
            is_lost = in_force not in {edit.base_epoch, ""}  # "": what it was called is lost
        else:
            made_at = datetime.fromisoformat(edit.recorded_at)
            own = [one for one in ended if made_at < one.ended_at]
            is_lost = bool(own)
        if not is_lost:
            return base_revision
        next_epoch = own[0].next_epoch if own else ""
        return min(base_revision, self.restored.get((edit.record_id, next_epoch), 1))


def histories_behind(
    session: Session, county_id: str, operations: Iterable[Operation]
) -> Histories:
    """The histories that the edits among these operations may have been made in."""
    edits = [operation for operation in operations if operation.action == "set"]
    epochs = epochs_of(session, county_id, (e.scope_id for e in edits if is_id(e.scope_id)))
    apart = [edit for edit in edits if edit.base_epoch != epochs.get(edit.scope_id)]
    former: list[FormerEpoch] = []
    restored: dict[tuple[str, str], int] = {}
    for some in chunks(sorted({edit.scope_id for edit in apart} & epochs.keys())):
        found = run(session, _FORMER, county=county_id, ids=some)
        former += [FormerEpoch(*row) for row in found]
    if former:
        for some in chunks(sorted({edit.record_id for edit in apart})):
            found = run(session, _RESTORED, county=county_id, ids=some)
            restored.update({(row.record_id, row.epoch): row.revision for row in found})
    return Histories(epochs=epochs, former=former, restored=restored)


_FORMER = (
    select(
        FormerEpochRow.scope_id,
        FormerEpochRow.epoch,
        FormerEpochRow.next_epoch,
        FormerEpochRow.ended_at,
    )
    .where(
        FormerEpochRow.county_id == bindparam("county"),
        FormerEpochRow.scope_id.in_(bindparam("ids", expanding=True)),
    )
    .order_by(FormerEpochRow.ended_at)
)
_RESTORED = select(RestoredRow.record_id, RestoredRow.epoch, RestoredRow.revision).where(
    RestoredRow.county_id == bindparam("county"),
    RestoredRow.record_id.in_(bindparam("ids", expanding=True)),
)


def edit_of(
    operation: Operation,
    came_at: datetime,
    histories: Histories,
    *,
    is_broken: bool,
    taken_at: datetime | None = None,
) -> Edit:
    """The edit an operation says, made no later than it came, as it is, or was, taken in.

    `is_broken` is whether the tablet's chain has a break.
    """
    return Edit(
        base_revision=histories.seen_by(operation, taken_at),
        clock=not_after(operation.clock or "", came_at, operation.device_seq),
        fields=todays(operation.kind, operation.schema, operation.body),
        may_be_two=is_broken,
    )
