"""What a doctor would find at an invented resident's: readings that hang together over a year."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from core.calendar import age_on
from core.followups import Guidance, Lifestyle, Medicine, Reading
from core.people import Resident
from core.vocabulary import (
    FACE_TO_FACE_MODES,
    GroupTag,
    NotMeasured,
    ReadingKind,
    Service,
    Source,
    Symptom,
    Timing,
)

WINTER_RISE_MMHG = 4
"""Blood pressure is higher in the cold months."""

SOMETIMES = (Service.MEDICINE_DELIVERY, Service.LONG_PRESCRIPTION, Service.TCM_PREVENTION)
CUFF = ("YE-680", "A9-0")
COMMON_SYMPTOMS = (
    Symptom.HEADACHE_DIZZINESS,
    Symptom.NUMB_LIMBS,
    Symptom.PALPITATION_CHEST_TIGHTNESS,
    Symptom.LEG_OEDEMA,
    Symptom.BLURRED_VISION,
    Symptom.NUMB_HANDS_FEET,
)
DIET = ("less_salt", "less_oil", "less_sugar", "more_vegetables", "staple_food", "less_alcohol")
EXERCISE = ("walk_daily", "five_days_a_week", "gentle_exercise")
MIND = ("sleep_well", "talk_to_someone", "calm_mind", "family_company")
PRESSURE_MEDICINES = ("苯磺酸氨氯地平片", "厄贝沙坦片", "硝苯地平缓释片", "吲达帕胺片")
GLUCOSE_MEDICINES = ("二甲双胍片", "格列美脲片", "阿卡波糖片")


@dataclass(frozen=True, slots=True, kw_only=True)
class Constitution:
    """Where a resident's readings lie, and how far they stray from visit to visit."""

    systolic_mmhg: float
    diastolic_mmhg: float
    heart_rate_bpm: float
    glucose_mmol_l: float
    strays: float
    has_htn: bool
    has_t2dm: bool
    owns_cuff: bool
    medicines: tuple[Medicine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """A doctor's ways: how many slots are met, how, and how exactly readings are noted."""

    diligence: float
    phone_share: float
    rounding_share: float = 0.0
    waits_for_month_end: bool = False


def constitution_of(chance: Random, resident: Resident, day: date) -> Constitution:
    """Draw a resident's constitution from their age and illnesses."""
    ill = {condition.code for condition in resident.conditions}
    has_htn, has_t2dm = GroupTag.HTN in ill, GroupTag.T2DM in ill
    age = age_on(resident.birth_date, day)
    uncontrolled = chance.random() < 0.3
    systolic = 112 + min(age, 80) * 0.2 + (has_htn * (6 + 16 * uncontrolled))
    glucose = 5.2 + has_t2dm * (1.2 + 1.8 * uncontrolled)
    return Constitution(
        systolic_mmhg=chance.gauss(systolic, 5),
        diastolic_mmhg=chance.gauss(72 + has_htn * (4 + 7 * uncontrolled), 4),
        heart_rate_bpm=chance.gauss(74, 6),
        glucose_mmol_l=max(4.4, chance.gauss(glucose, 0.4)),
        strays=chance.uniform(4, 9),
        has_htn=has_htn,
        has_t2dm=has_t2dm,
        owns_cuff=has_htn and chance.random() < 0.5,
        medicines=_medicines(chance, has_htn, has_t2dm),
    )


def readings_of(
    chance: Random, body: Constitution, habits: Habits, mode: str, at: datetime
) -> tuple[Reading, ...]:
    """Blood pressure, heart rate and glucose as found, told, or left out with the reason."""
    if mode not in FACE_TO_FACE_MODES:
        return _reported(chance, body)
    if chance.random() < 0.015:
        broken = (ReadingKind.BLOOD_PRESSURE, ReadingKind.HEART_RATE)
        return (
            *(Reading(kind=kind, not_measured=NotMeasured.DEVICE_BROKEN) for kind in broken),
            _glucose(chance, body, at),
        )
    from_device = chance.random() < 0.4
    source = Source.DEVICE if from_device else Source.TYPED
    model, serial = CUFF if from_device else ("", "")
    systolic, diastolic = _pressure(chance, body, at.date())
    if chance.random() < habits.rounding_share:
        systolic, diastolic = round(systolic, -1), round(diastolic, -1)
    pressure = Reading(
        kind=ReadingKind.BLOOD_PRESSURE,
        source=source,
        systolic_mmhg=systolic,
        diastolic_mmhg=diastolic,
        measured_at=at,
        device_model=model,
        device_serial=serial,
    )
    heart_rate = Reading(
        kind=ReadingKind.HEART_RATE,
        source=source,
        heart_rate_bpm=round(min(max(chance.gauss(body.heart_rate_bpm, 5), 48), 118)),
        measured_at=at,
        device_model=model,
        device_serial=serial,
    )
    return pressure, heart_rate, _glucose(chance, body, at)


def guidance_of(chance: Random) -> Guidance:
    """One or two pieces of advice on each of the three."""
    return Guidance(
        diet=tuple(chance.sample(DIET, chance.randint(1, 2))),
        exercise=(chance.choice(EXERCISE),),
        psychology=(chance.choice(MIND),),
    )


def symptoms_of(chance: Random, body: Constitution) -> tuple[str, ...]:
    """None for most; one for every fifth with an illness."""
    complains = chance.random() < (0.2 if body.has_htn or body.has_t2dm else 0.06)
    return (chance.choice(COMMON_SYMPTOMS) if complains else Symptom.NONE,)


def services_of(chance: Random, mode: str) -> tuple[str, ...]:
    """The services a visit delivers, by its mode."""
    given = [Service.HEALTH_MANAGEMENT, Service.EDUCATION]
    if mode in FACE_TO_FACE_MODES:
        given.append(Service.PUBLIC_HEALTH)
    if mode == "home":
        given.append(Service.HOME_VISIT)
    if mode == "clinic":
        given.append(Service.BASIC_MEDICAL)
    return (*given, *(service for service in SOMETIMES if chance.random() < 0.1))


def lifestyle_of(chance: Random, resident: Resident) -> Lifestyle | None:
    """How the resident lives, asked in one visit of four."""
    if chance.random() > 0.25:
        return None
    smokes = resident.sex == "male" and chance.random() < 0.4
    cigarettes = chance.choice((5, 10, 20)) if smokes else 0
    salt = chance.choice(("light", "medium", "heavy"))
    return Lifestyle(
        smoking_now=cigarettes,
        smoking_target=cigarettes // 2,
        exercise_times_now=chance.randint(0, 5),
        exercise_times_target=5,
        exercise_minutes_now=chance.choice((10, 20, 30)),
        exercise_minutes_target=30,
        salt_now=salt,
        salt_target="light" if salt == "medium" else salt if salt == "light" else "medium",
    )


def _pressure(chance: Random, body: Constitution, day: date) -> tuple[int, int]:
    winter = WINTER_RISE_MMHG if day.month in {11, 12, 1, 2} else 0
    systolic = round(chance.gauss(body.systolic_mmhg + winter, body.strays))
    if body.has_htn and chance.random() < 0.004:
        systolic = chance.randint(180, 196)
    systolic = min(max(systolic, 92), 198)
    diastolic = round(chance.gauss(body.diastolic_mmhg + winter / 2, body.strays * 0.6))
    return systolic, min(max(diastolic, 52), systolic - 25, 108)


def _glucose(chance: Random, body: Constitution, at: datetime) -> Reading:
    if not body.has_t2dm and chance.random() < 0.3:
        reason = chance.choice((NotMeasured.NOT_NEEDED, NotMeasured.NO_STRIPS))
        return Reading(kind=ReadingKind.GLUCOSE, not_measured=reason)
    fasting = at.hour + 8 < 10 or chance.random() < 0.5
    after_meal = 0.0 if fasting else chance.uniform(1.0, 2.6)
    value = min(max(chance.gauss(body.glucose_mmol_l, 0.5) + after_meal, 4.1), 16.2)
    return Reading(
        kind=ReadingKind.GLUCOSE,
        glucose_mmol_l=round(value, 1),
        timing=Timing.FASTING if fasting else Timing.POSTPRANDIAL_2H,
        measured_at=at + timedelta(minutes=3),
    )


def _reported(chance: Random, body: Constitution) -> tuple[Reading, ...]:
    if not body.owns_cuff:
        return ()
    systolic, diastolic = (
        round(chance.gauss(body.systolic_mmhg, body.strays)),
        round(chance.gauss(body.diastolic_mmhg, body.strays * 0.5)),
    )
    return (
        Reading(
            kind=ReadingKind.BLOOD_PRESSURE,
            source=Source.REPORTED,
            systolic_mmhg=systolic,
            diastolic_mmhg=min(diastolic, systolic - 25),
        ),
    )


def _medicines(chance: Random, has_htn: bool, has_t2dm: bool) -> tuple[Medicine, ...]:
    taken = []
    if has_htn:
        name = chance.choice(PRESSURE_MEDICINES)
        taken.append(Medicine(name=name, times_a_day=1, dose="5mg", taken=True))
    if has_t2dm:
        name = chance.choice(GLUCOSE_MEDICINES)
        taken.append(Medicine(name=name, times_a_day=2, dose="0.5g", taken=True))
    return tuple(taken)
