"""Takes from the database that a restore replaced what tablets cannot bring back: their places.

A tablet enrolled since the backup would be nobody here, and what it holds could never be
handed in; one revoked since would be trusted again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import inspect, text

from core.wire.envelopes import GENESIS
from county.backup_contents import is_sqlite, sqlite_file
from county.config import CountyConfig
from county.db import open_database
from county.tables import DeviceRow, EscrowRow

FORMER = "former"
"""The replaced SQLite file, while it is looked into."""
ANEW = {"last_seq": "0", "last_hash": f"'{GENESIS}'", "durable_seq": "0"}
"""Of a tablet enrolled since, the restored county has nothing yet and will ask for it all."""
STANDING = ("state", "wipe_order", "wiped_at")
"""What the office decided about a tablet; the later word stands."""


def carry_over(config: CountyConfig, kept: str) -> None:
    """Take the tablets' places over from the database kept under this name."""
    if is_sqlite(config):
        _from_file(sqlite_file(config), Path(kept))
    else:
        _from_schema(config, kept)


def _from_file(target: Path, kept: Path) -> None:
    with closing(sqlite3.connect(target)) as held:
        held.execute(f"ATTACH DATABASE ? AS {FORMER}", (f"{kept}",))

        def columns(table: str) -> list[str]:
            return [row[1] for row in held.execute(f"PRAGMA {FORMER}.table_info({table})")]

        with held:
            for statement in _statements("main", FORMER, columns):
                held.execute(statement)


def _from_schema(config: CountyConfig, kept: str) -> None:
    database = open_database(config.url)
    try:
        with database.writing() as session:
            looked = inspect(session.connection())
            ours = session.execute(text("SELECT current_schema()")).scalar_one()

            def columns(table: str) -> list[str]:
                return [row["name"] for row in looked.get_columns(table, schema=kept)]

            for statement in _statements(ours, kept, columns):
                session.execute(text(statement))
    finally:
        database.close()


def _statements(ours: str, former: str, columns: Callable[[str], Sequence[str]]) -> Iterable[str]:
    """What takes over, of the columns that both versions of the tables know."""
    for name in set(STANDING) & set(columns("device")):
        yield (
            f"UPDATE {ours}.device SET {name} = ("
            f"SELECT was.{name} FROM {former}.device AS was WHERE was.id = device.id) "
            f"WHERE id IN (SELECT id FROM {former}.device)"
        )
    doctors = f"doctor_id IN (SELECT id FROM {ours}.user_account)"
    yield _insert(DeviceRow, ours, former, columns("device"), "id", doctors)
    enrolled = f"device_id IN (SELECT id FROM {ours}.device)"
    yield _insert(EscrowRow, ours, former, columns("escrow"), "device_id", enrolled)


def _insert(
    row: Any, ours: str, former: str, known: Sequence[str], key: str, condition: str
) -> str:
    table = row.__tablename__
    shared = [name for name in known if name in row.__table__.columns]
    values = [ANEW.get(name, name) for name in shared]
    return (
        f"INSERT INTO {ours}.{table} ({', '.join(shared)}) SELECT {', '.join(values)} "
        f"FROM {former}.{table} WHERE {condition} "
        f"AND {key} NOT IN (SELECT {key} FROM {ours}.{table})"
    )
