"""Today: who is due and why, in walking order, with the badge and the month's count."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest
from sqlmodel import select

from app.services.drafts import FollowUpDraft
from app.services.today import DueRow, TodayFilter, TodayView, badge_state
from app.services.workplace import Workplace
from app.store.tables import AccountRow, DeviceRow
from core.ids import village_scope
from core.vocabulary import Decision, GroupTag
from tests.app.services.conftest import Village, come_down
from tests.app.services.visits import save
from tests.builders import (
    TODAY,
    a_contract,
    a_follow_up,
    a_household,
    a_resident,
    a_review,
    a_village,
    blood_pressure,
    glucose,
    heart_rate,
)
from tests.fakes import FakeClock


def rows(view: TodayView) -> list[DueRow]:
    return [row for group in view.groups for row in group.rows]


def row_of(view: TodayView, resident_id: str) -> DueRow:
    (found,) = [row for row in rows(view) if row.resident_id == resident_id]
    return found


def test_an_empty_tablet_has_nobody_due(work: Workplace) -> None:
    view = work.today.list()
    assert (view.groups, view.residents, view.month.owed) == ((), 0, 0)
    assert view.sync.state == "level"


def test_who_has_an_open_slot_is_due_with_a_reason_and_a_cost(
    work: Workplace, village: Village
) -> None:
    row = row_of(work.today.list(), village.wang.id)
    assert row.kind == "slot_closing"
    assert row.why.values["due_by"] == date(2026, 11, 30)
    assert row.due_by == date(2026, 11, 30)
    assert row.cost.code
    assert len(row.dots) == 12
    assert (row.name, row.village, row.head_name) == ("王建国", "石门村", "王建国")


def test_who_has_no_contract_is_not_due(work: Workplace, village: Village) -> None:
    assert village.zhao.id not in {row.resident_id for row in rows(work.today.list())}


def test_an_emergency_comes_first(work: Workplace, village: Village) -> None:
    grave = a_follow_up(
        village.li.id,
        TODAY - timedelta(days=3),
        readings=(blood_pressure(186, 112), heart_rate(80), glucose(6.0)),
        visit_class=2,
    )
    come_down(work.store, grave)
    view = work.today.list()
    assert view.groups[0].code == "emergency"
    assert [row.resident_id for row in view.groups[0].rows] == [village.li.id]
    assert view.groups[0].rows[0].also


def test_an_uncontrolled_reading_asks_for_a_revisit_within_fourteen_days(
    work: Workplace, village: Village
) -> None:
    save(work, village.wang.id, systolic_mmhg="162")
    row = row_of(work.today.list(), village.wang.id)
    assert row.urgency == "revisit"
    assert row.due_by == TODAY + timedelta(days=14)


def test_a_village_is_walked_house_by_house_with_numbers_as_numbers(
    work: Workplace, village: Village
) -> None:
    for house_no in ("2", "10", "1-1"):
        house = a_household(group_no="2", house_no=house_no)
        resident = a_resident(GroupTag.HTN, household_id=house.id, name="某" + house_no)
        come_down(work.store, house, resident, a_contract(resident.id))
    (closing,) = [group for group in work.today.list().groups if group.code == "this_month"]
    houses = [row.house_no for row in closing.rows]
    assert houses == ["1-1", "2", "10", "11", "11"]


def test_only_villages_whose_people_are_on_the_tablet_can_be_chosen(
    work: Workplace, village: Village
) -> None:
    theirs = a_village(id="village-2", name="柳沟村")
    come_down(work.store, theirs)
    with work.store.transaction() as session:
        device = session.exec(select(DeviceRow)).one()
        device.scopes = json.dumps(["county", village_scope(a_village().id)])
    assert [choice.name for choice in work.today.list().villages] == ["石门村"]


def test_the_filter_leaves_out_other_villages_tags_and_groups(
    work: Workplace, village: Village
) -> None:
    other = a_village(id="village-2", name="柳沟村")
    house = a_household(village_id="village-2")
    resident = a_resident(GroupTag.HTN, household_id=house.id)
    come_down(work.store, other, house, resident, a_contract(resident.id))
    assert {row.village for row in rows(work.today.list(TodayFilter(village_id="village-2")))} == {
        "柳沟村"
    }
    tagged = rows(work.today.list(TodayFilter(tag="t2dm")))
    assert [row.resident_id for row in tagged] == [village.wang.id]
    assert rows(work.today.list(TodayFilter(group="emergency"))) == []


def test_the_months_count_is_of_slots_that_end_this_month(
    work: Workplace, village: Village
) -> None:
    assert (work.today.list().month.done, work.today.list().month.owed) == (0, 2)
    save(work, village.wang.id)
    assert (work.today.list().month.done, work.today.list().month.owed) == (1, 2)


def test_the_next_day_brings_new_reasons_without_any_new_record(
    work: Workplace, village: Village, clock: FakeClock
) -> None:
    assert row_of(work.today.list(), village.wang.id).urgency == "this_month"
    clock.forward(days=5)
    assert row_of(work.today.list(), village.wang.id).urgency == "this_week"
    clock.forward(days=10)
    assert row_of(work.today.list(), village.wang.id).due_by == date(2026, 12, 31)


def test_a_draft_marks_its_row(work: Workplace, village: Village) -> None:
    draft: FollowUpDraft = work.follow_ups.begin(village.li.id).draft
    work.follow_ups.save_draft(draft)
    view = work.today.list()
    assert row_of(view, village.li.id).has_draft
    assert not row_of(view, village.wang.id).has_draft


def test_who_died_is_due_nothing_more(work: Workplace, village: Village) -> None:
    gone = a_resident(
        GroupTag.HTN,
        id=village.li.id,
        household_id=village.house.id,
        left="died",
        left_on=TODAY - timedelta(days=1),
    )
    come_down(work.store, gone)
    assert village.li.id not in {row.resident_id for row in rows(work.today.list())}


def test_search_gives_lines_with_age_and_village(work: Workplace, village: Village) -> None:
    (person,) = work.today.search("lxy")
    assert (person.name, person.age, person.village) == ("李秀英", 68, "石门村")
    assert person.relation_to_head == "spouse"


def test_the_badge_counts_what_waits_and_since_when(
    work: Workplace, village: Village, clock: FakeClock
) -> None:
    save(work, village.wang.id)
    badge = work.today.list().sync
    assert (badge.state, badge.unsent, badge.oldest_unsent_at) == ("unsent", 1, clock.now())


@pytest.mark.parametrize(
    ("unsent", "refused", "returned", "state"),
    [
        (0, 0, 0, "level"),
        (3, 0, 0, "unsent"),
        (3, 0, 1, "returned"),
        (3, 2, 1, "refused"),
    ],
)
def test_the_badge_says_first_what_needs_the_doctor(
    unsent: int, refused: int, returned: int, state: str
) -> None:
    assert badge_state(unsent, refused, returned) == state


def test_a_returned_follow_up_of_a_colleague_is_not_on_this_doctors_badge(
    work: Workplace, village: Village
) -> None:
    other = a_follow_up(village.wang.id, author_id="doctor-2")
    come_down(work.store, other, a_review(other.id, Decision.RETURNED))
    assert work.today.list().returned == 0


def test_a_resting_tablet_prepares_the_next_days_and_a_touched_one_does_not(
    work: Workplace, village: Village, clock: FakeClock
) -> None:
    def prepared() -> set[date]:
        with work.store.transaction() as session:
            return set(session.exec(select(AccountRow.as_of)).all())

    work.today.list()
    work.use_rest()
    assert prepared() == {TODAY}
    clock.forward(seconds=3)
    work.use_rest()
    assert prepared() == {TODAY + timedelta(days=ahead) for ahead in range(4)}
    before = {row.resident_id: row for row in rows(work.today.list())}
    clock.forward(days=2)
    after = {row.resident_id: row for row in rows(work.today.list())}
    assert before.keys() == after.keys()
    assert after[village.wang.id].why.values["days"] == 6
    work.use_rest()
    assert min(prepared()) == TODAY + timedelta(days=2)


def test_a_save_drops_what_was_prepared_for_its_resident(
    work: Workplace, village: Village, clock: FakeClock
) -> None:
    clock.forward(seconds=3)
    work.use_rest()
    save(work, village.wang.id)
    clock.forward(days=1)
    kinds = {row.resident_id: row.kind for row in rows(work.today.list())}
    assert kinds[village.li.id] == "slot_closing"
    assert kinds.get(village.wang.id) != "slot_closing"


def test_resting_ends_quietly_when_the_tablet_was_locked(
    work: Workplace, village: Village, clock: FakeClock
) -> None:
    clock.forward(seconds=3)
    work.lock()
    work.use_rest()
    assert not work.store.is_open
