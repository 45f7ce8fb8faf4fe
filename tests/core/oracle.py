"""The account a second time, by brute force: day by day and follow-up by follow-up.

Written from the design's page on obligations, not from the engine: no spans, no bisecting,
sets of days only. Slow and plain on purpose; it has to agree with the engine everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta, timezone

from core.followups import FollowUp
from core.history import History
from core.policy import Policy
from tests.core.oracle_windows import (
    Owed,
    contract_slots,
    exam_slots,
    quarter_slots,
    tuberculosis_slots,
)

FACE_TO_FACE = {"clinic", "tour", "home"}


# --- filling --------------------------------------------------------------------------


def standing(history: History) -> list[FollowUp]:
    """The latest unvoided version of each chain."""

    def withdrawn(fact: str) -> bool:
        return any(w.voids == fact and not withdrawn(w.id) for w in history.withdrawals)

    def root(follow_up_id: str) -> str:
        by_id = {f.id: f for f in history.follow_ups}
        follow_up = by_id.get(follow_up_id)
        if follow_up is None or follow_up.amends is None:
            return follow_up_id
        return root(follow_up.amends)

    stands: dict[str, FollowUp] = {}
    for follow_up in history.follow_ups:
        if withdrawn(follow_up.id):
            continue
        chain = root(follow_up.id)
        held = stands.get(chain)
        if held is None or (held.recorded_at, held.id) < (follow_up.recorded_at, follow_up.id):
            stands[chain] = follow_up
    return sorted(stands.values(), key=lambda f: (f.occurred_on, f.id))


def decision_of(history: History, follow_up: FollowUp) -> str | None:
    reviews = [r for r in history.reviews if r.follow_up_id == follow_up.id]
    return max(reviews, key=lambda r: (r.recorded_at, r.id)).decision if reviews else None


def measured(follow_up: FollowUp, kind: str, timing: str | None = None) -> bool:
    return any(
        reading.kind == kind
        and reading.source != "reported"
        and reading.not_measured is None
        and (timing is None or reading.timing == timing)
        for reading in follow_up.readings
    )


def kind_refused(policy: Policy, programme: str, follow_up: FollowUp) -> str | None:
    if programme.endswith("_exam") and not follow_up.yearly_exam:
        return "no_exam"
    if follow_up.not_met is not None:
        return "not_met"
    modes = set(policy.contract.countable_modes) if programme == "contract" else FACE_TO_FACE
    if follow_up.mode not in modes:
        return "mode"
    wanted: dict[str, Callable[[FollowUp], bool]] = {
        "htn": lambda f: measured(f, "blood_pressure"),
        "t2dm": lambda f: measured(f, "glucose", "fasting"),
        "smi": lambda f: f.smi is not None,
    }
    if programme in wanted and not wanted[programme](follow_up):
        return "not_measured"
    exam_only = follow_up.yearly_exam and not policy.contract.exam_counts_as_visit
    if exam_only and not programme.endswith("_exam"):
        return "exam_only"
    return None


def lateness(policy: Policy, follow_up: FollowUp) -> int:
    china = timezone(timedelta(hours=8))
    return (follow_up.recorded_at.astimezone(china).date() - follow_up.occurred_on).days


def fill(policy: Policy, history: History, owed: list[Owed], today: date) -> None:
    """Follow-ups in order of date, then id, each to the window it lies in."""
    last: date | None = None
    late_ones: set[str] = set()
    for follow_up in standing(history):
        here = [slot for slot in owed if follow_up.occurred_on in slot.days]
        if not here or follow_up.occurred_on > today:
            continue
        (slot,) = here
        why = refused(policy, history, slot, follow_up) or crowded(policy, slot, follow_up, last)
        if why is None:
            slot.filled_by, last = follow_up.id, follow_up.occurred_on
            if lateness(policy, follow_up) > policy.contract.late_entry_days:
                late_ones.add(follow_up.id)
        elif why != "no_exam":
            slot.not_counted.add((follow_up.id, why))
    for slot in owed:
        slot.state = state_of(policy, history, slot, today, late_ones)


def crowded(policy: Policy, slot: Owed, follow_up: FollowUp, last: date | None) -> str | None:
    """Filled already, or too near to the last one that filled."""
    if slot.filled_by is not None:
        return "extra"
    gap = timedelta(policy.contract.min_gap_days)
    return "too_near" if last is not None and follow_up.occurred_on - last < gap else None


def refused(policy: Policy, history: History, slot: Owed, follow_up: FollowUp) -> str | None:
    why = kind_refused(policy, slot.programme, follow_up)
    if why is not None:
        return why
    decision = decision_of(history, follow_up)
    if decision in ("returned", "questioned"):
        return decision
    late = lateness(policy, follow_up) > policy.contract.late_entry_days
    if late and policy.contract.late_entry_needs_approval and decision != "accepted":
        return "late_unapproved"
    return None


# --- states ---------------------------------------------------------------------------


def state_of(policy: Policy, history: History, slot: Owed, today: date, late_ones: set[str]) -> str:
    if slot.filled_by is not None:
        return "met_late_entry" if slot.filled_by in late_ones else "met"
    if slot.stopped:
        return "void"
    approved, asked = exempt_days(history, slot)
    share = policy.contract.excuse_min_share * len(slot.days)
    if approved and len(approved) >= share:
        return "excused"
    if asked - approved and len(asked) >= share:
        return "excuse_pending"
    return waiting(slot, today)


def waiting(slot: Owed, today: date) -> str:
    if min(slot.days) > today:
        return "upcoming"
    if today <= max(slot.days):
        return "open"
    if any(why in ("returned", "questioned") for _, why in slot.not_counted):
        return "disputed"
    return "missed"


def exempt_days(history: History, slot: Owed) -> tuple[set[date], set[date]]:
    """The days of the window that are excused, and those that would be if all were approved."""
    approved: set[date] = set()
    asked: set[date] = set()
    for exemption in history.exemptions:
        if any(w.voids == exemption.id for w in history.withdrawals):
            continue
        answers = [d for d in history.exemption_decisions if d.exemption_id == exemption.id]
        answer = max(answers, key=lambda d: (d.recorded_at, d.id)).approved if answers else None
        days = {day for day in slot.days if exemption.from_on <= day <= exemption.to_on}
        if answer is True:
            approved |= days
        if answer is not False:
            asked |= days
    return approved, asked


# --- the account ----------------------------------------------------------------------


def windows(policy: Policy, history: History, programme: str, year: int) -> list[Owed]:
    if programme == "contract":
        return contract_slots(policy, history, year)
    if programme in ("htn", "t2dm", "smi"):
        return quarter_slots(policy, history, programme, year)
    if programme == "tb":
        return tuberculosis_slots(policy, history, year)
    return exam_slots(policy, history, programme, year)


PROGRAMMES = ("contract", "htn", "htn_exam", "t2dm", "t2dm_exam", "elderly_exam", "smi", "tb")


def account(
    policy: Policy, history: History, today: date, year: int, back: int = 0
) -> list[tuple[object, ...]]:
    """Every slot of the year as comparable values; `back` years are reckoned before it."""
    found = []
    for programme in PROGRAMMES:
        before = [
            slot
            for earlier in range(year - back, year)
            for slot in windows(policy, history, programme, earlier)
        ]
        of_year = windows(policy, history, programme, year)
        fill(policy, history, before + of_year, today)
        found += [slot.seen for slot in of_year]
    return found
