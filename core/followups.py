"""A follow-up with its readings, as the doctor recorded it; a fact, never edited."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from core.vocabulary import ReadingKind, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One thing measured, reported or not measured with a reason.

    Blood pressure uses `systolic_mmhg` and `diastolic_mmhg`, heart rate `heart_rate_bpm`,
    glucose `glucose_mmol_l` with its `timing`; every other kind uses `amount` in kg
    (weight), cm (height, waist), °C (temperature) or % (oxygen).
    """

    kind: str
    source: str = Source.TYPED
    systolic_mmhg: int | None = None
    diastolic_mmhg: int | None = None
    heart_rate_bpm: int | None = None
    glucose_mmol_l: float | None = None
    timing: str | None = None
    amount: float | None = None
    measured_at: datetime | None = None
    device_model: str = ""
    device_serial: str = ""
    not_measured: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifestyle:
    """How the resident lives now and what was agreed for next time.

    Units: cigarettes a day; liang of spirits a day (1 liang = 50 g); exercise times a
    week and minutes a time; salt light, medium or heavy; staple food in grams a day.
    """

    smoking_now: float | None = None
    smoking_target: float | None = None
    alcohol_now: float | None = None
    alcohol_target: float | None = None
    exercise_times_now: int | None = None
    exercise_times_target: int | None = None
    exercise_minutes_now: int | None = None
    exercise_minutes_target: int | None = None
    salt_now: str | None = None
    salt_target: str | None = None
    staple_food_g_now: int | None = None
    staple_food_g_target: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Guidance:
    """Codes of the guidance given on diet, exercise and psychology."""

    diet: tuple[str, ...] = ()
    exercise: tuple[str, ...] = ()
    psychology: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Medicine:
    """A medicine as taken: times a day and the dose in its own words."""

    name: str
    times_a_day: int | None = None
    dose: str = ""
    taken: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SmiAssessment:
    """The assessment of somebody with a severe mental disorder.

    `risk_level` is 0 (none) to 5 (armed or arson); `insight` whole, partial or none;
    `symptoms` gone, some or marked; `social_function` good, fair or poor.
    """

    risk_level: int
    insight: str | None = None
    symptoms: str | None = None
    social_function: str | None = None
    severe_adverse_reaction: bool | None = None
    severe_physical_illness: bool | None = None
    in_hospital: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """One follow-up of one resident.

    `occurred_on` is the local day it happened, `recorded_at` the tablet's clock when it
    was saved. `not_met` holds the reason when the resident was not met; everything
    clinical is then empty. `acute_symptoms` are those the doctor confirmed as acute.
    `visit_class`: 1 controlled, 2 uncontrolled, 3 adverse reaction, 4 complication.
    `complication` is none, new or worse. `amends` names the follow-up this one corrects.
    """

    id: str
    scope_id: str
    resident_id: str
    author_id: str
    occurred_on: date
    recorded_at: datetime
    mode: str
    contract_id: str | None = None
    policy_version: str = ""
    not_met: str | None = None
    asked: str = "self"
    services: tuple[str, ...] = ()
    symptoms: tuple[str, ...] = ()
    acute_symptoms: tuple[str, ...] = ()
    other_symptom: str = ""
    readings: tuple[Reading, ...] = ()
    lifestyle: Lifestyle | None = None
    guidance: Guidance = Guidance()
    adherence: str | None = None
    adverse_reaction: bool | None = None
    adverse_reaction_note: str = ""
    complication: str | None = None
    unmanageable_condition: bool | None = None
    pregnant_or_nursing: bool | None = None
    medicines: tuple[Medicine, ...] = ()
    visit_class: int | None = None
    class_override_reason: str = ""
    referral_advised: bool = False
    next_on: date | None = None
    started_at: datetime | None = None
    note: str = ""
    yearly_exam: bool = False
    smi: SmiAssessment | None = None
    amends: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """The withdrawal of a fact, with the reason; it stands until itself withdrawn."""

    id: str
    scope_id: str
    voids: str
    author_id: str
    reason: str
    recorded_at: datetime


def reading_of(follow_up: FollowUp, kind: ReadingKind) -> Reading | None:
    """The follow-up's reading of a kind that bears a value, else None."""
    for reading in follow_up.readings:
        if reading.kind == kind and reading.not_measured is None:
            return reading
    return None
