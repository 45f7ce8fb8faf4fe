"""A resident's follow-ups as charts of blood pressure and glucose against both lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from core.followups import FollowUp, Reading, reading_of
from core.policy import Policy
from core.vocabulary import ReadingKind, Source, Timing
from county.desk.charts import Chart, Limit, Measured, line_chart
from county.desk.values import how_measured
from words import say

SHOWN = 24
"""Two years of monthly values: more than that is no longer read point by point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """The values to stay under on the person's day: systolic, diastolic, fasting glucose."""

    assessment_systolic: float | None = None
    clinical_systolic: float | None = None
    assessment_glucose: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A chart with its title; `chart` is None where there is nothing to draw."""

    title: str
    note: str
    chart: Chart | None


def lines_for(policy: Policy, age: int) -> Lines:
    """Both lines for somebody of an age, by the policy."""
    assessment = [item for item in policy.control.assessment if item.from_age <= age]
    clinical = [item for item in policy.control.clinical if item.from_age <= age]
    return Lines(
        assessment_systolic=assessment[-1].systolic_lt if assessment else None,
        clinical_systolic=clinical[-1].systolic_lt if clinical else None,
        assessment_glucose=policy.control.fasting_glucose_lt,
    )


def charts_of(follow_ups: Sequence[FollowUp], lines: Lines, lang: str) -> tuple[Figure, ...]:
    """Blood pressure and fasting glucose over the latest follow-ups."""
    latest = sorted(follow_ups, key=lambda item: (item.occurred_on, item.id))[-SHOWN:]
    return (
        Figure(
            title=say("desk.person.pressure_chart", lang),
            note=say("desk.person.pressure_note", lang),
            chart=line_chart(
                [*_points(latest, _systolic(lines, lang)), *_points(latest, _diastolic(lang))],
                _limits(lines.assessment_systolic, lines.clinical_systolic, lang),
            ),
        ),
        Figure(
            title=say("desk.person.glucose_chart", lang),
            note=say("desk.person.glucose_note", lang),
            chart=line_chart(
                _points(latest, _glucose(lines, lang)),
                _limits(lines.assessment_glucose, None, lang),
            ),
        ),
    )


Drawn = Callable[[FollowUp], Measured | None]


def _points(follow_ups: Iterable[FollowUp], drawn: Drawn) -> list[Measured]:
    return [point for item in follow_ups if (point := drawn(item)) is not None]


def _systolic(lines: Lines, lang: str) -> Drawn:
    def drawn(follow_up: FollowUp) -> Measured | None:
        reading = reading_of(follow_up, ReadingKind.BLOOD_PRESSURE)
        value = reading.systolic_mmhg if reading else None
        return _point(follow_up, reading, value, lang, limit=lines.assessment_systolic)

    return drawn


def _diastolic(lang: str) -> Drawn:
    def drawn(follow_up: FollowUp) -> Measured | None:
        reading = reading_of(follow_up, ReadingKind.BLOOD_PRESSURE)
        value = reading.diastolic_mmhg if reading else None
        return _point(follow_up, reading, value, lang, series="second")

    return drawn


def _glucose(lines: Lines, lang: str) -> Drawn:
    def drawn(follow_up: FollowUp) -> Measured | None:
        reading = reading_of(follow_up, ReadingKind.GLUCOSE)
        if reading is None or reading.timing != Timing.FASTING:
            return None
        return _point(
            follow_up, reading, reading.glucose_mmol_l, lang, limit=lines.assessment_glucose
        )

    return drawn


def _point(
    follow_up: FollowUp,
    reading: Reading | None,
    value: float | None,
    lang: str,
    series: str = "first",
    limit: float | None = None,
) -> Measured | None:
    if reading is None or value is None:
        return None
    return Measured(
        on=follow_up.occurred_on,
        value=value,
        label=f"{follow_up.occurred_on} {value:g} · {how_measured(reading, lang)}",
        series=series,
        reported=reading.source == Source.REPORTED,
        over=limit is not None and value >= limit,
    )


def _limits(assessment: float | None, clinical: float | None, lang: str) -> tuple[Limit, ...]:
    named = (("assessment", assessment), ("clinical", clinical))
    return tuple(
        Limit(
            value=value,
            style=style,
            label=say(f"desk.person.{style}_line", lang, value=f"{value:g}"),
        )
        for style, value in named
        if value is not None
    )
