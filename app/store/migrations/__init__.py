"""The numbered steps from an empty store to this app's tables, each in one transaction.

A step that has been shipped is never changed; a new one is added. `user_version` in the
file says which was the last.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.resources import files
from typing import NamedTuple

from sqlalchemy import Connection, Engine

from app.store.errors import StoreTooNew

_NAME = re.compile(r"(\d{4})_\w+\.sql")


class Step(NamedTuple):
    """One migration: its number and its statements."""

    number: int
    sql: str


def steps() -> tuple[Step, ...]:
    """All steps of this app, in order."""
    found = [
        Step(int(match[1]), entry.read_text(encoding="utf-8"))
        for entry in files(__package__).iterdir()
        if (match := _NAME.fullmatch(entry.name))
    ]
    return tuple(sorted(found))


def bring_up(engine: Engine, wanted: Sequence[Step] | None = None) -> None:
    """Takes every step the store has not taken; raises StoreTooNew, having touched nothing."""
    wanted = steps() if wanted is None else wanted
    with engine.connect() as connection:
        taken = _version(connection)
    if taken > wanted[-1].number:
        raise StoreTooNew(f"the store is of version {taken}, this app knows {wanted[-1].number}")
    for step in wanted:
        if step.number > taken:
            _take(engine, step)


def is_behind(engine: Engine) -> bool:
    """Whether a store that has been in use lacks steps of this app; a new one does not."""
    with engine.connect() as connection:
        return 0 < _version(connection) < steps()[-1].number


def _version(connection: Connection) -> int:
    return int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())


def _take(engine: Engine, step: Step) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(step.sql)
        connection.exec_driver_sql(f"PRAGMA user_version = {step.number:d}")
