"""Local dates: spans of days, months, quarters, birthdays and ages."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from functools import cache
from typing import NamedTuple

DAY = timedelta(days=1)
FAR_PAST = date(1, 1, 1)
FAR_FUTURE = date(9999, 12, 31)


class Span(NamedTuple):
    """The days from `from_on` to `to_on`, both included."""

    from_on: date
    to_on: date

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.to_on - self.from_on).days + 1

    def has(self, day: date) -> bool:
        """Whether the day lies in it."""
        return self.from_on <= day <= self.to_on

    def meets(self, other: Span) -> bool:
        """Whether the two have a day in common."""
        return self.from_on <= other.to_on and other.from_on <= self.to_on


Spans = tuple[Span, ...]
"""Disjoint spans in order of time."""


def last_of_month(year: int, month: int) -> date:
    """The last day of a calendar month."""
    return date(year, month, monthrange(year, month)[1])


@cache
def months_of(year: int) -> Spans:
    """The twelve calendar months of a year."""
    return tuple(Span(date(year, m, 1), last_of_month(year, m)) for m in range(1, 13))


@cache
def year_span(year: int) -> Span:
    """A calendar year."""
    return Span(date(year, 1, 1), date(year, 12, 31))


@cache
def quarters_of(year: int) -> Spans:
    """The four calendar quarters of a year."""
    months = months_of(year)
    return tuple(Span(months[m].from_on, months[m + 2].to_on) for m in range(0, 12, 3))


def month_span(day: date) -> Span:
    """The calendar month a day lies in."""
    return months_of(day.year)[day.month - 1]


def add_months(day: date, months: int) -> date:
    """The same day `months` later; a day that does not exist is the last of its month."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def month_from(start: date, number: int) -> Span:
    """Month `number` (0, 1, …) reckoned from `start`, always from the original start."""
    return Span(add_months(start, number), add_months(start, number + 1) - DAY)


def birthday(birth_date: date, years: int) -> date:
    """The day somebody turns `years`; born on 29 February it is 1 March in common years.

    What no calendar reaches is its last day.
    """
    if birth_date.year + years > FAR_FUTURE.year:
        return FAR_FUTURE
    try:
        return birth_date.replace(year=birth_date.year + years)
    except ValueError:
        return date(birth_date.year + years, 3, 1)


def age_on(birth_date: date, day: date) -> int:
    """Completed years of age on a day."""
    before = (day.month, day.day) < (birth_date.month, birth_date.day)
    return day.year - birth_date.year - before


def clipped(spans: Spans, limits: Span) -> Spans:
    """What of the spans lies within the limits."""
    low, high = limits
    if len(spans) == 1 and spans[0][0] <= low and high <= spans[0][1]:
        return (limits,)
    return tuple(
        span if low <= span[0] and span[1] <= high else Span(max(span[0], low), min(span[1], high))
        for span in spans
        if span[0] <= high and low <= span[1]
    )


def common(ours: Iterable[Span], theirs: Spans) -> Spans:
    """The days that lie in both."""
    return tuple(part for span in ours for part in clipped(theirs, span))


def united(spans: Iterable[Span]) -> Spans:
    """The same days as disjoint spans in order; neighbouring days grow together."""
    ordered = sorted(spans)
    return tuple(ordered) if len(ordered) < 2 else tuple(_grown_together(ordered))


def _grown_together(ordered: Sequence[Span]) -> Iterator[Span]:
    current: Span | None = None
    for span in ordered:
        if current is None:
            current = span
        elif span.from_on.toordinal() <= current.to_on.toordinal() + 1:
            current = Span(current.from_on, max(current.to_on, span.to_on))
        else:
            yield current
            current = span
    if current is not None:
        yield current


def days_in(spans: Iterable[Span]) -> int:
    """How many days disjoint spans hold."""
    return sum(span.days for span in spans)


def holds(spans: Iterable[Span], day: date) -> bool:
    """Whether a day lies in one of the spans."""
    # The account's innermost loop: a generator within any() would cost twice as much.
    for first, last in spans:  # noqa: SIM110
        if first <= day <= last:
            return True
    return False
