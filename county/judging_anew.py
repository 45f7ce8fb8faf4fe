"""Operations set aside for want of a record, judged anew in the transaction that brings it.

After a restore the tablets hand in again in any order, so a follow-up may arrive before the
resident another tablet had entered. It then waits in quarantine under the id it lacks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, exists, select
from sqlalchemy.orm import Session

from core.wire.receipts import REFUSED, Receipt
from county.answers import ANSWER, Answer, Answered, answer_in, answer_of, conflict_rows, lacking
from county.bulk import insert_rows
from county.checks import Standpoint
from county.envelopes import MAX_SEQ, reopened
from county.held import chunks
from county.repair import COUNTY
from county.standpoints import standpoints_of
from county.tables import ConflictRow, DeviceRow, OperationRow, QuarantineRow, RecordRow
from statements.made_once import run

MOST_JUDGED = 200
"""Judged anew in one exchange; what is beyond it follows when its tablet calls next."""
LONGEST_CHAIN = 8
"""Operations behind one another, each lacking the one before, that follow in one exchange."""
MOST_NAMED = 2_000
"""Refused operations a tablet may ask about at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One operation that was set aside, and from where it is to be judged anew."""

    aside: QuarantineRow
    device: DeviceRow
    answered: Answered
    standpoint: Standpoint


def waiting_for(
    session: Session,
    county_id: str,
    record_ids: Iterable[str],
    asking: Sequence[str],
    now: datetime,
) -> list[Waiting]:
    """The operations of active tablets that lack one of these records, and the chains behind them.

    Also those of the tablets `asking` whose records have come another way. What another
    transaction is judging in this moment is left to it. A chain is in the order it is made of,
    and what lacks the same record in the order its tablet wrote it.
    """
    found: dict[str, tuple[QuarantineRow, DeviceRow]] = {}
    if asking:
        own = {"county": county_id, "devices": list(asking)}
        found.update(_first(session, _OWN, own, MOST_JUDGED))
    arriving = set(record_ids) | _record_ids(aside for aside, _ in found.values())
    for _ in range(LONGEST_CHAIN):
        behind = _lacking(session, county_id, arriving, MOST_JUDGED - len(found))
        fresh = {op_id: rows for op_id, rows in behind.items() if op_id not in found}
        found.update(fresh)
        arriving = _record_ids(aside for aside, _ in fresh.values())
        if not arriving:
            break
    return _reopened(session, county_id, list(found.values()), now)


def keep_anew(session: Session, waiting: Iterable[Waiting], now: datetime) -> None:
    """Put the new answers in the place of the old ones; what was taken is settled."""
    for item in waiting:
        answer = answer_of(item.answered, now)
        aside = item.aside
        if answer.code != aside.code:
            _replace_answer(session, aside, answer)
        aside.lacks = lacking(answer)
        if answer.code is not None:
            aside.code, aside.values = answer.code, answer.told
            continue
        aside.settled_at, aside.settled_by = now, COUNTY
        insert_rows(session, ConflictRow, list(conflict_rows(item.device, item.answered, now)))


def told_anew(
    session: Session, device: DeviceRow, refused: Sequence[tuple[int, str]]
) -> tuple[Receipt, ...]:
    """The answers that differ from the refusals a tablet says it holds, by number and code.

    The tablet itself says what it holds, so an answer that is lost on the way is told again.
    """
    said = {seq: code for seq, code in refused[:MOST_NAMED] if 0 < seq < MAX_SEQ}
    rows = run(session, _NAMED, county=device.county_id, device=device.id, seqs=sorted(said))
    # A number used twice belongs to the other operation, whose answer is not asked for.
    changed = (row for row in rows if said[row.device_seq] not in {row.code, "op.number_taken"})
    return tuple(answer_in(row).receipt() for row in changed)


def all_refused(session: Session, device: DeviceRow) -> tuple[Receipt, ...]:
    """Every refusal there is of a tablet's operations, for one that comes from another history.

    What was judged anew there, by itself or by a person, is as it was before in this one.
    """
    rows = run(session, _REFUSED, county=device.county_id, device=device.id)
    return tuple(answer_in(row).receipt() for row in rows)


_REFUSED = (
    select(*ANSWER)
    .where(
        OperationRow.county_id == bindparam("county"),
        OperationRow.device_id == bindparam("device"),
        OperationRow.outcome == REFUSED,
    )
    .order_by(OperationRow.device_seq)
)
_NAMED = (
    select(*ANSWER)
    .where(
        OperationRow.county_id == bindparam("county"),
        OperationRow.device_id == bindparam("device"),
        OperationRow.device_seq.in_(bindparam("seqs", expanding=True)),
    )
    .order_by(OperationRow.device_seq)
)


def _lacking(
    session: Session, county_id: str, record_ids: Iterable[str], limit: int
) -> dict[str, tuple[QuarantineRow, DeviceRow]]:
    found: dict[str, tuple[QuarantineRow, DeviceRow]] = {}
    for some in chunks(sorted(record_ids)):
        values = {"county": county_id, "ids": some}
        found.update(_first(session, _LACKING, values, limit - len(found)))
    return found


def _waiting(*which: ColumnElement[bool]) -> Select[tuple[QuarantineRow, DeviceRow]]:
    return (
        select(QuarantineRow, DeviceRow)
        .join(
            DeviceRow,
            (DeviceRow.county_id == QuarantineRow.county_id)
            & (DeviceRow.id == QuarantineRow.device_id),
        )
        .where(QuarantineRow.county_id == bindparam("county"), DeviceRow.state == "active", *which)
        .order_by(QuarantineRow.op_id)
        .limit(bindparam("most"))
        .with_for_update(of=QuarantineRow, skip_locked=True)
    )


_LACKING = _waiting(QuarantineRow.lacks.in_(bindparam("ids", expanding=True)))
_OWN = _waiting(
    QuarantineRow.lacks.is_not(None),
    QuarantineRow.device_id.in_(bindparam("devices", expanding=True)),
    exists().where(
        RecordRow.county_id == QuarantineRow.county_id,
        RecordRow.id == QuarantineRow.lacks,
        RecordRow.removed.is_(False),
    ),
)


def _first(
    session: Session,
    query: Select[tuple[QuarantineRow, DeviceRow]],
    values: Mapping[str, Any],
    most: int,
) -> dict[str, tuple[QuarantineRow, DeviceRow]]:
    if most <= 0:
        return {}
    found = [(aside, device) for aside, device in session.execute(query, {**values, "most": most})]
    found.sort(key=lambda pair: (pair[0].device_id, pair[0].envelope["device_seq"]))
    return {aside.op_id: (aside, device) for aside, device in found}


def _record_ids(asides: Iterable[QuarantineRow]) -> set[str]:
    return {str(aside.envelope["record_id"]) for aside in asides}


def _reopened(
    session: Session,
    county_id: str,
    found: Sequence[tuple[QuarantineRow, DeviceRow]],
    now: datetime,
) -> list[Waiting]:
    if not found:
        return []
    devices = {device.id: device for _, device in found}
    standpoints = standpoints_of(session, county_id, devices.values(), now)
    return [
        Waiting(
            aside=aside,
            device=device,
            answered=Answered(opened=reopened(aside.envelope, device.id)),
            standpoint=replace(standpoints[device.id], came_at=aside.received_at),
        )
        for aside, device in found
    ]


def _replace_answer(session: Session, aside: QuarantineRow, answer: Answer) -> None:
    kept = session.get_one(OperationRow, (aside.county_id, aside.op_id))
    kept.outcome, kept.code, kept.told = answer.outcome, answer.code, answer.told
    kept.received_at = answer.received_at
