"""The store as the services and the synchronisation see it: one file, one transaction at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import TimeoutError
from sqlmodel import Session

from app.store.engine import LEND_SECONDS, close_store, open_store
from app.store.errors import StoreClosed
from app.store.integrity import check_integrity, was_closed_cleanly
from app.store.migrations import bring_up, is_behind
from app.store.spare_copy import drop_spare_copy, keep_spare_copy


class Store:
    """The open, encrypted store. Any thread may use it; transactions queue up behind each other."""

    def __init__(self, engine: Engine) -> None:
        self._engine: Engine | None = engine
        # Borrowed for as long as the store is open: lending it anew to each transaction, as the
        # engine would, costs more than a small transaction itself.
        self._connection = engine.connect()
        self._turn = Lock()
        self._closing = Lock()

    @classmethod
    def open(cls, path: Path, data_key: bytes) -> Store:
        """Opens the store, made if absent, and brings its tables to this app's version.

        Raises what `open_store` raises; StoreTooNew also where the tables are newer than
        this app. A store that is refused is left as it was. Before a step is taken the store
        is copied; the copy goes when the store is next opened with its new tables.
        """
        was_clean = was_closed_cleanly(path)
        engine = open_store(path, data_key)
        try:
            if not was_clean:
                check_integrity(engine)
            behind = is_behind(engine)
        except BaseException:
            close_store(engine, fold_log=was_clean)
            raise
        if behind:
            close_store(engine)
            keep_spare_copy(path)
            engine = open_store(path, data_key)
        try:
            bring_up(engine)
        except BaseException:
            close_store(engine, fold_log=was_clean)
            raise
        if not behind:
            drop_spare_copy(path)
        return cls(engine)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session whose work is committed, durable, when the block ends, or undone if it raises.

        Never open a second one inside: it would wait for the first. Raises StoreClosed, and
        sqlalchemy.exc.TimeoutError where the one before takes longer than LEND_SECONDS.
        """
        with self._in_turn() as connection, self._session(connection) as session:
            yield session

    @property
    def is_open(self) -> bool:
        """Whether transactions can still begin; another thread may close it at any moment."""
        return self._engine is not None

    def close(self) -> None:
        """Waits for the transaction under way, closes the file and drops its key.

        When it returns the file is free, also where another thread began to close it.
        """
        with self._closing:
            with self._in_turn() as connection:
                engine = self._shut(connection)
            if engine is not None:
                close_store(engine)

    def close_if(self, is_due: Callable[[Session], bool]) -> bool:
        """Closes where `is_due` says so; whether it did.

        Asked and closed in one turn: what is saved was there to be asked about, or is refused.
        Raises StoreClosed.
        """
        with self._closing:
            with self._in_turn() as connection:
                with self._session(connection) as session:
                    due = is_due(session)
                engine = self._shut(connection) if due else None
            if engine is not None:
                close_store(engine)
            return due

    @contextmanager
    def _session(self, connection: Connection) -> Iterator[Session]:
        if self._engine is None:
            raise StoreClosed("the store is closed")
        try:
            with Session(connection, expire_on_commit=False) as session, session.begin():
                yield session
        finally:
            # Whoever comes next must not finish what this one could not even undo.
            connection.connection.rollback()

    def _shut(self, connection: Connection) -> Engine | None:
        """What is left to close once nothing can begin any more; None where another has begun."""
        engine, self._engine = self._engine, None
        connection.close()
        return engine

    @contextmanager
    def _in_turn(self) -> Iterator[Connection]:
        if not self._turn.acquire(timeout=LEND_SECONDS):
            raise TimeoutError("the store is in use")
        try:
            yield self._connection
        finally:
            self._turn.release()
