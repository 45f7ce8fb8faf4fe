"""Brings a county's database to the tables this version works with, by numbered migrations."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from county.db import Database

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
