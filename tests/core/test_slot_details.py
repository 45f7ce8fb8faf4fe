"""What a slot and its finding tell beside the state: days, numbers, versions and measures."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from core.contracts import PackageItem
from core.findings import Finding, Severity
from core.followups import FollowUp
from core.history import History
from core.obligations import Slot, account_of
from core.people import TagSpan
from core.policy import Policy, PolicyBook, default_policy
from core.slots import Tier
from core.triage import triage
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

POLICY = default_policy()
TODAY = date(2026, 11, 20)
MARCH = date(2026, 3, 10)


def changed(**parts: dict[str, Any]) -> Policy:
    """The default policy with some numbers of some parts changed."""
    return POLICY.model_copy(
        update={name: getattr(POLICY, name).model_copy(update=part) for name, part in parts.items()}
    )


def of_programmes(**programmes: dict[str, Any]) -> Policy:
    rules = {
        name: getattr(POLICY.programmes, name).model_copy(update=part)
        for name, part in programmes.items()
    }
    return changed(programmes=rules)


def later(policy: Policy, from_on: date) -> Policy:
    return policy.model_copy(update={"version": "2", "effective_from": from_on})


def slots(
    *follow_ups: FollowUp, tags: tuple[TagSpan, ...] = (), rules: Any = POLICY, year: int = 2026,
    today: date = TODAY, born: date = date(1980, 1, 1), programme: str = "contract", **records: Any,
) -> tuple[Slot, ...]:  # fmt: skip
    person = a_resident(id="r", birth_date=born, tags=tags, **records.pop("person", {}))
    given = {"contracts": (a_contract("r"),), **records}
    history = History(resident=person, follow_ups=follow_ups, **given)
    return account_of(rules, history, today, year).of(programme)


def visit(on: date = MARCH, **fields: Any) -> FollowUp:
    return a_follow_up("r", occurred_on=on, id="f", **fields)


DISABLED = (TagSpan(tag="disabled"),)


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


# --- versions and ages of the programmes ---------------------------------------------------


def test_a_quarter_goes_by_the_version_of_its_first_day() -> None:
    newer = of_programmes(htn={"min_quarter_months": 3})
    tags = (TagSpan(tag="htn", from_on=date(2026, 1, 10), to_on=date(2026, 6, 15)),)
    for from_on, numbers in ((date(2026, 4, 1), [1]), (date(2026, 4, 2), [1, 2])):
        book = PolicyBook([POLICY, later(newer, from_on)])
        assert [s.number for s in slots(tags=tags, rules=book, programme="htn")] == numbers


def test_an_examination_goes_by_the_version_of_new_years_day() -> None:
    newer = of_programmes(htn={"yearly_exam": False}, elderly={"yearly_exam": False})
    tags = (TagSpan(tag="htn"),)
    for from_on, owed in ((date(2026, 1, 1), 0), (date(2026, 1, 2), 1)):
        book = PolicyBook([POLICY, later(newer, from_on)])
        assert len(slots(tags=tags, rules=book, programme="htn_exam")) == owed
        old = date(1940, 1, 1)
        assert len(slots(rules=book, born=old, programme="elderly_exam")) == owed


def test_a_version_may_begin_between_the_quarters_of_the_contract() -> None:
    newer = changed(contract={"key_groups": ("htn",)})
    book = PolicyBook([POLICY, later(newer, date(2026, 2, 1))])
    assert [str(s.tier) for s in slots(tags=DISABLED, rules=book)] == [
        "key", "key", "key", "general", "general", "general",
    ]  # fmt: skip


@pytest.mark.parametrize(("left", "owed"), [("2025-12-31", 0), ("2026-01-01", 1)])
def test_an_examination_is_void_for_who_dies_on_new_years_day(left: str, owed: int) -> None:
    gone = {"left": "died", "left_on": date.fromisoformat(left)}
    found = slots(tags=(TagSpan(tag="htn"),), programme="htn_exam", person=gone)
    assert [slot.state for slot in found] == ["void"] * owed


def test_somebody_examined_as_elderly_need_not_be_of_another_programmes_age() -> None:
    rules = of_programmes(smi={"min_age": 100})
    old = slots(rules=rules, born=date(1950, 1, 1), programme="elderly_exam")
    assert len(old) == 1
    young = slots(tags=(TagSpan(tag="htn"),), born=date(1991, 12, 31), programme="htn_exam")
    assert len(young) == 1
    assert slots(tags=(TagSpan(tag="htn"),), born=date(1992, 1, 1), programme="htn_exam") == ()


def test_a_quarter_begins_with_the_birthday_that_brings_the_programme() -> None:
    found = slots(tags=(TagSpan(tag="htn"),), born=date(1991, 5, 10), programme="htn")
    assert [(s.number, str(s.window_from)) for s in found] == [
        (2, "2026-05-10"), (3, "2026-07-01"), (4, "2026-10-01"),
    ]  # fmt: skip


# --- tuberculosis ----------------------------------------------------------------------------


def test_the_windows_of_a_treatment_follow_one_another() -> None:
    rules = of_programmes(
        tb={"intensive_days": 25, "intensive_window_days": 10, "continuation_months": 2}
    )
    found = slots(tags=(TagSpan(tag="tb", from_on=MARCH),), rules=rules, programme="tb")
    assert [(s.number, str(s.window_from), str(s.window_to)) for s in found] == [
        (1, "2026-03-10", "2026-03-19"),
        (2, "2026-03-20", "2026-03-29"),
        (3, "2026-03-30", "2026-04-03"),
        (4, "2026-04-04", "2026-05-03"),
        (5, "2026-05-04", "2026-06-03"),
    ]


def test_a_treatment_goes_by_the_version_of_its_first_day() -> None:
    newer = of_programmes(tb={"continuation_months": 0})
    book = PolicyBook([POLICY, later(newer, MARCH)])
    began = (TagSpan(tag="tb", from_on=MARCH),)
    assert len(slots(tags=began, rules=book, programme="tb")) == 6
    before = (TagSpan(tag="tb", from_on=MARCH - timedelta(1)),)
    assert len(slots(tags=before, rules=book, programme="tb")) == 10


def test_a_treatment_without_a_first_day_does_not_hide_a_later_one() -> None:
    tags = (
        TagSpan(tag="tb", to_on=date(2025, 1, 1)),
        TagSpan(tag="tb", from_on=MARCH),
    )
    assert len(slots(tags=tags, programme="tb")) == 10


# --- gaps ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tag", "source", "allowed"),
    [("htn", "bphs2017_htn", 40), ("t2dm", "bphs2017_t2dm", 50), ("smi", "bphs2017_smi", 60)],
)
def test_a_gap_that_is_too_long_is_told_with_its_days(tag: str, source: str, allowed: int) -> None:
    rules = of_programmes(
        htn={"max_gap_days": 40}, t2dm={"max_gap_days": 50}, smi={"max_gap_days": 60}
    )
    person = a_resident(
        id="r", birth_date=date(1980, 1, 1), tags=(TagSpan(tag=tag, from_on=MARCH),)
    )
    history = History(resident=person)
    end = MARCH + timedelta(allowed + 1)
    found = account_of(rules, history, end).findings
    assert [f for f in found if "GAP" in f.rule_id] == [
        Finding(
            rule_id=f"P-{tag.upper()}-GAP",
            severity=Severity.WARN,
            code=f"gap.{tag}",
            source=source,
            values={"days": allowed + 1, "allowed": allowed, "from_on": MARCH, "to_on": end},
        )
    ]
    assert "GAP" not in str(account_of(rules, history, end - timedelta(1)).findings)


def test_a_gap_begins_on_the_day_the_tag_does() -> None:
    person = a_resident(
        id="r", birth_date=date(1980, 1, 1), tags=(TagSpan(tag="htn", from_on=MARCH),)
    )
    (gap,) = account_of(POLICY, History(resident=person), MARCH).gaps
    assert (gap.days, gap.from_on, gap.to_on) == (0, MARCH, MARCH)


def test_visits_after_today_or_after_the_tag_end_no_gap() -> None:
    over = (TagSpan(tag="htn", from_on=date(2026, 1, 1), to_on=date(2026, 6, 30)),)
    person = a_resident(id="r", birth_date=date(1980, 1, 1), tags=over)
    visits = tuple(
        a_follow_up("r", occurred_on=day) for day in (date(2026, 2, 1), date(2026, 7, 1))
    )
    (gap,) = account_of(POLICY, History(resident=person, follow_ups=visits), TODAY).gaps
    assert (gap.from_on, gap.to_on) == (date(2026, 2, 1), date(2026, 6, 30))


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


def test_the_findings_of_an_account_name_their_sources() -> None:
    tags = (TagSpan(tag="tb"),)
    person = a_resident(id="r", birth_date=date(1980, 1, 1), tags=tags)
    found = account_of(POLICY, History(resident=person), TODAY).findings
    assert {(f.rule_id, f.source) for f in found} == {
        ("P-TB-START", "bphs2017_tb"), ("C-NO-CONTRACT", "work_plan"),
    }  # fmt: skip


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


def test_a_measured_value_counts_before_a_reported_one_wherever_it_stands() -> None:
    measured, reported = blood_pressure(185, 80), blood_pressure(120, 80, source="reported")
    person = a_resident("htn", id="r", birth_date=date(1980, 1, 1))
    for readings in ((measured, reported), (reported, measured)):
        seen = visit(readings=readings)
        found = triage(POLICY, History(resident=person), seen)
        assert found.findings[0].rule_id == "E-BP-SYSTOLIC"


def test_a_newborn_is_examined_as_nobody_and_the_elderly_at_any_age_the_tag_names() -> None:
    rules = of_programmes(htn={"min_age": 0})
    child = slots(tags=(TagSpan(tag="htn"),), rules=rules, born=MARCH, programme="htn_exam")
    assert [str(slot.window_from) for slot in child] == ["2026-03-10"]


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


def test_a_tag_from_the_last_day_of_the_year_still_owes_the_years_examination() -> None:
    tags = (TagSpan(tag="htn", from_on=date(2026, 12, 31)),)
    assert len(slots(tags=tags, programme="htn_exam")) == 1
    rules = of_programmes(htn={"min_quarter_months": 1})
    (last,) = slots(tags=tags, rules=rules, programme="htn")
    assert (last.window_from, last.window_to) == (date(2026, 12, 31), date(2026, 12, 31))


def test_a_tag_that_ends_before_it_begins_is_never_in_force() -> None:
    tags = (TagSpan(tag="htn", from_on=date(2026, 5, 1), to_on=date(2026, 4, 1)),)
    for programme in ("htn", "htn_exam"):
        assert slots(tags=tags, programme=programme) == ()


def test_a_gap_of_the_years_before_is_not_this_years() -> None:
    tags = (TagSpan(tag="htn", from_on=date(2024, 1, 1)),)
    person = a_resident(id="r", birth_date=date(1980, 1, 1), tags=tags)
    visits = tuple(
        a_follow_up("r", occurred_on=day)
        for day in (date(2025, 1, 10), date(2025, 11, 1), date(2026, 1, 5))
    )
    today = date(2026, 1, 10)
    (gap,) = account_of(POLICY, History(resident=person, follow_ups=visits), today).gaps
    assert (gap.from_on, gap.to_on, gap.days) == (date(2025, 11, 1), date(2026, 1, 5), 65)


def test_a_gap_reaches_back_to_the_only_follow_up_of_the_year_before() -> None:
    rules = changed(contract={"min_gap_days": 20})
    agreed = (a_contract("r", start_on=date(2024, 1, 1)),)
    december = a_follow_up("r", id="a", occurred_on=date(2024, 12, 20))
    january = a_follow_up("r", id="b", occurred_on=date(2025, 1, 5))
    for visits, state in (((december, january), "missed"), ((january,), "met")):
        found = slots(*visits, tags=DISABLED, rules=rules, contracts=agreed, year=2025)
        assert found[0].state == state


def test_somebody_not_met_has_no_class() -> None:
    person = a_resident("htn", "t2dm", id="r", birth_date=date(1970, 1, 1))
    missed = visit(not_met="not_at_home", readings=())
    found = triage(POLICY, History(resident=person, follow_ups=(missed,)), missed)
    assert (found.suggested_class, found.next_on) == (None, None)
