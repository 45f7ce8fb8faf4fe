"""What the county's tests share: both databases, a founded county, tablets that join it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from alembic import command
from alembic.config import Config

from app.clock import SystemClock
from app.sync.link import HttpCounty
from core.wire.bodies import Record
from county import enrolment
from county.config import CountyConfig, utc_now
from county.db import Database, open_database
from county.schema import MIGRATIONS, upgrade
from tests.builders import COUNTY_ID, DOCTOR_ID, a_contract, a_follow_up, a_household, a_resident
from tests.county.signed_post import request_body
from tests.county_world import OTHER_SCOPE, Enrolled, enrol_tablet, found, running, write_records
from tests.operations import Chain
from tests.postgres import Postgres, fresh_database
from tests.tablet_world import TabletHere, enrolled_tablet

if TYPE_CHECKING:
    from tests.county.standing import Standing
    from tests.county.yesterday import Yesterday

NOW = datetime(2026, 11, 22, 4, 30, tzinfo=UTC)
HOUSEHOLD = a_household()
RESIDENT = a_resident(household_id=HOUSEHOLD.id)
STRANGER = a_resident(household_id=HOUSEHOLD.id, scope_id=OTHER_SCOPE)


@contextmanager
def _a_server() -> Iterator[Postgres]:
    folder = Path(tempfile.mkdtemp(prefix="luyue-postgres-"))
    server = Postgres(folder)
    yield server
    server.stop()
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One PostgreSQL for the whole run."""
    with _a_server() as server:
        yield server


@pytest.fixture(scope="module")
def own_postgres() -> Iterator[Postgres]:
    """A server of one module's own, to be stopped at will."""
    with _a_server() as server:
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An embedded database with the county's tables, to be copied."""
    folder = tmp_path_factory.mktemp("template")
    config = CountyConfig(data_dir=folder)
    with fresh_database(config.url) as database:
        upgrade(database)
    return folder / "county.db"


@pytest.fixture
def sqlite_database(tmp_path: Path, sqlite_template: Path) -> Iterator[Database]:
    """An embedded database with the county's tables, empty."""
    shutil.copy(sqlite_template, tmp_path / "county.db")
    with fresh_database(CountyConfig(data_dir=tmp_path).url) as database:
        yield database


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """The county's database with its tables, empty: each test runs on both kinds."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_database")
        return
    with fresh_database(request.getfixturevalue("postgres").fresh_url()) as opened:
        yield opened


@pytest.fixture(params=["sqlite", "postgresql"])
def blank(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without any table, of each kind."""
    url = CountyConfig(data_dir=tmp_path).url
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres").empty_url()
    with fresh_database(url) as opened:
        yield opened


def upgrade_to(database: Database, revision: str) -> None:
    """Bring the tables to where an earlier version had them."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["database"] = database
    command.upgrade(config, revision)


UNDOING = {
    "0011": (
        "DROP TABLE restored",
        "DROP TABLE former_epoch",
        "ALTER TABLE device ADD COLUMN heard_at TIMESTAMPTZ",
    ),
    "0010": (
        "ALTER TABLE device DROP COLUMN heard_at",
        "ALTER TABLE device DROP COLUMN broken_seq",
    ),
}
"""What takes back a migration, the last one first."""


def back_to(database: Database, revision: str) -> None:
    """Bring a database of today, with what is in it, to where an earlier version had it."""
    with database.writing() as session:
        connection = session.connection()
        for later, statements in UNDOING.items():
            for statement in statements if later > revision else ():
                connection.exec_driver_sql(statement)
        connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{revision}'")


@pytest.fixture
def county(database: Database) -> Database:
    """The database of a county that has been founded."""
    found(database, NOW)
    return database


@pytest.fixture
def chain(county: Database) -> Chain:
    """A tablet's series of operations; its village has RESIDENT, and another has STRANGER."""
    write_records(county, NOW, HOUSEHOLD, RESIDENT, a_contract(RESIDENT.id), STRANGER)
    return Chain(enrol_tablet(county, NOW), NOW)


class World:
    """One county on disk, and as many tablets as a test asks for."""

    def __init__(self, folder: Path, database_url: str = "") -> None:
        self.folder = folder
        self.county_dir = folder / "county"
        self.database_url = database_url
        config = CountyConfig(data_dir=self.county_dir, database_url=database_url)
        self.database: Database = open_database(config.url)
        upgrade(self.database)
        found(self.database, utc_now())
        self.clock = SystemClock()
        self.tablets: list[TabletHere] = []

    def invite(self) -> str:
        """A fresh code for the first doctor."""
        with self.database.writing() as session:
            return enrolment.invite(
                session, COUNTY_ID, DOCTOR_ID, created_by="office", now=utc_now()
            ).code

    def tablet(self, county_url: str) -> TabletHere:
        """A tablet of the first doctor, enrolled at the county, its store empty."""
        name = f"tablet{len(self.tablets)}"
        link = HttpCounty(self.clock)
        made = enrolled_tablet(self.folder, link, self.clock, county_url, self.invite(), name)
        self.tablets.append(made)
        return made

    def level_tablet(self, county_url: str) -> TabletHere:
        """A tablet of the first doctor that has had its first download."""
        made = self.tablet(county_url)
        assert made.synchronise().failed is None
        assert made.is_level
        return made

    def close(self) -> None:
        """Close every store and the database."""
        for tablet in self.tablets:
            tablet.store.close()
        self.database.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


@contextmanager
def served(world: World, *records: Record) -> Iterator[str]:
    """The address of the county, served with these records in it."""
    write_records(world.database, utc_now(), *records)
    with running(world.county_dir) as address:
        yield address


@pytest.fixture
def url(world: World) -> Iterator[str]:
    """The address of a served county with one household."""
    with served(world, HOUSEHOLD, RESIDENT) as address:
        yield address


@pytest.fixture
def tablet(world: World) -> Enrolled:
    """A tablet of which only the key is there, to ask in its name."""
    return enrol_tablet(world.database, utc_now())


def visit_of(tablet: Enrolled) -> bytes:
    """A request that hands in one visit to the resident."""
    chain = Chain(tablet, utc_now())
    return request_body(tablet, chain.put(a_follow_up(RESIDENT.id, utc_now().date())))


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Standing]:
    """A county on SQLite run from outside, with one resident about whom doctors may differ."""
    from tests.county.disputes import settle_in
    from tests.county.standing import Standing

    made = Standing(tmp_path)
    settle_in(made.world.database)
    yield made
    made.world.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def standing(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Standing]:
    """A county run from outside, on each kind of database."""
    from tests.county.standing import Standing

    if request.param == "sqlite":
        made = Standing(tmp_path)
    else:
        server: Postgres = request.getfixturevalue("postgres")
        made = Standing(tmp_path, server.empty_url(), str(server.programs))
    yield made
    made.close()


@pytest.fixture
def yesterday(standing: Standing, tmp_path: Path) -> Yesterday:
    """A day's work after a backup, on each kind of database."""
    from tests.county.yesterday import Yesterday

    return Yesterday(standing, tmp_path)
