"""What became of each operation: its receipt, and what the county keeps of it for good."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from core.ids import RANDOM_BYTES, uuid7, village_of
from core.refusals import Refusal, Refused
from core.wire.receipts import ACCEPTED, REFUSED, Receipt, Taken
from county.bulk import LEAVE, insert_rows
from county.checks import UNKNOWN_REFERENCE, Accepted
from county.envelopes import Opened, is_id
from county.held import chunks
from county.tables import ConflictRow, DeviceRow, OperationRow, QuarantineRow, VillageRow
from statements.made_once import run

_Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the county said to one operation; `told` is what its outcome or code needs beside it."""

    op_id: str
    device_seq: int
    record_id: str
    revision: int
    hash: str
    outcome: str
    code: str | None
    told: dict[str, Any]
    received_at: datetime

    @property
    def is_plain(self) -> bool:
        """Whether it was accepted as it came, so that a run can answer for it."""
        return self.outcome == ACCEPTED and not self.told

    def receipt(self) -> Receipt:
        """The answer as one by itself."""
        return Receipt(
            op_id=self.op_id,
            device_seq=self.device_seq,
            record_id=self.record_id,
            revision=self.revision,
            outcome=self.outcome,
            received_at=self.received_at.isoformat(),
            code=self.code,
            values=self.told,
        )


@dataclass(slots=True)
class Answered:
    """One operation with what became of it; `before` is the answer it was given already."""

    opened: Opened
    accepted: Accepted | None = None
    refusal: Refusal | None = None
    numbered: bool = True
    before: Answer | None = None


class Reply:
    """The answers to a batch, put together in the order of the tablet's numbers."""

    def __init__(self) -> None:
        self._runs: list[_Run] = []
        self.receipts: list[Receipt] = []

    def add(self, answer: Answer) -> None:
        """Put one more answer in: what was accepted as it came joins the run before it."""
        if not answer.is_plain:
            self.receipts.append(answer.receipt())
            return
        before = self._runs[-1] if self._runs else None
        if before is not None and before.is_followed_by(answer):
            before.last = answer
        else:
            self._runs.append(_Run(first=answer, last=answer))

    @property
    def taken(self) -> tuple[Taken, ...]:
        """The runs of operations accepted as they came."""
        return tuple(each.told() for each in self._runs)


@dataclass(slots=True)
class _Run:
    """Operations one after the other that were accepted as they came, at one moment."""

    first: Answer
    last: Answer

    def is_followed_by(self, answer: Answer) -> bool:
        return (answer.device_seq, answer.received_at) == (
            self.last.device_seq + 1,
            self.last.received_at,
        )

    def told(self) -> Taken:
        return Taken(
            first_seq=self.first.device_seq,
            last_seq=self.last.device_seq,
            hash=self.last.hash,
            received_at=self.last.received_at.isoformat(),
        )


def answer_of(item: Answered, now: datetime) -> Answer:
    """The county's answer to one operation, of the moment it was taken in."""
    opened, accepted, refusal = item.opened, item.accepted, item.refusal
    if refusal is not None:
        place = {} if refusal.place is None else {"place": refusal.place}
        outcome, code, told = REFUSED, refusal.code, {**_plain(refusal.values), **place}
    elif accepted is not None:
        outcome, code, told = accepted.outcome, None, _told(accepted)
    return Answer(
        op_id=opened.op_id,
        device_seq=opened.device_seq,
        record_id=opened.record_id,
        revision=opened.revision,
        hash=opened.envelope["hash"],
        outcome=outcome,
        code=code,
        told=told,
        received_at=now,
    )


def kept_answers(
    session: Session, county_id: str, handed_in: Sequence[tuple[str, Sequence[Opened]]]
) -> list[dict[str, Answer]]:
    """The answers operations got the first time, by `op_id`, for each tablet's batch of them.

    Raises Refused `wire.malformed` where another tablet's operation has one of these ids.
    """
    found: dict[str, dict[str, Answer]] = {device_id: {} for device_id, _ in handed_in}
    op_ids = [item.op_id for _, batch in handed_in for item in batch]
    for some in chunks(op_ids):
        for row in run(session, _KEPT, county=county_id, op_ids=some):
            if row.device_id not in found:
                raise Refused(Refusal(code="wire.malformed", place="operations"))
            found[row.device_id][row.op_id] = answer_in(row)
    return [found[device_id] for device_id, _ in handed_in]


ANSWER = (
    OperationRow.op_id,
    OperationRow.device_seq,
    OperationRow.record_id,
    OperationRow.revision,
    # Whole: a database cannot take one field out of JSON that holds something it cannot store.
    OperationRow.envelope,
    OperationRow.outcome,
    OperationRow.code,
    OperationRow.told,
    OperationRow.received_at,
)
"""What an `Answer` is made of."""


def answer_in(row: Any) -> Answer:
    """The answer that was kept, of a row with the columns of ANSWER."""
    return Answer(
        op_id=row.op_id,
        device_seq=row.device_seq,
        record_id=row.record_id,
        revision=row.revision,
        hash=row.envelope["hash"],
        outcome=row.outcome,
        code=row.code,
        told=row.told,
        received_at=row.received_at,
    )


_KEPT = select(OperationRow.device_id, *ANSWER).where(
    OperationRow.county_id == bindparam("county"),
    OperationRow.op_id.in_(bindparam("op_ids", expanding=True)),
)


def covered(session: Session, device: DeviceRow) -> tuple[int, str]:
    """How far a tablet's operations are under the county's backup, and the last one's hash.

    0 and "" for none, and where the tablet's chain has a break up to there: what lies before
    the break may be a copy's.
    """
    if device.broken_seq is not None and device.broken_seq <= device.durable_seq:
        return 0, ""
    row = run(session, _NUMBERED, county=device.county_id, device=device.id, seq=device.durable_seq)
    envelope = row.scalar()
    return device.durable_seq, "" if envelope is None else str(envelope["hash"])


_NUMBERED = select(OperationRow.envelope).where(
    OperationRow.county_id == bindparam("county"),
    OperationRow.device_id == bindparam("device"),
    OperationRow.device_seq == bindparam("seq"),
)


def _plain(values: Mapping[str, object]) -> dict[str, Any]:
    """The gaps of a refusal's sentence as JSON can say them."""
    return {name: value if _is_json(value) else str(value) for name, value in values.items()}


def _is_json(value: object) -> bool:
    return value is None or isinstance(value, str | int | float)


def _told(accepted: Accepted) -> dict[str, Any]:
    told = {
        "conflicts": [conflict.field for conflict in accepted.conflicts],
        "overruled": list(accepted.overruled),
    }
    return {name: fields for name, fields in told.items() if fields}


def keep(
    session: Session,
    said: Sequence[tuple[DeviceRow, Sequence[tuple[Answered, Answer]]]],
    now: datetime,
) -> None:
    """Note what came from each tablet and what was answered, and how far its chain now reaches."""
    operations, refused, conflicts = list[_Row](), list[_Row](), list[_Row]()
    ends: list[tuple[DeviceRow, Answer]] = []
    for device, answered in said:
        numbered = [(item, answer) for item, answer in answered if item.numbered]
        operations += [_operation_row(device, *each) for each in numbered]
        ends += [(device, answer) for _, answer in numbered[-1:]]
        for item, answer in answered:
            if item.refusal is not None:
                refused.append(_quarantine_row(device, item, answer))
            conflicts += conflict_rows(device, item, now)
    _place(session, refused)
    insert_rows(session, OperationRow, operations)
    insert_rows(session, QuarantineRow, refused, there=LEAVE)
    insert_rows(session, ConflictRow, conflicts)
    for device, last in ends:  # last, to be written with what else is noted of the tablet
        device.last_seq, device.last_hash = last.device_seq, last.hash


def _operation_row(device: DeviceRow, item: Answered, answer: Answer) -> dict[str, Any]:
    return {
        "county_id": device.county_id,
        "op_id": answer.op_id,
        "device_id": device.id,
        "device_seq": answer.device_seq,
        "record_id": answer.record_id,
        "kind": item.opened.kind,
        "revision": answer.revision,
        "outcome": answer.outcome,
        "code": answer.code,
        "told": answer.told,
        "envelope": item.opened.text,
        "received_at": answer.received_at,
    }


def _quarantine_row(device: DeviceRow, item: Answered, answer: Answer) -> dict[str, Any]:
    return {
        "county_id": device.county_id,
        "op_id": answer.op_id,
        "device_id": device.id,
        "village_id": village_of(str(item.opened.envelope.get("scope_id", ""))),
        "code": answer.code,
        "values": answer.told,
        "envelope": item.opened.text,
        "received_at": answer.received_at,
        "lacks": lacking(answer),
        "settled_at": None,
        "settled_by": None,
    }


def _place(session: Session, refused: Sequence[_Row]) -> None:
    """Leave the village with those that name one of the county's; None with the others."""
    named = {row["village_id"] for row in refused if is_id(row["village_id"])}
    if not refused:
        return
    query = select(VillageRow.id).where(
        VillageRow.county_id == refused[0]["county_id"], VillageRow.id.in_(sorted(named))
    )
    known = set(session.scalars(query)) if named else set()
    for row in refused:
        row["village_id"] = row["village_id"] if row["village_id"] in known else None


def lacking(answer: Answer) -> str | None:
    """The id of the record for want of which an operation was refused."""
    return str(answer.told["record"]) if answer.code == UNKNOWN_REFERENCE else None


def conflict_rows(device: DeviceRow, item: Answered, now: datetime) -> Iterable[dict[str, Any]]:
    """The fields of an accepted operation that a person has to settle."""
    if item.accepted is None or item.refusal is not None:
        return
    for conflict in item.accepted.conflicts:
        yield {
            "county_id": device.county_id,
            "id": uuid7(int(now.timestamp() * 1000), os.urandom(RANDOM_BYTES)),
            "record_id": item.opened.record_id,
            "field": conflict.field,
            "ours": conflict.ours,
            "theirs": conflict.theirs,
            "op_id": item.opened.op_id,
            "raised_at": now,
            "settled_at": None,
            "settled_by": None,
        }
