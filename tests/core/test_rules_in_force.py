"""Rules by their day, their numbers by the policy, and the corners mutation testing found open."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from core.duties import outstanding
from core.followups import FollowUp, Reading
from core.history import History
from core.obligations import account_of
from core.obligations.fitness import first_missing
from core.policy import Policy, PolicyBook, default_policy
from core.triage import Triage, triage
from core.triage.control import limit_for
from tests.builders import a_contract, a_follow_up, a_resident, blood_pressure, glucose

POLICY = default_policy()
DAY = date(2026, 6, 15)


def contract_rules(**rules: Any) -> Policy:
    return POLICY.model_copy(update={"contract": POLICY.contract.model_copy(update=rules)})


def visit(days_before: int, *readings: Reading, **fields: Any) -> FollowUp:
    return a_follow_up("r", occurred_on=DAY - timedelta(days_before), readings=readings, **fields)


def judged(now: FollowUp, *before: FollowUp, tags: str = "htn", rules: Any = POLICY) -> Triage:
    person = a_resident(*tags.split(), id="r", birth_date=date(1970, 1, 1))
    return triage(rules, History(resident=person, follow_ups=(*before, now)), now)


def fired(found: Triage) -> set[str]:
    return {finding.rule_id for finding in found.findings}


def test_a_visit_is_judged_by_the_version_of_its_day() -> None:
    stricter = POLICY.emergency.model_copy(update={"systolic_ge": 170})
    newer = POLICY.model_copy(update={"version": "2", "effective_from": DAY, "emergency": stricter})
    book = PolicyBook([POLICY, newer])
    assert "E-BP-SYSTOLIC" in fired(judged(visit(0, blood_pressure(172, 80)), rules=book))
    assert "E-BP-SYSTOLIC" not in fired(judged(visit(1, blood_pressure(172, 80)), rules=book))
    person = a_resident("htn", id="r", birth_date=date(1970, 1, 1))
    history = History(resident=person, follow_ups=(visit(0, blood_pressure(172, 80)),))
    assert [duty.kind for duty in outstanding(book, history, DAY)] == ["emergency_trace"]


def test_the_contracts_year_goes_by_the_versions_of_its_days() -> None:
    by_contract = contract_rules(year_basis="contract", key_groups=("disabled",))
    newer = by_contract.model_copy(
        update={
            "version": "2",
            "effective_from": date(2026, 9, 20),
            "contract": by_contract.contract.model_copy(update={"key_groups": ("htn",)}),
        }
    )
    person = a_resident("disabled", id="r", birth_date=date(1980, 1, 1))
    agreed = a_contract("r", start_on=date(2026, 3, 20), end_on=date(2028, 3, 19))
    history = History(resident=person, contracts=(agreed,))
    book = PolicyBook([by_contract, newer])
    slots = account_of(book, history, date(2026, 12, 1)).of("contract")
    assert [(slot.number, str(slot.tier)) for slot in slots] == [
        *((number, "key") for number in range(1, 7)), (3, "general"), (4, "general"),
    ]  # fmt: skip
    second = account_of(book, history, date(2027, 12, 1)).of("contract")
    assert [slot.number for slot in second] == [1, 2, 3, 4]


def test_the_basis_of_a_year_is_that_of_its_first_day() -> None:
    newer = contract_rules(year_basis="contract").model_copy(
        update={"version": "2", "effective_from": date(2026, 1, 2)}
    )
    history = History(
        resident=a_resident(id="r", birth_date=date(1980, 1, 1)),
        contracts=(a_contract("r", start_on=date(2025, 7, 1), end_on=date(2027, 6, 30)),),
    )
    slots = account_of(PolicyBook([POLICY, newer]), history, date(2026, 3, 1)).of("contract")
    assert str(slots[0].window_from) == "2026-01-01"


def test_on_calendar_basis_the_year_is_that_of_today_whenever_the_contract_began() -> None:
    history = History(
        resident=a_resident(id="r", birth_date=date(1980, 1, 1)),
        contracts=(a_contract("r", start_on=date(2025, 7, 1), end_on=date(2027, 6, 30)),),
    )
    slots = account_of(POLICY, history, date(2026, 3, 1)).of("contract")
    assert str(slots[0].window_from) == "2026-01-01"


def test_months_are_numbered_anew_in_every_contract_year_and_none_comes_before_the_first() -> None:
    person = a_resident("disabled", id="r", birth_date=date(1980, 1, 1))
    agreed = a_contract("r", start_on=date(2026, 3, 20), end_on=date(2028, 3, 19))
    history = History(resident=person, contracts=(agreed,))
    rules = contract_rules(year_basis="contract")
    second = account_of(rules, history, date(2026, 1, 1), 2027).of("contract")
    assert [slot.number for slot in second] == list(range(1, 13))
    assert account_of(rules, history, date(2026, 1, 1), 2025).of("contract") == ()


def test_a_contract_that_begins_today_is_in_progress() -> None:
    rules = contract_rules(year_basis="contract")
    earlier = a_contract("r", id="a", start_on=date(2025, 3, 1), end_on=date(2026, 2, 28))
    today = a_contract("r", id="b", start_on=date(2026, 3, 1), end_on=date(2027, 2, 28))
    history = History(
        resident=a_resident(id="r", birth_date=date(1980, 1, 1)), contracts=(earlier, today)
    )
    slots = account_of(rules, history, date(2026, 3, 1)).of("contract")
    assert slots[0].window_from == date(2026, 3, 1)


def test_what_cannot_be_measured_at_a_distance_does_not_hide_what_else_is_missing() -> None:
    rules = contract_rules(complete=("blood_pressure", "services"))
    called = a_follow_up("r", mode="phone", readings=(), services=())
    assert first_missing(rules, called) == "services"


def test_three_in_a_row_may_be_asked_for() -> None:
    rules = POLICY.model_copy(
        update={
            "follow_up": POLICY.follow_up.model_copy(update={"consecutive_uncontrolled_refer": 3})
        }
    )
    high = blood_pressure(150, 80)
    second = judged(visit(0, high), visit(30, high), rules=rules)
    assert {"U-BP-FIRST"} <= fired(second)
    third = judged(visit(0, high), visit(30, high), visit(60, high), rules=rules)
    assert {"U-BP-AGAIN"} <= fired(third)
    fourth = judged(visit(0, high), *(visit(30 * n, high) for n in range(1, 6)), rules=rules)
    (finding,) = [f for f in fourth.findings if f.rule_id == "U-BP-AGAIN"]
    assert finding.values["pressure_in_a_row"] == 4
    fasting = judged(
        visit(0, glucose(8.0)), *(visit(30 * n, glucose(8.0)) for n in range(1, 6)),
        rules=rules, tags="t2dm",
    )  # fmt: skip
    (finding,) = [f for f in fasting.findings if f.rule_id == "U-FBG-AGAIN"]
    assert finding.values["fasting_in_a_row"] == 4


def test_a_condition_that_cannot_be_managed_is_an_emergency() -> None:
    assert "E-UNMANAGEABLE" in fired(judged(visit(0, unmanageable_condition=True)))
    assert "E-UNMANAGEABLE" not in fired(judged(visit(0, unmanageable_condition=False)))


def test_screening_looks_past_a_visit_without_pressure_and_a_second_one_of_a_day() -> None:
    high = blood_pressure(150, 85)
    for between in (visit(5, glucose(5.0)), visit(10, high, id="zz")):
        before = (visit(20, high), visit(10, high), between)
        assert "S-HTN-LAST" in fired(judged(visit(0, high), *before, tags=""))


def test_a_body_mass_index_needs_weight_and_height() -> None:
    alone = judged(visit(0, Reading(kind="weight", amount=90)), tags="")
    assert "S-HTN-BMI" not in fired(alone)
    assert "S-HTN-BMI" not in fired(judged(visit(0, Reading(kind="height", amount=150)), tags=""))


@pytest.mark.parametrize("reading", ["systolic_mmhg", "diastolic_mmhg"])
def test_half_a_pressure_cannot_tell(reading: str) -> None:
    half = Reading(kind="blood_pressure", **{reading: 120})
    found = judged(visit(0, half))
    assert found.assessment[0].verdict == "cannot_tell"
    assert found.suggested_class is None


def test_below_every_age_band_the_youngest_one_holds() -> None:
    bands = POLICY.control.assessment
    assert limit_for(bands[1:] + bands[1:], 10).from_age == 65
    older = bands[1].model_copy(update={"from_age": 80})
    assert limit_for((bands[1], older), 10).from_age == 65
