"""A tablet's edits and its own earlier ones: in their order, out of it, and from a copy of it."""

from __future__ import annotations

import copy
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import delete, select

from core.vocabulary import Kind
from core.wire.bodies import body_of
from core.wire.envelopes import Operation
from county.checking import damages
from county.config import local_date
from county.db import Database
from county.mending import mend
from county.people import act_of, set_villages
from county.quarantine import TAKE, decide
from county.reviews import Reviewer
from county.schema import upgrade
from county.tables import ConflictRow, DeviceRow, RecordRow, UserRow
from tests.builders import (
    COUNTY_ID,
    DOCTOR_ID,
    VILLAGE_ID,
    a_follow_up,
    a_household,
    a_resident,
)
from tests.county.conftest import NOW, back_to
from tests.county.taking_in import outcomes_of
from tests.county_world import enrol_tablet, found, write_records
from tests.operations import Chain

HOUSEHOLD, OTHER_HOUSEHOLD = a_household(), a_household()
RESIDENT = a_resident(household_id=HOUSEHOLD.id)
LATER, NEXT_WEEK = NOW + timedelta(seconds=5), NOW + timedelta(days=7)
take = partial(outcomes_of, now=LATER)
REVIEWER = Reviewer(county_id=COUNTY_ID, user_id="r", village_ids=frozenset({VILLAGE_ID}))


@pytest.fixture
def first(county: Database) -> Chain:
    write_records(county, NOW, HOUSEHOLD, OTHER_HOUSEHOLD, RESIDENT)
    return Chain(enrol_tablet(county, NOW), NOW)


def set_resident(chain: Chain, **fields: Any) -> Operation:
    return chain.set(Kind.RESIDENT, RESIDENT.id, 1, fields)


def give_villages(county: Database, *village_ids: str) -> None:
    with county.writing() as session:
        doctor = session.get_one(UserRow, (COUNTY_ID, DOCTOR_ID))
        set_villages(session, act_of(COUNTY_ID, "office", NOW), doctor, village_ids)


def body(county: Database, record_id: str = RESIDENT.id) -> dict[str, Any]:
    with county.reading() as session:
        return session.get_one(RecordRow, (COUNTY_ID, record_id)).body


def disputed(county: Database) -> list[tuple[str, Any, Any]]:
    with county.reading() as session:
        rows = session.scalars(select(ConflictRow).order_by(ConflictRow.field))
        return [(row.field, row.ours, row.theirs) for row in rows]


def an_edit_set_aside(county: Database, chain: Chain, **fields: Any) -> Operation:
    """One that came while the village was taken from the doctor by mistake."""
    give_villages(county)
    older = set_resident(chain, **fields)
    assert take(county, chain, older, now=NOW) == ["scope.not_yours"]
    give_villages(county, VILLAGE_ID)
    return older


def taken_by_a_person(county: Database, operation: Operation) -> None:
    with county.writing() as session:
        decide(session, REVIEWER, operation.op_id, TAKE, NEXT_WEEK)


def test_an_older_edit_taken_in_by_a_person_undoes_none_of_its_tablets_newer_one(
    county: Database, first: Chain
) -> None:
    older = an_edit_set_aside(county, first, name="旧名", phone="1")
    first.now = LATER
    assert take(county, first, set_resident(first, name="新名", phone="2")) == ["accepted"]
    taken_by_a_person(county, older)
    stands = body(county)
    assert (stands["name"], stands["phone"]) == ("新名", "2")
    assert disputed(county) == [("name", "新名", "旧名")]


def test_a_clock_that_is_ahead_makes_an_older_edit_no_newer(county: Database, first: Chain) -> None:
    first.now = NOW + timedelta(hours=3)
    older = an_edit_set_aside(county, first, name="旧名")
    first.now += timedelta(seconds=5)
    newer = set_resident(first, name="新名")
    assert take(county, first, newer) == ["accepted"]
    taken_by_a_person(county, older)
    assert body(county)["name"] == "新名"


def test_an_older_edit_judged_anew_undoes_none_of_its_tablets_newer_one(
    county: Database, first: Chain
) -> None:
    theirs = a_household()
    other = Chain(enrol_tablet(county, NOW), NOW)
    older = set_resident(first, household_id=theirs.id)
    first.now = LATER
    newer = set_resident(first, household_id=OTHER_HOUSEHOLD.id)
    assert take(county, first, older, newer) == ["op.unknown_reference", "accepted"]
    entered = other.set(Kind.HOUSEHOLD, theirs.id, 0, body_of(theirs))
    assert take(county, other, entered) == ["accepted"]
    assert body(county)["household_id"] == OTHER_HOUSEHOLD.id


def test_of_one_batch_from_a_clock_ahead_an_edit_judged_anew_is_still_the_older(
    county: Database, first: Chain
) -> None:
    theirs = a_household()
    other = Chain(enrol_tablet(county, NOW), NOW)
    first.now = NOW + timedelta(hours=3)
    older = set_resident(first, household_id=theirs.id)
    newer = set_resident(first, household_id=OTHER_HOUSEHOLD.id)
    assert take(county, first, older, newer) == ["op.unknown_reference", "accepted"]
    take(county, other, other.set(Kind.HOUSEHOLD, theirs.id, 0, body_of(theirs)), now=NEXT_WEEK)
    assert body(county)["household_id"] == OTHER_HOUSEHOLD.id


def a_copys_edits(first: Chain, before: Operation) -> tuple[Chain, list[Operation]]:
    """A copy of the tablet from before an operation of its: two visits, and then a name."""
    second = copy.deepcopy(first)
    second.last_seq, second.last_hash = before.device_seq - 1, before.previous_hash
    visits = [second.put(a_follow_up(RESIDENT.id)) for _ in range(2)]
    return second, [*visits, set_resident(second, name="钱二")]


COPYS = ["op.number_taken", "op.chain", "conflict"]


def test_what_a_copy_of_a_tablet_sets_replaces_nothing_the_tablet_itself_has_set(
    county: Database, first: Chain
) -> None:
    ours = set_resident(first, name="赵一")
    assert take(county, first, ours) == ["accepted"]
    second, theirs = a_copys_edits(first, ours)
    assert take(county, second, *theirs) == COPYS
    assert body(county)["name"] == "赵一"
    assert disputed(county) == [("name", "赵一", "钱二")]


def test_that_a_copy_was_used_is_known_in_every_later_batch(county: Database, first: Chain) -> None:
    ours = set_resident(first, name="赵一")
    assert take(county, first, ours) == ["accepted"]
    second, (*visits, theirs) = a_copys_edits(first, ours)
    assert take(county, second, *visits) == COPYS[:2]
    assert take(county, second, theirs) == COPYS[2:]
    assert body(county)["name"] == "赵一"


def test_a_record_a_copy_has_disputed_is_mended_to_what_it_was(
    county: Database, first: Chain
) -> None:
    newcomer = a_resident(household_id=HOUSEHOLD.id)
    entered = first.set(Kind.RESIDENT, newcomer.id, 0, body_of(newcomer))
    ours = first.set(Kind.RESIDENT, newcomer.id, 1, {"name": "赵一"})
    assert take(county, first, entered, ours) == ["accepted", "accepted"]
    second, (*visits, _) = a_copys_edits(first, ours)
    second.last_seq, second.last_hash = visits[-1].device_seq, visits[-1].hash
    theirs = second.set(Kind.RESIDENT, newcomer.id, 1, {"name": "钱二", "phone": "2"})
    assert take(county, second, *visits) == COPYS[:2]
    assert take(county, second, theirs, now=NEXT_WEEK) == ["conflict"]
    stood = body(county, newcomer.id)
    assert (stood["name"], stood["phone"]) == ("赵一", "2")
    with county.writing() as session:
        session.execute(delete(RecordRow).where(RecordRow.id == newcomer.id))
    with county.writing() as session:
        (lost,) = (
            damage
            for damage in damages(session, COUNTY_ID, local_date(NOW))
            if damage.code == "vanished"
        )
        assert mend(session, COUNTY_ID, lost, NEXT_WEEK)
    assert body(county, newcomer.id) == stood


def test_a_county_that_is_brought_up_to_date_knows_the_breaks_it_had(blank: Database) -> None:
    upgrade(blank)
    found(blank, NOW)
    write_records(blank, NOW, HOUSEHOLD, RESIDENT)
    whole, chain = (Chain(enrol_tablet(blank, NOW), NOW) for _ in range(2))
    take(blank, whole, whole.put(a_follow_up(RESIDENT.id)))
    ours = set_resident(chain, name="赵一")
    take(blank, chain, ours)
    second, theirs = a_copys_edits(chain, ours)
    take(blank, second, *theirs)
    back_to(blank, "0009")
    upgrade(blank)
    with blank.reading() as session:
        rows = session.execute(select(DeviceRow.id, DeviceRow.broken_seq)).all()
    assert dict(map(tuple, rows)) == {whole.tablet.device_id: None, chain.tablet.device_id: 2}
