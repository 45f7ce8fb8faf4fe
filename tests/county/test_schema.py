"""The migrations make the tables the code works with, on both kinds of database."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from county.config import CountyConfig
from county.db import Database
from county.schema import DatabaseTooNew, upgrade
from county.tables import Table, UserRow
from tests.county.conftest import upgrade_to
from tests.postgres import Postgres, fresh_database


def test_the_migrated_tables_are_those_of_the_code(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Table.metadata) == []


def test_every_primary_key_begins_with_the_county() -> None:
    for table in Table.metadata.sorted_tables:
        assert next(iter(table.primary_key.columns)).name == "county_id", table.name


def test_every_unique_index_begins_with_the_county() -> None:
    for table in Table.metadata.sorted_tables:
        for index in table.indexes:
            assert next(iter(index.columns)).name == "county_id", index.name


def test_migrating_again_changes_nothing(database: Database) -> None:
    upgrade(database)
    with database.engine.connect() as connection:
        heads = MigrationContext.configure(connection).get_current_heads()
    assert len(heads) == 1


def test_no_doctor_of_an_older_county_is_named_for_what_is_restricted(blank: Database) -> None:
    upgrade_to(blank, "0005")
    with blank.writing() as session:
        session.execute(
            text(
                "INSERT INTO user_account (county_id, id, login, name, role, password_hash,"
                " village_ids, phone, active, created_at) VALUES ('c', 'd', 'd', '周大夫',"
                " 'doctor', '', '[\"v\"]', '', true, '2026-01-01 00:00:00')"
            )
        )
    upgrade(blank)
    with blank.reading() as session:
        doctor = session.get_one(UserRow, ("c", "d"))
        assert (doctor.village_ids, doctor.restricted_village_ids) == (["v"], [])


def test_a_database_of_a_later_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    with fresh_database(CountyConfig(data_dir=tmp_path).url) as database:
        upgrade(database)
        with database.writing() as session:
            session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        with pytest.raises(DatabaseTooNew):
            upgrade(database)


def test_an_empty_postgresql_gets_its_tables(postgres: Postgres) -> None:
    with fresh_database(postgres.empty_url()) as database:
        upgrade(database)
        with database.engine.connect() as connection:
            assert connection.execute(text("SELECT count(*) FROM record")).scalar() == 0
