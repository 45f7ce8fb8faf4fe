"""Sees what a county does with edits, and whether one passes over what its doctor never saw."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from core.merging import GUARDED_FIELDS
from core.vocabulary import STANDING_KINDS
from core.wire.clocks import node_of
from core.wire.envelopes import Operation
from core.wire.receipts import REFUSED
from county.db import Database
from county.envelopes import Opened
from county.held import load
from county.tables import ConflictRow, OperationRow, RecordRow
from simulation.founding import COUNTY_ID
from statements.made_once import run


@dataclass(frozen=True, slots=True)
class Look:
    """At an edit of a field, by number: what stood `on_screen`, and what was set then."""

    device_seq: int
    on_screen: Any
    set_to: Any


Looks = Callable[[Operation, str], Iterable[Look]]
"""Of an edit and a field it sets: the looks whoever made it had at the field, latest first."""
Standing = dict[tuple[str, str], tuple[Any, str]]
"""The value of a record's field and the clock it was set at; "" for the founding."""

_KNOWN = select(OperationRow.op_id, OperationRow.outcome).where(
    OperationRow.county_id == COUNTY_ID,
    OperationRow.op_id.in_(bindparam("op_ids", expanding=True)),
)
_CONFLICTS = select(ConflictRow.op_id, ConflictRow.field).where(
    ConflictRow.county_id == COUNTY_ID,
    ConflictRow.op_id.in_(bindparam("op_ids", expanding=True)),
)
_ALL = select(RecordRow.id).where(
    RecordRow.county_id == COUNTY_ID, RecordRow.kind.in_(STANDING_KINDS)
)
_TAKEN = select(OperationRow.device_seq, OperationRow.envelope).where(
    OperationRow.county_id == COUNTY_ID,
    OperationRow.device_id == bindparam("device"),
    OperationRow.record_id == bindparam("record"),
    OperationRow.outcome != REFUSED,
)


def edits_in(batch: Iterable[Opened]) -> list[Operation]:
    """The edits of a batch that can be read."""
    operations = (item.operation for item in batch)
    return [found for found in operations if found is not None and found.kind in STANDING_KINDS]


class Onlooker:
    """Looks at edits: made before the county takes them in, asked afterwards.

    What a restore has `brought_back` a doctor may have seen replaced in the history that is lost:
    of that only what was set later, by the clocks, than an edit was made counts as unseen.
    """

    def __init__(
        self, database: Database, edits: Sequence[Operation], looks: Looks, brought_back: Standing
    ) -> None:
        self._database, self._looks, self._brought_back = database, looks, brought_back
        with database.reading() as session:
            known = _outcomes(session, edits)
            # What was refused before may be taken now.
            self._edits = [edit for edit in edits if known.get(edit.op_id, REFUSED) == REFUSED]
            self._before = _fields(session, (edit.record_id for edit in self._edits))

    def silent(self) -> list[str]:
        """The edits that were accepted over a guarded value nobody had shown their doctor."""
        with self._database.reading() as session:
            outcomes = _outcomes(session, self._edits)
            disputed = _disputed(session, self._edits)
        found = []
        for edit in self._edits:
            if outcomes.get(edit.op_id, REFUSED) == REFUSED:
                continue
            for name in _guarded(edit):
                place, theirs = (edit.record_id, name), edit.body[name]
                ours, clock = self._before.get(place, (None, ""))
                if (edit.op_id, name) in disputed or ours == theirs:
                    continue
                if self._is_unseen(edit, name, ours, clock):
                    found.append(f"{edit.device_id} {edit.device_seq} overwrote {name} {ours!r}")
                self._before[place] = theirs, edit.clock or ""
        return found

    def _is_unseen(self, edit: Operation, name: str, value: Any, clock: str) -> bool:
        """Whether the doctor neither set the value before this edit nor saw it.

        They saw it before the edit, or before own ones that were refused: what such a one sets
        stands on the screen until its refusal has come.
        """
        was_brought_back = self._brought_back.get((edit.record_id, name)) == (value, clock)
        if not clock or (was_brought_back and clock <= (edit.clock or "")):
            return False
        looks = list(self._looks(edit, name))
        earlier = {look.set_to for look in looks if look.device_seq < edit.device_seq}
        if node_of(clock) == edit.device_id and value in earlier:
            return False
        with self._database.reading() as session:
            rows = run(session, _TAKEN, device=edit.device_id, record=edit.record_id)
            # Under the number of a refused one there may be what a copy of its tablet has set.
            taken = {(row.device_seq, row.envelope["body"].get(name)) for row in rows}
        for look in looks:
            if look.device_seq != edit.device_seq and (look.device_seq, look.set_to) in taken:
                return True
            if look.on_screen == value:
                return False
        return True


def _outcomes(session: Session, edits: Sequence[Operation]) -> dict[str, str]:
    rows = run(session, _KNOWN, op_ids=[edit.op_id for edit in edits])
    return {row.op_id: row.outcome for row in rows}


def _disputed(session: Session, edits: Sequence[Operation]) -> set[tuple[str, str]]:
    rows = run(session, _CONFLICTS, op_ids=[edit.op_id for edit in edits])
    return {(row.op_id, row.field) for row in rows}


def standing_fields(session: Session) -> Standing:
    """The fields of all standing records that somebody has set."""
    return _fields(session, run(session, _ALL).scalars())


def _fields(session: Session, record_ids: Iterable[str]) -> Standing:
    held = load(session, COUNTY_ID, set(record_ids), lock=False)
    return {
        (record_id, name): (record.body.get(name), stamp.clock)
        for record_id, record in held.items()
        for name, stamp in record.stamps.items()
    }


def _guarded(edit: Operation) -> list[str]:
    guarded = GUARDED_FIELDS.get(edit.kind, frozenset())
    return [name for name in edit.body if name in guarded]
