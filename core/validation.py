"""What is refused or asked again, the same in the form, on the tablet and at the county."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date

from core.contracts import Exemption
from core.education import Education
from core.followups import FollowUp, Reading
from core.history import History
from core.people import Resident
from core.policy import Bound, BoundRules, Policy
from core.referrals import Referral, ReferralOutcome
from core.refusals import Refusal
from core.vocabulary import Mode, NotMet, ReadingKind, Source, Symptom, Timing

ASKED_FACE_TO_FACE = (ReadingKind.BLOOD_PRESSURE, ReadingKind.HEART_RATE, ReadingKind.GLUCOSE)
OUTCOMES = ("went", "admitted", "did_not_go", "died", "unknown")
AUDIENCES = ("resident", "household", "group", "lecture", "school")
MODES = frozenset(Mode)
REASONS = frozenset(NotMet)
TIMINGS = frozenset(Timing)
VISIT_CLASSES = (None, 1, 2, 3, 4)


EARLIEST_BIRTH = date(1900, 1, 1)


def check_birth_date(born: date, today: date) -> tuple[Refusal, ...]:
    """Why nobody alive was born on a day: it is to come, or too long ago."""
    if EARLIEST_BIRTH <= born <= today:
        return ()
    return (Refusal(code="resident.birth_date", place="birth_date", values={"born": born}),)


def check_follow_up(
    policy: Policy,
    resident: Resident,
    follow_up: FollowUp,
    today: date,
    *,
    history: History | None = None,
) -> tuple[Refusal, ...]:
    """Why a follow-up cannot be taken, hard reasons first; soft ones only want a confirmation.

    With the resident's history its day is also held against contracts.
    """
    found = [*_about_the_day(resident, follow_up, today), *_about_the_contract(follow_up, history)]
    if follow_up.not_met is None:
        found += _about_the_visit(policy, follow_up)
    else:
        found += _about_not_met(follow_up)
    return tuple(sorted(found, key=lambda refusal: refusal.soft)) if found else ()


def _refusal(code: str, place: str, *, soft: bool = False, **values: object) -> Refusal:
    return Refusal(code=f"follow_up.{code}", place=place, values=values, soft=soft)


def _about_the_day(resident: Resident, follow_up: FollowUp, today: date) -> Iterator[Refusal]:
    day = follow_up.occurred_on
    if follow_up.resident_id != resident.id:
        yield _refusal("of_nobody", "resident_id")
    if day > today:
        yield _refusal("in_future", "occurred_on", occurred_on=day, today=today)
    if day < resident.birth_date:
        yield _refusal("before_birth", "occurred_on", birth_date=resident.birth_date)
    if resident.left_on is not None and day > resident.left_on:
        yield _refusal("after_leaving", "occurred_on", left_on=resident.left_on)
    if follow_up.next_on is not None and follow_up.next_on <= day:
        yield _refusal("next_not_after", "next_on", occurred_on=day)


def _about_the_contract(follow_up: FollowUp, history: History | None) -> Iterator[Refusal]:
    if history is None:
        return
    nominal = history.coverage.nominal
    day = follow_up.occurred_on
    if not nominal:
        yield _refusal("no_contract", "occurred_on", soft=True)
    elif day < nominal[0].from_on:
        yield _refusal("before_contract", "occurred_on", soft=True, start_on=nominal[0].from_on)
    elif day > nominal[-1].to_on:
        yield _refusal("after_contract", "occurred_on", soft=True, end_on=nominal[-1].to_on)


def _about_not_met(follow_up: FollowUp) -> Iterator[Refusal]:
    if follow_up.not_met == NotMet.OTHER and not follow_up.note.strip():
        yield _refusal("not_met_unexplained", "note")
    if any(reading.not_measured is None for reading in follow_up.readings):
        yield _refusal("not_met_with_readings", "readings")


def _about_the_visit(policy: Policy, follow_up: FollowUp) -> Iterator[Refusal]:
    if follow_up.mode not in MODES:
        yield _refusal("mode_missing", "mode")
    if Symptom.NONE in follow_up.symptoms and len(set(follow_up.symptoms)) > 1:
        yield _refusal("symptoms_contradict", "symptoms")
    face_to_face = follow_up.mode in policy.face_to_face_modes
    if face_to_face:
        yield from _missing_readings(follow_up)
    for reading in follow_up.readings:
        if not face_to_face and _measured(reading):
            yield _refusal("measured_at_distance", f"readings.{reading.kind}")
        yield from check_reading(policy, reading)
    if follow_up.visit_class not in VISIT_CLASSES:
        yield _refusal("visit_class_unknown", "visit_class")


def _measured(reading: Reading) -> bool:
    return reading.not_measured is None and reading.source != Source.REPORTED


def _missing_readings(follow_up: FollowUp) -> Iterator[Refusal]:
    """Face to face the three basic readings are owed, or a reason why one is missing."""
    present = {reading.kind for reading in follow_up.readings}
    for kind in ASKED_FACE_TO_FACE:
        if kind not in present:
            yield _refusal(f"reading_missing.{kind}", f"readings.{kind}")


def check_reading(policy: Policy, reading: Reading) -> Sequence[Refusal]:
    """Why one reading cannot be taken, or is asked again."""
    check = CHECKS.get(reading.kind)
    return check(policy.bounds, reading) if check and reading.not_measured is None else ()


def _check_pressure(bounds: BoundRules, reading: Reading) -> Sequence[Refusal]:
    systolic, diastolic = reading.systolic_mmhg, reading.diastolic_mmhg
    found = [
        *_bounded("systolic", bounds.systolic_mmhg, systolic, reading),
        *_bounded("diastolic", bounds.diastolic_mmhg, diastolic, reading),
    ]
    if systolic is not None and diastolic is not None and systolic <= diastolic:
        code = "systolic_not_above_diastolic"
        found.append(_refusal(code, _place(reading), systolic=systolic, diastolic=diastolic))
    return found


def _check_heart_rate(bounds: BoundRules, reading: Reading) -> Sequence[Refusal]:
    return _bounded("heart_rate", bounds.heart_rate_bpm, reading.heart_rate_bpm, reading)


def _check_glucose(bounds: BoundRules, reading: Reading) -> Sequence[Refusal]:
    """A value no meter shows in mmol/L is offered converted from mg/dL."""
    value = reading.glucose_mmol_l
    if value is not None and value > bounds.glucose_mg_dl_above:
        found = [_looks_like_mg_dl(bounds, value, reading)]
    else:
        found = [*_bounded("glucose", bounds.glucose_mmol_l, value, reading)]
    if value is not None and reading.timing not in TIMINGS:
        found.append(_refusal("glucose_timing_missing", _place(reading)))
    return found


def _looks_like_mg_dl(bounds: BoundRules, value: float, reading: Reading) -> Refusal:
    return _refusal(
        "glucose_looks_like_mg_dl",
        _place(reading),
        soft=value <= bounds.glucose_mmol_l.hard_high,
        value=_plain(value),
        converted=_plain(round(value / bounds.mg_dl_per_mmol_l, 1)),
    )


def _check_amount(bounds: BoundRules, reading: Reading) -> Sequence[Refusal]:
    return _bounded(reading.kind, getattr(bounds, reading.kind), reading.amount, reading)


CHECKS: Mapping[str, Callable[[BoundRules, Reading], Sequence[Refusal]]] = {
    ReadingKind.BLOOD_PRESSURE: _check_pressure,
    ReadingKind.HEART_RATE: _check_heart_rate,
    ReadingKind.GLUCOSE: _check_glucose,
    ReadingKind.WEIGHT: _check_amount,
    ReadingKind.HEIGHT: _check_amount,
    ReadingKind.WAIST: _check_amount,
    ReadingKind.TEMPERATURE: _check_amount,
    ReadingKind.OXYGEN: _check_amount,
}
"""What is asked of a value, by kind; kinds of a later version are taken as they come."""


def _bounded(name: str, bound: Bound, value: float | None, reading: Reading) -> Sequence[Refusal]:
    if value is None:
        return (_refusal(f"{name}_missing", _place(reading)),)
    if not bound.hard_low <= value <= bound.hard_high:
        low, high = _plain(bound.hard_low), _plain(bound.hard_high)
        code = f"{name}_impossible"
        return (_refusal(code, _place(reading), value=_plain(value), low=low, high=high),)
    if _unusual(bound, value):
        return (_refusal(f"{name}_unusual", _place(reading), soft=True, value=_plain(value)),)
    return ()


def _place(reading: Reading) -> str:
    return f"readings.{reading.kind}"


def _plain(number: float) -> float:
    """The number as a sentence shows it: a whole one without a decimal point."""
    return int(number) if float(number).is_integer() else number


def _unusual(bound: Bound, value: float) -> bool:
    low = bound.soft_low is not None and value <= bound.soft_low
    high = bound.soft_high is not None and value >= bound.soft_high
    return low or high


def check_education(education: Education, today: date) -> tuple[Refusal, ...]:
    """Why a health-education visit cannot be taken."""
    found = []
    if education.occurred_on > today:
        found.append(("in_future", "occurred_on"))
    if education.audience not in AUDIENCES:
        found.append(("audience_missing", "audience"))
    if not education.topics:
        found.append(("topics_missing", "topics"))
    if education.minutes < 0 or education.minutes > 24 * 60:
        found.append(("minutes_impossible", "minutes"))
    if education.people_reached < 0:
        found.append(("people_impossible", "people_reached"))
    return tuple(Refusal(code=f"education.{code}", place=place) for code, place in found)


def check_referral(referral: Referral, today: date) -> tuple[Refusal, ...]:
    """Why a referral cannot be taken."""
    found = []
    if referral.occurred_on > today:
        found.append(("in_future", "occurred_on"))
    if referral.trace_by < referral.occurred_on:
        found.append(("trace_before_referral", "trace_by"))
    if not referral.to_facility.strip():
        found.append(("facility_missing", "to_facility"))
    if not referral.reason.strip():
        found.append(("reason_missing", "reason"))
    return tuple(Refusal(code=f"referral.{code}", place=place) for code, place in found)


def check_outcome(outcome: ReferralOutcome, today: date) -> tuple[Refusal, ...]:
    """Why what became of a referral cannot be taken."""
    found = []
    if outcome.outcome not in OUTCOMES:
        found.append(("unknown", "outcome"))
    if outcome.occurred_on > today:
        found.append(("in_future", "occurred_on"))
    return tuple(Refusal(code=f"outcome.{code}", place=place) for code, place in found)


def check_exemption(exemption: Exemption) -> tuple[Refusal, ...]:
    """Why a request that days be excused cannot be taken."""
    found = []
    if exemption.reason not in REASONS:
        found.append(("no_reason", "reason"))
    if exemption.to_on < exemption.from_on:
        found.append(("days", "to_on"))
    return tuple(Refusal(code=f"exemption.{code}", place=place) for code, place in found)
