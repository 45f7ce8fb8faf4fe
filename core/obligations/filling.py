"""Which follow-up fills which slot, and why the others in a window do not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta, timezone
from functools import cache
from typing import NamedTuple

from core.calendar import Span, holds
from core.followups import FollowUp
from core.history import Settled
from core.obligations.fitness import EXAMS, Part, Unfit, fitting
from core.obligations.windows import Window
from core.policy import Policy
from core.slots import Candidate, Programme, WhyNot
from core.vocabulary import Decision

SENT_BACK = {Decision.RETURNED: WhyNot.RETURNED, Decision.QUESTIONED: WhyNot.QUESTIONED}


class Judge(NamedTuple):
    """How one policy judges follow-ups for one programme.

    `unfit` is about their kind, `hindrance` about the township's word, `late` about when
    they were recorded; the last two days that fill are at least `min_gap` apart.
    """

    unfit: Unfit
    hindrance: Unfit
    late: Part
    min_gap: timedelta


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
        follow_ups = within(window, settled, today)
        if not follow_ups:
            fills.append(Fill(window, None, False, ()))
            continue
        if window.policy is not policy:
            policy, judge = window.policy, judge_of(window.programme, window.policy, settled)
        fill = _fill(window, judge, follow_ups, last)
        last = fill.filler.occurred_on if fill.filler else last
        fills.append(fill)
    return fills


def judge_of(programme: Programme, policy: Policy, settled: Settled) -> Judge:
    """How a policy judges what stands of a resident for a programme."""
    late = lateness(policy, settled)
    return Judge(
        unfit=fitting(programme, policy),
        hindrance=hindering(policy, settled, late),
        late=late,
        min_gap=timedelta(policy.contract.min_gap_days),
    )


def _fill(window: Window, judge: Judge, follow_ups: Iterable[FollowUp], last: date | None) -> Fill:
    filler: FollowUp | None = None
    candidates: list[Candidate] = []
    for follow_up in follow_ups:
        why_not = judge.unfit(follow_up) or judge.hindrance(follow_up)
        if why_not is None and filler is not None:
            why_not = WhyNot.EXTRA
        if why_not is None and last is not None and follow_up.occurred_on - last < judge.min_gap:
            why_not = WhyNot.TOO_NEAR
        if why_not is None:
            filler = follow_up
        else:
            candidates.append(Candidate(follow_up.id, why_not))
    late = filler is not None and judge.late(filler)
    return Fill(window, filler, late, tuple(candidates))


def within(window: Window, settled: Settled, today: date) -> Sequence[FollowUp]:
    """The follow-ups that stand, in the window and not after today, in order of date, then id.

    Every visit of the year lies in an examination's window: only examinations are of interest.
    """
    spans = window.spans
    whole = spans[0] if len(spans) == 1 else Span(spans[0].from_on, spans[-1].to_on)
    found = settled.between(whole, today)
    if window.programme in EXAMS:
        return [f for f in found if f.yearly_exam]
    return found if len(spans) == 1 else [f for f in found if holds(spans, f.occurred_on)]


def hindering(policy: Policy, settled: Settled, late: Part) -> Unfit:
    """What tells of a follow-up what the township's word holds against it; None if it may fill."""
    reviews = settled.reviews
    needs_approval = policy.contract.late_entry_needs_approval

    def hindrance(follow_up: FollowUp) -> WhyNot | None:
        review = reviews.get(follow_up.id)
        decision = review.decision if review else None
        if decision in SENT_BACK:
            return SENT_BACK[Decision(decision)]
        if needs_approval and decision != Decision.ACCEPTED and late(follow_up):
            return WhyNot.LATE_UNAPPROVED
        return None

    return hindrance


def lateness(policy: Policy, settled: Settled) -> Part:
    """What tells whether a follow-up was recorded over `late_entry_days` after it happened."""
    allowed = timedelta(policy.contract.late_entry_days)
    zone = _zone(policy.utc_offset_hours)
    by_first_record = policy.contract.late_entry_judged_by == "first_record"
    first_recorded = settled.first_recorded if by_first_record else {}

    def late(follow_up: FollowUp) -> bool:
        recorded_at = first_recorded.get(follow_up.id, follow_up.recorded_at)
        return recorded_at.astimezone(zone).date() - follow_up.occurred_on > allowed

    return late


@cache
def _zone(utc_offset_hours: int) -> timezone:
    return timezone(timedelta(hours=utc_offset_hours))
