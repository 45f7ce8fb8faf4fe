"""PostgreSQL stopped and started under a served county, while tablets hand in."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import requests
from sqlalchemy import func, select

from app.store.outbox import OutboxState
from app.sync.pace import UP, Paces
from app.sync.troubles import Trouble
from county.config import utc_now
from county.tables import OperationRow
from tests.builders import a_contract, a_follow_up, a_household, a_resident
from tests.county.conftest import World
from tests.county_world import running, write_records
from tests.postgres import Postgres

VISITS = UP.size + 100


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """A server of this test's own, to be stopped at will."""
    folder = Path(tempfile.mkdtemp(prefix="luyue-postgres-"))
    server = Postgres(folder)
    yield server
    server.stop()
    shutil.rmtree(folder)


def test_a_county_whose_postgresql_was_away_comes_back_by_itself_and_has_lost_nothing(
    tmp_path: Path, own_postgres: Postgres
) -> None:
    database_url = own_postgres.empty_url()
    world = World(tmp_path, database_url)
    with closing(world):
        household = a_household()
        resident = a_resident(household_id=household.id)
        write_records(world.database, utc_now(), household, resident, a_contract(resident.id))
        with running(world.county_dir, database_url) as url:
            tablet = world.tablet(url)
            assert tablet.synchronise().failed is None
            tablet.save(*(a_follow_up(resident.id, utc_now().date()) for _ in range(VISITS)))
            tablet.link._paces = Paces()
            batches: list[int] = []

            def stop_in_mid_push(progress: object) -> None:
                # Called before the first batch and after each: the second finds no database.
                batches.append(1)
                if len(batches) == 2:
                    own_postgres.pause()

            assert tablet.link.synchronise(tablet.store, stop_in_mid_push).failed == Trouble.BUSY
            answer = requests.get(f"{url}/ready", timeout=30)
            assert (answer.status_code, answer.json()["code"]) == (503, "county.busy")
            assert OutboxState.QUEUED in tablet.states()
            own_postgres.go_on()
            assert tablet.synchronise().failed is None
        assert set(tablet.states()) == {OutboxState.RECEIPTED}
        assert tablet.is_level
        with world.database.reading() as session:
            assert session.scalar(select(func.count()).select_from(OperationRow)) == VISITS
