"""Real tablets of a doctor who is named for a village's special programmes, then is not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import inspect
from sqlmodel import select

from app.clock import SystemClock
from app.services.accounts import history_of
from app.store import snapshots
from app.store.tables import SnapshotPieceRow
from app.sync.first_load import Portions
from app.sync.link import HttpCounty
from app.sync.pace import Pace
from core.obligations import account_of
from core.policy import PolicyBook, default_policy
from core.wire.bodies import body_of
from county.config import local_date, utc_now
from county.histories import histories_of
from county.snapshots import LEAST_NUMBERS
from tests.builders import (
    COUNTY_ID,
    RESTRICTED_SCOPE,
    VILLAGE_ID,
    a_contract,
    a_household,
    a_resident,
    a_special_programme,
)
from tests.county.conftest import World
from tests.county_world import entrusted, running, write_records
from tests.postgres import Postgres
from tests.tablet_world import TabletHere

HOUSEHOLD = a_household()
RESIDENT = a_resident(household_id=HOUSEHOLD.id)
SPECIAL = a_special_programme(RESIDENT.id)
NAMED = "restricted:"
TOLD = (SPECIAL.id, NAMED, '"tb"', "special_programme")
"""What a tablet that is not to know would know it by."""


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    database_url = ""
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        database_url = server.empty_url()
    with closing(World(tmp_path, database_url)) as made:
        yield made


@pytest.fixture
def url(world: World) -> Iterator[str]:
    write_records(world.database, utc_now(), HOUSEHOLD, RESIDENT, a_contract(RESIDENT.id), SPECIAL)
    with running(world.county_dir, world.database_url) as address:
        yield address


def known_to(tablet: TabletHere) -> list[str]:
    """What of TOLD stands in any row of the tablet's decrypted store."""
    with tablet.store.transaction() as session:
        connection = session.connection()
        found: set[str] = set()
        for table in inspect(connection).get_table_names():
            rows = connection.exec_driver_sql(f'SELECT * FROM "{table}"').fetchall()
            text = "\n".join(
                value.decode("latin-1") if isinstance(value, bytes) else str(value)
                for row in rows
                for value in row
            )
            found.update(word for word in TOLD if word in text)
    return sorted(found)


def test_a_tablet_whose_doctor_is_not_named_has_nothing_of_it_in_its_store(
    world: World, url: str
) -> None:
    tablet = world.level_tablet(url)
    assert tablet.body(RESIDENT.id) is not None
    assert known_to(tablet) == []


def test_a_tablet_gets_special_programmes_with_the_naming_and_forgets_them_with_its_end(
    world: World, url: str
) -> None:
    tablet = world.level_tablet(url)
    entrusted(world.database, utc_now(), VILLAGE_ID)
    assert tablet.synchronise().failed is None
    assert tablet.body(SPECIAL.id) == body_of(SPECIAL)
    assert tablet.is_level
    entrusted(world.database, utc_now())
    assert tablet.synchronise().failed is None
    assert tablet.is_level
    assert tablet.body(RESIDENT.id) is not None
    # The scope's name is left: in its sum, which is of nothing, and where the tablet enrolled.
    assert known_to(tablet) == [NAMED]


def test_an_account_comes_out_the_same_for_those_who_know_and_those_who_do_not(
    world: World, url: str
) -> None:
    tablet = world.level_tablet(url)
    before = account_on(tablet)
    entrusted(world.database, utc_now(), VILLAGE_ID)
    tablet.synchronise()
    assert tablet.body(SPECIAL.id) is not None
    assert account_on(tablet) == before == account_at(world)


RULES = PolicyBook([default_policy()])


def account_on(tablet: TabletHere) -> object:
    with tablet.store.transaction() as session:
        history = history_of(session, RESIDENT.id)
    assert history is not None
    return account_of(RULES, history, local_date(utc_now()))


def account_at(world: World) -> object:
    with world.database.reading() as session:
        history = histories_of(session, COUNTY_ID, [RESIDENT.id])[RESIDENT.id]
    return account_of(RULES, history, local_date(utc_now()))


def test_the_end_of_a_naming_takes_the_pieces_of_a_first_load_along(world: World, url: str) -> None:
    residents = [a_resident(household_id=HOUSEHOLD.id) for _ in range(LEAST_NUMBERS)]
    write_records(world.database, utc_now(), *residents)
    specials = [a_special_programme(resident.id) for resident in residents]
    write_records(world.database, utc_now(), *specials)
    entrusted(world.database, utc_now(), VILLAGE_ID)
    pieces = Portions(piece=Pace(size=2_000, least=2_000, most=2_000), records=100)
    tablet = replace(world.tablet(url), link=HttpCounty(SystemClock(), portions=pieces))
    cancel = tablet.link.cancel
    # The restricted scope is the first that is loaded whole.
    tablet.link.synchronise(tablet.store, lambda now: cancel() if now.fetched else None)
    with tablet.store.transaction() as session:
        assert snapshots.fetched(session, RESTRICTED_SCOPE) > 0
    entrusted(world.database, utc_now())
    assert tablet.synchronise().failed is None
    assert tablet.body(residents[0].id) is not None
    with tablet.store.transaction() as session:
        assert session.exec(select(SnapshotPieceRow.start)).all() == []
    # The scope's name is left: in its sum, which is of nothing, and where the tablet enrolled.
    assert known_to(tablet) == [NAMED]
