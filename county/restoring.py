"""Sets the county back to a backup, all of it or nothing, and keeps what was there before.

A restored county is another history: every scope gets a new epoch, so that the tablets read
it anew, and what they have sent since the backup is asked for again (docs/adr/0007).
"""

from __future__ import annotations

import os
import secrets
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path

from sqlalchemy import inspect, text
from sqlalchemy.orm import Session

from core.refusals import Refusal, Refused
from core.vocabulary import STANDING_KINDS
from county.backup import VERSION_TABLE
from county.backup_contents import (
    Contents,
    contents_in_use,
    contents_of,
    is_sqlite,
    sqlite_contents,
    sqlite_file,
)
from county.carrying_over import ON_POSTGRESQL, Passage, carry_over, places, shared
from county.config import CHINA, CountyConfig
from county.db import APPLICATION, open_database
from county.pg_programs import columns_in, programs_for, replace_tables
from county.schema import knows, upgrade
from county.tables import DeskSessionRow, FormerEpochRow, InviteRow, RecoveryRow, Table

LOGS = ("-wal", "-shm")
"""What SQLite keeps beside a file that was not closed in good order."""
LOCK_TIMEOUT = "10s"
UNUSED = " WHERE used_at IS NULL"
LENT = {
    DeskSessionRow.__tablename__: "",
    InviteRow.__tablename__: UNUSED,
    RecoveryRow.__tablename__: UNUSED,
}
"""What somebody holds who came in once, or may come in once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A backup that may be restored here: what it holds, and the county in use, if one is."""

    file: Path
    contents: Contents
    in_use: Contents | None


def planned(config: CountyConfig, file: Path) -> Plan:
    """Look at a backup without changing anything.

    Raises Refused `restore.no_file`, `restore.not_a_backup`, `restore.other_kind`,
    `restore.other_county`, `restore.too_new`.
    """
    contents = contents_of(config, file)
    in_use = contents_in_use(config)
    if in_use is not None and _identity(in_use) != _identity(contents):
        values = {"file": str(file), "name": contents.name, "ours": in_use.name}
        raise Refused(Refusal(code="restore.other_county", values=values))
    if not knows(contents.revision):
        raise Refused(Refusal(code="restore.too_new", values={"file": str(file)}))
    return Plan(file=file, contents=contents, in_use=in_use)


def restore(config: CountyConfig, plan: Plan, now: datetime) -> str:
    """Put the backup in the place of the database in use; where that is kept, "" if none was.

    What tablets hang on is taken over from it in the same step, if it can be read.

    Raises Refused `restore.county_runs` while a county serves the database.
    """
    stamp = f"{now.astimezone(CHINA):%Y%m%d-%H%M%S}"
    history = NewHistory(epoch=secrets.token_hex(4), begun_at=now)
    if is_sqlite(config):
        return _restore_file(sqlite_file(config), plan, stamp, history)
    return _restore_tables(config, plan, stamp.replace("-", "_"), history)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewHistory:
    """The history of a restored database, and when it begins."""

    epoch: str
    begun_at: datetime

    def noted(self, schema: str = "", *, has_begun: bool = False) -> tuple[str, ...]:
        """The statements that write down what it follows, and with which revisions it begins.

        Once it `has_begun`, what it follows has lost its name.
        """
        former = "''" if has_begun else "epoch"
        where = f"{schema}." if schema else ""
        kinds = ", ".join(f"'{kind}'" for kind in sorted(STANDING_KINDS))
        at = f"{self.begun_at.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}{'+00' if schema else ''}"
        return (
            f"INSERT INTO {where}former_epoch (county_id, scope_id, epoch, next_epoch, ended_at)"
            f" SELECT county_id, scope_id, {former}, '{self.epoch}', '{at}' FROM {where}scope_head",
            f"INSERT INTO {where}restored (county_id, record_id, epoch, revision)"
            f" SELECT county_id, id, '{self.epoch}', revision FROM {where}record"
            f" WHERE revision > 1 AND kind IN ({kinds})",
        )

    def begun(self, schema: str = "") -> tuple[str, ...]:
        """The statements that make it another history than the one before."""
        where = f"{schema}." if schema else ""
        return (
            f"UPDATE {where}scope_head SET epoch = '{self.epoch}'",
            f"UPDATE {where}device SET durable_seq = last_seq",
        )

    def begin(self, session: Session) -> None:
        """Begin it in a restored database that has been brought up to this version."""
        for statement in (*self.noted(), *self.begun()):
            session.execute(text(statement))


def _lent_ends(schema: str, tables: Iterable[str]) -> Iterator[str]:
    """End desk sessions and one-time codes: nobody knows which were used up since."""
    return (f"DELETE FROM {schema}.{table}{LENT[table]}" for table in tables)


def _unused(stamp: str, is_taken: Callable[[str], bool]) -> str:
    """The stamp, numbered where a restore in the same second has taken it."""
    numbered = (f"{stamp}_{number}" for number in count(2))
    return next(name for name in chain([stamp], numbered) if not is_taken(name))


def _identity(contents: Contents) -> tuple[str, str]:
    return contents.county_id, contents.signing_public_key


# SQLite: the new file is made beside the old one, and takes its name in one step.


def _restore_file(target: Path, plan: Plan, stamp: str, history: NewHistory) -> str:
    staged = target.with_name(f"{target.name}.restoring")
    target.parent.mkdir(parents=True, exist_ok=True)
    _remove(staged)
    staged.touch(mode=0o600)
    try:
        shutil.copyfile(plan.file, staged)
        _make_ready(staged, plan, history)
        kept = _followed(target, staged, plan, stamp) if target.exists() else ""
        staged.replace(target)
        _sync(target.parent)
    finally:
        _remove(staged)
    return kept


def _make_ready(staged: Path, plan: Plan, history: NewHistory) -> None:
    """Bring the copy up to this version, as a history of its own, safely on the disk."""
    if sqlite_contents(staged, alone=True) != plan.contents:
        raise Refused(Refusal(code="restore.not_a_backup", values={"file": str(plan.file)}))
    database = open_database(f"sqlite:///{staged}")
    try:
        upgrade(database)
        with database.writing() as session:
            history.begin(session)
            for statement in _lent_ends("main", LENT):
                session.execute(text(statement))
    finally:
        database.close()
    with closing(sqlite3.connect(staged)) as held:
        held.execute("PRAGMA journal_mode=DELETE").close()
    _sync(staged)


def _followed(target: Path, staged: Path, plan: Plan, stamp: str) -> str:
    """Close the file in use and take over from it what is to stay; where it is kept."""
    _close_in_good_order(target)
    if plan.in_use is not None:
        carry_over(staged, target, plan.in_use.escrow_public_key)
        _sync(staged)
    return _keep_aside(target, stamp)


def _keep_aside(target: Path, stamp: str) -> str:
    """A second name for the file in use, which the next step takes its first name from."""

    def named(stamp: str) -> Path:
        return target.with_name(f"{target.stem}.before-{stamp}{target.suffix}")

    kept = named(_unused(stamp, lambda stamp: named(stamp).exists()))
    kept.hardlink_to(target)
    for log in LOGS:
        left = Path(f"{target}{log}")
        if left.exists():
            left.rename(f"{kept}{log}")
    return str(kept)


def _close_in_good_order(target: Path) -> None:
    """Write SQLite's log back into the file; refused where another program has it open."""
    try:
        with closing(sqlite3.connect(target, timeout=0)) as held:
            held.execute("PRAGMA journal_mode=DELETE").close()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
            raise Refused(Refusal(code="restore.county_runs")) from error
        # A file that cannot be opened is kept as it is.
    except sqlite3.DatabaseError:
        return


def _remove(staged: Path) -> None:
    for suffix in ("", "-journal", *LOGS):
        Path(f"{staged}{suffix}").unlink(missing_ok=True)


def _sync(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


# PostgreSQL: the tables in use are moved to a schema of their own in the same transaction.


@dataclass(frozen=True, slots=True, kw_only=True)
class _InUse:
    """The schema the county's tables are in, the columns of those that are there, all schemas."""

    schema: str
    tables: Mapping[str, Sequence[str]]
    schemas: Sequence[str]


def _restore_tables(config: CountyConfig, plan: Plan, stamp: str, history: NewHistory) -> str:
    programs = programs_for(config)
    found = _tables_in_use(config)
    kept = f"former_{_unused(stamp, lambda name: f'former_{name}' in found.schemas)}"
    moves = [f'ALTER TABLE {found.schema}."{name}" SET SCHEMA {kept}' for name in found.tables]
    before = [f"SET lock_timeout = '{LOCK_TIMEOUT}'"]
    if moves:
        before += [f"CREATE SCHEMA {kept}", *moves]
    lent = [table for table in LENT if columns_in(programs, plan.file, table)]
    can_note = bool(columns_in(programs, plan.file, FormerEpochRow.__tablename__))
    after = (
        *(history.noted(found.schema) if can_note else ()),
        *history.begun(found.schema),
        *_lent_ends(found.schema, lent),
    )
    if plan.in_use is not None:
        both = shared(
            lambda table: columns_in(programs, plan.file, table),
            lambda table: found.tables.get(table, ()),
        )
        passage = Passage(
            ours=found.schema,
            former=kept,
            columns=both,
            listed=ON_POSTGRESQL,
            escrow_key=plan.in_use.escrow_public_key,
        )
        after = (*places(passage), *after)
    replace_tables(programs, plan.file, before, after)
    database = open_database(config.url)
    try:
        upgrade(database)
        if not can_note:  # a backup of an older version
            with database.writing() as session:
                for statement in history.noted(found.schema, has_begun=True):
                    session.execute(text(statement))
    finally:
        database.close()
    return kept if moves else ""


def _tables_in_use(config: CountyConfig) -> _InUse:
    ours = {*Table.metadata.tables, VERSION_TABLE}
    database = open_database(config.url)
    try:
        with database.engine.connect() as connection:
            if connection.execute(text(_OTHERS), {"name": APPLICATION}).scalar_one():
                raise Refused(Refusal(code="restore.county_runs"))
            looked = inspect(connection)
            return _InUse(
                schema=connection.execute(text("SELECT current_schema()")).scalar_one(),
                tables={
                    table: [column["name"] for column in looked.get_columns(table)]
                    for table in sorted(ours & set(looked.get_table_names()))
                },
                schemas=looked.get_schema_names(),
            )
    finally:
        database.close()


_OTHERS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND application_name = :name AND pid <> pg_backend_pid()"
)
