"""Kept rows equal a fresh count, whatever was written and however the days went by."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from core.ids import village_scope
from core.vocabulary import Decision, GroupTag
from core.wire.bodies import Record
from county.config import local_date
from county.db import Database
from county.people import act_of, set_villages
from county.rollups import FEW_VILLAGES, is_fresh, recount, refresh_day
from county.tables import PersonAccountRow, UserRow, VillageRow
from tests.builders import (
    COUNTY_ID,
    a_contract,
    a_follow_up,
    a_household,
    a_resident,
    a_review,
    a_withdrawal,
    an_exemption,
    an_exemption_decision,
)
from tests.county.desk.desk_world import DeskWorld, founded
from tests.county_world import OTHER_SCOPE, OTHER_VILLAGE_ID

TODAY = date(2026, 11, 22)


@pytest.fixture
def world(sqlite_database: Database) -> DeskWorld:
    """A freshly founded county."""
    return founded(sqlite_database)


def differing(world: DeskWorld) -> tuple[str, ...]:
    """The residents whose rows are not what a fresh count says."""
    with world.database.reading() as session:
        return recount(session, COUNTY_ID, local_date(world.clock()))


def test_a_contract_alone_opens_the_year_with_everything_owed(world: DeskWorld) -> None:
    row = world.account(world.person(GroupTag.HTN))
    assert (row.owed, row.filled, row.missed, row.open) == (12, 0, 10, 1)
    assert [slot["state"] for slot in row.slots] == ["missed"] * 10 + ["open", "upcoming"]


def test_somebody_in_no_key_group_is_owed_four(world: DeskWorld) -> None:
    row = world.account(world.person(birth_date=date(1990, 5, 1)))
    assert (row.owed, len(row.slots)) == (4, 4)


def test_a_follow_up_fills_its_slot_in_the_transaction_that_brings_it(world: DeskWorld) -> None:
    resident = world.person(GroupTag.HTN)
    world.visits(resident, a_follow_up(resident.id, date(2026, 10, 5)))
    row = world.account(resident)
    assert (row.filled, row.missed, row.face_to_face, row.measured) == (1, 9, 1, 1)
    assert (row.village_id, row.township_id, row.doctor_id) == (
        "village-1", "township-1", "doctor-1",
    )  # fmt: skip


def test_without_a_doctor_in_the_contract_it_is_the_villages(world: DeskWorld) -> None:
    resident = world.person(GroupTag.HTN, village="village-2")
    world.add(
        a_contract(
            resident.id, scope_id=resident.scope_id, doctor_id=None, start_on=date(2026, 2, 1)
        )
    )
    assert world.account(resident).doctor_id == "doctor-2"


def test_a_village_given_to_another_doctor_names_that_one_the_same_day(world: DeskWorld) -> None:
    household = a_household(scope_id=OTHER_SCOPE, village_id=OTHER_VILLAGE_ID)
    resident = a_resident(scope_id=OTHER_SCOPE, household_id=household.id)
    contract = a_contract(resident.id, scope_id=OTHER_SCOPE, doctor_id=None)
    world.add(household, resident, contract)
    with world.database.writing() as session:
        act = act_of(COUNTY_ID, "office", world.clock())
        for doctor_id, villages in (("doctor-2", ()), ("doctor-1", ("village-1", "village-2"))):
            doctor = session.get_one(UserRow, (COUNTY_ID, doctor_id))
            set_villages(session, act, doctor, villages)
        refresh_day(session, COUNTY_ID, local_date(world.clock()))
    assert world.account(resident).doctor_id == "doctor-1"
    assert differing(world) == ()


@pytest.mark.parametrize("count", [FEW_VILLAGES, FEW_VILLAGES + 1])
def test_however_many_villages_come_at_once_each_has_its_own_township_and_first_doctor(
    sqlite_database: Database, count: int
) -> None:
    world = founded(sqlite_database)
    names = [f"far-{number}" for number in range(count)]
    with sqlite_database.writing() as session:
        for number, name in enumerate(names):
            session.add(
                VillageRow(county_id=COUNTY_ID, id=name, township_id=f"t{number}", name=name)
            )
            nearby = [name, *names[:number]]  # whoever comes later looks after the earlier ones too
            session.add(
                UserRow(
                    county_id=COUNTY_ID,
                    id=f"z-doctor-{number}",
                    login=name,
                    name=name,
                    role="doctor",
                    village_ids=nearby,
                    created_at=world.clock(),
                )
            )
    people: list[Record] = []
    for name in names:
        scope = village_scope(name)
        household = a_household(scope_id=scope, village_id=name)
        resident = a_resident(scope_id=scope, household_id=household.id)
        people += [household, resident, a_contract(resident.id, scope_id=scope, doctor_id=None)]
    world.add(*people)
    with sqlite_database.reading() as session:
        rows = {row.village_id: row for row in session.scalars(select(PersonAccountRow))}
    assert [(rows[name].township_id, rows[name].doctor_id) for name in names] == [
        (f"t{number}", f"z-doctor-{number}") for number in range(count)
    ]
    assert differing(world) == ()


def test_last_years_late_record_still_moves_last_years_row(world: DeskWorld) -> None:
    resident = world.person(GroupTag.HTN)
    world.add(
        a_contract(
            resident.id,
            scope_id=resident.scope_id,
            start_on=date(2025, 1, 1),
            end_on=date(2025, 12, 31),
        )
    )
    world.visits(resident, a_follow_up(resident.id, date(2025, 6, 5)))
    assert world.account(resident, 2025).filled == 1
    assert world.account(resident, 2026).filled == 0


def test_the_rows_of_yesterday_are_brought_to_today(world: DeskWorld) -> None:
    resident = world.person(GroupTag.HTN)
    world.clock.moment += timedelta(days=10)
    today = local_date(world.clock())
    with world.database.reading() as session:
        assert not is_fresh(session, COUNTY_ID, today)
    with world.database.writing() as session:
        assert refresh_day(session, COUNTY_ID, today) == 1
    row = world.account(resident)
    assert (row.as_of, row.missed, row.open) == (today, 11, 1)
    with world.database.reading() as session:
        assert is_fresh(session, COUNTY_ID, today)


def test_the_first_page_of_a_new_day_brings_the_rows_up_to_date(world: DeskWorld) -> None:
    resident = world.person(GroupTag.HTN)
    world.clock.moment += timedelta(days=10)
    assert world.browser("county").get("/desk/overview").status_code == 200
    assert world.account(resident).as_of == local_date(world.clock())


def test_whoever_signed_for_the_year_to_come_is_counted_from_its_first_day(
    world: DeskWorld,
) -> None:
    resident = a_resident(GroupTag.HTN)
    contract = a_contract(
        resident.id, start_on=date(2027, 1, 1), end_on=date(2027, 12, 31), signed_on=TODAY
    )
    world.add(a_household(), resident, contract)
    assert "<dd>0</dd>" in world.browser("county").get("/desk/overview").text
    assert differing(world) == ()
    world.clock.moment += timedelta(days=(date(2027, 1, 1) - TODAY).days)
    assert "<dd>12</dd>" in world.browser("county").get("/desk/overview").text
    row = world.account(resident, 2027)
    assert (row.owed, row.open, row.as_of) == (12, 1, date(2027, 1, 1))
    assert differing(world) == ()


def test_a_contract_for_the_year_to_come_that_is_taken_back_leaves_no_row(
    world: DeskWorld,
) -> None:
    resident = a_resident(GroupTag.HTN)
    ahead = a_contract(resident.id, start_on=date(2028, 1, 1), end_on=date(2028, 12, 31))
    world.add(a_household(), resident, ahead)
    assert world.account(resident, 2028).owed == 12
    world.add(replace(ahead, start_on=date(2027, 1, 1), end_on=date(2027, 12, 31)))
    with world.database.reading() as session:
        assert session.scalars(select(PersonAccountRow.year)).all() == [2027]
    assert differing(world) == ()


def test_a_row_somebody_tampered_with_is_found_by_the_recount(world: DeskWorld) -> None:
    resident = world.person(GroupTag.HTN)
    assert differing(world) == ()
    with world.database.writing() as session:
        session.execute(update(PersonAccountRow).values(filled=12))
    assert differing(world) == (resident.id,)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["visit", "amend", "withdraw", "return", "accept", "exempt", "end", "days"]
        ),
        st.integers(min_value=0, max_value=310),
    ),
    max_size=8,
)


@given(steps=STEPS)
@settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
def test_after_any_course_of_records_and_days_the_rows_equal_a_recount(
    world: DeskWorld, steps: list[tuple[str, int]]
) -> None:
    resident = world.person(GroupTag.HTN)
    visits: list[str] = []
    for step, number in steps:
        take(world, resident.id, visits, step, number)
    with world.database.writing() as session:
        refresh_day(session, COUNTY_ID, local_date(world.clock()))
    assert differing(world) == ()


def take(world: DeskWorld, resident_id: str, visits: list[str], step: str, number: int) -> None:
    """One thing that may happen; those that need a visit wait until there is one."""
    day = date(2026, 1, 1) + timedelta(days=number)
    if step == "days":
        world.clock.moment += timedelta(days=number % 40)
    elif step == "visit":
        visit = a_follow_up(resident_id, day)
        visits.append(visit.id)
        world.add(visit)
    elif step == "exempt":
        exemption = an_exemption(resident_id, day, day + timedelta(days=40))
        world.add(exemption, an_exemption_decision(exemption.id, approved=number % 2 == 0))
    elif step == "end":
        world.add(a_contract(resident_id, start_on=day, terminated_on=day + timedelta(days=90)))
    elif visits:
        world.add(_about(step, resident_id, visits, day))


def _about(step: str, resident_id: str, visits: list[str], day: date) -> Record:
    if step == "withdraw":
        return a_withdrawal(visits[-1])
    if step == "amend":
        amended = a_follow_up(resident_id, day, amends=visits[-1])
        visits.append(amended.id)
        return amended
    decision = Decision.RETURNED if step == "return" else Decision.ACCEPTED
    return a_review(visits[-1], decision)
