"""Readings over time with the two lines they are held against, for the charts of a resident."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from core.calendar import age_on
from core.followups import FollowUp, Reading
from core.history import History, standing
from core.policy import Policy, PressureLimit
from core.readings import told
from core.vocabulary import ReadingKind, Source

POINTS_SHOWN = 24
CHARTED = (ReadingKind.BLOOD_PRESSURE, ReadingKind.GLUCOSE, ReadingKind.WEIGHT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A reading on a day; blood pressure has `second` (diastolic), glucose a `timing`."""

    on: date
    value: float
    second: float | None = None
    timing: str | None = None
    reported: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Readings of one kind over time, oldest first, and the lines they are held against.

    `assessment` is the line the county is judged by, `target` what the resident needs; both
    are (systolic, diastolic) for blood pressure, (fasting,) for glucose, () where none is set.
    """

    kind: str
    points: tuple[Point, ...]
    assessment: tuple[float, ...]
    target: tuple[float, ...]


def series_of(history: History, policy: Policy, today: date) -> tuple[Series, ...]:
    """The series of a resident that have any point, the latest points of each."""
    age = age_on(history.resident.birth_date, today)
    found = []
    for kind in CHARTED:
        points = [
            _point(follow_up, reading)
            for follow_up in standing(history)
            if (reading := told(follow_up, kind)) is not None
        ]
        if points:
            assessment, target = _lines(kind, policy, age)
            shown = tuple(points[-POINTS_SHOWN:])
            found.append(Series(kind=kind, points=shown, assessment=assessment, target=target))
    return tuple(found)


def _point(follow_up: FollowUp, reading: Reading) -> Point:
    value, second = _values(reading)
    return Point(
        on=follow_up.occurred_on,
        value=value,
        second=second,
        timing=reading.timing,
        reported=reading.source == Source.REPORTED,
    )


def _values(reading: Reading) -> tuple[float, float | None]:
    for first, second in (
        (reading.systolic_mmhg, reading.diastolic_mmhg),
        (reading.glucose_mmol_l, None),
        (reading.amount, None),
    ):
        if first is not None:
            return float(first), None if second is None else float(second)
    raise ValueError("a reading without a value has no place in a chart")


def _lines(
    kind: ReadingKind, policy: Policy, age: int
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    if kind == ReadingKind.BLOOD_PRESSURE:
        return _pressure(policy.control.assessment, age), _pressure(policy.control.clinical, age)
    if kind == ReadingKind.GLUCOSE:
        return (policy.control.fasting_glucose_lt,), ()
    return (), ()


def _pressure(limits: Sequence[PressureLimit], age: int) -> tuple[float, ...]:
    """The limit of the highest age that has been reached."""
    reached = [limit for limit in limits if limit.from_age <= age]
    if not reached:
        return ()
    limit = max(reached, key=lambda limit: limit.from_age)
    return (float(limit.systolic_lt), float(limit.diastolic_lt))
