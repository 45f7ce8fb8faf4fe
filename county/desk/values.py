"""A follow-up's readings and a resident's groups in words, the same on every page and sheet."""

from __future__ import annotations

from datetime import date

from core.confidence import open_conditions
from core.coverage import has_tag
from core.followups import FollowUp, Reading, reading_of
from core.people import Resident
from core.vocabulary import RESTRICTED_TAGS, GroupTag, ReadingKind, Source
from county.desk.wording import NOTHING, label
from words import say


def pressure_text(follow_up: FollowUp) -> str:
    """Systolic/diastolic in mmHg; — where none was recorded."""
    reading = reading_of(follow_up, ReadingKind.BLOOD_PRESSURE)
    if reading is None or reading.systolic_mmhg is None:
        return NOTHING
    return f"{reading.systolic_mmhg}/{reading.diastolic_mmhg or NOTHING}"


def heart_rate_text(follow_up: FollowUp) -> str:
    """Beats a minute; — where none were recorded."""
    reading = reading_of(follow_up, ReadingKind.HEART_RATE)
    return str(reading.heart_rate_bpm) if reading and reading.heart_rate_bpm else NOTHING


def glucose_text(follow_up: FollowUp, lang: str) -> str:
    """mmol/L with its timing; — where none was recorded."""
    reading = reading_of(follow_up, ReadingKind.GLUCOSE)
    if reading is None or reading.glucose_mmol_l is None:
        return NOTHING
    timing = f" {label('timing', reading.timing, lang)}" if reading.timing else ""
    return f"{reading.glucose_mmol_l:.1f}{timing}"


def value_text(reading: Reading) -> str:
    """The value of any reading, without its unit; — where it bears none."""
    if reading.kind == ReadingKind.BLOOD_PRESSURE:
        return f"{reading.systolic_mmhg or NOTHING}/{reading.diastolic_mmhg or NOTHING}"
    values = (reading.heart_rate_bpm, reading.glucose_mmol_l, reading.amount)
    return next((f"{value:g}" for value in values if value is not None), NOTHING)


def how_measured(reading: Reading, lang: str) -> str:
    """Where a reading comes from: typed, which device, or reported by the resident."""
    timing = label("timing", reading.timing, lang) if reading.timing else ""
    source = label("desk.source", reading.source, lang)
    device = " ".join(part for part in (reading.device_model, reading.device_serial) if part)
    return " · ".join(part for part in (timing, source, device) if part)


def has_reported(follow_up: FollowUp) -> bool:
    """Whether any value of it is only what the resident told."""
    return any(reading.source == Source.REPORTED for reading in follow_up.readings)


def groups_of(resident: Resident, day: date, lang: str) -> tuple[str, ...]:
    """The groups a resident is in on a day, in words; those of age come from the birth date.

    None that is told in confidence is among them, whatever the record says.
    """
    told = (tag for tag in GroupTag if tag not in RESTRICTED_TAGS)
    return tuple(label("tag", tag, lang) for tag in told if has_tag(resident, tag, day))


def conditions_of(resident: Resident, lang: str) -> str:
    """The diagnosed conditions, in words; none that is told in confidence."""
    names = (
        condition.name or label("tag", condition.code, lang)
        for condition in open_conditions(resident)
    )
    return say("desk.comma", lang).join(names) or NOTHING


def visit_class_text(follow_up: FollowUp, lang: str) -> str:
    """The class of a visit in words; why it was not met, or — without a class."""
    if follow_up.not_met:
        return label("not_met", follow_up.not_met, lang)
    if follow_up.visit_class is None:
        return NOTHING
    return label("class", follow_up.visit_class, lang)
