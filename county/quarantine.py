"""What was set aside, and a person's word on it: taken in after all, or left at that."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.ids import village_of, village_scope
from core.refusals import Refusal, Refused
from county.answers import Answered
from county.audit import note_act
from county.envelopes import reopened
from county.ingest import judge_and_write
from county.judging_anew import Waiting, keep_anew, waiting_for
from county.reviews import Reviewer
from county.standpoints import standpoints_of
from county.tables import DeviceRow, OperationRow, QuarantineRow, UserRow

TAKE, LEAVE = "take", "leave"
"""The choices: the record is taken in now, or stays set aside for good."""
UNPROVEN = frozenset(
    {
        "op.malformed",
        "op.hash",
        "op.chain",
        "op.signature",
        "op.other_device",
        "op.number_taken",
        "op.cannot_be_stored",
    }
)
"""Refusals nobody can lift: who wrote it is not proven, or it is nothing that can be kept."""
_GONE = Refusal(code="desk.aside_gone")


def decide(session: Session, reviewer: Reviewer, op_id: str, choice: str, now: datetime) -> None:
    """Take in what was set aside, or leave it at that; its tablet is told when it calls.

    It is judged by today's rules as if it came now, but the reviewer's word stands for the
    tablet's right to the village: a doctor may have lost it, or the tablet its place, since the
    visit was made. What waited for the record is judged behind it. Raises Refused
    `desk.no_choice`, `desk.aside_gone` where it is not in the reviewer's villages or was settled
    meanwhile, `desk.aside_unproven`, and what is still wrong with the record.
    """
    if choice not in (TAKE, LEAVE):
        raise Refused(Refusal(code="desk.no_choice"))
    aside, device = _locked(session, reviewer, op_id)
    record_id, kind = str(aside.envelope.get("record_id", "")), aside.envelope.get("kind", "")
    if choice == TAKE:
        _take(session, reviewer, aside, device, now)
    else:
        aside.lacks = None
    aside.settled_at, aside.settled_by = now, reviewer.user_id
    note_act(
        session, reviewer.county_id, reviewer.user_id, f"aside_{choice}", str(kind), record_id, now,
        op_id=op_id, code=aside.code,
    )  # fmt: skip


def _locked(session: Session, reviewer: Reviewer, op_id: str) -> tuple[QuarantineRow, DeviceRow]:
    """The operation with its tablet, if it waits for this reviewer; in the order tablets lock."""
    found = session.execute(
        select(QuarantineRow.device_id).where(
            QuarantineRow.county_id == reviewer.county_id, QuarantineRow.op_id == op_id
        )
    ).scalar()
    key = (reviewer.county_id, found)
    device = session.get(DeviceRow, key, with_for_update=True) if found else None
    if device is None:
        raise Refused(_GONE)
    aside = session.get_one(
        QuarantineRow, (reviewer.county_id, op_id), with_for_update=True, populate_existing=True
    )
    doctor = session.get_one(UserRow, (reviewer.county_id, device.doctor_id))
    places = {village_of(str(aside.envelope.get("scope_id", ""))), *doctor.village_ids}
    if aside.settled_at is not None or not places & reviewer.village_ids:
        raise Refused(_GONE)
    return aside, device


def _take(
    session: Session,
    reviewer: Reviewer,
    aside: QuarantineRow,
    device: DeviceRow,
    now: datetime,
) -> None:
    if aside.code in UNPROVEN:
        raise Refused(Refusal(code="desk.aside_unproven"))
    county_id, answered = reviewer.county_id, Answered(opened=reopened(aside.envelope, device.id))
    own = standpoints_of(session, county_id, [device], now)[device.id]
    theirs = {village_scope(village_id) for village_id in reviewer.village_ids}
    standpoint = replace(own, scopes=own.scopes | theirs)
    behind = waiting_for(session, county_id, {answered.opened.record_id}, (), now)
    taken = Waiting(aside=aside, device=device, answered=answered, standpoint=standpoint)
    waiting = [taken, *(item for item in behind if item.aside is not aside)]
    turns = [(item.answered, item.standpoint) for item in waiting]
    judge_and_write(session, county_id, turns, now)
    if answered.refusal is not None:
        raise Refused(answered.refusal)
    keep_anew(session, waiting, now)


def is_taken(operation: OperationRow | None) -> bool:
    """Whether an operation that was set aside has been taken in since."""
    return operation is not None and operation.code is None
