"""A backup of an older version, restored under this one, on either kind of database."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import select

from county.backup import VERSION_TABLE
from county.pg_programs import programs_for, run
from county.schema import upgrade
from county.tables import ConflictRow, FormerEpochRow, RestoredRow, Table
from tests.builders import SCOPE
from tests.county.conftest import back_to
from tests.county.disputes import RESIDENT, disputed, name_at, settle_in, synchronise
from tests.county.standing import Standing
from tests.county_world import running

NEWER = {"restored", "former_epoch"}
"""The tables a county of the version before migration 0011 has not."""


def an_older_backup(standing: Standing, path: Path) -> Path:
    """A backup as that version made it; the county itself is of today again afterwards."""
    database = standing.world.database
    back_to(database, "0010")
    database.close()
    if database.is_sqlite:
        with (
            closing(sqlite3.connect(standing.config.data_dir / "county.db")) as held,
            closing(sqlite3.connect(path)) as copy,
        ):
            held.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE").close()
    else:
        programs = programs_for(standing.config)
        names = sorted({*Table.metadata.tables, VERSION_TABLE} - NEWER)
        plain = ["--format=custom", "--no-owner", "--no-privileges"]
        tables = [f"--table={name}" for name in names]
        run(programs, "pg_dump", [*plain, *tables, f"--file={path}", programs.address])
    upgrade(standing.world.database)
    standing.world.database.close()
    return path


def test_a_backup_of_an_older_version_is_noted_as_far_as_it_can_be(
    standing: Standing, tmp_path: Path
) -> None:
    settle_in(standing.world.database)
    with running(standing.world.county_dir, standing.database_url, port=standing.port) as url:
        first, away, other = (standing.world.level_tablet(url) for _ in range(3))
        first.edit(RESIDENT.id, phone="13900000001")
        synchronise(first)
    backup = an_older_backup(standing, tmp_path / "older")
    with running(standing.world.county_dir, standing.database_url, port=standing.port):
        first.edit(RESIDENT.id, health_record_number="1")
        synchronise(first, away)
        away.edit(RESIDENT.id, name="赵一")  # on revision 3
    assert standing.restore(backup).damaged == 0
    with standing.world.database.reading() as session:
        (former,) = session.scalars(select(FormerEpochRow).filter_by(scope_id=SCOPE))
        (restored,) = session.scalars(select(RestoredRow))
    assert (restored.record_id, restored.revision) == (RESIDENT.id, 2)
    assert restored.epoch == former.next_epoch
    with running(standing.world.county_dir, standing.database_url, port=standing.port):
        other.edit(RESIDENT.id, name="钱二")  # on revision 1
        synchronise(other, away)
    with standing.world.database.reading() as session:
        assert len(session.scalars(select(ConflictRow)).all()) == 1
    assert (name_at(standing), disputed(standing)) == ("钱二", [("钱二", "赵一")])
    standing.back_up(tmp_path / "today")
    assert standing.restore(tmp_path / "today").damaged == 0
    with standing.world.database.reading() as session:
        older, newer = session.scalars(
            select(FormerEpochRow).filter_by(scope_id=SCOPE).order_by(FormerEpochRow.ended_at)
        ).all()
    assert older.next_epoch == newer.epoch
