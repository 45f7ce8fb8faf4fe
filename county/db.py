"""The county's database: one writer at a time on SQLite, row locks on PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from threading import Lock
from typing import Any

from pydantic_core import PydanticSerializationError, from_json, to_json
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from statements.made_once import handed

BUSY_TIMEOUT_MS = 30_000
"""How long a writer waits for the one before it on SQLite."""

WRITES = "luyue_writes"

APPLICATION = "luyue"
"""What PostgreSQL is told the county's connections are called."""


class Database:
    """An open database and the two ways to use it: reading and writing."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._writing_engine = engine.execution_options(**{WRITES: True})
        # SQLite lets one writer in and makes the others poll; a lock of our own queues them.
        self._turn: AbstractContextManager[object] = Lock() if self.is_sqlite else nullcontext()

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the embedded database."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session for queries only; what it changed would be thrown away."""
        with Session(self.engine, expire_on_commit=False, autoflush=False) as session:
            yield session

    @contextmanager
    def one_moment(self) -> Iterator[Session]:
        """A session for queries that all see the county as it stood at the first of them."""
        engine = self.engine
        if not self.is_sqlite:  # SQLite's readers have never seen anything else
            engine = engine.execution_options(isolation_level="REPEATABLE READ")
        with Session(engine, expire_on_commit=False, autoflush=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """One transaction: committed when the block ends, rolled back when it raises."""
        with (
            self._turn,
            Session(self._writing_engine, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


def open_database(url: str) -> Database:
    """The database at a SQLAlchemy address.

    An SQLite file that is missing is made with its folder, for its owner alone to read.
    """
    address = make_url(url)
    if address.get_backend_name() != "sqlite":
        named = {"application_name": APPLICATION}
        return Database(create_engine(address, pool_pre_ping=True, connect_args=named, **_ENGINE))
    if address.database:
        file = Path(address.database)
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            file.touch(mode=0o600)  # the log beside it gets the same mode
    engine = create_engine(address, **_ENGINE)
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return Database(engine)


class JsonText(str):
    """What is JSON already: a column takes it as it stands."""

    __slots__ = ()


def json_text(value: Any) -> str:
    """JSON for a column: readable text, escaped only where it is no valid UTF-8.

    A number that JSON has not, infinite or none at all, is written as text.
    """
    if isinstance(value, JsonText):
        return value
    try:
        return to_json(value, inf_nan_mode="strings").decode()
    except PydanticSerializationError:  # half a surrogate pair, or a number beyond all bounds
        sayable = json.loads(json.dumps(value), parse_constant=str)
        return json.dumps(sayable, separators=(",", ":"))


def json_value(text: str | bytes) -> Any:
    """What a column's JSON says."""
    try:
        return from_json(text)
    except ValueError:
        return json.loads(text)


# A statement's values are people's records: they stay out of error messages and so of the logs.
_ENGINE: dict[str, Any] = {
    "json_serializer": json_text,
    "json_deserializer": json_value,
    "hide_parameters": True,
}


def _set_up_sqlite(connection: Any, _entry: ConnectionPoolEntry) -> None:
    # The driver's own BEGIN comes too late to hold off a second writer; ours replaces it.
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "cache_size=-65536",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES, False)
    handed(connection, "BEGIN IMMEDIATE" if writes else "BEGIN").close()
