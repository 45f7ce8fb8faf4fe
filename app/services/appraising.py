"""What the rules say of a draft, and what they would refuse; pure, run at every key."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from app.services.drafts import Authorship, FollowUpDraft, read_draft
from app.services.views import Why
from core.followups import FollowUp, Medicine, Reading
from core.history import History
from core.people import Resident
from core.policy import Rulebook
from core.refusals import Refusal
from core.slots import Slot, SlotState
from core.triage import Triage, triage
from core.validation import check_follow_up
from core.vocabulary import ReadingKind

ASKS = (ReadingKind.BLOOD_PRESSURE, ReadingKind.HEART_RATE, ReadingKind.GLUCOSE)
"""What every follow-up of the contract measures, in the order of the form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A draft as the rules see it: the follow-up it amounts to, findings and refusals."""

    follow_up: FollowUp
    history: History
    triage: Triage
    refusals: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LastReading:
    """The value of the last time, to be shown beside the field and never put into it."""

    reading: Reading
    on: date


def appraised(
    draft: FollowUpDraft, by: Authorship, history: History, rules: Rulebook, today: date
) -> Case:
    """The case of a draft. The suggested class and next day stand where the doctor chose none."""
    typed, unreadable = read_draft(draft, by)
    findings = triage(rules, history, typed)
    follow_up = typed
    if typed.not_met is None:
        follow_up = replace(
            typed,
            visit_class=typed.visit_class or findings.suggested_class,
            next_on=typed.next_on or findings.next_on,
        )
    policy = rules.on(follow_up.occurred_on)
    checks = check_follow_up(policy, history.resident, follow_up, today, history=history)
    return Case(
        follow_up=follow_up,
        history=history,
        triage=findings,
        refusals=(*unreadable, *_override(follow_up, findings), *checks),
    )


def _override(follow_up: FollowUp, findings: Triage) -> tuple[Refusal, ...]:
    suggested, chosen = findings.suggested_class, follow_up.visit_class
    if suggested in (None, chosen) or chosen is None or follow_up.class_override_reason.strip():
        return ()
    return (
        Refusal(
            code="class.no_reason",
            place="class_override_reason",
            values={"suggested": suggested, "chosen": chosen},
        ),
    )


def what_to_tell(follow_up: FollowUp, findings: Triage) -> tuple[Why, ...]:
    """What the resident should hear, in the order of its weight."""
    if follow_up.not_met is not None:
        return ()
    told = []
    if findings.emergency:
        told.append(Why(code="told.emergency"))
    elif findings.refer:
        told.append(Why(code="told.refer"))
    if follow_up.visit_class is not None:
        told.append(Why(code=f"told.class_{follow_up.visit_class}"))
    if follow_up.adverse_reaction:
        told.append(Why(code="told.adverse_reaction"))
    if follow_up.next_on is not None:
        told.append(Why(code="told.next_on", values={"day": follow_up.next_on}))
    return tuple(told)


def conditions_of(resident: Resident) -> tuple[str, ...]:
    """Active conditions and tags in force, as codes, each once."""
    active = [condition.code for condition in resident.conditions if condition.status == "active"]
    in_force = [span.tag for span in resident.tags if span.to_on is None]
    return tuple(dict.fromkeys((*active, *in_force)))


def last_readings(follow_ups: Sequence[FollowUp]) -> tuple[LastReading, ...]:
    """The latest value of each kind of reading; `follow_ups` are in order of date."""
    last: dict[str, LastReading] = {}
    for follow_up in follow_ups:
        for reading in follow_up.readings:
            if reading.not_measured is None:
                last[reading.kind] = LastReading(reading=reading, on=follow_up.occurred_on)
    return tuple(last.values())


def carried_over(follow_ups: Sequence[FollowUp]) -> tuple[Medicine, ...]:
    """The medicines of the last visit that named any, each to be confirmed by a yes or no."""
    for follow_up in reversed(follow_ups):
        if follow_up.medicines:
            return tuple(replace(medicine, taken=None) for medicine in follow_up.medicines)
    return ()


def open_slot(slots: Iterable[Slot], on: date, amends: str | None) -> Slot | None:
    """The slot a follow-up on a day would fill: its window around the day, and not filled yet.

    What is being amended fills it no longer.
    """
    waiting = (SlotState.OPEN, SlotState.DISPUTED, SlotState.MISSED, SlotState.EXCUSE_PENDING)
    for slot in slots:
        free = slot.state in waiting or (slot.filled_by is not None and slot.filled_by == amends)
        if free and slot.window_from <= on <= slot.window_to:
            return slot
    return None
