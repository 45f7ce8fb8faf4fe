"""The account beside its slots: items, gaps, findings, figures, and what of a history stands."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

import words
from core.calendar import add_months, age_on, birthday
from core.contracts import PackageItem
from core.figures import Figures, figures_of, merged, merged_by, percent, share
from core.followups import FollowUp
from core.history import History, standing, voided_ids
from core.obligations import account_of
from core.people import TagSpan
from core.policy import default_policy
from core.slots import Programme
from tests.builders import (
    a_contract,
    a_follow_up,
    a_phone_check,
    a_resident,
    a_withdrawal,
    blood_pressure,
    noon,
)

POLICY = default_policy()
TODAY = date(2026, 11, 20)


def person(*tags: TagSpan, **fields: Any) -> Any:
    return a_resident(**{"id": "r", "birth_date": date(1980, 1, 1), "tags": tags, **fields})


def visit(on: date, **fields: Any) -> FollowUp:
    return a_follow_up("r", occurred_on=on, **fields)


def account(*follow_ups: FollowUp, today: date = TODAY, year: int | None = None, **records: Any):  # type: ignore[no-untyped-def] # the account's type is long
    held = {"resident": person(), "contracts": (a_contract("r"),), **records}
    return account_of(POLICY, History(follow_ups=follow_ups, **held), today, year)


# --- agreed items ------------------------------------------------------------------------


def with_items(**agreed: int) -> Any:
    items = tuple(PackageItem(service=name, agreed_count=count) for name, count in agreed.items())
    return a_contract("r", items=items)


def test_agreed_services_are_held_against_delivered_ones() -> None:
    contract = with_items(health_management=2, home_visit=1, tcm_prevention=1)
    found = account(
        visit(date(2026, 2, 1), services=("health_management", "health_management")),
        visit(date(2026, 3, 1), services=("health_management", "home_visit")),
        contracts=(contract,),
    )
    assert [(line.service, line.agreed, line.delivered, line.kept) for line in found.items] == [
        ("health_management", 2, 2, True),
        ("home_visit", 1, 1, True),
        ("tcm_prevention", 1, 0, False),
    ]
    assert (found.figures.items_agreed, found.figures.items_delivered) == (3, 2)
    assert found.figures.items_rate == pytest.approx(2 / 3)


def test_services_outside_the_contract_after_today_or_of_nobody_met_are_not_delivered() -> None:
    found = account(
        visit(date(2025, 12, 31), services=("home_visit",)),
        visit(TODAY + timedelta(1), services=("home_visit",)),
        visit(date(2026, 5, 1), services=("home_visit",), not_met="refused"),
        contracts=(with_items(home_visit=1),),
    )
    assert found.items[0].delivered == 0


def test_the_items_are_those_of_the_years_last_contract() -> None:
    earlier = a_contract("r", id="a", items=(PackageItem(service="home_visit", agreed_count=1),))
    later = a_contract(
        "r", id="b", start_on=date(2026, 6, 1), end_on=date(2027, 5, 31),
        items=(PackageItem(service="education", agreed_count=3),),
    )  # fmt: skip
    assert [i.service for i in account(contracts=(earlier, later)).items] == ["education"]
    assert [
        i.service for i in account(contracts=(earlier, later), today=date(2026, 5, 1)).items
    ] == ["home_visit"]
    assert account(contracts=(earlier,), year=2024).items == ()


# --- gaps --------------------------------------------------------------------------------

HTN = TagSpan(tag="htn", from_on=date(2025, 6, 1))


def test_the_longest_gap_is_told_where_it_is_too_long() -> None:
    found = account(
        visit(date(2025, 12, 1)), visit(date(2026, 3, 3)), visit(date(2026, 9, 1)),
        resident=person(HTN),
    )  # fmt: skip
    (gap,) = found.gaps
    assert (gap.programme, gap.from_on, gap.to_on, gap.days) == (
        Programme.HTN, date(2026, 3, 3), date(2026, 9, 1), 182,
    )  # fmt: skip
    assert [f.rule_id for f in found.findings] == ["P-HTN-GAP"]
    assert found.figures.longest_gap_days == 182
    assert figures_of(found, Programme.HTN).longest_gap_days == 182


@pytest.mark.parametrize(("last", "told"), [(date(2026, 8, 20), False), (date(2026, 8, 19), True)])
def test_a_gap_of_ninety_two_days_is_allowed(last: date, told: bool) -> None:
    visits = [visit(date(2026, 1, 1) + timedelta(60 * n)) for n in range(4)]
    found = account(*visits, visit(last), resident=person(HTN))
    assert any(f.rule_id == "P-HTN-GAP" for f in found.findings) is told


def test_a_gap_begins_with_the_last_visit_of_the_year_before() -> None:
    found = account(visit(date(2025, 11, 1)), resident=person(HTN), today=date(2026, 1, 10))
    assert (found.gaps[0].from_on, found.gaps[0].days) == (date(2025, 11, 1), 70)


def test_without_an_earlier_visit_a_gap_begins_with_the_tag_or_the_year() -> None:
    assert account(resident=person(HTN)).gaps[0].from_on == date(2026, 1, 1)
    new = TagSpan(tag="htn", from_on=date(2026, 5, 1))
    assert account(resident=person(new)).gaps[0].from_on == date(2026, 5, 1)


def test_a_phone_call_does_not_end_a_gap_and_death_does() -> None:
    left = person(HTN, left="died", left_on=date(2026, 3, 1))
    found = account(visit(date(2026, 2, 1), mode="phone", readings=()), resident=left)
    assert found.gaps[0].to_on == date(2026, 3, 1)
    assert found.gaps[0].days == 59


def test_there_is_no_gap_without_the_tag() -> None:
    over = TagSpan(tag="htn", from_on=date(2024, 1, 1), to_on=date(2025, 1, 1))
    coming = TagSpan(tag="htn", from_on=date(2026, 12, 1))
    assert account().gaps == account(resident=person(over)).gaps == ()
    assert account(resident=person(coming)).gaps == ()


# --- findings of the account ---------------------------------------------------------------


def rules_of(found: Any) -> list[str]:
    for finding in found.findings:
        assert words.say(f"finding.{finding.code}", **finding.values)
    return [finding.rule_id for finding in found.findings]


def test_a_day_without_a_contract_is_told() -> None:
    assert rules_of(account(contracts=())) == ["C-NO-CONTRACT"]
    assert rules_of(account(contracts=(), resident=person(left="died", left_on=TODAY))) == [
        "C-NO-CONTRACT"
    ]
    gone = person(left="died", left_on=TODAY - timedelta(1))
    assert rules_of(account(contracts=(), resident=gone)) == []


def test_too_few_visits_face_to_face_are_told_once_they_cannot_be_reached() -> None:
    phone = [visit(date(2026, month, 5), mode="phone", readings=()) for month in (1, 4, 7)]
    assert rules_of(account(*phone)) == ["C-FACE-TO-FACE"]
    assert rules_of(account(today=date(2026, 1, 5))) == []


def test_tuberculosis_without_a_first_day_is_told() -> None:
    found = account(
        *(visit(date(2026, m, 5)) for m in range(1, 12)), resident=person(TagSpan(tag="tb"))
    )
    assert rules_of(found) == ["P-TB-START"]
    assert found.of("tb") == ()


# --- figures -------------------------------------------------------------------------------


def test_the_figures_of_a_year_in_progress() -> None:
    found = account(
        visit(date(2026, 1, 5)),
        visit(date(2026, 2, 5)),
        visit(date(2026, 4, 5), mode="phone", readings=()),
        visit(
            date(2026, 8, 5),
            recorded_at=noon(date(2026, 9, 5)),
            readings=(blood_pressure(130, 80),),
        ),
    )
    figures = found.figures
    assert (figures.owed, figures.due, figures.filled, figures.open) == (4, 3, 3, 1)
    assert (figures.on_time, figures.late_entry, figures.extra) == (2, 1, 1)
    assert (figures.face_to_face, figures.measured) == (2, 1)
    assert figures.completion == 0.75
    assert figures.completion_to_date == 1.0
    assert figures.on_time_share == pytest.approx(2 / 3)
    assert figures.face_to_face_share == pytest.approx(2 / 3)
    assert figures.measured_share == 0.5
    assert (figures.persons, figures.persons_fully_served) == (1, 0)


def test_much_done_cannot_pay_for_little_done() -> None:
    busy = account(*(visit(date(2026, 1, day)) for day in range(1, 20)))
    assert (busy.figures.filled, busy.figures.extra) == (1, 18)


def test_somebody_with_every_slot_filled_is_fully_served() -> None:
    served = account(*(visit(date(2026, month, 5)) for month in (1, 4, 7, 10)))
    assert served.figures.persons_fully_served == 1
    assert served.figures.fully_served_share == 1.0


def test_with_diabetes_a_whole_measuring_includes_fasting_glucose() -> None:
    t2dm = TagSpan(tag="t2dm", from_on=date(2025, 1, 1))
    without = visit(date(2026, 1, 5), readings=(blood_pressure(130, 80),))
    assert account(visit(date(2026, 1, 5)), resident=person(t2dm)).figures.measured == 1
    assert account(without, resident=person(t2dm)).figures.measured == 0


def test_a_figure_with_nothing_owed_is_a_dash() -> None:
    nothing = account(contracts=()).figures
    assert (nothing.completion, nothing.persons) == (None, 0)
    assert percent(nothing.completion) == "—"


@pytest.mark.parametrize(
    ("part", "whole", "printed"),
    [(0, 3, "0 %"), (1, 3, "33 %"), (199, 200, "99 %"), (3, 3, "100 %")],
)
def test_a_share_is_rounded_down(part: int, whole: int, printed: str) -> None:
    assert percent(share(part, whole)) == printed


def test_figures_are_grouped_and_merged() -> None:
    one, two = Figures(owed=4, filled=4, persons=1), Figures(owed=4, longest_gap_days=9)
    groups = merged_by([("b", one), ("a", two), ("b", two)])
    assert list(groups) == ["a", "b"]
    assert (
        groups["b"]
        == merged([one, two])
        == Figures(owed=8, filled=4, persons=1, longest_gap_days=9)
    )


# --- what stands ---------------------------------------------------------------------------


def stands(*follow_ups: FollowUp, withdrawals: tuple[Any, ...] = ()) -> list[str]:
    held = History(resident=person(), follow_ups=follow_ups, withdrawals=withdrawals)
    return [follow_up.id for follow_up in standing(held)]


def version(name: str, amends: str | None = None, day: int = 1) -> FollowUp:
    return visit(date(2026, 3, 1), id=name, amends=amends, recorded_at=noon(date(2026, 3, day)))


def test_the_latest_amendment_stands_whichever_version_it_names() -> None:
    chain = (version("a"), version("b", "a", 2), version("c", "a", 3), version("d", "b", 4))
    assert stands(*chain) == ["d"]
    assert stands(*reversed(chain)) == ["d"]


def test_two_amendments_of_a_moment_are_told_apart_by_id() -> None:
    assert stands(version("a"), version("b", "a", 2), version("c", "a", 2)) == ["c"]


def test_a_withdrawn_amendment_leaves_the_one_before_it() -> None:
    chain = (version("a"), version("b", "a", 2), version("c", "b", 3))
    assert stands(*chain, withdrawals=(a_withdrawal("c"),)) == ["b"]
    assert stands(*chain, withdrawals=(a_withdrawal("b"),)) == ["c"]
    assert stands(*chain, withdrawals=tuple(a_withdrawal(i) for i in "abc")) == []


def test_a_withdrawal_may_be_withdrawn() -> None:
    first = a_withdrawal("a", id="w1")
    second = a_withdrawal("w1", id="w2")
    third = a_withdrawal("w2", id="w3")
    assert voided_ids([first]) == {"a"}
    assert "a" not in voided_ids([first, second])
    assert "a" in voided_ids([third, second, first])


def test_an_amendment_of_something_unknown_stands_by_itself() -> None:
    assert stands(version("b", "never seen")) == ["b"]


def test_versions_in_a_circle_still_have_one_that_stands() -> None:
    assert stands(version("a", "b", 1), version("b", "a", 2)) == ["b"]


def test_the_day_of_a_follow_up_is_first_recorded_with_the_version_that_first_names_it() -> None:
    held = History(resident=person(), follow_ups=(version("a"), version("b", "a", 20)))
    assert held.settled.first_recorded == {"b": noon(date(2026, 3, 1))}
    judged = POLICY.contract.model_copy(update={"late_entry_judged_by": "first_record"})
    lenient = POLICY.model_copy(update={"contract": judged})
    contract = (a_contract("r"),)
    history = History(resident=person(), contracts=contract, follow_ups=held.follow_ups)
    assert account_of(POLICY, history, TODAY).slots[0].state == "met_late_entry"
    assert account_of(lenient, history, TODAY).slots[0].state == "met"


def test_records_that_are_withdrawn_are_left_out() -> None:
    check = a_phone_check("a", id="p")
    held = History(resident=person(), phone_checks=(check,), withdrawals=(a_withdrawal("p"),))
    assert held.settled.phone_checks == {}
    assert History(resident=person(), phone_checks=(check,)).settled.phone_checks == {"a": check}


# --- the calendar --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "months", "then"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2026, 1, 31), 2, date(2026, 3, 31)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2026, 12, 15), 1, date(2027, 1, 15)),
    ],
)
def test_months_are_added_to_the_last_day_where_there_is_no_such_day(
    day: date, months: int, then: date
) -> None:
    assert add_months(day, months) == then


@pytest.mark.parametrize(
    ("day", "age"),
    [
        (date(2025, 2, 28), 64),
        (date(2025, 3, 1), 65),
        (date(2024, 2, 28), 63),
        (date(2024, 2, 29), 64),
    ],
)
def test_somebody_born_on_29_february_grows_older_on_1_march_in_common_years(
    day: date, age: int
) -> None:
    born = date(1960, 2, 29)
    assert age_on(born, day) == age
    assert (birthday(born, 65) <= day) == (age >= 65)
