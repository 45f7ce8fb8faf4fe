"""What is due next, ranked: slots that are open, and the clinical duties beside them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from core.accounts import Account
from core.calendar import last_of_month
from core.duties import Duty, outstanding
from core.findings import Reason
from core.history import History
from core.policy import Policy, Rulebook
from core.slots import Programme, Slot, SlotState


class Urgency(StrEnum):
    """The groups of the worklist, most pressing first."""

    EMERGENCY = "emergency"
    REVISIT = "revisit"
    THIS_WEEK = "this_week"
    THIS_MONTH = "this_month"
    LATER = "later"


class DueKind(StrEnum):
    """What is due, the most pressing first: the paper of a contract waits behind every visit."""

    EMERGENCY_TRACE = "emergency_trace"
    REVISIT = "revisit_14d"
    REFERRAL_TRACE = "referral_trace"
    TB_FIRST_VISIT = "tb_first_visit"
    SLOT_CLOSING = "slot_closing"
    SLOT_OPEN = "slot_open"
    EXAM = "yearly_exam"
    RENEWAL = "contract_renewal"


URGENCY_ORDER: dict[str, int] = {urgency: place for place, urgency in enumerate(Urgency)}
KIND_ORDER = {kind: place for place, kind in enumerate(DueKind)}
EXAM_PROGRAMMES = frozenset({Programme.HTN_EXAM, Programme.T2DM_EXAM, Programme.ELDERLY_EXAM})


@dataclass(frozen=True, slots=True, kw_only=True)
class DueItem:
    """One thing due for one resident, with why, and what skipping it costs."""

    resident_id: str
    household_id: str
    kind: DueKind
    urgency: Urgency
    due_by: date
    why: Reason
    cost: Reason
    programme: Programme | None = None
    slot_number: int | None = None
    follow_up_id: str | None = None
    referral_id: str | None = None


def due_items(
    rules: Rulebook, account: Account, history: History, today: date
) -> tuple[DueItem, ...]:
    """Everything due for a resident on a day, ranked; nothing for those who died or moved."""
    if not history.presence.has(today):
        return ()
    policy = rules.on(today)
    items = [_duty_item(duty, history, today) for duty in outstanding(rules, history, today)]
    items += (
        _slot_item(policy, slot, history, today)
        for slot in account.slots
        if slot.state == SlotState.OPEN
    )
    items += _renewal_items(policy, history, today)
    return ranked(items)


def ranked(items: Iterable[DueItem]) -> tuple[DueItem, ...]:
    """The most pressing first; the same items always come in the same order."""
    return tuple(sorted(items, key=_rank))


def _rank(item: DueItem) -> tuple[int, date, str, str, int, str, str]:
    return (
        URGENCY_ORDER[item.urgency],
        item.due_by,
        item.household_id,
        item.resident_id,
        KIND_ORDER[item.kind],
        item.programme or "",
        item.referral_id or item.follow_up_id or "",
    )


def _duty_item(duty: Duty, history: History, today: date) -> DueItem:
    overdue = (today - duty.due_by).days
    told = f"due.{duty.kind}.overdue" if overdue > 0 else f"due.{duty.kind}"
    return DueItem(
        resident_id=history.resident.id,
        household_id=history.resident.household_id,
        kind=DueKind(duty.kind),
        urgency=Urgency.EMERGENCY if duty.urgent else Urgency.REVISIT,
        due_by=duty.due_by,
        why=Reason(
            code=told,
            values={"since": duty.since, "due_by": duty.due_by, "days": abs(overdue)},
        ),
        cost=Reason(code=f"cost.{duty.kind}", values={"due_by": duty.due_by}),
        follow_up_id=duty.follow_up_id,
        referral_id=duty.referral_id,
    )


def _slot_item(policy: Policy, slot: Slot, history: History, today: date) -> DueItem:
    urgency = _closing(policy, slot.window_to, today)
    return DueItem(
        resident_id=history.resident.id,
        household_id=history.resident.household_id,
        kind=_slot_kind(slot, urgency),
        urgency=urgency,
        due_by=slot.window_to,
        why=Reason(
            code=f"due.{slot.programme}",
            values={
                "number": slot.number,
                "due_by": slot.window_to,
                "days": (slot.window_to - today).days,
            },
        ),
        cost=slot.cost,
        programme=slot.programme,
        slot_number=slot.number,
    )


def _slot_kind(slot: Slot, urgency: Urgency) -> DueKind:
    if slot.programme in EXAM_PROGRAMMES:
        return DueKind.EXAM
    return DueKind.SLOT_OPEN if urgency == Urgency.LATER else DueKind.SLOT_CLOSING


def _closing(policy: Policy, last_day: date, today: date) -> Urgency:
    """How soon a window closes: within the week, within this month, or later."""
    if last_day <= today + timedelta(policy.worklist.week_days):
        return Urgency.THIS_WEEK
    if last_day <= last_of_month(today.year, today.month):
        return Urgency.THIS_MONTH
    return Urgency.LATER


def _renewal_items(policy: Policy, history: History, today: date) -> Iterator[DueItem]:
    """The end of the last contract, told early enough to renew it."""
    coverage = history.coverage
    if not coverage.actual or not coverage.actual[-1].has(today):
        return
    ends_on = coverage.actual[-1].to_on
    days = (ends_on - today).days
    if days <= policy.worklist.renewal_days and coverage.nominal[-1].to_on == ends_on:
        yield DueItem(
            resident_id=history.resident.id,
            household_id=history.resident.household_id,
            kind=DueKind.RENEWAL,
            urgency=_closing(policy, ends_on, today),
            due_by=ends_on,
            why=Reason(code="due.contract_renewal", values={"due_by": ends_on, "days": days}),
            cost=Reason(code="cost.contract_renewal", values={"due_by": ends_on}),
        )
