"""What a follow-up measured; a value the resident only reports is never taken for measured."""

from __future__ import annotations

from core.followups import FollowUp, Reading
from core.vocabulary import ReadingKind, Source, Timing


def has_value(reading: Reading) -> bool:
    """Whether a reading bears a whole value of its kind."""
    if reading.not_measured is not None:
        return False
    if reading.kind == ReadingKind.BLOOD_PRESSURE:
        return reading.systolic_mmhg is not None and reading.diastolic_mmhg is not None
    if reading.kind == ReadingKind.HEART_RATE:
        return reading.heart_rate_bpm is not None
    if reading.kind == ReadingKind.GLUCOSE:
        return reading.glucose_mmol_l is not None
    return reading.amount is not None


def measured(
    follow_up: FollowUp, kind: ReadingKind, timing: Timing | None = None
) -> Reading | None:
    """The first reading of a kind (and timing) that was measured, else None."""
    for reading in follow_up.readings:
        if (
            reading.kind == kind
            and reading.source != Source.REPORTED
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
            and reading.source == Source.REPORTED
            and has_value(reading)
        ):
            return measured(follow_up, kind, timing) or reading
    return measured(follow_up, kind, timing)


def pressure(follow_up: FollowUp) -> Reading | None:
    """The measured blood pressure."""
    return measured(follow_up, ReadingKind.BLOOD_PRESSURE)


def fasting_glucose(follow_up: FollowUp) -> Reading | None:
    """The measured fasting glucose."""
    return measured(follow_up, ReadingKind.GLUCOSE, Timing.FASTING)


def heart_rate(follow_up: FollowUp) -> Reading | None:
    """The measured heart rate."""
    return measured(follow_up, ReadingKind.HEART_RATE)
