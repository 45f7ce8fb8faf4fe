"""A PEP 249 face over apsw, so that SQLAlchemy and SQLModel drive the encrypted store.

SQLAlchemy's own `pysqlite` dialect is given this module in place of `sqlite3`. A transaction
begins with the first statement and ends with commit or rollback, DDL included.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any, Self

import apsw

from app.store.errors import (
    StoreClosed,
    StoreDamaged,
    StoreError,
    StoreFull,
    StoreInUse,
    StoreUnusable,
)

apilevel = "2.0"
threadsafety = 1
paramstyle = "qmark"
sqlite_version = apsw.sqlite_lib_version()
sqlite_version_info = tuple(int(part) for part in sqlite_version.split("."))
Binary = bytes

Row = tuple[Any, ...]
Values = Sequence[Any]


class Error(Exception):
    """Root of the errors PEP 249 asks for."""


class InterfaceError(Error):
    """The face itself was used wrongly."""


class DatabaseError(Error):
    """Anything the database says no to."""


class DataError(DatabaseError):
    """A value the database cannot hold."""


class OperationalError(DatabaseError):
    """The statement could not be carried out."""


class IntegrityError(DatabaseError):
    """A constraint would be broken."""


class InternalError(DatabaseError):
    """SQLite reports a fault of its own."""


class ProgrammingError(DatabaseError):
    """Wrong number or kind of parameters, or a connection that is closed."""


class NotSupportedError(DatabaseError):
    """Not offered."""


# The first match counts. A StoreError passes through SQLAlchemy as it is, for the services.
_TRANSLATIONS: tuple[tuple[type[Exception], type[Exception]], ...] = (
    (apsw.ConstraintError, IntegrityError),
    (apsw.FullError, StoreFull),
    (apsw.IOError, StoreUnusable),
    (apsw.CorruptError, StoreDamaged),
    (apsw.NotADBError, StoreDamaged),
    (apsw.BusyError, StoreInUse),
    (apsw.MismatchError, IntegrityError),
    (apsw.TooBigError, DataError),
    (apsw.BindingsError, ProgrammingError),
    (apsw.ConnectionClosedError, StoreClosed),
    (apsw.CursorClosedError, ProgrammingError),
    (apsw.InternalError, InternalError),
    (apsw.Error, OperationalError),
)


def translation(error: apsw.Error) -> Exception:
    """PEP 249's name for the error, or the store's own where a user must hear of it."""
    kind = next(target for source, target in _TRANSLATIONS if isinstance(error, source))
    return kind(str(error))


class _Translated:
    """Turns apsw's errors into those that SQLAlchemy and the services know."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, apsw.Error) and not isinstance(error, StoreError):
            raise translation(error) from error


translated = _Translated()
"""One for all: it is entered several times a statement, and holds nothing."""


class Cursor:
    """One statement under way."""

    arraysize = 1

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._cursor = connection.raw.cursor()
        self._cursor.exec_trace = self._started
        self._rows: Iterator[Row] = iter(())
        self._reads = True
        self.description: tuple[Row, ...] | None = None
        self.rowcount = -1

    @property
    def lastrowid(self) -> int:
        """The key of the row inserted last."""
        return self._connection.raw.last_insert_rowid()

    def _started(self, cursor: apsw.Cursor, _sql: str, _values: object) -> bool:
        # apsw forgets a statement's columns once it is done, even where it gave no row.
        self.description = cursor.description or None
        self._reads = cursor.is_readonly
        return True

    def execute(self, sql: str, values: Values = ()) -> Self:
        """Run one statement; a reading one is stepped row by row as it is fetched."""
        self._connection.begin()
        with translated:
            self._rows = self._cursor.execute(sql, values)
            if not self._reads:
                self._rows = iter(self._cursor.fetchall())
        self.rowcount = -1 if self._reads else self._connection.raw.changes()
        return self

    def executemany(self, sql: str, many: Sequence[Values]) -> Self:
        """Run one statement for each set of values; `rowcount` is the sum."""
        self._connection.begin()
        raw, run, changed = self._connection.raw, self._cursor.execute, 0
        self._cursor.exec_trace = None  # nothing is read
        with translated:
            for values in many:
                run(sql, values)
                changed += raw.changes()
        self.rowcount = changed
        return self

    def fetchone(self) -> Row | None:
        """The next row, or None."""
        with translated:
            return next(self._rows, None)

    def fetchmany(self, size: int | None = None) -> list[Row]:
        """The next `size` rows or fewer."""
        with translated:
            return list(islice(self._rows, size or self.arraysize))

    def fetchall(self) -> list[Row]:
        """All remaining rows."""
        with translated:
            return list(self._rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.fetchone, None)

    def close(self) -> None:
        """Drop the statement and what was not fetched."""
        self._cursor.close(True)

    def setinputsizes(self, sizes: object) -> None:
        """Asked for by PEP 249; SQLite has no use for it."""

    def setoutputsize(self, size: int, column: int | None = None) -> None:
        """Asked for by PEP 249; SQLite has no use for it."""


class Connection:
    """One connection; `isolation_level` None means that no transaction begins by itself."""

    def __init__(self, raw: apsw.Connection) -> None:
        self.raw = raw
        self.isolation_level: str | None = ""

    def begin(self) -> None:
        """Begin a transaction unless one is under way."""
        with translated:
            if self.isolation_level is not None and not self.raw.in_transaction:
                self.raw.execute("BEGIN")

    def cursor(self) -> Cursor:
        """A new cursor."""
        with translated:
            return Cursor(self)

    def commit(self) -> None:
        """Make the transaction durable: when this returns, a power cut cannot undo it."""
        with translated:
            if self.raw.in_transaction:
                self.raw.execute("COMMIT")

    def rollback(self) -> None:
        """Undo the transaction, if one is under way; one that was closed is undone already."""
        with translated, suppress(apsw.ConnectionClosedError):
            if self.raw.in_transaction:
                self.raw.execute("ROLLBACK")

    def close(self) -> None:
        """Fold the log into the store and close both."""
        with translated:
            self.raw.close()

    def keep_log(self) -> None:
        """Let `close` leave the log and the store as they are."""
        self.raw.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)

    def create_function(
        self, name: str, arity: int, function: Callable[..., Any], *, deterministic: bool = False
    ) -> None:
        """Register an SQL function, as SQLAlchemy does for `regexp`."""
        self.raw.create_scalar_function(name, function, arity, deterministic=deterministic)
