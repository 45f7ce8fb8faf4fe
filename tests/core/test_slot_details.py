"""What a slot of the contract tells beside its state: days, numbers, versions and measures."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from core.contracts import PackageItem
from core.history import History
from core.obligations import account_of
from core.people import TagSpan
from core.policy import PolicyBook
from core.slots import Tier
from tests.builders import (
    a_contract,
    a_follow_up,
    a_resident,
    a_review,
    an_exemption,
    an_exemption_decision,
    blood_pressure,
    glucose,
    heart_rate,
    noon,
)
from tests.core.slots_of import DISABLED, MARCH, POLICY, TODAY, changed, later, slots, visit


def test_a_filled_slot_tells_by_whom_when_and_how() -> None:
    march = slots(visit(), tags=DISABLED)[2]
    assert (march.filled_by, march.filled_on) == ("f", MARCH)
    assert (march.filled_face_to_face, march.filled_measured) == (True, True)
    assert (march.policy_version, march.tier) == ("1.0.0", Tier.KEY)
    april = slots(visit(), tags=DISABLED)[3]
    assert (april.filled_by, april.filled_on) == (None, None)
    assert (april.filled_face_to_face, april.filled_measured) == (False, False)


def test_a_late_entry_tells_the_day_and_the_days_allowed() -> None:
    march = slots(visit(recorded_at=noon(date(2026, 3, 18))), tags=DISABLED)[2]
    assert march.reason.values == {"on": MARCH, "days": 7}


def test_late_in_china_is_late_though_the_day_is_not_over_in_utc() -> None:
    evening = noon(date(2026, 3, 17)) + timedelta(hours=12)  # midnight of the 18th in China
    assert slots(visit(recorded_at=evening), tags=DISABLED)[2].state == "met_late_entry"
    before = evening - timedelta(seconds=1)
    assert slots(visit(recorded_at=before), tags=DISABLED)[2].state == "met"


def test_late_by_the_first_record_needs_no_amendment() -> None:
    rules = changed(contract={"late_entry_judged_by": "first_record"})
    assert (
        slots(visit(recorded_at=noon(date(2026, 4, 1))), tags=DISABLED, rules=rules)[2].state
        == "met_late_entry"
    )
    second = a_follow_up("r", occurred_on=MARCH, id="g", recorded_at=noon(date(2026, 4, 1)))
    amended = a_follow_up("r", occurred_on=date(2026, 5, 1), id="h")
    correction = a_follow_up(
        "r", occurred_on=date(2026, 5, 1), id="i", amends="h", recorded_at=noon(date(2026, 6, 1))
    )
    found = slots(second, amended, correction, tags=DISABLED, rules=rules)
    assert (found[2].state, found[4].state) == ("met_late_entry", "met")


def test_a_late_record_judged_by_its_first_version_may_need_approval() -> None:
    rules = changed(
        contract={"late_entry_judged_by": "first_record", "late_entry_needs_approval": True}
    )
    late = visit(recorded_at=noon(date(2026, 4, 1)))
    assert slots(late, tags=DISABLED, rules=rules)[2].state == "missed"


def exempted(from_on: date, to_on: date, *answers: bool) -> dict[str, Any]:
    exemption = an_exemption("r", from_on, to_on, id="e")
    decisions = tuple(an_exemption_decision("e", answer) for answer in answers)
    return {"exemptions": (exemption,), "exemption_decisions": decisions}


def test_an_excuse_tells_its_days_of_the_windows() -> None:
    days = (date(2026, 2, 20), date(2026, 3, 20))
    march = slots(tags=DISABLED, **exempted(*days, True))[2]
    assert (march.state, march.reason.values) == ("excused", {"days": 20, "of": 31})
    march = slots(tags=DISABLED, **exempted(*days))[2]
    assert (march.state, march.reason.values) == ("excuse_pending", {"days": 20, "of": 31})


def test_half_the_window_is_enough_to_wait_for_a_decision() -> None:
    days = (date(2026, 4, 16), date(2026, 4, 30))
    assert slots(tags=DISABLED, **exempted(*days))[3].state == "excuse_pending"


def test_an_exemption_of_one_day_counts_as_one() -> None:
    rules = changed(contract={"excuse_min_share": 0.03})
    day = date(2026, 3, 5)
    assert slots(tags=DISABLED, rules=rules, **exempted(day, day, True))[2].state == "excused"


def test_a_disputed_slot_tells_when_its_window_ended() -> None:
    march = slots(visit(), tags=DISABLED, reviews=(a_review("f", "returned"),))[2]
    assert (march.state, march.reason.values) == ("disputed", {"to_on": date(2026, 3, 31)})


@pytest.mark.parametrize(
    ("readings", "t2dm", "measured"),
    [
        ((blood_pressure(130, 80), heart_rate(70)), False, True),
        ((blood_pressure(130, 80), heart_rate(70)), True, False),
        ((blood_pressure(130, 80), heart_rate(70), glucose(6.0)), True, True),
        ((blood_pressure(130, 80), heart_rate(70), glucose(6.0, "random")), True, False),
        ((blood_pressure(130, 80),), False, False),
        ((heart_rate(70),), False, False),
    ],
)
def test_wholly_measured_is_pressure_rate_and_with_diabetes_fasting_glucose(
    readings: tuple[Any, ...], t2dm: bool, measured: bool
) -> None:
    tags = (TagSpan(tag="t2dm"),) if t2dm else DISABLED
    assert slots(visit(readings=readings), tags=tags)[2].filled_measured is measured


def test_a_general_slot_is_numbered_by_its_quarter() -> None:
    found = slots()
    assert [slot.number for slot in found] == [1, 2, 3, 4]
    assert all(isinstance(slot.number, int) for slot in found)


def test_a_general_quarter_interrupted_and_resumed_keeps_its_counting_months_only() -> None:
    agreed = a_contract("r", id="a", terminated_on=date(2026, 5, 10))
    anew = a_contract("r", id="b", start_on=date(2026, 6, 5))
    second = slots(contracts=(agreed, anew))[1]
    assert [(str(s.from_on), str(s.to_on)) for s in second.window] == [
        ("2026-04-01", "2026-04-30"), ("2026-06-05", "2026-06-30"),
    ]  # fmt: skip


def test_a_version_may_begin_between_the_quarters_of_the_contract() -> None:
    newer = changed(contract={"key_groups": ("htn",)})
    book = PolicyBook([POLICY, later(newer, date(2026, 2, 1))])
    assert [str(s.tier) for s in slots(tags=DISABLED, rules=book)] == [
        "key", "key", "key", "general", "general", "general",
    ]  # fmt: skip


# --- the account itself ----------------------------------------------------------------------


def test_an_account_says_whose_it_is_of_which_day_and_what_was_extra() -> None:
    person = a_resident("disabled", id="somebody", birth_date=date(1980, 1, 1))
    visits = tuple(
        a_follow_up("somebody", id=name, occurred_on=MARCH + timedelta(place))
        for place, name in enumerate("abc")
    )
    history = History(resident=person, contracts=(a_contract("somebody"),), follow_ups=visits)
    found = account_of(POLICY, history, TODAY)
    assert (found.resident_id, found.year, found.today) == ("somebody", 2026, TODAY)
    assert found.extra == ("b", "c")
    assert found.figures.extra == 2


def test_a_visit_in_the_hole_of_a_window_does_not_fill_it() -> None:
    agreed = a_contract("r", id="a", end_on=date(2026, 2, 10))
    anew = a_contract("r", id="b", start_on=date(2026, 3, 1))
    for day, state in ((date(2026, 2, 5), "missed"), (date(2026, 1, 31), "met"), (MARCH, "met")):
        assert slots(visit(day), contracts=(agreed, anew))[0].state == state


def test_a_gap_over_the_year_goes_by_the_version_of_new_years_day() -> None:
    gapped = changed(contract={"min_gap_days": 20})
    december, january = (
        visit(date(2025, 12, 20)),
        a_follow_up("r", id="g", occurred_on=date(2026, 1, 5)),
    )
    agreed = (a_contract("r", start_on=date(2025, 1, 1)),)
    for from_on, state in ((date(2026, 1, 1), "missed"), (date(2026, 1, 2), "met")):
        book = PolicyBook([POLICY, later(gapped, from_on)])
        found = slots(december, january, tags=DISABLED, rules=book, contracts=agreed)
        assert found[0].state == state


def test_a_gap_of_one_day_reaches_over_the_year_from_the_first_follow_up() -> None:
    rules = changed(contract={"min_gap_days": 28})
    agreed = (a_contract("r", start_on=date(2024, 1, 1)),)
    days = (date(2025, 12, 31), date(2026, 1, 20), date(2026, 2, 5))
    visits = [a_follow_up("r", id=f"f{n}", occurred_on=day) for n, day in enumerate(days)]
    found = slots(*visits, tags=DISABLED, rules=rules, contracts=agreed)
    assert [slot.state for slot in found[:2]] == ["missed", "met"]


def test_services_before_the_contract_began_are_not_its_own() -> None:
    agreed = a_contract(
        "r", id="june", start_on=date(2026, 6, 1), end_on=date(2027, 5, 31),
        items=(PackageItem(service="home_visit", agreed_count=1),),
    )  # fmt: skip
    visits = (visit(services=("home_visit",)), a_follow_up("r", occurred_on=date(2026, 6, 1)))
    person = a_resident(id="r", birth_date=date(1980, 1, 1))
    history = History(resident=person, contracts=(agreed,), follow_ups=visits)
    (line,) = account_of(POLICY, history, TODAY).items
    assert (line.contract_id, line.delivered) == ("june", 0)


def test_too_few_visits_face_to_face_name_their_source() -> None:
    person = a_resident(id="r", birth_date=date(1980, 1, 1))
    history = History(resident=person, contracts=(a_contract("r"),))
    (finding,) = account_of(POLICY, history, TODAY).findings
    assert (finding.rule_id, finding.source) == ("C-FACE-TO-FACE", "work_plan")
    assert finding.values == {"seen": 0, "needed": 4}


def test_a_gap_reaches_back_to_the_only_follow_up_of_the_year_before() -> None:
    rules = changed(contract={"min_gap_days": 20})
    agreed = (a_contract("r", start_on=date(2024, 1, 1)),)
    december = a_follow_up("r", id="a", occurred_on=date(2024, 12, 20))
    january = a_follow_up("r", id="b", occurred_on=date(2025, 1, 5))
    for visits, state in (((december, january), "missed"), ((january,), "met")):
        found = slots(*visits, tags=DISABLED, rules=rules, contracts=agreed, year=2025)
        assert found[0].state == state
