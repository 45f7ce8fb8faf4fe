"""The clinical rules as data: each row has an id, a severity, its tests and its source.

A rule fires when all its tests hold. A test names a fact, a comparison and a limit: a
value, or a number of the policy pack by its path. A fact that is not known holds no test.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from core.findings import Severity
from core.triage.facts import DANGER
from core.vocabulary import Symptom

HTN_2017 = "bphs2017_htn"
T2DM_2017 = "bphs2017_t2dm"
SMI_2017 = "bphs2017_smi"
PRIMARY_2025 = "guideline2025_htn"
COUNTY = "county"


class Test(NamedTuple):
    """`fact comparison limit`; a limit written as "@path" is looked up in the policy."""

    fact: str
    comparison: str
    limit: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One row. `thing` is what a later follow-up has to measure to answer the finding."""

    id: str
    severity: Severity
    code: str
    tests: tuple[Test, ...]
    source: str
    thing: str | None = None


def _rule(
    rule_id: str,
    severity: Severity,
    code: str,
    source: str,
    *tests: tuple[str, str, object],
    thing: str | None = None,
) -> Rule:
    return Rule(
        id=rule_id,
        severity=severity,
        code=code,
        tests=tuple(Test(*test) for test in tests),
        source=source,
        thing=thing,
    )


EMERGENCY, REFER, WARN, INFO = Severity

BP = "blood_pressure"
GLUCOSE = "glucose"
FASTING = "fasting_glucose"
CONTACT = "contact"

READING_RULES = (
    _rule("E-BP-SYSTOLIC", EMERGENCY, "systolic_emergency", HTN_2017,
          ("systolic", ">=", "@emergency.systolic_ge"), thing=BP),
    _rule("E-BP-DIASTOLIC", EMERGENCY, "diastolic_emergency", HTN_2017,
          ("diastolic", ">=", "@emergency.diastolic_ge"), thing=BP),
    _rule("E-GLUCOSE-HIGH", EMERGENCY, "glucose_high_emergency", T2DM_2017,
          ("glucose_high", ">=", "@emergency.glucose_ge"), thing=GLUCOSE),
    _rule("E-GLUCOSE-LOW", EMERGENCY, "glucose_low_emergency", T2DM_2017,
          ("glucose_low", "<=", "@emergency.glucose_le"), thing=GLUCOSE),
    _rule("E-HEART-RATE", EMERGENCY, "heart_rate_emergency", T2DM_2017,
          ("heart_rate", ">", "@emergency.heart_rate_gt"), ("has_t2dm", "==", True), thing=CONTACT),
    _rule("E-TEMPERATURE", EMERGENCY, "temperature_emergency", T2DM_2017,
          ("temperature", ">", "@emergency.temperature_gt"), thing=CONTACT),
    _rule("E-PREGNANT-SYSTOLIC", EMERGENCY, "pregnant_systolic", HTN_2017,
          ("pregnant", "==", True), ("systolic", ">=", "@emergency.pregnant_systolic_ge"),
          thing=BP),
    _rule("E-PREGNANT-DIASTOLIC", EMERGENCY, "pregnant_diastolic", HTN_2017,
          ("pregnant", "==", True), ("diastolic", ">=", "@emergency.pregnant_diastolic_ge"),
          thing=BP),
    _rule("E-PREGNANT-FASTING", EMERGENCY, "pregnant_fasting", T2DM_2017,
          ("pregnant", "==", True),
          ("glucose_fasting", ">=", "@emergency.pregnant_fasting_glucose_ge"), thing=GLUCOSE),
    _rule("E-PREGNANT-GLUCOSE", EMERGENCY, "pregnant_glucose", T2DM_2017,
          ("pregnant", "==", True),
          ("glucose_other", ">=", "@emergency.pregnant_other_glucose_ge"), thing=GLUCOSE),
    _rule("E-UNMANAGEABLE", EMERGENCY, "unmanageable", HTN_2017,
          ("unmanageable", "==", True), thing=CONTACT),
    _rule("W-GLUCOSE-UNIT", WARN, "glucose_unit", COUNTY,
          ("glucose_raw", ">", "@bounds.glucose_mg_dl_above")),
)  # fmt: skip

CONTROL_RULES = (
    _rule("U-BP-FIRST", WARN, "pressure_uncontrolled", HTN_2017,
          ("has_htn", "==", True), ("pressure_verdict", "==", "not_met"),
          ("pressure_in_a_row", "<", "@follow_up.consecutive_uncontrolled_refer"), thing=BP),
    _rule("U-BP-AGAIN", REFER, "pressure_uncontrolled_again", HTN_2017,
          ("has_htn", "==", True),
          ("pressure_in_a_row", ">=", "@follow_up.consecutive_uncontrolled_refer"), thing=BP),
    _rule("U-FBG-FIRST", WARN, "fasting_uncontrolled", T2DM_2017,
          ("has_t2dm", "==", True), ("fasting_verdict", "==", "not_met"),
          ("fasting_in_a_row", "<", "@follow_up.consecutive_uncontrolled_refer"), thing=FASTING),
    _rule("U-FBG-AGAIN", REFER, "fasting_uncontrolled_again", T2DM_2017,
          ("has_t2dm", "==", True),
          ("fasting_in_a_row", ">=", "@follow_up.consecutive_uncontrolled_refer"), thing=FASTING),
    _rule("A-FIRST", WARN, "adverse_reaction", HTN_2017,
          ("adverse_reaction", "==", True), ("adverse_in_a_row", "<", 2), thing=CONTACT),
    _rule("A-AGAIN", REFER, "adverse_reaction_again", HTN_2017,
          ("adverse_reaction", "==", True), ("adverse_in_a_row", ">=", 2), thing=CONTACT),
    _rule("C-NEW", REFER, "complication_new", HTN_2017,
          ("complication", "==", "new"), thing=CONTACT),
    _rule("C-WORSE", REFER, "complication_worse", HTN_2017,
          ("complication", "==", "worse"), thing=CONTACT),
    _rule("I-BP-UNKNOWN", INFO, "pressure_unknown", HTN_2017,
          ("has_htn", "==", True), ("pressure_verdict", "==", "cannot_tell")),
    _rule("I-FBG-UNKNOWN", INFO, "fasting_unknown", T2DM_2017,
          ("has_t2dm", "==", True), ("fasting_verdict", "==", "cannot_tell")),
    _rule("I-ADVERSE-UNASKED", INFO, "adverse_unasked", HTN_2017,
          ("has_htn", "==", True), ("adverse_reaction_unasked", "==", True)),
    _rule("M-UNSTABLE", REFER, "smi_unstable", SMI_2017,
          ("has_smi", "==", True), ("smi_status", "==", "unstable"), thing="smi"),
    _rule("M-BASIC", WARN, "smi_basically_stable", SMI_2017,
          ("has_smi", "==", True), ("smi_status", "==", "basically_stable"), thing="smi"),
    _rule("M-STABLE", INFO, "smi_stable", SMI_2017, ("smi_status", "==", "stable")),
    _rule("M-UNKNOWN", INFO, "smi_unknown", SMI_2017, ("smi_status", "==", "cannot_tell")),
)  # fmt: skip

SCREENING_RULES = (
    _rule("S-HTN-LAST", REFER, "screening_last", HTN_2017,
          ("high_days", ">=", "@screening.non_same_day_times"), thing=BP),
    _rule("S-HTN-AGAIN", WARN, "screening_again", HTN_2017,
          ("high_days", "<", "@screening.non_same_day_times")),
    _rule("S-HTN-SYSTOLIC", INFO, "risk_systolic", HTN_2017, ("has_htn", "==", False),
          ("systolic", ">=", "@screening.high_risk.systolic_ge"),
          ("systolic", "<", "@screening.systolic_ge")),
    _rule("S-HTN-DIASTOLIC", INFO, "risk_diastolic", HTN_2017, ("has_htn", "==", False),
          ("diastolic", ">=", "@screening.high_risk.diastolic_ge"),
          ("diastolic", "<", "@screening.diastolic_ge")),
    _rule("S-HTN-BMI", INFO, "risk_bmi", HTN_2017, ("has_htn", "==", False),
          ("bmi", ">=", "@screening.high_risk.bmi_ge")),
    _rule("S-HTN-WAIST-M", INFO, "risk_waist_male", HTN_2017, ("has_htn", "==", False),
          ("waist_male", ">=", "@screening.high_risk.waist_male_cm_ge")),
    _rule("S-HTN-WAIST-F", INFO, "risk_waist_female", HTN_2017, ("has_htn", "==", False),
          ("waist_female", ">=", "@screening.high_risk.waist_female_cm_ge")),
    _rule("S-HTN-ALCOHOL", INFO, "risk_alcohol", HTN_2017, ("has_htn", "==", False),
          ("alcohol_ml_day", ">=", "@screening.high_risk.alcohol_ml_day_ge")),
    _rule("S-HTN-AGE", INFO, "risk_age", HTN_2017, ("has_htn", "==", False),
          ("age", ">=", "@screening.high_risk.age_ge"), ("systolic", ">", 0)),
    _rule("S-HTN-SALT", INFO, "risk_salt", HTN_2017, ("has_htn", "==", False),
          ("salt", "==", "heavy")),
    _rule("S-T2DM-FASTING", WARN, "screening_fasting", T2DM_2017, ("has_t2dm", "==", False),
          ("glucose_fasting", ">=", "@screening.fasting_glucose_ge")),
    _rule("S-T2DM-OTHER", WARN, "screening_glucose", T2DM_2017, ("has_t2dm", "==", False),
          ("glucose_other", ">=", "@screening.other_glucose_ge")),
    _rule("S-T2DM-IMPAIRED", INFO, "screening_impaired", T2DM_2017, ("has_t2dm", "==", False),
          ("glucose_fasting", ">=", "@screening.impaired_fasting_glucose_ge"),
          ("glucose_fasting", "<", "@screening.fasting_glucose_ge")),
)  # fmt: skip

_SIGNS_2025 = {Symptom.SPEECH_OR_LIMB_PARALYSIS, Symptom.CHEST_PAIN}


def _symptom_source(symptom: str) -> str:
    return PRIMARY_2025 if symptom in _SIGNS_2025 else HTN_2017


ACUTE_RULES = tuple(
    _rule(f"E-SYM-{symptom.upper().replace('_', '-')}", EMERGENCY, f"acute.{symptom}",
          _symptom_source(symptom), (f"acute.{symptom}", "==", True), thing=CONTACT)
    for symptom in sorted(DANGER | {Symptom.OTHER})
)  # fmt: skip
"""A symptom the doctor confirmed as acute is an emergency."""

UNCONFIRMED_RULES = tuple(
    _rule(f"W-SYM-{symptom.upper().replace('_', '-')}", WARN, f"symptom.{symptom}",
          _symptom_source(symptom), (f"symptom.{symptom}", "==", True))
    for symptom in sorted(DANGER)
)  # fmt: skip
"""The same symptom, not said to be acute, asks whether it is."""

RULES = (*READING_RULES, *CONTROL_RULES, *SCREENING_RULES, *ACUTE_RULES, *UNCONFIRMED_RULES)
