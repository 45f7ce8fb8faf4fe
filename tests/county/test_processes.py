"""A county in a process of its own, killed and started again under a tablet's feet."""

from __future__ import annotations

from contextlib import closing
from random import Random
from threading import Thread

import pytest
from sqlalchemy import func, select

from app.store.outbox import OutboxState
from county.config import utc_now
from county.tables import OperationRow, RecordRow
from tests.builders import a_follow_up
from tests.county.conftest import HOUSEHOLD, RESIDENT, World
from tests.county.process import CountyProcess, free_port
from tests.county.reading import events
from tests.county_world import write_records


def follow_ups(world: World) -> int:
    with world.database.reading() as session:
        of_kind = select(func.count()).select_from(RecordRow).where(RecordRow.kind == "follow_up")
        return session.scalar(of_kind) or 0


def test_a_county_killed_in_mid_push_has_every_acknowledged_record_and_takes_the_rest(
    world: World,
) -> None:
    write_records(world.database, utc_now(), HOUSEHOLD, RESIDENT)
    port = free_port()
    with closing(CountyProcess(world.county_dir, port)) as county:
        tablet = world.tablet(county.url)
        tablet.synchronise()
        tablet.save(*(a_follow_up(RESIDENT.id, utc_now().date()) for _ in range(400)))
        pushing = Thread(target=tablet.synchronise)
        pushing.start()
        county.kill()
        pushing.join()
    acknowledged = tablet.states().count(OutboxState.RECEIPTED)
    assert follow_ups(world) >= acknowledged

    with closing(CountyProcess(world.county_dir, port)) as county:
        assert tablet.synchronise().failed is None
        assert set(tablet.states()) == {OutboxState.RECEIPTED}
        assert follow_ups(world) == 400
        assert county.stop() == 0


@pytest.mark.parametrize("rounds", [4, pytest.param(30, marks=pytest.mark.soak)])
def test_a_county_killed_again_and_again_at_chance_moments_has_every_record_once(
    world: World, rounds: int
) -> None:
    write_records(world.database, utc_now(), HOUSEHOLD, RESIDENT)
    port, chance = free_port(), Random(rounds)
    with closing(CountyProcess(world.county_dir, port)) as county:
        tablet = world.tablet(county.url)
    for _ in range(rounds):
        with closing(CountyProcess(world.county_dir, port)) as county:
            tablet.save(*(a_follow_up(RESIDENT.id, utc_now().date()) for _ in range(100)))
            pushing = Thread(target=tablet.synchronise)
            pushing.start()
            pushing.join(chance.uniform(0, 0.6))
            county.kill()
            pushing.join()
        assert follow_ups(world) >= tablet.states().count(OutboxState.RECEIPTED)
    with closing(CountyProcess(world.county_dir, port)) as county:
        assert tablet.synchronise().failed is None
        assert set(tablet.states()) == {OutboxState.RECEIPTED}
        assert follow_ups(world) == 100 * rounds
        assert tablet.is_level
        assert county.stop() == 0


def test_a_county_that_is_told_to_stop_ends_in_good_order_and_logs_no_person(
    world: World,
) -> None:
    write_records(world.database, utc_now(), HOUSEHOLD, RESIDENT)
    with closing(CountyProcess(world.county_dir, free_port())) as county:
        tablet = world.tablet(county.url)
        visit = a_follow_up(RESIDENT.id, utc_now().date(), note="头晕两天")
        tablet.save(visit)
        assert tablet.synchronise().failed is None
        assert county.stop() == 0
    told = events(world.county_dir)
    assert [event["event"] for event in told].count("synced") == 1
    values = [value for event in told for value in event.values()]
    for personal in (RESIDENT.name, RESIDENT.id_number, "周大夫", visit.note):
        assert [value for value in values if personal in str(value)] == []
    with world.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(OperationRow)) == 1
