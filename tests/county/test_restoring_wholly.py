"""A restore happens wholly or not at all, and only from a whole backup of this county."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, text

from core.refusals import Refused
from county.backup import copy_database
from county.backup_office import carry_out
from county.config import utc_now
from county.office import opened
from county.pg_programs import programs_for, replace_tables
from county.restoring import planned
from county.tables import DeskSessionRow, InviteRow, RecordRow, Table
from tests.builders import COUNTY_ID, DOCTOR_ID, a_household, a_resident
from tests.county.conftest import HOUSEHOLD, RESIDENT
from tests.county.standing import Standing
from tests.county.yesterday import Yesterday, epochs, held
from tests.county_world import enrol_tablet, write_records
from tests.postgres import Postgres


def test_what_was_there_before_a_restore_is_kept_whole(
    standing: Standing, yesterday: Yesterday
) -> None:
    standing.stop()
    told = standing.done("restore", str(yesterday.file), "--yes")
    kept = told.strip().rpartition(" ")[2]
    count = "SELECT count(*) FROM {}record WHERE kind = 'follow_up'"
    if standing.database_url:
        with standing.world.database.reading() as session:
            found = session.execute(text(count.format(f"{kept}."))).scalar_one()
    else:
        with closing(sqlite3.connect(kept)) as former:
            (found,) = former.execute(count.format("")).fetchone()
    assert found == len(yesterday.before) + len(yesterday.after)


def is_under_way(standing: Standing) -> bool:
    """Whether a restore has begun to write."""
    if not standing.database_url:
        return (standing.world.county_dir / "county.db.restoring").exists()
    taking = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'psql'"
    with standing.world.database.reading() as session:
        return bool(session.execute(text(taking)).scalar_one())


def is_over(standing: Standing) -> bool:
    """Whether PostgreSQL has noticed that nobody is left; a file needs nobody to notice."""
    return not standing.database_url or not is_under_way(standing)


def test_a_restore_killed_half_way_has_happened_wholly_or_not_at_all(
    standing: Standing, yesterday: Yesterday
) -> None:
    standing.stop()
    with standing.begun("restore", str(yesterday.file), "--yes") as restoring:
        while not is_under_way(standing) and restoring.poll() is None:
            pass
        restoring.kill()
    while not is_over(standing):
        pass
    every = {visit.id for visit in (*yesterday.before, *yesterday.after)}
    if epochs(standing) == yesterday.former:
        assert held(standing).keys() == every
    else:
        assert held(standing).keys() == {visit.id for visit in yesterday.before}
    standing.world.database.close()
    standing.done("restore", str(yesterday.file), "--yes")
    assert epochs(standing).isdisjoint(yesterday.former)
    assert not list(standing.world.county_dir.glob("*.restoring*"))


def test_a_running_county_is_not_replaced_under_its_tablets(
    standing: Standing, yesterday: Yesterday
) -> None:
    standing.world.database.close()
    answer = standing.luyue("restore", str(yesterday.file), "--yes")
    assert (answer.returncode, answer.stderr.count("\n")) == (1, 1)
    assert "Stop it" in answer.stderr
    assert epochs(standing) == yesterday.former
    yesterday.synchronise()
    standing.stop()


def test_a_restore_nobody_has_said_yes_to_changes_nothing(
    standing: Standing, yesterday: Yesterday
) -> None:
    standing.stop()
    assert standing.luyue("restore", str(yesterday.file)).returncode == 1
    assert epochs(standing) == yesterday.former


def test_sessions_and_unused_codes_end_with_a_restore(standing: Standing, tmp_path: Path) -> None:
    world = standing.world
    file = tmp_path / "b"
    world.invite()
    with world.database.writing() as session:
        session.add(
            DeskSessionRow(
                county_id=COUNTY_ID,
                token_hash="h",
                user_id=DOCTOR_ID,
                csrf="c",
                created_at=utc_now(),
                expires_at=utc_now(),
            )
        )
    standing.back_up(file)
    standing.restore(file)
    with world.database.reading() as session:
        assert session.scalars(select(DeskSessionRow)).all() == []
        assert session.scalars(select(InviteRow)).all() == []


def codes(refused: pytest.ExceptionInfo[Refused]) -> set[str]:
    return {refusal.code for refusal in refused.value.refusals}


def damaged(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: len(content) * 2 // 3])


def emptied(file: Path) -> None:
    file.write_bytes(b"")


def something_else(file: Path) -> None:
    file.write_text("not a backup at all\n" * 100)


def missing(file: Path) -> None:
    file.unlink()


@pytest.mark.parametrize("spoil", [damaged, emptied, something_else, missing])
def test_what_is_no_whole_backup_is_refused_and_nothing_changes(
    standing: Standing, tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    file = tmp_path / "b"
    write_records(standing.world.database, utc_now(), HOUSEHOLD, RESIDENT)
    enrol_tablet(standing.world.database, utc_now())
    standing.back_up(file)
    before = epochs(standing)
    spoil(file)
    with pytest.raises(Refused) as refused:
        standing.restore(file)
    wrong = {"restore.not_a_backup", "backup.program_failed"}
    assert codes(refused) <= ({"restore.no_file"} if spoil is missing else wrong)
    assert epochs(standing) == before
    assert not list(standing.world.county_dir.glob("*.restoring*"))


def test_a_refused_restore_is_one_sentence_and_an_exit_status(
    standing: Standing, tmp_path: Path
) -> None:
    answer = standing.luyue("restore", str(tmp_path / "nowhere"), "--yes")
    assert (answer.returncode, answer.stderr.count("\n")) == (2, 1)
    assert "Nothing was changed" in answer.stderr


def test_another_countys_backup_is_refused(standing: Standing, tmp_path: Path) -> None:
    file = tmp_path / "b"
    standing.back_up(file)
    with standing.world.database.writing() as session:
        # The same name and id, but other keys: the tablets would believe none of its receipts.
        session.execute(text("UPDATE county SET signing_public_key = 'another'"))
    with pytest.raises(Refused) as refused:
        standing.restore(file)
    assert codes(refused) == {"restore.other_county"}


def test_a_backup_of_a_later_version_is_refused(standing: Standing, tmp_path: Path) -> None:
    file = tmp_path / "b"
    with standing.world.database.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    copy_database(standing.config, standing.world.database, file)
    with pytest.raises(Refused) as refused:
        standing.restore(file)
    assert codes(refused) == {"restore.too_new"}


@pytest.fixture
def on_postgres(tmp_path: Path, postgres: Postgres) -> Iterator[Standing]:
    made = Standing(tmp_path / "place", postgres.empty_url(), str(postgres.programs))
    write_records(made.world.database, utc_now(), HOUSEHOLD, RESIDENT)
    yield made
    made.close()


def records(standing: Standing) -> int:
    with standing.world.database.reading() as session:
        return len(session.scalars(select(RecordRow.id)).all())


def test_a_restore_that_fails_at_its_last_step_is_undone_to_its_first(
    on_postgres: Standing, tmp_path: Path
) -> None:
    file = tmp_path / "b"
    on_postgres.back_up(file)
    write_records(on_postgres.world.database, utc_now(), a_household())
    with on_postgres.world.database.writing() as session:
        # Indexes come last, and this name is taken by a table that is not the county's.
        session.execute(text("ALTER INDEX ix_device_county_id_doctor_id RENAME TO another"))
        session.execute(text("CREATE TABLE ix_device_county_id_doctor_id (n integer)"))
    on_postgres.world.database.close()
    answer = on_postgres.luyue("restore", str(file), "--yes")
    assert (answer.returncode, answer.stderr.count("\n")) == (1, 1)
    assert "already exists" in answer.stderr
    assert records(on_postgres) == 3


def test_an_archive_that_ends_half_way_is_not_committed_half_way(
    on_postgres: Standing, tmp_path: Path
) -> None:
    file = tmp_path / "b"
    on_postgres.back_up(file)
    file.write_bytes(file.read_bytes()[:-300])
    programs = programs_for(on_postgres.config)
    on_postgres.world.database.close()
    with pytest.raises(Refused):
        replace_tables(programs, file, [f"DROP TABLE {name}" for name in Table.metadata.tables], [])
    assert records(on_postgres) == 2


def test_a_backup_is_restored_on_an_empty_server(
    standing: Standing, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    file = tmp_path / "b"
    write_records(standing.world.database, utc_now(), HOUSEHOLD, RESIDENT)
    standing.back_up(file)
    url = ""
    if standing.database_url:
        server: Postgres = request.getfixturevalue("postgres")
        url = server.empty_url()
    anew = replace(standing.config, database_url=url, data_dir=tmp_path / "anew")
    assert carry_out(anew, planned(anew, file)).kept == ""
    with opened(anew) as database, database.reading() as session:
        assert len(session.scalars(select(RecordRow)).all()) == 2


def test_a_backup_of_the_other_kind_of_database_is_refused(
    on_postgres: Standing, tmp_path: Path
) -> None:
    on_sqlite = Standing(tmp_path / "embedded")
    places = [on_sqlite, on_postgres]
    for number, place in enumerate(places):
        place.back_up(tmp_path / f"b{number}")
    for number, place in enumerate(reversed(places)):
        with pytest.raises(Refused) as refused:
            place.restore(tmp_path / f"b{number}")
        assert codes(refused) == {"restore.other_kind"}
    on_sqlite.close()


def test_a_damaged_sqlite_database_is_kept_aside_and_replaced(tmp_path: Path) -> None:
    place = Standing(tmp_path / "place")
    file = tmp_path / "b"
    place.back_up(file)
    target = place.world.county_dir / "county.db"
    target.write_bytes(b"the disk has failed" * 1000)
    restored = place.restore(file)
    assert (restored.was_unreadable, restored.damaged) == (True, 0)
    kept = Path(restored.kept)
    assert kept.name.startswith("county.before-")
    assert kept.read_bytes().startswith(b"the disk has failed")
    assert held(place) == {}
    place.close()


def test_a_backup_in_which_something_was_changed_is_restored_and_said_to_be_damaged(
    tmp_path: Path,
) -> None:
    place = Standing(tmp_path / "place")
    resident = a_resident(name="钱多多", household_id=HOUSEHOLD.id)
    write_records(place.world.database, utc_now(), HOUSEHOLD, resident)
    file = tmp_path / "b"
    place.back_up(file)
    file.write_bytes(file.read_bytes().replace("钱多多".encode(), "钱少少".encode()))
    restored = place.restore(file)
    assert not restored.was_unreadable
    assert restored.damaged > 0
    place.close()
