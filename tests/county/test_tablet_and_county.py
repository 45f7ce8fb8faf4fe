"""Real tablets with encrypted stores against a real county over HTTP: who has what in the end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from app.store.outbox import OutboxState
from app.sync.troubles import Trouble
from core.wire.bodies import body_of
from county import ledger
from county.config import utc_now
from county.ledger import RecordWrite
from county.tables import ConflictRow, DeviceRow, OperationRow, RecordRow, UserRow
from tests.builders import COUNTY_ID, DOCTOR_ID, a_contract, a_follow_up, a_household
from tests.county.conftest import HOUSEHOLD, RESIDENT, World, served
from tests.county_world import OTHER_SCOPE, OTHER_VILLAGE_ID, running, write_records
from tests.fakes import FakeClock
from tests.postgres import Postgres
from tests.tablet_world import TabletHere

TODAY = utc_now().date()


@pytest.fixture
def url(world: World) -> Iterator[str]:
    with served(world, HOUSEHOLD, RESIDENT, a_contract(RESIDENT.id)) as address:
        yield address


@pytest.fixture
def tablet(world: World, url: str) -> TabletHere:
    return world.level_tablet(url)


def stored(world: World, record_id: str) -> RecordRow:
    with world.database.reading() as session:
        return session.get_one(RecordRow, (COUNTY_ID, record_id))


def test_a_visit_made_offline_reaches_the_county_once_and_gets_its_receipt(
    world: World, tablet: TabletHere
) -> None:
    visit = a_follow_up(RESIDENT.id, TODAY)
    tablet.save(visit)
    first, second = tablet.synchronise(), tablet.synchronise()
    assert (first.failed, first.sent, first.receipted, first.refused) == (None, 1, 1, 0)
    assert (second.failed, second.sent, second.received) == (None, 0, 0)
    assert stored(world, visit.id).body == body_of(visit) == tablet.body(visit.id)
    assert tablet.states() == [OutboxState.RECEIPTED]
    assert tablet.is_level


def test_many_records_go_up_and_down_in_several_round_trips(
    world: World, tablet: TabletHere, url: str
) -> None:
    visits = [a_follow_up(RESIDENT.id, TODAY) for _ in range(450)]
    tablet.save(*visits)
    result = tablet.synchronise()
    assert (result.failed, result.sent, result.receipted) == (None, 450, 450)
    other = world.tablet(url)
    assert other.synchronise().received == 453
    assert other.body(visits[-1].id) == body_of(visits[-1])
    assert other.is_level


def test_a_tablet_whose_clock_stands_in_1970_still_synchronises(
    world: World, tablet: TabletHere
) -> None:
    tablet.link._clock = FakeClock(moment=utc_now().replace(year=1971))
    tablet.save(a_follow_up(RESIDENT.id, TODAY))
    assert tablet.synchronise().receipted == 1


def test_a_refused_record_stays_with_its_reason_and_the_next_one_goes_on(
    tablet: TabletHere,
) -> None:
    wrong = replace(a_follow_up(RESIDENT.id, TODAY), readings=(), not_met="other", next_on=None)
    tablet.save(wrong, a_follow_up(RESIDENT.id, TODAY))
    result = tablet.synchronise()
    assert (result.failed, result.refused, result.receipted) == (None, 1, 1)
    assert tablet.states() == [OutboxState.REFUSED, OutboxState.RECEIPTED]
    receipt = tablet.receipts()[0]
    assert receipt is not None
    assert receipt.code == "follow_up.not_met_unexplained"
    assert tablet.body(wrong.id) is not None
    assert tablet.is_level


def test_an_edit_made_here_is_kept_over_what_comes_down_until_it_is_sent(
    world: World, tablet: TabletHere, url: str
) -> None:
    tablet.edit(RESIDENT.id, phone="13900000001")
    write_records(world.database, utc_now(), replace(RESIDENT, relation_to_head="spouse"))
    assert tablet.synchronise().failed is None
    expected = {"phone": "13900000001", "relation_to_head": "spouse"}
    for body in (tablet.body(RESIDENT.id), stored(world, RESIDENT.id).body):
        assert body is not None
        assert {name: body[name] for name in expected} == expected
    assert tablet.is_level


def test_two_tablets_on_one_resident_end_alike_and_a_name_waits_for_a_person(
    world: World, tablet: TabletHere, url: str
) -> None:
    other = world.tablet(url)
    other.synchronise()
    tablet.edit(RESIDENT.id, name="王建华", phone="1")
    other.edit(RESIDENT.id, name="王建中", phone="2")
    for each in (tablet, other, tablet):
        assert each.synchronise().failed is None
    here, there = tablet.body(RESIDENT.id), other.body(RESIDENT.id)
    assert here == there == stored(world, RESIDENT.id).body
    assert here is not None
    assert (here["name"], here["phone"]) == ("王建华", "2")
    with world.database.reading() as session:
        raised = session.scalars(select(ConflictRow)).one()
    assert (raised.ours, raised.theirs) == ("王建华", "王建中")


def test_a_second_edit_made_offline_does_not_pass_for_having_seen_what_another_set_meanwhile(
    world: World, url: str, tablet: TabletHere
) -> None:
    other = world.level_tablet(url)
    tablet.edit(RESIDENT.id, phone="1")
    tablet.edit(RESIDENT.id, name="王建华")
    other.edit(RESIDENT.id, name="王建中")
    assert other.synchronise().failed is None
    assert tablet.synchronise().failed is None
    assert [receipt and receipt.outcome for receipt in tablet.receipts()] == [
        "accepted",
        "conflict",
    ]
    assert (tablet.body(RESIDENT.id) or {})["name"] == "王建中"
    with world.database.reading() as session:
        raised = session.scalars(select(ConflictRow)).one()
    assert (raised.ours, raised.theirs) == ("王建中", "王建华")


def test_an_edit_that_is_refused_gives_way_to_what_the_county_has(
    world: World, tablet: TabletHere
) -> None:
    tablet.edit(RESIDENT.id, scope_id=OTHER_SCOPE, phone="1")
    result = tablet.synchronise()
    assert (result.failed, result.refused) == (None, 1)
    assert tablet.body(RESIDENT.id) == body_of(RESIDENT)
    assert tablet.is_level


def test_a_resident_this_app_cannot_read_is_kept_and_holds_nothing_up(
    world: World, tablet: TabletHere
) -> None:
    later = {**body_of(RESIDENT), "birth_date": {"calendar": "lunar", "day": 3}}
    write = RecordWrite(
        kind="resident",
        record_id=RESIDENT.id,
        scope_id=RESIDENT.scope_id,
        body=later,
        author_id="office",
        recorded_at=utc_now(),
    )
    with world.database.writing() as session:
        ledger.write(session, COUNTY_ID, [write], utc_now())
    assert tablet.synchronise().failed is None
    assert tablet.body(RESIDENT.id) == later


def test_two_edits_in_a_row_from_one_tablet_are_no_conflict(
    world: World, tablet: TabletHere
) -> None:
    tablet.edit(RESIDENT.id, name="王建华")
    write_records(world.database, utc_now(), replace(RESIDENT, relation_to_head="spouse"))
    tablet.edit(RESIDENT.id, name="王建中")
    assert tablet.synchronise().failed is None
    assert stored(world, RESIDENT.id).body["name"] == "王建中"
    with world.database.reading() as session:
        assert session.scalars(select(ConflictRow)).all() == []


def test_a_county_set_back_by_a_backup_asks_for_what_it_lost(
    world: World, tablet: TabletHere
) -> None:
    visits = [a_follow_up(RESIDENT.id, TODAY) for _ in range(3)]
    tablet.save(visits[0])
    tablet.synchronise()
    with world.database.reading() as session:
        saved = session.get_one(DeviceRow, (COUNTY_ID, session.scalars(select(DeviceRow.id)).one()))
        kept = saved.last_seq, saved.last_hash
    tablet.save(*visits[1:])
    tablet.synchronise()
    with world.database.writing() as session:
        device = session.scalars(select(DeviceRow)).one()
        device.last_seq, device.last_hash = kept
        for row in session.scalars(select(OperationRow).where(OperationRow.device_seq > kept[0])):
            session.delete(session.get_one(RecordRow, (COUNTY_ID, row.record_id)))
            session.delete(row)
    assert tablet.synchronise().failed is None
    assert [stored(world, visit.id).body for visit in visits] == [body_of(v) for v in visits]


def test_a_village_that_is_given_to_somebody_else_leaves_the_tablet(
    world: World, tablet: TabletHere
) -> None:
    moved = a_household(scope_id=OTHER_SCOPE, village_id=OTHER_VILLAGE_ID)
    write_records(world.database, utc_now(), moved)
    with world.database.writing() as session:
        session.get_one(UserRow, (COUNTY_ID, DOCTOR_ID)).village_ids = [OTHER_VILLAGE_ID]
    assert tablet.synchronise().failed is None
    assert tablet.body(RESIDENT.id) is None
    assert tablet.body(moved.id) == body_of(moved)


def test_a_revoked_tablet_hands_in_and_learns_that_it_is_revoked(
    world: World, tablet: TabletHere
) -> None:
    tablet.save(a_follow_up(RESIDENT.id, TODAY))
    with world.database.writing() as session:
        session.scalars(select(DeviceRow)).one().state = "revoked"
    result = tablet.synchronise()
    assert (result.failed, result.refused) == (Trouble.REVOKED, 1)


def test_a_locked_store_ends_the_synchronisation_quietly(tablet: TabletHere) -> None:
    tablet.store.close()
    assert tablet.synchronise().failed == Trouble.LOCKED


def test_a_county_on_postgresql_serves_its_tablets_alike(
    tmp_path: Path, postgres: Postgres
) -> None:
    database_url = postgres.empty_url()
    world = World(tmp_path, database_url)
    write_records(world.database, utc_now(), HOUSEHOLD, RESIDENT, a_contract(RESIDENT.id))
    with running(world.county_dir, database_url) as address:
        first, second = world.tablet(address), world.tablet(address)
        visit = a_follow_up(RESIDENT.id, TODAY)
        assert first.synchronise().failed is None
        first.save(visit)
        first.edit(RESIDENT.id, phone="1")
        assert (first.synchronise().failed, second.synchronise().failed) == (None, None)
    assert second.body(visit.id) == body_of(visit) == stored(world, visit.id).body
    for tablet in (first, second):
        assert tablet.is_level
    world.close()
