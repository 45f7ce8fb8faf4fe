"""What was set aside, and a person's word on it: taken in after all, or left at that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.confidence import is_confidential, tells_in_confidence
from core.ids import village_scope
from core.refusals import Refusal, Refused
from core.vocabulary import Kind
from core.wire.schemas import todays
from county.answers import Answered
from county.audit import note_act
from county.checks import IN_CONFIDENCE
from county.envelopes import is_id, reopened
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
_NAMES = frozenset({"id", "scope_id", "household_id", "resident_id", "name", "head_name"})
_GONE = Refusal(code="desk.aside_gone")


def decide(session: Session, reviewer: Reviewer, op_id: str, choice: str, now: datetime) -> None:
    """Take in what was set aside, or leave it at that; what is taken in its tablet hears of.

    It is judged by today's rules as if it came now, but the reviewer's word stands for the
    tablet's right to the village: a doctor may have lost it, or the tablet its place, since the
    visit was made. What waited for the record is judged behind it. Raises Refused
    `desk.no_choice`, `desk.aside_gone` where it is not the reviewer's to decide or was settled
    meanwhile, `desk.aside_unproven`, and what is still wrong with the record.
    """
    if choice not in (TAKE, LEAVE):
        raise Refused(Refusal(code="desk.no_choice"))
    aside, device = _locked(session, reviewer, op_id)
    named = "" if is_in_confidence(aside) else named_id(aside, "record_id")
    if choice == TAKE:
        _take(session, reviewer, aside, device, now)
    else:
        aside.lacks = None
    aside.settled_at, aside.settled_by = now, reviewer.user_id
    note_act(
        session, reviewer.county_id, reviewer.user_id, f"aside_{choice}",
        named_id(aside, "kind"), named, now, op_id=op_id, code=aside.code,
    )  # fmt: skip


def named_id(aside: QuarantineRow, field: str) -> str:
    """An id in the envelope as it came; "" where it is none, so that anything may be asked."""
    value = aside.envelope.get(field)
    return value if is_id(value) else ""


def body_in(aside: QuarantineRow) -> Mapping[str, Any]:
    """The body as it came, in today's shape as far as it has one; empty where there is none."""
    body, schema = aside.envelope.get("body"), aside.envelope.get("schema", 1)
    if not isinstance(body, dict):
        return {}
    return todays(named_id(aside, "kind"), schema, body) if isinstance(schema, int) else body


def is_in_confidence(aside: QuarantineRow) -> bool:
    """Whether it says of somebody what no desk may know; asked of what it says, not of its code.

    It may have been set aside for another reason first: its tablet was revoked, its clock wrong.
    """
    if named_id(aside, "kind") == Kind.SPECIAL_PROGRAMME or aside.code == IN_CONFIDENCE:
        return True
    body = body_in(aside)
    if aside.envelope.get("action") == "set":  # all that an edit sets is shown
        return is_confidential({name: body[name] for name in body if name not in _NAMES})
    return "smi" in body or tells_in_confidence(body)


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
    if aside.settled_at is not None or not _is_theirs(aside, doctor, reviewer):
        raise Refused(_GONE)
    return aside, device


def _is_theirs(aside: QuarantineRow, doctor: UserRow, reviewer: Reviewer) -> bool:
    """Whether it is this reviewer's: by its village; by its doctor's where it names none."""
    if aside.village_id is not None:
        return aside.village_id in reviewer.village_ids
    return reviewer.of_whole_county or not reviewer.village_ids.isdisjoint(doctor.village_ids)


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
    standpoint = replace(own, scopes=own.scopes | theirs, came_at=aside.received_at)
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
