"""A household and a resident: members with dues, the year's account, charts, corrections."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from app.services.residents import masked
from app.services.workplace import Workplace
from core.people import TagSpan
from core.refusals import Refused
from core.vocabulary import Decision, Kind
from tests.app.services.conftest import Village, come_down
from tests.app.services.visits import queued, save
from tests.builders import (
    TODAY,
    a_contract,
    a_follow_up,
    a_household,
    a_referral,
    a_referral_outcome,
    a_resident,
    a_review,
    a_special_programme,
    an_education,
    an_exemption,
    an_id_number,
    blood_pressure,
    glucose,
)
from tests.fakes import FakeClock

DAY = timedelta(days=1)
LAST_YEAR = {"start_on": date(2025, 1, 1), "end_on": date(2025, 12, 31)}
NEXT_YEAR = {"start_on": date(2027, 1, 1), "end_on": date(2027, 12, 31), "state": "signed"}


def codes(refused: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [refusal.code for refusal in refused.value.refusals]


def test_a_household_shows_its_members_with_what_they_are_owed(
    work: Workplace, village: Village
) -> None:
    visit = an_education(household_id=village.house.id)
    come_down(work.store, visit, a_follow_up(village.wang.id, date(2026, 10, 3)))
    view = work.households.get(village.house.id)
    assert [member.name for member in view.members] == ["王建国", "李秀英"]
    assert view.village == "石门村"
    assert view.education == (visit,)
    wang = view.members[0]
    assert wang.last_follow_up_on == date(2026, 10, 3)
    assert wang.urgency == "this_month"
    assert set(view.owed) == {village.wang.id, village.li.id}


def test_a_visit_goes_through_the_most_urgent_first(work: Workplace, village: Village) -> None:
    come_down(
        work.store,
        a_follow_up(
            village.li.id,
            TODAY - timedelta(days=2),
            readings=(blood_pressure(190, 115),),
            visit_class=2,
        ),
    )
    assert work.households.start_visit(village.house.id) == (village.li.id, village.wang.id)


def test_where_all_are_due_alike_every_list_has_the_oldest_first(work: Workplace) -> None:
    house = a_household()
    names = ("儿子", "母亲", "父亲")
    born = (date(2003, 5, 1), date(1978, 5, 1), date(1977, 5, 1))
    for name, day in zip(names, born, strict=True):
        resident = a_resident(name=name, birth_date=day, household_id=house.id)
        come_down(work.store, resident, a_contract(resident.id))
    come_down(work.store, house)
    view = work.households.get(house.id)
    oldest_first = [member.resident_id for member in view.members]
    assert [member.name for member in view.members] == ["父亲", "母亲", "儿子"]
    assert list(work.households.start_visit(house.id)) == oldest_first
    (group,) = work.today.list().groups
    assert [row.resident_id for row in group.rows] == oldest_first


def test_a_household_without_dues_has_nobody_to_visit(work: Workplace, village: Village) -> None:
    assert work.households.start_visit(village.neighbours.id) == ()


def test_an_unknown_household_is_refused(work: Workplace) -> None:
    with pytest.raises(Refused) as refused:
        work.households.get("nowhere")
    assert codes(refused) == ["household.unknown"]


def test_a_resident_shows_the_years_account_as_dots(work: Workplace, village: Village) -> None:
    come_down(work.store, a_follow_up(village.wang.id, date(2026, 10, 3)))
    view = work.residents.get(village.wang.id)
    states = [dot.state for dot in view.dots]
    assert states[9] == "met"
    assert states[10] == "open"
    assert states[11] == "upcoming"
    assert set(states[:9]) == {"missed"}
    assert view.dots[9].filled_on == date(2026, 10, 3)
    assert len(view.explanation) == len(view.account.slots)


@pytest.mark.parametrize(
    ("contracts", "shown"),
    [
        ({}, None),
        ({"now": {}}, ("now", "signed")),
        ({"before": {"start_on": date(2025, 1, 1), "end_on": TODAY - DAY}}, ("before", "expired")),
        ({"now": {}, "next": NEXT_YEAR}, ("now", "signed")),
        ({"before": LAST_YEAR, "next": NEXT_YEAR}, ("next", "signed")),
        ({"now": {}, "put": {"state": "pending", "start_on": TODAY}}, ("now", "signed")),
        ({"put": {"state": "pending"}}, ("put", "pending")),
        (
            {"before": LAST_YEAR, "now": {"state": "terminated", "terminated_on": TODAY - DAY}},
            ("now", "terminated"),
        ),
    ],
)
def test_the_contract_in_force_is_shown_and_one_that_has_run_out_is_never_called_signed(
    work: Workplace,
    village: Village,
    contracts: dict[str, dict[str, Any]],
    shown: tuple[str, str] | None,
) -> None:
    for key, fields in contracts.items():
        come_down(work.store, a_contract(village.zhao.id, id=key, **fields))
    view = work.residents.get(village.zhao.id)
    contract = view.contract
    assert (contract and (contract.id, view.contract_state)) == shown


def test_an_id_number_is_never_shown_whole(work: Workplace, village: Village) -> None:
    shown = work.residents.get(village.wang.id).masked_id_number
    assert shown.startswith("990100********")
    assert village.wang.id_number not in shown
    assert masked("A1") == "**"


def test_readings_are_charted_against_both_lines(work: Workplace, village: Village) -> None:
    come_down(
        work.store,
        a_follow_up(village.wang.id, date(2026, 9, 3), readings=(blood_pressure(150, 92),)),
        a_follow_up(
            village.wang.id,
            date(2026, 10, 3),
            readings=(blood_pressure(138, 84), glucose(7.4)),
        ),
    )
    pressure, sugar = work.residents.get(village.wang.id).series
    assert [(point.value, point.second) for point in pressure.points] == [(150, 92), (138, 84)]
    assert list(pressure.assessment) == [150, 90]
    assert list(pressure.target) == [130, 80]
    assert list(sugar.assessment) == [7.0]
    assert sugar.points[0].timing == "fasting"


def test_what_is_cared_for_in_confidence_is_on_the_residents_page_and_nowhere_else(
    work: Workplace, village: Village
) -> None:
    before = everything_else(work, village)
    ended = TagSpan(tag="smi", from_on=date(2024, 1, 1), to_on=TODAY - timedelta(days=1))
    apart = a_special_programme(village.wang.id)
    come_down(work.store, replace(apart, tags=(*apart.tags, ended)))
    assert work.residents.get(village.wang.id).special == apart.tags
    assert work.residents.get(village.li.id).special == ()
    assert everything_else(work, village) == before


def everything_else(work: Workplace, village: Village) -> tuple[object, ...]:
    """What the lists, the search, the household and the page show, but for the one line."""
    page = replace(work.residents.get(village.wang.id), special=())
    return (
        work.today.list(),
        work.today.search("王建国"),
        work.households.get(village.house.id),
        work.month.get(TODAY.year, TODAY.month),
        page,
    )


def test_the_time_line_tells_everything_newest_first(
    work: Workplace, village: Village, clock: FakeClock
) -> None:
    follow_up = a_follow_up(village.wang.id, date(2026, 9, 3))
    referral = a_referral(village.wang.id, date(2026, 9, 4))
    come_down(
        work.store,
        follow_up,
        a_review(follow_up.id, Decision.ACCEPTED),
        referral,
        a_referral_outcome(referral.id),
        an_exemption(village.wang.id, date(2026, 8, 1), date(2026, 8, 30)),
    )
    view = work.residents.get(village.wang.id)
    days = [item.on for item in view.timeline]
    assert days == sorted(days, reverse=True)
    assert {item.kind for item in view.timeline} == {
        Kind.FOLLOW_UP,
        Kind.REVIEW,
        Kind.REFERRAL,
        Kind.REFERRAL_OUTCOME,
        Kind.EXEMPTION,
        Kind.CONTRACT,
    }
    (told,) = [item for item in view.timeline if item.kind == Kind.FOLLOW_UP]
    assert told.summary.values["readings"] == "132/82 · 72 · 5.8"
    assert told.delivery == "accepted"


def test_what_was_amended_or_withdrawn_says_so_in_the_time_line(
    work: Workplace, village: Village
) -> None:
    first = save(work, village.wang.id).follow_up
    form = work.follow_ups.begin(village.wang.id, amends=first.id)
    second = work.follow_ups.save(form.draft).follow_up
    work.follow_ups.withdraw(second.id, "重复")
    told = {item.id: item for item in work.residents.get(village.wang.id).timeline}
    assert told[second.id].withdrawn
    assert told[first.id].amended_by is None


def test_an_open_referral_is_overdue_after_its_day(
    work: Workplace, village: Village, clock: FakeClock
) -> None:
    come_down(work.store, a_referral(village.wang.id, trace_by=TODAY))
    assert not work.residents.get(village.wang.id).referrals_open[0].overdue
    clock.forward(days=1)
    assert work.residents.get(village.wang.id).referrals_open[0].overdue


def test_an_unknown_resident_is_refused(work: Workplace) -> None:
    with pytest.raises(Refused) as refused:
        work.residents.get("nobody")
    assert codes(refused) == ["resident.unknown"]


def test_a_corrected_telephone_stands_at_once_and_goes_up_as_one_field(
    work: Workplace, village: Village
) -> None:
    work.residents.correct(village.wang.id, {"phone": " 13700002222 "}, "换号")
    assert work.residents.get(village.wang.id).resident.phone == "13700002222"
    assert [person.name for person in work.today.search("2222")] == ["王建国"]
    (operation,) = queued(work)
    assert operation.action == "set"
    assert operation.base_revision == 1
    assert operation.clock is not None
    assert operation.body == {"phone": "13700002222", "correction_reason": "换号"}


def test_a_second_correction_names_what_the_county_had_sent_as_its_base(
    work: Workplace, village: Village
) -> None:
    work.residents.correct(village.wang.id, {"phone": "13700002222"}, "换号")
    work.residents.correct(village.wang.id, {"phone": "13700003333"}, "又换号")
    assert [each.base_revision for each in queued(work)] == [1, 1]
    assert work.residents.get(village.wang.id).resident.phone == "13700003333"


def test_a_corrected_name_is_found_under_its_new_spelling(
    work: Workplace, village: Village
) -> None:
    work.residents.correct(village.wang.id, {"name": "汪建国"}, "身份证上是汪")
    assert [person.name for person in work.today.search("汪")] == ["汪建国"]
    assert work.follow_ups.begin(village.wang.id).resident.name == "汪建国"


def test_a_corrected_id_number_brings_birth_date_and_sex_with_it(
    work: Workplace, village: Village
) -> None:
    number = an_id_number(date(1956, 5, 6), "female")
    work.residents.correct(village.wang.id, {"id_number": number}, "录错")
    resident = work.residents.get(village.wang.id).resident
    assert (resident.id_number, resident.birth_date, resident.sex) == (
        number,
        date(1956, 5, 6),
        "female",
    )


def test_an_impossible_id_number_is_refused_and_nothing_changes(
    work: Workplace, village: Village
) -> None:
    with pytest.raises(Refused) as refused:
        work.residents.correct(village.wang.id, {"id_number": "990100195613061234"}, "录错")
    assert codes(refused)[0].startswith("id_number.")
    assert queued(work) == []


@pytest.mark.parametrize(
    ("changes", "reason", "code"),
    [
        ({"phone": "1"}, " ", "correction.no_reason"),
        ({"tags": "htn"}, "想加", "correction.field"),
        ({"name": "  "}, "空", "correction.value"),
    ],
)
def test_a_correction_is_refused_where_it_is_not_the_doctors(
    work: Workplace, village: Village, changes: dict[str, object], reason: str, code: str
) -> None:
    with pytest.raises(Refused) as refused:
        work.residents.correct(village.wang.id, changes, reason)
    assert codes(refused) == [code]


def test_a_correction_that_changes_nothing_sends_nothing(work: Workplace, village: Village) -> None:
    work.residents.correct(village.wang.id, {"phone": "13900001111"}, "核对")
    assert queued(work) == []
