"""The two lines in words, the class, the next date and the findings, and the rule table itself."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

import words
from core.findings import Finding, Severity
from core.followups import Lifestyle, Reading, SmiAssessment
from core.history import History
from core.people import Condition
from core.policy import default_policy
from core.triage import RULES, LineResult, Triage, triage
from core.triage.control import limit_for
from core.triage.evaluator import fired, indexed
from core.triage.facts import facts_of, smi_status
from tests.builders import a_follow_up, a_resident, blood_pressure, glucose

POLICY = default_policy()
DAY = date(2026, 6, 15)


def judged(*readings: Reading, tags: str = "htn t2dm", **fields: Any) -> Triage:
    person = a_resident(
        *tags.split(), id="r", birth_date=date(1970, 1, 1), **fields.pop("person", {})
    )
    visit = a_follow_up("r", occurred_on=DAY, **{"readings": readings, **fields})
    return triage(POLICY, History(resident=person, follow_ups=(visit,)), visit)


def told(result: LineResult) -> tuple[str, str, str]:
    for language in words.languages():
        assert words.say(result.reason.code, language, **result.reason.values)
    return result.thing, result.rule_id, result.reason.code.rpartition(".")[2]


# --- the two lines -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reading", "why"),
    [
        (blood_pressure(139, 89), "met"),
        (blood_pressure(140, 89), "not_met"),
        (blood_pressure(139, 89, source="reported"), "reported"),
        (Reading(kind="blood_pressure", not_measured="declined"), "missing"),
        (Reading(kind="blood_pressure", systolic_mmhg=139), "missing"),
    ],
)
def test_the_assessment_line_of_pressure_says_why(reading: Reading, why: str) -> None:
    result = judged(reading).assessment[0]
    assert told(result) == ("blood_pressure", "L-BP-2017", why)
    assert (result.line, result.source) == ("assessment_2017", "bphs2017_htn")
    values = result.reason.values
    assert (values["systolic_limit"], values["diastolic_limit"]) == (140, 90)
    if why in ("met", "not_met"):
        assert (values["systolic"], values["diastolic"]) == (
            reading.systolic_mmhg,
            reading.diastolic_mmhg,
        )


def test_the_clinical_line_has_its_own_limit_rule_and_source() -> None:
    result = judged(blood_pressure(129, 79)).clinical[0]
    assert told(result) == ("blood_pressure", "L-BP-2025", "met")
    assert (result.line, result.source) == ("clinical_2025", "guideline2025_htn")
    assert result.reason.values == {
        "systolic": 129, "diastolic": 79, "systolic_limit": 130, "diastolic_limit": 80,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("readings", "why", "value"),
    [
        ((glucose(6.9),), "met", 6.9),
        ((glucose(7.0),), "not_met", 7.0),
        ((), "missing", None),
        ((Reading(kind="glucose", not_measured="no_strips"),), "missing", None),
        ((glucose(6.0, "random"),), "not_fasting", None),
        ((glucose(6.0, source="reported"),), "reported", None),
        ((glucose(6.0, "random", source="reported"),), "not_fasting", None),
        ((glucose(126.0),), "unit", 126.0),
        ((glucose(126.0, "random"),), "unit", None),
        ((glucose(50.0),), "not_met", 50.0),
        ((glucose(50.0, "random"),), "not_fasting", None),
        ((blood_pressure(130, 80), glucose(6.0)), "met", 6.0),
        ((blood_pressure(130, 80),), "missing", None),
    ],
)
def test_the_line_of_fasting_glucose_says_why(
    readings: tuple[Reading, ...], why: str, value: float | None
) -> None:
    result = judged(*readings).assessment[1]
    assert told(result) == ("fasting_glucose", "L-FBG-2017", why)
    assert (result.line, result.source) == ("assessment_2017", "bphs2017_t2dm")
    assert result.reason.values == {"glucose": value, "limit": 7.0}


def test_glucose_has_a_line_only_with_diabetes_or_a_value() -> None:
    assert len(judged(blood_pressure(130, 80), tags="htn").assessment) == 1
    assert len(judged(glucose(6.0), tags="htn").assessment) == 2
    assert len(judged(tags="t2dm").assessment) == 2


def test_before_the_first_age_band_the_first_one_holds() -> None:
    bands = POLICY.control.assessment
    assert limit_for(bands[1:], 20) is bands[1]
    assert limit_for(bands, 64) is bands[0]
    assert limit_for(bands[::-1], 65) is bands[1]


# --- class, next date, findings ----------------------------------------------------------


@pytest.mark.parametrize(
    ("readings", "fields", "tags", "code"),
    [
        ((blood_pressure(130, 80), glucose(6.0)), {}, "htn t2dm", "controlled"),
        ((blood_pressure(130, 80),), {}, "htn t2dm", "fasting_verdict.cannot_tell"),
        ((glucose(6.0),), {}, "htn t2dm", "pressure_verdict.cannot_tell"),
        ((glucose(8.0),), {}, "htn t2dm", "fasting_verdict.not_met"),
        ((blood_pressure(150, 80),), {}, "htn t2dm", "pressure_verdict.not_met"),
        ((), {"complication": "worse"}, "htn", "complication"),
        ((), {"adverse_reaction": True}, "htn", "adverse_reaction"),
        ((blood_pressure(150, 80),), {}, "disabled", "not_managed"),
    ],
)
def test_the_class_comes_with_its_reason(
    readings: tuple[Reading, ...], fields: dict[str, Any], tags: str, code: str
) -> None:
    reason = judged(*readings, tags=tags, **fields).class_reason
    assert reason.code == f"class.{code}"
    assert words.say(reason.code)


@pytest.mark.parametrize(
    ("tags", "fields", "then"),
    [
        ("htn", {"readings": (blood_pressure(130, 80),)}, date(2026, 7, 15)),
        ("", {"readings": (blood_pressure(130, 80),)}, None),
        ("smi", {"smi": SmiAssessment(risk_level=1), "readings": ()}, date(2026, 6, 29)),
        ("smi", {"smi": SmiAssessment(risk_level=4), "readings": ()}, date(2026, 6, 29)),
        (
            "smi",
            {
                "smi": SmiAssessment(
                    risk_level=0, insight="whole", symptoms="gone", social_function="fair"
                ),
                "readings": (),
            },
            date(2026, 9, 15),
        ),
        ("smi", {"smi": SmiAssessment(risk_level=0), "readings": ()}, None),
    ],
)
def test_the_next_date_follows_from_what_was_found(
    tags: str, fields: dict[str, Any], then: date | None
) -> None:
    assert judged(tags=tags, **fields).next_on == then


def test_outside_the_key_groups_a_controlled_visit_is_followed_in_three_months() -> None:
    contract = POLICY.contract.model_copy(update={"key_groups": ()})
    policy = POLICY.model_copy(update={"contract": contract})
    person = a_resident("htn", id="r", birth_date=date(1970, 1, 1))
    visit = a_follow_up("r", occurred_on=DAY, readings=(blood_pressure(130, 80),))
    found = triage(policy, History(resident=person), visit)
    assert found.next_on == date(2026, 9, 15)


def test_a_finding_carries_what_its_sentence_needs() -> None:
    found = judged(blood_pressure(186, 85), tags="htn")
    first = found.findings[0]
    assert first == Finding(
        rule_id="E-BP-SYSTOLIC",
        severity=Severity.EMERGENCY,
        code="systolic_emergency",
        source="bphs2017_htn",
        values={"systolic": 186, "limit": 180},
        follow_up_id=first.follow_up_id,
    )
    assert first.follow_up_id is not None
    assert [finding.severity for finding in found.findings] == ["emergency", "warn"]


def test_long_fractions_are_told_rounded() -> None:
    weight = Reading(kind="weight", amount=71.0)
    height = Reading(kind="height", amount=165.0)
    (finding,) = [f for f in judged(weight, height, tags="").findings if f.rule_id == "S-HTN-BMI"]
    assert finding.values["bmi"] == 26.1


def test_an_emergency_is_a_reason_to_refer_and_a_warning_is_not() -> None:
    emergency = judged(blood_pressure(186, 85), tags="htn")
    assert (emergency.emergency, emergency.refer) == (True, True)
    assert emergency.things == (("blood_pressure", Severity.EMERGENCY),)
    worse = judged(blood_pressure(130, 80), complication="worse")
    assert (worse.emergency, worse.refer) == (False, True)
    warning = judged(blood_pressure(150, 80), tags="htn")
    assert (warning.emergency, warning.refer) == (False, False)
    assert warning.things == (("blood_pressure", Severity.WARN),)


@pytest.mark.parametrize(
    ("condition", "counts"),
    [
        (Condition(code="I10"), True),
        (Condition(code="I11.9"), True),
        (Condition(code="htn"), True),
        (Condition(code="I20"), False),
        (Condition(code="I10", status="cured"), False),
        (Condition(code="I10", since=DAY), True),
        (Condition(code="I10", since=date(2026, 6, 16)), False),
    ],
)
def test_an_active_diagnosis_puts_somebody_in_care(condition: Condition, counts: bool) -> None:
    found = judged(blood_pressure(150, 80), tags="", person={"conditions": (condition,)})
    assert (found.suggested_class == 2) is counts


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"risk_level": 5}, "unstable"),
        ({"risk_level": 3}, "unstable"),
        ({"risk_level": 2}, "basically_stable"),
        ({"risk_level": 1}, "basically_stable"),
        ({"risk_level": 0, "symptoms": "marked"}, "unstable"),
        ({"risk_level": 0, "insight": "none"}, "unstable"),
        ({"risk_level": 0, "severe_adverse_reaction": True}, "unstable"),
        ({"risk_level": 0, "severe_physical_illness": True}, "unstable"),
        ({"risk_level": 0, "symptoms": "some"}, "basically_stable"),
        ({"risk_level": 0, "insight": "partial"}, "basically_stable"),
        ({"risk_level": 0, "social_function": "poor"}, "basically_stable"),
        ({"risk_level": 0}, "cannot_tell"),
        ({"risk_level": 0, "symptoms": "gone", "insight": "whole"}, "cannot_tell"),
        (
            {"risk_level": 0, "symptoms": "gone", "insight": "whole", "social_function": "good"},
            "stable",
        ),
    ],
)
def test_a_mental_disorder_is_as_stable_as_its_worst_sign(
    fields: dict[str, Any], status: str
) -> None:
    assert smi_status(SmiAssessment(**fields)) == status


def test_a_visit_that_met_nobody_has_no_facts_but_the_person() -> None:
    visit = a_follow_up(
        "r", occurred_on=DAY, not_met="refused", readings=(blood_pressure(190, 99),)
    )
    person = a_resident("htn", id="r", birth_date=date(1970, 1, 1))
    facts = facts_of(POLICY, History(resident=person), visit)
    assert facts == {
        "age": 56, "has_htn": True, "has_t2dm": False, "has_smi": False, "pregnant": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("sex", "centimetres", "rule"),
    [
        ("male", 89, None),
        ("male", 90, "S-HTN-WAIST-M"),
        ("female", 84, None),
        ("female", 85, "S-HTN-WAIST-F"),
        ("unknown", 120, None),
    ],
)
def test_the_waist_is_judged_by_sex(sex: str, centimetres: int, rule: str | None) -> None:
    found = judged(Reading(kind="waist", amount=centimetres), tags="", person={"sex": sex})
    fired_rules = {f.rule_id for f in found.findings if "WAIST" in f.rule_id}
    assert fired_rules == ({rule} if rule else set())


def test_alcohol_and_salt_are_risks() -> None:
    def rules(**lifestyle: Any) -> set[str]:
        found = judged(tags="", lifestyle=Lifestyle(**lifestyle))
        return {f.rule_id for f in found.findings} & {"S-HTN-ALCOHOL", "S-HTN-SALT"}

    assert rules(alcohol_now=2.0) == {"S-HTN-ALCOHOL"}
    assert rules(alcohol_now=1.9) == set()
    assert rules(salt_now="heavy") == {"S-HTN-SALT"}
    assert rules(salt_now="light") == set()


# --- the rule table ------------------------------------------------------------------------


def test_the_index_holds_every_rule_with_its_place_in_the_table() -> None:
    index = indexed(RULES)
    held = sorted(pair for pairs in index.values() for pair in pairs if pair)
    assert [(place, rule.id) for place, rule in held] == list(enumerate(rule.id for rule in RULES))
    assert all(rule.tests[-1].fact == fact for fact, pairs in index.items() for _, rule in pairs)


def test_rules_fire_in_the_order_of_the_table() -> None:
    facts = {"temperature": 40.0, "diastolic": 120, "systolic": 200}
    assert [rule.id for rule in fired(POLICY, facts)][:3] == [
        "E-BP-SYSTOLIC", "E-BP-DIASTOLIC", "E-TEMPERATURE",
    ]  # fmt: skip
