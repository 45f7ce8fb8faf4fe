"""The two lines in words, complete follow-ups, the contract year, and the rule table itself."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

import words
from core.findings import Finding, Severity
from core.followups import Guidance, Lifestyle, Reading, SmiAssessment
from core.history import History
from core.obligations import account_of
from core.obligations.fitness import first_missing
from core.people import Condition, TagSpan
from core.policy import default_policy
from core.slots import WhyNot
from core.triage import RULES, LineResult, Triage, triage
from core.triage.control import limit_for
from core.triage.evaluator import fired, indexed
from core.triage.facts import facts_of, smi_status
from tests.builders import a_contract, a_follow_up, a_resident, blood_pressure, glucose

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


# --- complete follow-ups -------------------------------------------------------------------

BARE: dict[str, Any] = {
    "readings": (),
    "guidance": Guidance(),
    "services": (),
    "visit_class": None,
    "asked": "",
}


@pytest.mark.parametrize(
    ("part", "fields"),
    [
        ("asked", {"asked": "self"}),
        ("services", {"services": ("home_visit",)}),
        ("blood_pressure", {"readings": (blood_pressure(130, 80),)}),
        ("blood_pressure", {"readings": (Reading(kind="blood_pressure", not_measured="x"),)}),
        ("heart_rate", {"readings": (Reading(kind="heart_rate", heart_rate_bpm=70),)}),
        ("glucose", {"readings": (glucose(6.0),)}),
        ("guidance_diet", {"guidance": Guidance(diet=("x",))}),
        ("guidance_exercise", {"guidance": Guidance(exercise=("x",))}),
        ("guidance_psychology", {"guidance": Guidance(psychology=("x",))}),
        ("visit_class", {"visit_class": 1}),
        ("met", {}),
    ],
)
def test_a_follow_up_is_complete_with_the_part_the_policy_names(
    part: str, fields: dict[str, Any]
) -> None:
    contract = POLICY.contract.model_copy(update={"complete": (part,)})
    policy = POLICY.model_copy(update={"contract": contract})

    def missing(**given: Any) -> str | None:
        return first_missing(policy, a_follow_up("r", **(BARE | given)))

    assert missing(**fields) is None
    assert missing(**({} if part != "met" else {"not_met": "refused"})) == part
    if part in ("blood_pressure", "heart_rate", "glucose"):
        assert missing(mode="phone") is None
        assert missing(readings=(Reading(kind="weight", amount=60),)) == part


@pytest.mark.parametrize("complete", [("met", "heart_rate"), ("heart_rate",)])
def test_an_incomplete_follow_up_fills_nothing(complete: tuple[str, ...]) -> None:
    contract = POLICY.contract.model_copy(update={"complete": complete})
    policy = POLICY.model_copy(update={"contract": contract})
    visit = a_follow_up("r", occurred_on=DAY, readings=(blood_pressure(130, 80),))
    history = History(
        resident=a_resident(id="r", birth_date=date(1980, 1, 1)),
        contracts=(a_contract("r"),),
        follow_ups=(visit,),
    )
    slot = account_of(policy, history, date(2026, 8, 1)).of("contract")[1]
    assert (slot.state, slot.candidates[0].why_not) == ("missed", WhyNot.INCOMPLETE)


# --- the contract year in progress ---------------------------------------------------------


@pytest.mark.parametrize(
    ("today", "first"),
    [
        (date(2026, 3, 19), date(2025, 3, 20)),
        (date(2026, 3, 20), date(2026, 3, 20)),
        (date(2025, 3, 20), date(2025, 3, 20)),
        (date(2027, 3, 19), date(2026, 3, 20)),
        (date(2027, 9, 1), date(2026, 3, 20)),
    ],
)
def test_without_a_year_the_contract_year_in_progress_is_reckoned(today: date, first: date) -> None:
    contract = POLICY.contract.model_copy(update={"year_basis": "contract"})
    policy = POLICY.model_copy(update={"contract": contract})
    agreed = a_contract("r", start_on=date(2025, 3, 20), end_on=date(2027, 3, 19))
    later = a_contract("r", id="z", start_on=date(2030, 1, 1), end_on=date(2030, 12, 31))
    person = a_resident("disabled", id="r", birth_date=date(1980, 1, 1))
    history = History(resident=person, contracts=(agreed, later))
    found = account_of(policy, history, today)
    assert found.of("contract")[0].window_from == first
    assert len(found.of("contract")) == 12
    assert found.year == today.year


def test_before_the_first_contract_it_is_the_year_of_today() -> None:
    contract = POLICY.contract.model_copy(update={"year_basis": "contract"})
    policy = POLICY.model_copy(update={"contract": contract})
    person = a_resident("disabled", id="r", birth_date=date(1980, 1, 1))
    coming = a_contract("r", start_on=date(2026, 9, 1), end_on=date(2027, 8, 31))
    history = History(resident=person, contracts=(coming,))
    assert len(account_of(policy, history, date(2026, 1, 1)).of("contract")) == 12


def test_a_window_tells_its_rule_its_source_and_its_groups() -> None:
    person = a_resident(
        id="r", birth_date=date(1980, 1, 1),
        tags=(TagSpan(tag="disabled"), TagSpan(tag="htn", from_on=date(2026, 3, 1))),
    )  # fmt: skip
    history = History(resident=person, contracts=(a_contract("r"),))
    first, _, third, *_ = account_of(POLICY, history, date(2026, 1, 1)).of("contract")
    assert (first.rule_id, first.source, first.tier_tags) == (
        "C-KEY-MONTH", "work_plan", ("disabled",),
    )  # fmt: skip
    assert third.tier_tags == ("disabled", "htn")
    assert first.tier_reason.code == "tier.key.disabled"
    assert first.cost.code == "cost.key"
    assert first.cost.values == {"to_on": date(2026, 1, 31)}
    general = account_of(
        POLICY, History(resident=a_resident(id="r", birth_date=date(1980, 1, 1)),
                        contracts=(a_contract("r"),)), date(2026, 1, 1),
    ).slots[0]  # fmt: skip
    assert (general.rule_id, general.source) == ("C-GENERAL-QUARTER", "work_plan")
    assert (general.tier_reason.code, general.cost.code) == ("tier.general", "cost.general")
    assert general.tier_tags == ()


@pytest.mark.parametrize(
    ("programme", "rule", "source"),
    [
        ("htn", "P-HTN-QUARTER", "bphs2017_htn"),
        ("htn_exam", "P-HTN-EXAM", "bphs2017_htn"),
        ("t2dm", "P-T2DM-QUARTER", "bphs2017_t2dm"),
        ("t2dm_exam", "P-T2DM-EXAM", "bphs2017_t2dm"),
        ("smi", "P-SMI-QUARTER", "bphs2017_smi"),
        ("tb", "P-TB-WINDOW", "bphs2017_tb"),
        ("elderly_exam", "P-ELDERLY-EXAM", "bphs2017_elderly"),
    ],
)
def test_a_programme_tells_its_rule_and_its_source(programme: str, rule: str, source: str) -> None:
    tags = tuple(TagSpan(tag=tag, from_on=date(2026, 1, 1)) for tag in ("htn", "t2dm", "smi", "tb"))
    person = a_resident(id="r", birth_date=date(1950, 1, 1), tags=tags)
    slot = account_of(POLICY, History(resident=person), date(2026, 1, 1)).of(programme)[0]
    assert (slot.rule_id, slot.source, slot.tier) == (rule, source, None)
    assert slot.tier_reason.code == f"tier.programme.{programme}"
    assert slot.cost.code == f"cost.{programme}"


def test_a_reason_tells_the_days_it_speaks_of() -> None:
    def reason(today: date, **records: Any) -> tuple[str, dict[str, object]]:
        person = a_resident("disabled", id="r", birth_date=date(1980, 1, 1), **records.pop("p", {}))
        history = History(resident=person, contracts=(a_contract("r"),), **records)
        slot = account_of(POLICY, history, today).of("contract")[2]
        return slot.reason.code, dict(slot.reason.values)

    last = date(2026, 3, 31)
    assert reason(date(2026, 3, 11)) == ("slot.open", {"to_on": last, "days": 20})
    assert reason(date(2026, 2, 1)) == ("slot.upcoming", {"from_on": date(2026, 3, 1)})
    assert reason(date(2026, 4, 1)) == ("slot.missed", {"to_on": last})
    died = {"left": "died", "left_on": date(2026, 3, 9)}
    assert reason(date(2026, 4, 1), p=died) == ("slot.void", {"on": date(2026, 3, 9)})
    visit = a_follow_up("r", occurred_on=date(2026, 3, 9))
    assert reason(date(2026, 4, 1), follow_ups=(visit,)) == ("slot.met", {"on": date(2026, 3, 9)})
