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
from county.config import CountyConfig
from county.db import Database, open_database
from county.tables import DeviceRow, OperationRow


def copy_database(database: Database, path: Path) -> None:
    """Write a whole, consistent copy of an SQLite database while the county goes on working.

    Raises Refused `backup.not_sqlite` (PostgreSQL has pg_dump), `backup.file_exists`.
    """
    if not database.is_sqlite:
        raise Refused(Refusal(code="backup.not_sqlite"))
    if path.exists():
        raise Refused(Refusal(code="backup.file_exists", values={"file": str(path)}))
    path.touch(mode=0o600)
    held = database.engine.raw_connection()
    try:
        with closing(sqlite3.connect(path)) as copy:
            cast(sqlite3.Connection, held.driver_connection).backup(copy)
    finally:
        held.close()
    with path.open("rb") as copied:
        os.fsync(copied.fileno())


def reached_in(path: Path) -> Mapping[str, int]:
    """How far each tablet's series reaches in a copy, by tablet."""
    copy = open_database(CountyConfig(data_dir=path.parent, database_url=f"sqlite:///{path}").url)
    try:
        with copy.reading() as session:
            return {row.id: row.last_seq for row in session.scalars(select(DeviceRow))}
    finally:
        copy.close()


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
