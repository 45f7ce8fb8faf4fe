"""Fields two people set differently: one value is chosen, and who chose it is written down."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from core.confidence import LISTS, open_part
from core.people import Resident
from core.refusals import Refusal, Refused
from core.validation import check_birth_date
from core.wire.bodies import record_of
from core.wire.clocks import node_of, signed_by
from core.wire.schemas import schema_of, todays
from county.audit import note_act
from county.config import local_date
from county.held import lock_records
from county.ledger import COUNTY_NODE, DESK_NODE, RecordWrite, write
from county.reviews import Reviewer
from county.tables import ConflictRow, RecordRow

KEEP, TAKE = "keep", "take"
"""The choices: the value that stands, or the other one."""
_GONE = Refusal(code="desk.conflict_gone")


def open_conflicts(
    county_id: str, village_ids: frozenset[str]
) -> Select[tuple[ConflictRow, RecordRow]]:
    """The conflicts of these villages' records that wait for a person, oldest first."""
    return (
        select(ConflictRow, RecordRow)
        .join(
            RecordRow,
            (RecordRow.county_id == ConflictRow.county_id)
            & (RecordRow.id == ConflictRow.record_id),
        )
        .where(
            ConflictRow.county_id == county_id,
            ConflictRow.settled_at.is_(None),
            RecordRow.village_id.in_(village_ids),
            RecordRow.removed.is_(False),
        )
        .order_by(ConflictRow.raised_at, ConflictRow.id)
    )


def settle(
    session: Session,
    reviewer: Reviewer,
    conflict_id: str,
    choice: str,
    seen_revision: int,
    now: datetime,
) -> None:
    """Let the value that stands stand, or put the other in its place; the tablets are told.

    Either way no roster sets the field again.

    Raises Refused `desk.no_choice`, `desk.conflict_gone` where it is not in the reviewer's
    villages or was settled meanwhile, `desk.record_moved` where the record is no longer in the
    revision that the reviewer saw, and what is wrong with the record as it would stand.
    """
    if choice not in (KEEP, TAKE):
        raise Refused(Refusal(code="desk.no_choice"))
    conflict = session.get(ConflictRow, (reviewer.county_id, conflict_id))
    if conflict is None:
        raise Refused(_GONE)
    lock_records(session, reviewer.county_id, [conflict.record_id])
    session.refresh(conflict)
    row = session.get(RecordRow, (reviewer.county_id, conflict.record_id), populate_existing=True)
    if row is None or row.removed or row.village_id not in reviewer.village_ids:
        raise Refused(_GONE)
    if conflict.settled_at is not None:
        raise Refused(_GONE)
    if row.revision != seen_revision:
        raise Refused(Refusal(code="desk.record_moved"))
    if choice == TAKE:
        write(session, reviewer.county_id, [_taken(row, conflict, reviewer, now)], now)
        session.refresh(row)
    _sign(row, conflict.field)
    conflict.settled_at, conflict.settled_by = now, reviewer.user_id
    note_act(
        session, reviewer.county_id, reviewer.user_id, f"settled_{choice}", row.kind, row.id, now,
        field=conflict.field,
    )  # fmt: skip


def _sign(row: RecordRow, field: str) -> None:
    """Let a roster find that a person has decided on the field, as where a tablet has set it."""
    clock, revision = row.clocks.get(field, ("", 0))
    if clock and node_of(clock) == COUNTY_NODE:
        row.clocks = {**row.clocks, field: [signed_by(DESK_NODE, clock), revision]}


def _taken(row: RecordRow, conflict: ConflictRow, reviewer: Reviewer, now: datetime) -> RecordWrite:
    """The record with the other value as it was shown; None takes the field away."""
    schema = max(row.schema, schema_of(row.kind))
    theirs = open_part(conflict.theirs) if conflict.field in LISTS else conflict.theirs
    fields: dict[str, Any] = {**todays(row.kind, row.schema, row.body), conflict.field: theirs}
    body = {name: value for name, value in fields.items() if value is not None}
    record = record_of(row.kind, schema, body)
    if isinstance(record, Resident) and conflict.field == "birth_date":
        wrong = check_birth_date(record.birth_date, local_date(now))
        if wrong:
            raise Refused(*wrong)
    return RecordWrite(
        kind=row.kind,
        record_id=row.id,
        scope_id=row.scope_id,
        schema=schema,
        body=body,
        author_id=reviewer.user_id,
        recorded_at=now,
        record=record,
    )
