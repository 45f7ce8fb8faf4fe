"""Which follow-up fills which slot, and why the others in a window do not."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta, timezone
from functools import cache
from typing import NamedTuple

from core.calendar import Span, holds
from core.followups import FollowUp
from core.history import Settled
from core.obligations.fitness import Unfit, fitting
from core.obligations.windows import Window
from core.policy import Policy
from core.slots import Candidate, WhyNot
from core.vocabulary import Decision

SENT_BACK = {Decision.RETURNED: WhyNot.RETURNED, Decision.QUESTIONED: WhyNot.QUESTIONED}


class Fill(NamedTuple):
    """What came of a window: who filled it, whether recorded late, and who did not."""

    window: Window
    filler: FollowUp | None
    late: bool
    candidates: tuple[Candidate, ...]


def filled(windows: Iterable[Window], settled: Settled, today: date) -> list[Fill]:
    """Each window with what filled it; the windows of one programme, in order of time."""
    fills: list[Fill] = []
    last: date | None = None
    policy: Policy | None = None
    for window in windows:
        if window.policy is not policy:
            policy, unfit = window.policy, fitting(window.programme, window.policy)
        fill = _fill(window, unfit, settled, today, last)
        last = fill.filler.occurred_on if fill.filler else last
        fills.append(fill)
    return fills


def _fill(window: Window, unfit: Unfit, settled: Settled, today: date, last: date | None) -> Fill:
    filler: FollowUp | None = None
    late = False
    candidates: list[Candidate] = []
    for follow_up in within(window, settled, today):
        why_not = unfit(follow_up) or hindrance(window.policy, settled, follow_up)
        if why_not is None and filler is not None:
            why_not = WhyNot.EXTRA
        if why_not is None and too_near(window.policy, follow_up, last):
            why_not = WhyNot.TOO_NEAR
        if why_not is None:
            filler, late = follow_up, recorded_late(window.policy, settled, follow_up)
        elif why_not != WhyNot.NO_EXAM:
            # Every visit of the year lies in an examination's window; they are no candidates.
            candidates.append(Candidate(follow_up.id, why_not))
    return Fill(window, filler, late, tuple(candidates))


def within(window: Window, settled: Settled, today: date) -> Iterable[FollowUp]:
    """The follow-ups that stand, in the window and not after today, in order of date, then id."""
    whole = Span(window.spans[0].from_on, window.spans[-1].to_on)
    found = settled.between(whole, today)
    if len(window.spans) == 1:
        return found
    return [f for f in found if holds(window.spans, f.occurred_on)]


def hindrance(policy: Policy, settled: Settled, follow_up: FollowUp) -> WhyNot | None:
    """What the township's word holds against a follow-up; None if it may fill."""
    decision = settled.decisions.get(follow_up.id)
    if decision in SENT_BACK:
        return SENT_BACK[Decision(decision)]
    if (
        policy.contract.late_entry_needs_approval
        and decision != Decision.ACCEPTED
        and recorded_late(policy, settled, follow_up)
    ):
        return WhyNot.LATE_UNAPPROVED
    return None


def recorded_late(policy: Policy, settled: Settled, follow_up: FollowUp) -> bool:
    """Whether it was recorded more than `late_entry_days` after the day it happened."""
    recorded_at = follow_up.recorded_at
    if policy.contract.late_entry_judged_by == "first_record":
        recorded_at = settled.first_recorded.get(follow_up.id, recorded_at)
    recorded_on = recorded_at.astimezone(_zone(policy.utc_offset_hours)).date()
    return (recorded_on - follow_up.occurred_on).days > policy.contract.late_entry_days


def too_near(policy: Policy, follow_up: FollowUp, last: date | None) -> bool:
    """Whether it is nearer than `min_gap_days` to the last one that filled."""
    return last is not None and (follow_up.occurred_on - last).days < policy.contract.min_gap_days


@cache
def _zone(utc_offset_hours: int) -> timezone:
    return timezone(timedelta(hours=utc_offset_hours))
