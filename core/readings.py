"""What a follow-up measured; a value the resident only reports is never taken for measured."""

from __future__ import annotations

from core.followups import FollowUp, Reading
from core.vocabulary import ReadingKind, Source, Timing

# Asked of every follow-up again and again: a name is found sooner than a member of its table.
BLOOD_PRESSURE = ReadingKind.BLOOD_PRESSURE
HEART_RATE = ReadingKind.HEART_RATE
GLUCOSE = ReadingKind.GLUCOSE
REPORTED = Source.REPORTED
FASTING = Timing.FASTING


def has_value(reading: Reading) -> bool:
    """Whether a reading bears a whole value of its kind."""
    if reading.not_measured is not None:
        return False
    kind = reading.kind
    if kind == BLOOD_PRESSURE:
        return reading.systolic_mmhg is not None and reading.diastolic_mmhg is not None
    if kind == HEART_RATE:
        return reading.heart_rate_bpm is not None
    if kind == GLUCOSE:
        return reading.glucose_mmol_l is not None
    return reading.amount is not None


def measured(
    follow_up: FollowUp, kind: ReadingKind, timing: Timing | None = None
) -> Reading | None:
    """The first reading of a kind (and timing) that was measured, else None."""
    for reading in follow_up.readings:
        if (
            reading.kind == kind
            and reading.source != REPORTED
            and (timing is None or reading.timing == timing)
            and has_value(reading)
        ):
            return reading
    return None


def told(follow_up: FollowUp, kind: ReadingKind, timing: Timing | None = None) -> Reading | None:
    """The measured reading of a kind, else the reported one, else None."""
    for reading in follow_up.readings:
        if (
            reading.kind == kind
            and (timing is None or reading.timing == timing)
            and reading.source == REPORTED
            and has_value(reading)
        ):
            return measured(follow_up, kind, timing) or reading
    return measured(follow_up, kind, timing)


def pressure(follow_up: FollowUp) -> Reading | None:
    """The measured blood pressure."""
    return measured(follow_up, BLOOD_PRESSURE)


def fasting_glucose(follow_up: FollowUp) -> Reading | None:
    """The measured fasting glucose."""
    return measured(follow_up, GLUCOSE, FASTING)


def heart_rate(follow_up: FollowUp) -> Reading | None:
    """The measured heart rate."""
    return measured(follow_up, HEART_RATE)
