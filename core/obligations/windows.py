"""The contract's windows: which months count, in which tier, and what a three of them owes.

A unit is a month of the calendar or of the contract. It would have counted by its
contract (`counts_nominal`), and it does by what came of it (`counts_actual`). Where
coverage was stopped, the windows that would have counted are cut short and void; the
tier of a month always follows from the days really covered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from core.calendar import (
    Span,
    Spans,
    add_months,
    clipped,
    holds,
    month_from,
    months_of,
    united,
    year_span,
)
from core.coverage import Coverage, Covering
from core.findings import Reason
from core.history import History
from core.policy import ContractRules, Policy, Rulebook
from core.slots import Programme, Tier

SOURCE = "work_plan"
KEY_MONTH = "C-KEY-MONTH"
GENERAL_QUARTER = "C-GENERAL-QUARTER"


class Window(NamedTuple):
    """A slot before anybody has looked at who fills it; `cost` is what skipping it costs."""

    programme: Programme
    number: int
    spans: Spans
    rule_id: str
    source: str
    policy: Policy
    tier_reason: Reason
    cost: Reason
    tier: Tier | None = None
    tier_tags: tuple[str, ...] = ()
    stopped: bool = False


def cost_of(kind: str, spans: Spans) -> Reason:
    """What skipping a slot costs: it cannot be made up after its window."""
    return Reason(code=f"cost.{kind}", values={"to_on": spans[-1].to_on})


class Month(NamedTuple):
    """One account month."""

    number: int
    span: Span
    actual: Spans
    counts_nominal: bool
    counts_actual: bool
    tags: tuple[str, ...]


KeySpans = Sequence[tuple[str, Span]]


def contract_windows(rules: Rulebook, history: History, year: int) -> Iterable[Window]:
    """The contract's windows of a year, in order of time.

    On calendar basis the year is the calendar's; on contract basis it holds the contract
    years that begin in it.
    """
    if rules.on(date(year, 1, 1)).contract.year_basis == "contract":
        threes = contract_threes(rules, history, year)
        return [window for policy, months in threes for window in windows_of_three(policy, months)]
    limits, coverage = year_span(year), history.coverage
    actual = clipped(coverage.actual, limits)
    unstopped = coverage.nominal is coverage.actual
    nominal = actual if unstopped else clipped(coverage.nominal, limits)
    tags = tuple(
        (tag, days)
        for tag, spans in sorted(history.tags.items())
        if (days := clipped(spans, limits))
    )
    return calendar_windows(rules, year, nominal, actual, tags)


Threes = Iterator[tuple[Policy, list[Month]]]
TagDays = tuple[tuple[str, Spans], ...]


# Many residents have the same days and groups in a year, and then the same windows.
@lru_cache(maxsize=1024)
def calendar_windows(
    rules: Rulebook, year: int, nominal: Spans, actual: Spans, tags: TagDays
) -> tuple[Window, ...]:
    """The windows of a calendar year's quarters; each goes by the policy of its first day."""
    months = months_of(year)
    windows: list[Window] = []
    for first in range(0, 12, 3):
        policy = rules.on(months[first].from_on)
        keys = key_spans(policy.contract, dict(tags))
        three = [
            _calendar_month(policy.contract, nominal, actual, keys, month)
            for month in months[first : first + 3]
        ]
        windows.extend(windows_of_three(policy, three))
    return tuple(windows)


def _calendar_month(
    rules: ContractRules, nominal: Spans, actual: Spans, keys: KeySpans, month: Span
) -> Month:
    covered = clipped(actual, month)
    return Month(
        month.from_on.month,
        month,
        covered,
        calendar_month_counts(rules, clipped(nominal, month), month),
        calendar_month_counts(rules, covered, month),
        tags_within(keys, covered),
    )


def calendar_month_counts(rules: ContractRules, covered: Spans, month: Span) -> bool:
    """Whether a month covered on these days counts: on its last day, and begun early enough."""
    if not covered or covered[-1].to_on != month.to_on:
        return False
    begun = covered[0].from_on
    if rules.start_month == "skip":
        return begun == month.from_on
    return rules.start_month == "count" or begun.day <= 15


def contract_threes(rules: Rulebook, history: History, year: int) -> Threes:
    """Months 0–2, 3–5 … of every contract year that begins in the year."""
    for piece in history.coverage.pieces:
        start = piece.contract.start_on
        for first in _first_months(start, year):
            span = month_from(start, first)
            policy = rules.on(span.from_on)
            keys = key_spans(policy.contract, history.tags)
            yield policy, [_contract_month(piece, keys, first + i) for i in range(3)]


def _first_months(start: date, year: int) -> range:
    """The first months of the threes of the contract year that begins in a calendar year."""
    begun = (year - start.year) * 12
    return range(begun, begun + 12, 3) if begun >= 0 else range(0)


def _contract_month(piece: Covering, keys: KeySpans, number: int) -> Month:
    span = month_from(piece.contract.start_on, number)
    actual = clipped((piece.actual,) if piece.actual else (), span)
    return Month(
        number % 12 + 1,
        span,
        actual,
        span.to_on <= piece.nominal.to_on,
        piece.actual is not None and span.to_on <= piece.actual.to_on,
        tags_within(keys, actual),
    )


def contract_year_on(coverage: Coverage, today: date) -> int:
    """The year in which the contract year begins that is in progress, else the last begun."""
    begun = [piece for piece in coverage.pieces if piece.contract.start_on <= today]
    if not begun:
        return today.year
    start = begun[-1].contract.start_on
    last_day = min(today, begun[-1].nominal.to_on)
    years = last_day.year - start.year
    return start.year + years - (add_months(start, 12 * years) > last_day)


def key_spans(rules: ContractRules, tags: Mapping[str, Spans]) -> list[tuple[str, Span]]:
    """When a resident is in one of the key groups, by group."""
    return [(tag, span) for tag in rules.key_groups for span in tags.get(tag, ())]


def tags_within(keys: KeySpans, covered: Spans) -> tuple[str, ...]:
    """The key groups in force on any of the covered days."""
    if not keys or not covered:
        return ()
    found = {
        tag: None
        for tag, (first, last) in keys
        for span in covered
        if first <= span[1] and span[0] <= last
    }
    return tuple(found)


def windows_of_three(policy: Policy, months: Sequence[Month]) -> Iterator[Window]:
    """The slots of three months: those of its key months only, or one of all three."""
    keys = [month for month in months if month.counts_nominal and month.tags]
    if not keys:
        yield from _general_window(policy, months)
    for month in keys:
        stopped = not holds(month.actual, month.span.to_on)
        if month.counts_actual or stopped:
            yield _key_window(policy, month, stopped)


def _key_window(policy: Policy, month: Month, stopped: bool) -> Window:
    return Window(
        programme=Programme.CONTRACT,
        number=month.number,
        spans=month.actual,
        rule_id=KEY_MONTH,
        source=SOURCE,
        policy=policy,
        tier=Tier.KEY,
        tier_reason=Reason(code=f"tier.key.{month.tags[0]}"),
        cost=cost_of(Tier.KEY, month.actual),
        tier_tags=month.tags,
        stopped=stopped,
    )


def _general_window(policy: Policy, months: Sequence[Month]) -> Iterator[Window]:
    enough = policy.contract.min_quarter_months
    nominal = [month for month in months if month.counts_nominal]
    if len(nominal) < enough:
        return
    stopped = not holds(nominal[-1].actual, nominal[-1].span.to_on)
    counting = nominal if stopped else [month for month in months if month.counts_actual]
    spans = united(span for month in counting for span in month.actual)
    if spans and (stopped or len(counting) >= enough):
        yield Window(
            programme=Programme.CONTRACT,
            number=(months[0].number + 2) // 3,
            spans=spans,
            rule_id=GENERAL_QUARTER,
            source=SOURCE,
            policy=policy,
            tier=Tier.GENERAL,
            tier_reason=Reason(code="tier.general"),
            cost=cost_of(Tier.GENERAL, spans),
            stopped=stopped,
        )
