"""What a backup, or the database in use, says of itself: whose it is, of which version, how far."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import inspect, make_url, text

from core.refusals import Refusal, Refused
from county.config import CountyConfig
from county.db import open_database
from county.pg_programs import programs_for, rows_in

SQLITE, POSTGRESQL = b"SQLite format 3\0", b"PGDMP"
"""How the two kinds of file begin."""
Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """A county's database: `reached` is the last number held of each tablet's series.

    `users` are the ids of everybody who has an account.
    """

    county_id: str
    name: str
    signing_public_key: str
    escrow_public_key: str
    revision: str
    reached: Mapping[str, int]
    users: frozenset[str]


def contents_of(config: CountyConfig, path: Path) -> Contents:
    """What a backup file holds, read from the file itself.

    Raises Refused `restore.no_file`, `restore.not_a_backup`, or `restore.other_kind` for a copy
    of an SQLite database where the county is on PostgreSQL, and the other way round.
    """
    not_one = Refused(Refusal(code="restore.not_a_backup", values={"file": str(path)}))
    try:
        with path.open("rb") as opened:
            beginning = opened.read(len(SQLITE))
    except FileNotFoundError as error:
        raise Refused(Refusal(code="restore.no_file", values={"file": str(path)})) from error
    except OSError as error:
        raise not_one from error
    if beginning == SQLITE:
        found = _of_sqlite(config, path)
    elif beginning.startswith(POSTGRESQL):
        found = _of_archive(config, path)
    else:
        raise not_one
    if found is None:
        raise not_one
    return found


def contents_in_use(config: CountyConfig) -> Contents | None:
    """What the database in use holds; None where there is no county in it that can be read."""
    if is_sqlite(config):
        return sqlite_contents(sqlite_file(config))
    database = open_database(config.url)
    try:
        with database.engine.connect() as connection:
            if not inspect(connection).has_table("county"):
                return None
            return _read(
                lambda table: [
                    row._asdict() for row in connection.execute(text(f"SELECT * FROM {table}"))
                ]
            )
    finally:
        database.close()


def is_sqlite(config: CountyConfig) -> bool:
    """Whether the county keeps its data in the embedded database."""
    return make_url(config.url).get_backend_name() == "sqlite"


def sqlite_file(config: CountyConfig) -> Path:
    """The file of the embedded database."""
    return Path(make_url(config.url).database or "")


def sqlite_contents(path: Path, *, alone: bool = False) -> Contents | None:
    """What an SQLite file holds; None where it is damaged or has no county.

    A file that stands `alone` is read without looking for another program's log beside it.
    """
    query = "mode=ro&immutable=1" if alone else "mode=ro"
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?{query}", uri=True)) as held:
            held.row_factory = sqlite3.Row
            if held.execute("PRAGMA quick_check").fetchone()[0] != "ok":
                return None
            return _read(
                lambda table: [dict(row) for row in held.execute(f"SELECT * FROM {table}")]
            )
    except sqlite3.Error:
        return None


def _of_sqlite(config: CountyConfig, path: Path) -> Contents | None:
    if not is_sqlite(config):
        raise Refused(Refusal(code="restore.other_kind", values={"file": str(path)}))
    return sqlite_contents(path, alone=True)


def _of_archive(config: CountyConfig, path: Path) -> Contents | None:
    if is_sqlite(config):
        raise Refused(Refusal(code="restore.other_kind", values={"file": str(path)}))
    programs = programs_for(config)
    return _read(lambda table: rows_in(programs, path, table))


def _read(rows_of: Callable[[str], Rows]) -> Contents | None:
    counties, versions = rows_of("county"), rows_of("alembic_version")
    if not counties or not versions:
        return None
    county = min(counties, key=lambda row: str(row["created_at"]))
    return Contents(
        county_id=county["county_id"],
        name=county["name"],
        signing_public_key=county["signing_public_key"],
        escrow_public_key=county["escrow_public_key"],
        revision=versions[0]["version_num"],
        reached={row["id"]: int(row["last_seq"]) for row in rows_of("device")},
        users=frozenset(row["id"] for row in rows_of("user_account")),
    )
