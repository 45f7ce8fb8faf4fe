"""The windows of the public-health programmes, which run beside the contract.

They follow the person and the tag, not the contract: a month counts if the tag is in
force and the person present on its last day.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from functools import lru_cache

from core.calendar import (
    DAY,
    FAR_FUTURE,
    FAR_PAST,
    Span,
    Spans,
    birthday,
    clipped,
    holds,
    month_from,
    months_of,
    quarters_of,
    united,
    year_span,
)
from core.findings import Reason
from core.history import History
from core.obligations.windows import Window, cost_of
from core.policy import ChronicRules, Policy, Rulebook
from core.slots import Programme
from core.vocabulary import GroupTag

CHRONIC = (Programme.HTN, Programme.T2DM, Programme.SMI)
"""The programmes of calendar quarters."""

TAG_OF = {
    Programme.HTN: GroupTag.HTN,
    Programme.HTN_EXAM: GroupTag.HTN,
    Programme.T2DM: GroupTag.T2DM,
    Programme.T2DM_EXAM: GroupTag.T2DM,
    Programme.ELDERLY_EXAM: GroupTag.ELDERLY65,
    Programme.SMI: GroupTag.SMI,
    Programme.TB: GroupTag.TB,
}
SOURCE_OF = {
    Programme.HTN: "bphs2017_htn",
    Programme.HTN_EXAM: "bphs2017_htn",
    Programme.T2DM: "bphs2017_t2dm",
    Programme.T2DM_EXAM: "bphs2017_t2dm",
    Programme.ELDERLY_EXAM: "bphs2017_elderly",
    Programme.SMI: "bphs2017_smi",
    Programme.TB: "bphs2017_tb",
}
RULE_OF = {
    Programme.HTN: "P-HTN-QUARTER",
    Programme.HTN_EXAM: "P-HTN-EXAM",
    Programme.T2DM: "P-T2DM-QUARTER",
    Programme.T2DM_EXAM: "P-T2DM-EXAM",
    Programme.ELDERLY_EXAM: "P-ELDERLY-EXAM",
    Programme.SMI: "P-SMI-QUARTER",
    Programme.TB: "P-TB-WINDOW",
}


def programme_windows(
    rules: Rulebook, history: History, programme: Programme, year: int
) -> Iterable[Window]:
    """A programme's windows of a calendar year, in order of time."""
    tagged = history.tags.get(TAG_OF[programme], ())
    if not tagged or tagged[0].from_on > year_span(year).to_on:
        return ()
    if programme == Programme.TB:
        return tuberculosis_windows(rules, history, tagged, year)
    if programme in CHRONIC:
        return quarter_windows(rules, history, programme, tagged, year)
    return exam_windows(rules, history, programme, tagged, year)


def chronic_rules(policy: Policy, programme: Programme) -> ChronicRules:
    """What a policy says of one of the programmes of quarters."""
    if programme in (Programme.HTN, Programme.HTN_EXAM):
        return policy.programmes.htn
    if programme in (Programme.T2DM, Programme.T2DM_EXAM):
        return policy.programmes.t2dm
    return policy.programmes.smi


def of_age(history: History, tagged: Spans, min_age: int) -> Spans:
    """The days of a tag from the birthday on at which the programme begins."""
    grown_up = birthday(history.resident.birth_date, min_age)
    return tagged if grown_up <= tagged[0].from_on else clipped(tagged, Span(grown_up, FAR_FUTURE))


def quarter_windows(
    rules: Rulebook, history: History, programme: Programme, tagged: Spans, year: int
) -> Iterable[Window]:
    """Calendar quarters with enough counting months."""
    whole = year_span(year)
    if not history.presence.meets(whole):
        return ()
    in_force = tuple(
        clipped(of_age(history, tagged, _min_age(rules.on(quarter.from_on), programme)), quarter)
        for quarter in quarters_of(year)
    )
    (present,) = clipped((whole,), history.presence)
    return windows_of_quarters(rules, programme, year, in_force, present)


# Many residents have a tag in the same days of a year, and then the same windows.
@lru_cache(maxsize=1024)
def windows_of_quarters(
    rules: Rulebook, programme: Programme, year: int, in_force: tuple[Spans, ...], present: Span
) -> tuple[Window, ...]:
    """The windows of a year in which a programme is in force on these days of each quarter."""
    windows: list[Window] = []
    for number, quarter in enumerate(quarters_of(year)):
        policy = rules.on(quarter.from_on)
        months = months_of(year)[number * 3 : number * 3 + 3]
        spans, counting = _counting_days(in_force[number], quarter, months)
        if counting >= chronic_rules(policy, programme).min_quarter_months:
            windows.extend(_cut(policy, programme, number + 1, spans, present))
    return tuple(windows)


def _counting_days(in_force: Spans, quarter: Span, three: Spans) -> tuple[Spans, int]:
    """The days in force of the months that count, and how many months those are."""
    if in_force == (quarter,):
        return in_force, len(three)
    counting = [month for month in three if holds(in_force, month.to_on)]
    return united(s for month in counting for s in clipped(in_force, month)), len(counting)


def exam_windows(
    rules: Rulebook, history: History, programme: Programme, tagged: Spans, year: int
) -> Iterator[Window]:
    """The calendar year, if the tag is in force on its last day or the last day of presence."""
    present = history.presence
    whole = year_span(year)
    policy = rules.on(whole.from_on)
    last_day = min(whole.to_on, present.to_on)
    if examined_yearly(policy, programme) and last_day >= whole.from_on:
        min_age = 0 if programme == Programme.ELDERLY_EXAM else _min_age(policy, programme)
        if holds(of_age(history, tagged, min_age), last_day):
            yield from _cut(policy, programme, 1, (whole,), present)


def _min_age(policy: Policy, programme: Programme) -> int:
    return chronic_rules(policy, programme).min_age


def examined_yearly(policy: Policy, programme: Programme) -> bool:
    """Whether the policy asks for a yearly examination in a programme."""
    if programme == Programme.ELDERLY_EXAM:
        return policy.programmes.elderly.yearly_exam
    return chronic_rules(policy, programme).yearly_exam


def tuberculosis_windows(
    rules: Rulebook, history: History, tagged: Spans, year: int
) -> Iterator[Window]:
    """Windows of days, then months, reckoned from the tag's first day; those begun in the year.

    A window counts if the tag is in force on its last day. Without a first day there is
    nothing to reckon from.
    """
    present = history.presence
    for span in tagged:
        if span.from_on == FAR_PAST:
            continue
        policy = rules.on(span.from_on)
        for number, days in enumerate(treatment(policy, span.from_on), 1):
            if days.from_on.year == year and span.has(days.to_on):
                yield from _cut(policy, Programme.TB, number, (days,), present)


def treatment(policy: Policy, begun_on: date) -> Iterator[Span]:
    """The windows of one treatment."""
    limits = policy.programmes.tb
    width = limits.intensive_window_days
    for begun in range(0, limits.intensive_days, width):
        first = begun_on + timedelta(begun)
        yield Span(first, first + timedelta(min(width, limits.intensive_days - begun)) - DAY)
    continued = begun_on + timedelta(limits.intensive_days)
    for number in range(limits.continuation_months):
        yield month_from(continued, number)


def _cut(
    policy: Policy, programme: Programme, number: int, spans: Spans, present: Span
) -> Iterator[Window]:
    """A window, cut short and void where the person dies or moves away within it."""
    kept = clipped(spans, present)
    if kept:
        yield Window(
            programme=programme,
            number=number,
            spans=kept,
            rule_id=RULE_OF[programme],
            source=SOURCE_OF[programme],
            policy=policy,
            tier_reason=Reason(code=f"tier.programme.{programme}"),
            cost=cost_of(programme, kept),
            stopped=kept[-1].to_on < spans[-1].to_on,
        )
