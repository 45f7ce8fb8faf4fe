"""PostgreSQL stopped and started under a county, and the county killed before it, in mid-batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from time import monotonic, sleep
from urllib.parse import urlsplit

import pytest
import requests
from sqlalchemy import func, select, text

from app.clock import SystemClock
from app.county_link import SyncResult
from app.store.outbox import OutboxState
from app.sync.pace import Pace, Paces
from app.sync.troubles import Trouble
from app.sync.worker import SyncWorker
from county.config import utc_now
from county.desk.visitor import SESSION_COOKIE
from county.tables import OperationRow
from tests.builders import a_contract, a_follow_up
from tests.county.conftest import HOUSEHOLD, RESIDENT, World
from tests.county.process import CountyProcess, free_port
from tests.county.reading import events
from tests.county_world import running, write_records
from tests.postgres import Postgres
from tests.tablet_world import TabletHere

VISITS = 600
MANY = [VISITS, pytest.param(6_000, marks=pytest.mark.soak)]
ADMIN_SHUTDOWN = "57P01"
BATCH = Pace(size=200, least=200, most=200)
PATIENCE_S = 60.0


def test_a_county_whose_postgresql_was_away_comes_back_by_itself_and_has_lost_nothing(
    tmp_path: Path, own_postgres: Postgres
) -> None:
    database_url = own_postgres.empty_url()
    world = World(tmp_path, database_url)
    with closing(world):
        write_records(world.database, utc_now(), HOUSEHOLD, RESIDENT, a_contract(RESIDENT.id))
        with running(world.county_dir, database_url) as url:
            tablet = world.tablet(url)
            assert tablet.synchronise().failed is None
            tablet.save(*(a_follow_up(RESIDENT.id, utc_now().date()) for _ in range(VISITS)))
            tablet.link._paces = Paces(up=BATCH)
            told: list[object] = []

            def stop_in_mid_push(progress: object) -> None:
                # Told first before anything is sent, then after each of three batches, while the
                # next one is under way: the last finds no database.
                told.append(progress)
                if len(told) == 2:
                    own_postgres.pause()

            assert tablet.link.synchronise(tablet.store, stop_in_mid_push).failed == Trouble.BUSY
            answer = requests.get(f"{url}/ready", timeout=30)
            assert (answer.status_code, answer.json()["code"]) == (503, "county.busy")
            desk = requests.get(f"{url}/desk/overview", cookies={SESSION_COOKIE: "any"}, timeout=30)
            assert (desk.status_code, "暂时连不上" in desk.text) == (503, True)
            assert OutboxState.QUEUED in tablet.states()
            own_postgres.go_on()
            assert tablet.synchronise().failed is None
        assert set(tablet.states()) == {OutboxState.RECEIPTED}
        assert tablet.is_level
        with world.database.reading() as session:
            assert session.scalar(select(func.count()).select_from(OperationRow)) == VISITS


@dataclass
class PushUnderWay:
    """A county of its own process on PostgreSQL, and a tablet with three batches for it."""

    world: World
    county: CountyProcess
    tablet: TabletHere
    visits: int

    @property
    def kept(self) -> int:
        with self.world.database.reading() as session:
            return session.scalar(select(func.count()).select_from(OperationRow)) or 0

    @property
    def acknowledged(self) -> int:
        return self.tablet.states().count(OutboxState.RECEIPTED)

    @contextmanager
    def held_up(self) -> Iterator[None]:
        """A time in which no batch gets to its last step, the numbers of its scopes."""
        connection = self.world.database.engine.connect()
        connection.execute(text("LOCK TABLE scope_head IN SHARE ROW EXCLUSIVE MODE"))
        try:
            yield
        finally:
            connection.invalidate()
            connection.close()

    def assert_all_is_there_once(self) -> None:
        assert self.tablet.states() == [OutboxState.RECEIPTED] * self.visits
        assert self.tablet.is_level
        assert self.kept == self.visits


@pytest.fixture(params=MANY)
def push(
    request: pytest.FixtureRequest, tmp_path: Path, own_postgres: Postgres
) -> Iterator[PushUnderWay]:
    database_url = own_postgres.empty_url()
    with closing(World(tmp_path, database_url)) as world:
        write_records(world.database, utc_now(), HOUSEHOLD, RESIDENT, a_contract(RESIDENT.id))
        world.county_dir.mkdir(exist_ok=True)
        with closing(CountyProcess(world.county_dir, free_port(), database_url)) as county:
            tablet = world.level_tablet(county.url)
            tablet.save(*(a_follow_up(RESIDENT.id, utc_now().date()) for _ in range(request.param)))
            tablet.link._paces = Paces(up=BATCH)
            yield PushUnderWay(world, county, tablet, request.param)


def wait_until(is_so: Callable[[], object]) -> None:
    began = monotonic()
    while not is_so():
        assert monotonic() - began < PATIENCE_S
        sleep(0.002)


def test_a_batch_that_postgresql_is_stopped_in_is_undone_and_the_tablet_goes_on_by_itself(
    push: PushUnderWay, own_postgres: Postgres
) -> None:
    results: list[SyncResult] = []

    def synchronise() -> SyncResult:
        results.append(push.tablet.synchronise())
        return results[-1]

    worker = SyncWorker(synchronise, push.tablet.link.cancel, SystemClock(), lambda: 0.0)
    with push.held_up():
        worker.start()
        wait_until(lambda: own_postgres.is_held_up)
        own_postgres.pause()
    wait_until(lambda: results)
    assert results[0].failed == Trouble.BUSY
    own_postgres.go_on()
    assert push.kept == push.acknowledged < push.visits
    wait_until(lambda: results[-1].failed is None)
    worker.stop()
    worker.join(PATIENCE_S)
    push.assert_all_is_there_once()
    told = [event["reason"] for event in events(push.world.county_dir) if "reason" in event]
    assert ADMIN_SHUTDOWN in told


def test_a_county_on_postgresql_killed_in_mid_batch_has_what_it_acknowledged_and_takes_the_rest(
    push: PushUnderWay, own_postgres: Postgres
) -> None:
    pushing = Thread(target=push.tablet.synchronise)
    with push.held_up():
        pushing.start()
        wait_until(lambda: own_postgres.is_held_up)
        push.county.kill()
        pushing.join()
    assert push.kept == push.acknowledged < push.visits
    port = urlsplit(push.county.url).port or 0
    with closing(CountyProcess(push.world.county_dir, port, push.world.database_url)):
        assert push.tablet.synchronise().failed is None
    push.assert_all_is_there_once()
