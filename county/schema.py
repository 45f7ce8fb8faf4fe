"""Brings a county's database to the tables this version works with, by numbered migrations."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from core.refusals import Refusal, Refused
from county.backup_contents import is_sqlite, sqlite_file
from county.config import CountyConfig
from county.db import Database, open_database

MIGRATIONS = Path(__file__).parent / "migrations"


class DatabaseTooNew(RuntimeError):
    """The database was written by a later version of the county; nothing has been touched."""


def upgrade(database: Database) -> None:
    """Run the migrations the database has not seen; safe to call at every start.

    Raises DatabaseTooNew where it has seen one this version does not know.
    """
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with database.engine.connect() as connection:
        _refuse_too_new(ScriptDirectory.from_config(config), MigrationContext.configure(connection))
    config.attributes["database"] = database
    command.upgrade(config, "head")


def check_there(config: CountyConfig) -> None:
    """Make sure that there are a county's tables to work with, and make nothing.

    Raises Refused `county.not_founded` with where they were looked for, `config.not_a_folder`
    where the data folder is a file.
    """
    if is_sqlite(config):
        _check_file(sqlite_file(config))
    elif not _has_version(config):
        raise _not_founded("config.no_tables")


def _check_file(file: Path) -> None:
    if file.parent.is_file():
        raise Refused(Refusal(code="config.not_a_folder", values={"file": file.parent}))
    if not file.exists():
        raise _not_founded("config.no_database", file=file)


def _has_version(config: CountyConfig) -> bool:
    database = open_database(config.url)
    try:
        with database.engine.connect() as connection:
            return bool(MigrationContext.configure(connection).get_current_heads())
    finally:
        database.close()


def _not_founded(looked: str, **values: object) -> Refused:
    return Refused(Refusal(code="county.not_founded"), Refusal(code=looked, values=values))


def knows(revision: str) -> bool:
    """Whether a database of this revision can be brought up to this version's tables."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    known = ScriptDirectory.from_config(config).walk_revisions()
    return any(script.revision == revision for script in known)


def _refuse_too_new(known: ScriptDirectory, database: MigrationContext) -> None:
    ours = {script.revision for script in known.walk_revisions()}
    if not set(database.get_current_heads()) <= ours:
        raise DatabaseTooNew("the database was written by a later version of the county")
