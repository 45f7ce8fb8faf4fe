"""What the rules may ask about a follow-up; a fact that is not known is not there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from core.calendar import age_on
from core.followups import FollowUp, Reading, SmiAssessment
from core.history import History
from core.people import Resident
from core.policy import Policy
from core.readings import fasting_glucose, has_value, measured, pressure
from core.triage.control import Verdict, fasting_verdict, pressure_verdict
from core.vocabulary import GroupTag, ReadingKind, Sex, Source, Symptom, Timing

Facts = Mapping[str, object]
ML_PER_LIANG = 50

CODES_OF = {
    GroupTag.HTN: ("htn", "I10", "I11", "I12", "I13", "I15"),
    GroupTag.T2DM: ("t2dm", "E11"),
}
"""A condition's code begins with one of these."""


def has_condition(history: History, tag: GroupTag, day: date) -> bool:
    """Whether a resident is known on a day to have a disease, by tag or active condition."""
    if history.tagged(tag, day):
        return True
    return bool(history.resident.conditions) and any(
        condition.status == "active"
        and condition.code.startswith(CODES_OF[tag])
        and (condition.since is None or condition.since <= day)
        for condition in history.resident.conditions
    )


def facts_of(policy: Policy, history: History, follow_up: FollowUp) -> Facts:
    """Everything known of a follow-up, by the names the rules use."""
    resident, day = history.resident, follow_up.occurred_on
    age = age_on(resident.birth_date, day)
    facts: dict[str, object] = {
        "age": age,
        "has_htn": has_condition(history, GroupTag.HTN, day),
        "has_t2dm": has_condition(history, GroupTag.T2DM, day),
        "has_smi": history.tagged(GroupTag.SMI, day),
        "pregnant": _pregnant(history, follow_up),
    }
    if follow_up.not_met is not None:
        return facts
    facts.update(_reading_facts(policy, follow_up))
    facts.update(_symptom_facts(follow_up))
    facts.update(_control_facts(policy, history, follow_up, age))
    facts.update(_risk_facts(resident, follow_up))
    if not facts["has_htn"] and age >= policy.screening.min_age:
        facts["high_days"] = high_days(policy, history, follow_up)
    if follow_up.smi is not None:
        facts["smi_status"] = smi_status(follow_up.smi)
    return {name: value for name, value in facts.items() if value is not None}


def _pregnant(history: History, follow_up: FollowUp) -> bool:
    if follow_up.pregnant_or_nursing is not None:
        return follow_up.pregnant_or_nursing
    return history.tagged(GroupTag.MATERNAL, follow_up.occurred_on)


def _reading_facts(policy: Policy, follow_up: FollowUp) -> Iterator[tuple[str, object]]:
    """Readings for the emergencies: a reported value warns as well as a measured one."""
    best: dict[str, Reading] = {}
    for reading in follow_up.readings:
        if has_value(reading) and (
            reading.kind not in best or best[reading.kind].source == Source.REPORTED
        ):
            best[reading.kind] = reading
    if (found := best.get(ReadingKind.BLOOD_PRESSURE)) is not None:
        yield "systolic", found.systolic_mmhg
        yield "diastolic", found.diastolic_mmhg
    if (found := best.get(ReadingKind.HEART_RATE)) is not None:
        yield "heart_rate", found.heart_rate_bpm
    if (found := best.get(ReadingKind.TEMPERATURE)) is not None:
        yield "temperature", found.amount
    if ReadingKind.GLUCOSE in best:
        yield from _glucose_facts(policy, follow_up)


def _glucose_facts(policy: Policy, follow_up: FollowUp) -> Iterator[tuple[str, object]]:
    readings = [
        (reading.glucose_mmol_l, reading.timing)
        for reading in follow_up.readings
        if reading.kind == ReadingKind.GLUCOSE and has_value(reading)
    ]
    yield "glucose_raw", max(value for value, _ in readings if value is not None)
    possible = policy.bounds.glucose_mmol_l.hard_high
    # A value no meter shows in mmol/L is a mistaken unit, not an emergency.
    credible = [(v, timing) for v, timing in readings if v is not None and v <= possible]
    if credible:
        yield "glucose_high", max(value for value, _ in credible)
        yield "glucose_low", min(value for value, _ in credible)
        fasting = [value for value, timing in credible if timing == Timing.FASTING]
        other = [value for value, timing in credible if timing != Timing.FASTING]
        yield "glucose_fasting", max(fasting, default=None)
        yield "glucose_other", max(other, default=None)


def _symptom_facts(follow_up: FollowUp) -> Iterator[tuple[str, object]]:
    for symptom in follow_up.acute_symptoms:
        yield f"acute.{symptom if symptom in DANGER else Symptom.OTHER}", True
    for symptom in follow_up.symptoms:
        if symptom in DANGER and symptom not in follow_up.acute_symptoms:
            yield f"symptom.{symptom}", True
    yield "unmanageable", follow_up.unmanageable_condition


DANGER = frozenset(
    {
        Symptom.ALTERED_CONSCIOUSNESS,
        Symptom.SEVERE_HEADACHE,
        Symptom.HEADACHE_DIZZINESS,
        Symptom.NAUSEA_VOMITING,
        Symptom.BLURRED_VISION_TINNITUS,
        Symptom.BLURRED_VISION,
        Symptom.EYE_PAIN,
        Symptom.PALPITATION_CHEST_TIGHTNESS,
        Symptom.CHEST_PAIN,
        Symptom.DYSPNEA,
        Symptom.CANNOT_LIE_FLAT,
        Symptom.ACETONE_BREATH,
        Symptom.SWEATING,
        Symptom.LOSS_OF_APPETITE,
        Symptom.POLYDIPSIA,
        Symptom.POLYURIA,
        Symptom.ABDOMINAL_PAIN,
        Symptom.DEEP_BREATHING,
        Symptom.FLUSHED_SKIN,
        Symptom.SUDDEN_VISION_LOSS,
        Symptom.SPEECH_OR_LIMB_PARALYSIS,
    }
)
"""Symptoms that are an emergency when they are acute; many are everyday ones when not."""


def _control_facts(
    policy: Policy, history: History, follow_up: FollowUp, age: int
) -> Iterator[tuple[str, object]]:
    verdict = pressure_verdict(policy.control.assessment, age, pressure(follow_up))
    yield "pressure_verdict", str(verdict)
    if verdict == Verdict.NOT_MET:
        yield "pressure_in_a_row", 1 + _pressure_before(policy, history, follow_up)
    fasting = fasting_verdict(policy, fasting_glucose(follow_up))
    yield "fasting_verdict", str(fasting)
    if fasting == Verdict.NOT_MET:
        yield "fasting_in_a_row", 1 + _fasting_before(policy, history, follow_up)
    yield "adverse_reaction", follow_up.adverse_reaction
    yield "complication", follow_up.complication
    if follow_up.adverse_reaction is None:
        yield "adverse_reaction_unasked", True
    if follow_up.adverse_reaction:
        yield "adverse_in_a_row", 1 + _adverse_before(policy, history, follow_up)


def earlier(policy: Policy, history: History, follow_up: FollowUp) -> Iterator[FollowUp]:
    """The face-to-face follow-ups before this one, the latest first, by date of visit."""
    place = (follow_up.occurred_on, follow_up.id)
    for other in reversed(history.settled.follow_ups):
        if (
            (other.occurred_on, other.id) < place
            and other.id != follow_up.amends
            and other.not_met is None
            and other.mode in policy.face_to_face_modes
        ):
            yield other


def _pressure_before(policy: Policy, history: History, follow_up: FollowUp) -> int:
    birth = history.resident.birth_date
    verdicts = (
        pressure_verdict(policy.control.assessment, age_on(birth, f.occurred_on), reading)
        for f in earlier(policy, history, follow_up)
        if (reading := pressure(f)) is not None
    )
    return _in_a_row(verdicts, policy.follow_up.consecutive_uncontrolled_refer)


def _fasting_before(policy: Policy, history: History, follow_up: FollowUp) -> int:
    verdicts = (
        fasting_verdict(policy, reading)
        for f in earlier(policy, history, follow_up)
        if (reading := fasting_glucose(f)) is not None
    )
    return _in_a_row(verdicts, policy.follow_up.consecutive_uncontrolled_refer)


def _in_a_row(verdicts: Iterator[Verdict], enough: int) -> int:
    """How many of the latest are not met without one between that is, up to `enough`."""
    count = 0
    for verdict in verdicts:
        if verdict != Verdict.NOT_MET or count == enough:
            break
        count += 1
    return count


def _adverse_before(policy: Policy, history: History, follow_up: FollowUp) -> int:
    before = next(earlier(policy, history, follow_up), None)
    return int(before is not None and before.adverse_reaction is True)


def high_days(policy: Policy, history: History, follow_up: FollowUp) -> int | None:
    """On how many days in a row the pressure was high, within the window that ends here."""
    if not is_high(policy, follow_up):
        return None
    begun = follow_up.occurred_on - timedelta(policy.screening.window_days)
    days = {follow_up.occurred_on}
    for other in earlier(policy, history, follow_up):
        if other.occurred_on < begun:
            break
        if pressure(other) is None or other.occurred_on in days:
            continue
        if not is_high(policy, other):
            break
        days.add(other.occurred_on)
    return len(days)


def is_high(policy: Policy, follow_up: FollowUp) -> bool:
    """Whether a measured pressure reaches the screening limits."""
    reading = pressure(follow_up)
    return reading is not None and (
        (reading.systolic_mmhg or 0) >= policy.screening.systolic_ge
        or (reading.diastolic_mmhg or 0) >= policy.screening.diastolic_ge
    )


def _risk_facts(resident: Resident, follow_up: FollowUp) -> Iterator[tuple[str, object]]:
    """What makes somebody likely to become hypertensive."""
    weight = measured(follow_up, ReadingKind.WEIGHT)
    height = measured(follow_up, ReadingKind.HEIGHT)
    if weight and height and weight.amount and height.amount:
        yield "bmi", weight.amount / (height.amount / 100) ** 2
    waist = measured(follow_up, ReadingKind.WAIST)
    if waist is not None and resident.sex in (Sex.MALE, Sex.FEMALE):
        yield f"waist_{resident.sex}", waist.amount
    if follow_up.lifestyle and follow_up.lifestyle.alcohol_now is not None:
        yield "alcohol_ml_day", follow_up.lifestyle.alcohol_now * ML_PER_LIANG
    if follow_up.lifestyle and follow_up.lifestyle.salt_now:
        yield "salt", follow_up.lifestyle.salt_now


def smi_status(smi: SmiAssessment) -> str:
    """Unstable, basically stable or stable (specification 2017, severe mental disorders)."""
    unstable = (
        smi.risk_level >= 3
        or smi.symptoms == "marked"
        or smi.insight == "none"
        or smi.severe_adverse_reaction is True
        or smi.severe_physical_illness is True
    )
    if unstable:
        return "unstable"
    if smi.risk_level >= 1 or _poorer(smi):
        return "basically_stable"
    known = None not in (smi.symptoms, smi.insight, smi.social_function)
    return "stable" if known else "cannot_tell"


def _poorer(smi: SmiAssessment) -> bool:
    return smi.symptoms == "some" or smi.insight == "partial" or smi.social_function == "poor"
