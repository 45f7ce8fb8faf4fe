"""A backup is whole or not there, tells the tablets what is safe, and needs its programs."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from sqlalchemy import select, update

from core.refusals import Refused
from county import backup_office
from county.backup_contents import contents_of
from county.config import utc_now
from county.pg_programs import programs_for
from county.tables import DeviceRow, UserRow
from tests.builders import a_follow_up, a_household, a_resident
from tests.county.standing import Standing
from tests.county_world import write_records
from tests.postgres import Postgres

HOUSEHOLD = a_household()
RESIDENT = a_resident(household_id=HOUSEHOLD.id)


@pytest.fixture
def on_postgres(tmp_path: Path, postgres: Postgres) -> Standing:
    made = Standing(tmp_path, postgres.empty_url(), str(postgres.programs))
    made.world.database.close()
    return made


def test_a_backup_is_made_while_the_county_works_and_reaches_the_tablet(
    standing: Standing, tmp_path: Path
) -> None:
    write_records(standing.world.database, utc_now(), HOUSEHOLD, RESIDENT)
    tablet = standing.world.tablet(standing.start())
    tablet.save(a_follow_up(RESIDENT.id, utc_now().date()))
    assert tablet.synchronise().receipted == 1
    file = tmp_path / "b"
    standing.done("backup", str(file))
    tablet.save(a_follow_up(RESIDENT.id, utc_now().date()))
    tablet.synchronise()
    assert list(contents_of(standing.config, file).reached.values()) == [1]
    with standing.world.database.reading() as session:
        device = session.scalars(select(DeviceRow)).one()
    assert (device.durable_seq, device.last_seq) == (1, 2)
    standing.stop()


def test_a_backup_is_for_its_owners_eyes_only_and_leaves_no_part_behind(
    standing: Standing, tmp_path: Path
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    backup_office.back_up(standing.config, folder / "b")
    assert [path.name for path in folder.iterdir()] == ["b"]
    assert stat.S_IMODE((folder / "b").stat().st_mode) == 0o600


def test_a_backup_does_not_write_over_a_file(standing: Standing, tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"another")
    with pytest.raises(Refused) as refused:
        backup_office.back_up(standing.config, tmp_path / "b")
    assert [refusal.code for refusal in refused.value.refusals] == ["backup.file_exists"]
    assert (tmp_path / "b").read_bytes() == b"another"


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_without_postgresqls_programs_the_command_says_what_to_install(
    on_postgres: Standing, tmp_path: Path, command: str
) -> None:
    file = tmp_path / "b"
    if command == "restore":
        on_postgres.done("backup", str(file))
    empty = tmp_path / "empty"
    empty.mkdir()
    answer = on_postgres.luyue(command, str(file), LUYUE_PG_BIN=str(empty))
    assert (answer.returncode, answer.stderr.count("\n")) == (2, 1)
    assert "LUYUE_PG_BIN" in answer.stderr
    assert not (tmp_path / "b.part").exists()


@pytest.mark.parametrize("version", ["9.6.24", "99.1"])
def test_a_program_of_another_version_than_the_server_is_refused(
    on_postgres: Standing, tmp_path: Path, version: str
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    program = other / "pg_dump"
    program.write_text(f"#!/bin/sh\necho 'pg_dump (PostgreSQL) {version}'\n")
    program.chmod(0o755)
    answer = on_postgres.luyue("backup", str(tmp_path / "b"), LUYUE_PG_BIN=str(other))
    assert (answer.returncode, answer.stderr.count("\n")) == (2, 1)
    assert f"version {version.split('.', maxsplit=1)[0]}" in answer.stderr
    assert not (tmp_path / "b").exists()


def test_a_name_with_an_odd_line_break_in_it_stops_no_backup(
    on_postgres: Standing, tmp_path: Path
) -> None:
    with on_postgres.world.database.writing() as session:
        session.execute(update(UserRow).values(name="李\u2028医\x85生"))
    on_postgres.back_up(tmp_path / "backup")
    assert on_postgres.restore(tmp_path / "backup").county


def test_the_password_is_not_on_the_programs_command_line(on_postgres: Standing) -> None:
    programs = programs_for(on_postgres.config)
    url = programs.url.set(password="very secret", host="db", username="luyue")
    shown = type(programs)(folder="", url=url, server_major=programs.server_major)
    assert shown.address.startswith("--dbname=postgresql://luyue@db/")
    assert shown.environment["PGPASSWORD"] == "very secret"
