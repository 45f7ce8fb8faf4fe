"""The codes a follow-up may be answered with, in the order the form offers them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from app.screens.parts.chips import Choice
from core.vocabulary import GroupTag, Mode, NotMeasured, NotMet, ReadingKind, Service, Symptom
from words import say

MODES = (Mode.HOME, Mode.CLINIC, Mode.TOUR, Mode.PHONE, Mode.SMS, Mode.ONLINE)

_COMMON = (Symptom.NONE, Symptom.HEADACHE_DIZZINESS, Symptom.PALPITATION_CHEST_TIGHTNESS)
_HYPERTENSION = (
    Symptom.NAUSEA_VOMITING,
    Symptom.BLURRED_VISION_TINNITUS,
    Symptom.DYSPNEA,
    Symptom.NOSEBLEED,
    Symptom.NUMB_LIMBS,
    Symptom.LEG_OEDEMA,
)
_DIABETES = (
    Symptom.POLYDIPSIA,
    Symptom.POLYPHAGIA,
    Symptom.POLYURIA,
    Symptom.BLURRED_VISION,
    Symptom.INFECTION,
    Symptom.NUMB_HANDS_FEET,
    Symptom.WEIGHT_LOSS,
    Symptom.LEG_OEDEMA,
)
_BY_CONDITION: Mapping[str, tuple[Symptom, ...]] = {
    GroupTag.HTN: _HYPERTENSION,
    GroupTag.T2DM: _DIABETES,
}

ACUTE = (
    Symptom.ALTERED_CONSCIOUSNESS,
    Symptom.SEVERE_HEADACHE,
    Symptom.CHEST_PAIN,
    Symptom.CANNOT_LIE_FLAT,
    Symptom.SPEECH_OR_LIMB_PARALYSIS,
    Symptom.SUDDEN_VISION_LOSS,
    Symptom.EYE_PAIN,
    Symptom.ACETONE_BREATH,
    Symptom.DEEP_BREATHING,
    Symptom.SWEATING,
    Symptom.ABDOMINAL_PAIN,
)
"""Signs that make a visit an emergency once the doctor has confirmed them."""

DIET = ("less_salt", "less_oil", "less_sugar", "more_vegetables", "staple_food", "less_alcohol")
EXERCISE = ("walk_daily", "gentle_exercise", "five_days_a_week", "rest_when_unwell")
PSYCHOLOGY = ("calm_mind", "sleep_well", "family_company", "talk_to_someone")

ADHERENCE = ("regular", "intermittent", "none")
COMPLICATION = ("none", "new", "worse")
CLASSES = (1, 2, 3, 4)

NOT_MEASURED = (
    NotMeasured.NO_DEVICE,
    NotMeasured.DEVICE_BROKEN,
    NotMeasured.NO_STRIPS,
    NotMeasured.DECLINED,
    NotMeasured.NOT_NEEDED,
)
MEASURED_WITH_STRIPS = frozenset({ReadingKind.GLUCOSE})


def symptoms_for(conditions: Iterable[str]) -> tuple[Symptom, ...]:
    """The symptoms to ask after: the common ones and those of the forms that apply."""
    held = set(conditions)
    found = list(_COMMON)
    for condition, symptoms in _BY_CONDITION.items():
        if condition in held or not held & set(_BY_CONDITION):
            found += [symptom for symptom in symptoms if symptom not in found]
    return (*found, Symptom.OTHER)


def not_measured_reasons(kind: str) -> tuple[NotMeasured, ...]:
    """Why a reading may be missing; only glucose runs out of strips."""
    strips = kind in MEASURED_WITH_STRIPS
    return tuple(code for code in NOT_MEASURED if strips or code != NotMeasured.NO_STRIPS)


def worded(prefix: str, codes: Iterable[object]) -> tuple[Choice, ...]:
    """Codes with their words, to be offered as chips."""
    return tuple((str(code), say(f"{prefix}.{code}")) for code in codes)


def services() -> tuple[Choice, ...]:
    """The ten services."""
    return worded("service", Service)


def not_met_reasons() -> tuple[Choice, ...]:
    """Why somebody was not met."""
    return worded("not_met", NotMet)


def usual_guidance(conditions: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The guidance one press gives: what these conditions ask for first."""
    sugar = ("less_sugar", "staple_food") if GroupTag.T2DM in set(conditions) else ()
    return {
        "diet": ("less_salt", "less_oil", *sugar),
        "exercise": ("walk_daily",),
        "psychology": ("calm_mind",),
    }


def usual_services(mode: str) -> tuple[str, ...]:
    """The services any follow-up of this form delivers."""
    visit = (Service.HOME_VISIT,) if mode == Mode.HOME else ()
    return tuple(str(code) for code in (Service.PUBLIC_HEALTH, Service.HEALTH_MANAGEMENT, *visit))
