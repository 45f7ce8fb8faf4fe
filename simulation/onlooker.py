"""Sees what a county does with edits, and whether one passes over what its doctor never saw."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
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
from county.tables import ConflictRow, OperationRow
from simulation.founding import COUNTY_ID
from statements.made_once import run

Shown = Callable[[str, int, str], Iterable[tuple[int, Any]]]
"""Of a tablet's edit, by number, and a field it sets: what stood on the screen before it, and
before each earlier edit of that field; with the number of each, latest first.
"""
Standing = dict[tuple[str, str], tuple[Any, str]]
"""The value of a record's field and who has set it; "" for the founding."""

_KNOWN = select(OperationRow.op_id, OperationRow.outcome).where(
    OperationRow.county_id == COUNTY_ID,
    OperationRow.op_id.in_(bindparam("op_ids", expanding=True)),
)
_CONFLICTS = select(ConflictRow.op_id, ConflictRow.field).where(
    ConflictRow.county_id == COUNTY_ID,
    ConflictRow.op_id.in_(bindparam("op_ids", expanding=True)),
)
_REFUSED = select(OperationRow.device_seq).where(
    OperationRow.county_id == COUNTY_ID,
    OperationRow.device_id == bindparam("device"),
    OperationRow.device_seq.in_(bindparam("seqs", expanding=True)),
    OperationRow.outcome == REFUSED,
)


def edits_in(batch: Iterable[Opened]) -> list[Operation]:
    """The edits of a batch that can be read."""
    operations = (item.operation for item in batch)
    return [found for found in operations if found is not None and found.kind in STANDING_KINDS]


class Onlooker:
    """Looks at a batch's edits: made before the county takes them in, asked afterwards."""

    def __init__(self, database: Database, edits: Sequence[Operation], shown: Shown) -> None:
        self._database, self._shown = database, shown
        with database.reading() as session:
            known = _outcomes(session, edits)
            self._edits = [edit for edit in edits if edit.op_id not in known]
            self._before = _standing(session, self._edits)

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
                ours, node = self._before.get(place, (None, ""))
                if (edit.op_id, name) in disputed or ours == theirs:
                    continue
                is_own = node in {"", edit.device_id}
                if not is_own and not self._was_shown(edit, name, ours):
                    found.append(f"{edit.device_id} {edit.device_seq} overwrote {name} {ours!r}")
                self._before[place] = theirs, edit.device_id
        return found

    def _was_shown(self, edit: Operation, name: str, value: Any) -> bool:
        """Whether the doctor saw the value before this edit, or before own ones that were refused.

        What such a one sets stands on the screen until its refusal has come.
        """
        shown = list(self._shown(edit.device_id, edit.device_seq, name))
        with self._database.reading() as session:
            seqs = [seq for seq, _ in shown]
            refused = set(run(session, _REFUSED, device=edit.device_id, seqs=seqs).scalars())
        for seq, on_screen in shown:
            if seq != edit.device_seq and seq not in refused:
                return False
            if on_screen == value:
                return True
        return False


def _outcomes(session: Session, edits: Sequence[Operation]) -> dict[str, str]:
    rows = run(session, _KNOWN, op_ids=[edit.op_id for edit in edits])
    return {row.op_id: row.outcome for row in rows}


def _disputed(session: Session, edits: Sequence[Operation]) -> set[tuple[str, str]]:
    rows = run(session, _CONFLICTS, op_ids=[edit.op_id for edit in edits])
    return {(row.op_id, row.field) for row in rows}


def _standing(session: Session, edits: Sequence[Operation]) -> Standing:
    held = load(session, COUNTY_ID, {edit.record_id for edit in edits}, lock=False)
    return {
        (record_id, name): (record.body.get(name), node_of(stamp.clock))
        for record_id, record in held.items()
        for name, stamp in record.stamps.items()
    }


def _guarded(edit: Operation) -> list[str]:
    guarded = GUARDED_FIELDS.get(edit.kind, frozenset())
    return [name for name in edit.body if name in guarded]
