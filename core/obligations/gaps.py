"""The longest stretch of a year without a follow-up that counts for a programme."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import date
from itertools import pairwise

from core.accounts import Gap
from core.calendar import Span, clipped, common, year_span
from core.findings import Finding, Severity
from core.history import History, Settled
from core.obligations.fitness import fitting
from core.obligations.programmes import SOURCE_OF, TAG_OF, chronic_rules
from core.policy import Policy
from core.slots import Programme


def longest_gap(
    policy: Policy, history: History, programme: Programme, year: int, today: date
) -> Gap | None:
    """The longest gap that reaches into the year, None where the programme does not apply in it.

    It runs from the last counting follow-up, or the first day of the tag or the year, to
    the next counting one, or to today, the tag's end or the year's.
    """
    tagged = history.tags.get(TAG_OF[programme], ())
    limits = clipped((year_span(year),), history.presence)
    spans = [span for span in common(tagged, limits) if span.from_on <= today]
    gaps = [
        (later - earlier, later, earlier)
        for span in spans
        for earlier, later in pairwise(_points(policy, history.settled, programme, span, today))
    ]
    if not gaps:
        return None
    length, later, earlier = max(gaps)
    return Gap(programme=programme, days=length.days, from_on=earlier, to_on=later)


def _points(
    policy: Policy, settled: Settled, programme: Programme, span: Span, today: date
) -> Iterator[date]:
    """The last counting day before the span or its first, the counting ones in it, its end."""
    end = min(span.to_on, today)
    first = bisect_left(settled.dates, span.from_on)
    behind = bisect_right(settled.dates, end)
    counts = fitting(programme, policy)
    before = (f.occurred_on for f in reversed(settled.follow_ups[:first]) if counts(f) is None)
    yield next(before, span.from_on)
    yield from (f.occurred_on for f in settled.follow_ups[first:behind] if counts(f) is None)
    yield end


def gap_finding(policy: Policy, gap: Gap) -> Finding | None:
    """A finding where the gap is longer than the programme allows."""
    allowed = chronic_rules(policy, gap.programme).max_gap_days
    if gap.days <= allowed:
        return None
    return Finding(
        rule_id=f"P-{gap.programme.upper()}-GAP",
        severity=Severity.WARN,
        code=f"gap.{gap.programme}",
        source=SOURCE_OF[gap.programme],
        values={
            "days": gap.days,
            "allowed": allowed,
            "from_on": gap.from_on,
            "to_on": gap.to_on,
        },
    )
