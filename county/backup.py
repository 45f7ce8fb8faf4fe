"""A copy of the county's database, and what tablets may be told is safe because of it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import cast

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from core.refusals import Refusal, Refused
from county.backup_contents import Contents, contents_of
from county.config import CountyConfig
from county.db import Database
from county.pg_programs import Programs, programs_for, run
from county.tables import DeviceRow, OperationRow, Table

VERSION_TABLE = "alembic_version"


def copy_database(config: CountyConfig, database: Database, path: Path) -> Mapping[str, int]:
    """Write a whole, consistent copy of the database while the county goes on working.

    Gives how far each tablet's series reaches in it, as read back from the file. What does
    not become whole is not left under that name. Raises Refused `backup.file_exists`,
    `backup.damaged` where the database gives no whole copy, and with PostgreSQL what
    `county.pg_programs` refuses.
    """
    if path.exists():
        raise Refused(Refusal(code="backup.file_exists", values={"file": str(path)}))
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)
    try:
        if database.is_sqlite:
            _copy_sqlite(database, part)
        else:
            _dump(programs_for(config), part)
        reached = _whole(config, part).reached
        with part.open("rb") as copied:
            os.fsync(copied.fileno())
        part.rename(path)
    finally:
        part.unlink(missing_ok=True)
    return reached


def _whole(config: CountyConfig, part: Path) -> Contents:
    """What the copy holds, once it is proven whole; the database it is of is damaged else."""
    try:
        return contents_of(config, part)
    except Refused as refused:
        if refused.refusals[0].code != "restore.not_a_backup":
            raise
        raise Refused(Refusal(code="backup.damaged")) from refused


def _copy_sqlite(database: Database, path: Path) -> None:
    held = database.engine.raw_connection()
    try:
        with closing(sqlite3.connect(path)) as copy:
            cast(sqlite3.Connection, held.driver_connection).backup(copy)
            # One file, readable by itself, without the log beside it that the county uses.
            copy.execute("PRAGMA journal_mode=DELETE").close()
    finally:
        held.close()


def _dump(programs: Programs, path: Path) -> None:
    tables = [f"--table={name}" for name in (*Table.metadata.tables, VERSION_TABLE)]
    plain = ["--format=custom", "--no-owner", "--no-privileges", "--strict-names"]
    run(programs, "pg_dump", [*plain, *tables, f"--file={path}", programs.address])


def reached_before(session: Session, county_id: str, moment: datetime) -> Mapping[str, int]:
    """How far each tablet's series reached at a moment, for a backup made from then on."""
    rows = session.execute(
        select(OperationRow.device_id, func.max(OperationRow.device_seq))
        .where(OperationRow.county_id == county_id, OperationRow.received_at < moment)
        .group_by(OperationRow.device_id)
    )
    return dict(rows.tuples().all())


def announce(session: Session, county_id: str, reached: Mapping[str, int]) -> None:
    """Tell each tablet at its next contact how far it is under a backup; never less than before."""
    for device_id, seq in reached.items():
        session.execute(
            update(DeviceRow)
            .where(DeviceRow.county_id == county_id, DeviceRow.id == device_id)
            .where(DeviceRow.durable_seq < seq)
            .values(durable_seq=seq)
        )
