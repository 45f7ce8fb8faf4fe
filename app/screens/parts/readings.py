"""Readings in the words they are written down with."""

from __future__ import annotations

from core.followups import Reading
from core.vocabulary import ReadingKind, Source
from words import say


def value_words(reading: Reading) -> str:
    """The value alone: 138/82, 76, 6.3 fasting."""
    if reading.kind == ReadingKind.BLOOD_PRESSURE:
        return f"{reading.systolic_mmhg}/{reading.diastolic_mmhg}"
    if reading.kind == ReadingKind.HEART_RATE:
        return str(reading.heart_rate_bpm)
    if reading.kind == ReadingKind.GLUCOSE:
        timing = say(f"timing.{reading.timing}") if reading.timing else ""
        return f"{reading.glucose_mmol_l:g} {timing}".strip()
    return f"{reading.amount:g}"


def reading_words(reading: Reading) -> str:
    """The value with its unit and source, or why there is none."""
    if reading.not_measured is not None:
        return say(f"not_measured.{reading.not_measured}")
    unit = say(f"unit.{reading.kind}")
    value = f"{value_words(reading)} {unit}"
    is_reported = reading.source == Source.REPORTED
    return say("reading.reported", value=value) if is_reported else value
