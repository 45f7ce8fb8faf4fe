"""The two ways to use the database: readers see a moment, writers take turns."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import DBAPIError, StatementError

from county.config import CHINA, CountyConfig, config_from, local_date
from county.db import Database, json_text
from county.schema import upgrade
from county.tables import CountyRow, TownshipRow
from tests.county.conftest import NOW
from tests.postgres import fresh_database


def add_township(database: Database, township_id: str) -> int:
    """Count the townships and add one: right only if nobody writes in between."""
    with database.writing() as session:
        before = session.scalar(select(func.count()).select_from(TownshipRow)) or 0
        session.add(TownshipRow(county_id="c", id=township_id, name=f"{before}"))
        return before


def test_writers_in_two_processes_take_turns_on_sqlite(sqlite_database: Database) -> None:
    # Two of these share nothing but the file, like a server and a command beside it.
    address = str(sqlite_database.engine.url)
    with fresh_database(address) as beside, ThreadPoolExecutor(4) as pool:
        jobs = [
            pool.submit(add_township, database, f"{at}-{which}")
            for at in range(20)
            for which, database in enumerate((sqlite_database, beside))
        ]
        counted = sorted(job.result() for job in jobs)
    assert counted == list(range(40))


def test_a_commit_is_on_disk_when_it_returns_on_sqlite(sqlite_database: Database) -> None:
    with sqlite_database.reading() as session:
        assert session.execute(text("PRAGMA synchronous")).scalar() == 2
        assert session.execute(text("PRAGMA journal_mode")).scalar() == "wal"


def test_nobody_but_its_owner_may_read_the_file_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with fresh_database(f"sqlite:///{tmp_path}/county/county.db") as database:
            upgrade(database)
            add_township(database, "t")
            modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.glob("county/*")}
    finally:
        os.umask(before)
    assert modes == dict.fromkeys(("county.db", "county.db-wal", "county.db-shm"), 0o600)


def test_a_block_that_raises_leaves_nothing_behind(database: Database) -> None:
    def add_and_fail() -> None:
        with database.writing() as session:
            session.add(TownshipRow(county_id="c", id="t", name="云岭镇"))
            session.flush()
            raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        add_and_fail()
    with database.reading() as session:
        assert session.get(TownshipRow, ("c", "t")) is None


def test_moments_come_back_in_utc_and_need_their_zone(county: Database) -> None:
    with county.reading() as session:
        created_at = session.scalars(select(CountyRow.created_at)).one()
    assert (created_at, created_at.utcoffset()) == (NOW, NOW.utcoffset())
    wrong = update(CountyRow).values(created_at=datetime(2026, 1, 1))  # noqa: DTZ001 - on purpose
    with county.writing() as session, pytest.raises(StatementError, match="time zone"):
        session.execute(wrong)


def test_an_error_of_the_database_does_not_quote_what_was_to_be_stored(county: Database) -> None:
    insert = text("INSERT INTO no_such_table VALUES (:name)")
    with county.reading() as session, pytest.raises(DBAPIError, match="no_such_table") as raised:
        session.execute(insert, {"name": "王建国"})
    assert "王建国" not in str(raised.value)


def test_json_stays_readable_and_survives_half_a_pair() -> None:
    assert json_text({"姓名": "王"}) == '{"姓名":"王"}'
    assert json_text("\ud83d") == '"\\ud83d"'


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("postgresql://u@h/d", "postgresql+psycopg://u@h/d"),
        ("postgres://u@h/d", "postgresql+psycopg://u@h/d"),
        ("postgresql+psycopg://u@h/d", "postgresql+psycopg://u@h/d"),
        ("", "sqlite:////data/county.db"),
    ],
)
def test_the_environment_names_the_database(given: str, used: str) -> None:
    config = config_from({"LUYUE_COUNTY_DATA": "/data", "LUYUE_DATABASE_URL": given})
    assert config.url == used


def test_the_day_in_the_county_is_that_of_china() -> None:
    late = datetime(2026, 11, 22, 23, 30, tzinfo=CHINA)
    assert local_date(late).day == 22
    assert CountyConfig(data_dir=Path("/d")).invite_hours == 72
