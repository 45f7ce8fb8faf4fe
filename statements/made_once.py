"""Statements that are constants: written for a dialect once, then handed to its driver as text.

SQLAlchemy keys, fills in and answers each execution anew, which costs several times what a
statement of one row costs the driver. What stays SQLAlchemy's are the session, its transaction,
the types' conversions, the errors, and who listens for `before_cursor_execute`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Dialect, Executable
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.engine.result import IteratorResult, SimpleResultMetaData
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler

_Convert = Callable[[Any], Any]


class Found(IteratorResult[Any]):
    """The rows of a statement, all of them read; `rowcount` is how many it has changed."""

    def __init__(self, metadata: SimpleResultMetaData, rows: Sequence[Any], rowcount: int) -> None:
        super().__init__(metadata, iter(rows))
        self.rowcount = rowcount


def run(session: Session, statement: Executable, **values: Any) -> Found:
    """Run a constant with its values, in the session's transaction; raises what it would raise.

    What waits in the session is written first. Every parameter is a `bindparam` with a value
    here; columns with defaults are not filled in.
    """
    session.flush()
    connection = session.connection()
    made = _made(connection.dialect, statement).of_sizes(values)
    cursor = handed(connection, made.text, made.filled(values))
    found = made.found(cursor)
    cursor.close()
    return found


def run_many(session: Session, statement: Executable, rows: Sequence[Mapping[str, Any]]) -> None:
    """Run a constant that answers nothing once for each row of values, if there are any."""
    if not rows:
        return
    session.flush()
    connection = session.connection()
    made = _made(connection.dialect, statement).of_sizes({})
    handed(connection, made.text, [made.filled(row) for row in rows], many=True).close()


def handed(
    connection: Connection, text: str, values: Any = (), *, many: bool = False
) -> DBAPICursor:
    """A text that is as the driver takes it, carried out; raises what SQLAlchemy would raise."""
    cursor = connection.connection.cursor()
    for told in connection.dispatch.before_cursor_execute:
        told(connection, cursor, text, values, None, many)
    try:
        cursor.executemany(text, values) if many else cursor.execute(text, values)
    except connection.dialect.loaded_dbapi.Error as error:
        # As SQLAlchemy does it: worded, told to who listens, a lost connection given up.
        connection._handle_dbapi_exception(error, text, values, cursor, None)
    return cursor


class _Statement:
    """A constant as a dialect writes it; lists of other lengths are texts of their own."""

    def __init__(self, statement: Any, dialect: Dialect) -> None:
        self._written: SQLCompiler = statement.compile(dialect=dialect)
        if self._written.insert_prefetch or self._written.update_prefetch:
            raise ValueError("a statement made once has no columns with defaults")
        self._lists = tuple(
            name
            for bind, name in self._written.bind_names.items()
            if bind.expanding and bind.required
        )
        self._texts: dict[tuple[int, ...], _Text] = {}

    def of_sizes(self, values: Mapping[str, Any]) -> _Text:
        """The text for lists as long as these."""
        sizes = tuple([_places(len(values[name])) for name in self._lists])
        found = self._texts.get(sizes)
        if found is None:
            lists = {name: [None] * size for name, size in zip(self._lists, sizes, strict=True)}
            found = self._texts[sizes] = _Text(self._written, lists)
        return found


class _Text:
    """A statement as the driver takes it, the order of its values, and what its rows are."""

    def __init__(self, written: SQLCompiler, lists: Mapping[str, Sequence[None]]) -> None:
        binds = written.bind_names.items()
        blank = {name: lists.get(name) for bind, name in binds if bind.required}
        expanded = written.construct_expanded_state(blank)
        self.text = expanded.statement
        self._ordered = _ordered(expanded.positiontup) if written.positional else None
        self._written = written
        self._metadata: SimpleResultMetaData | None = None
        self._fixed: dict[str, Any] = {}
        self._converts: list[tuple[str, _Convert]] = []
        self._lists: list[tuple[str, Sequence[str], _Convert]] = []
        for bind, name in binds:
            convert = bind.type.dialect_impl(written.dialect).bind_processor(written.dialect)
            places = expanded.parameter_expansion.get(name, ()) if bind.expanding else (name,)
            if not bind.required:
                value: Any = bind.effective_value
                values = map(convert or _as_it_is, value if bind.expanding else (value,))
                self._fixed |= zip(places, values, strict=True)
            elif bind.expanding:
                self._lists.append((name, places, convert or _as_it_is))
            elif convert is not None:
                self._converts.append((name, convert))

    def filled(self, values: Mapping[str, Any]) -> Any:
        """The values as the driver takes them."""
        said = {**self._fixed, **values}
        for name, convert in self._converts:
            said[name] = convert(said[name])
        for name, places, convert_each in self._lists:
            several = [*map(convert_each, said.pop(name))]
            # One text does for lists of many lengths: naming the last once more finds no more.
            several += several[-1:] * (len(places) - len(several))
            said.update(zip(places, several, strict=True))
        return said if self._ordered is None else self._ordered(said)

    def found(self, cursor: DBAPICursor) -> Found:
        """What the driver has answered."""
        description: Sequence[Any] | None = cursor.description
        if description is None:
            return Found(_NO_COLUMNS, (), cursor.rowcount)
        if self._metadata is None:
            self._metadata = self._described(description)
        return Found(self._metadata, cursor.fetchall(), cursor.rowcount)

    def _described(self, description: Sequence[Any]) -> SimpleResultMetaData:
        columns, dialect = self._written._result_columns, self._written.dialect
        converts = [
            column.type.dialect_impl(dialect).result_processor(dialect, described[1])
            for column, described in zip(columns, description, strict=True)
        ]
        keys = [column.keyname for column in columns]
        return SimpleResultMetaData(keys, _processors=converts if any(converts) else None)


_NO_COLUMNS = SimpleResultMetaData(())
_statements: WeakKeyDictionary[Dialect, dict[Executable, _Statement]] = WeakKeyDictionary()


def _made(dialect: Dialect, statement: Executable) -> _Statement:
    known = _statements.get(dialect)
    if known is None:
        known = _statements[dialect] = {}
    made = known.get(statement)
    if made is None:
        made = known[statement] = _Statement(statement, dialect)
    return made


def _as_it_is(value: Any) -> Any:
    return value


def _places(size: int) -> int:
    """The next power of two: few texts for all lengths of a list; an empty one stays empty."""
    return 1 << (size - 1).bit_length() if size else 0


def _ordered(names: Sequence[str] | None) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    if not names:
        return lambda _: ()
    if len(names) == 1:
        (name,) = names
        return lambda said: (said[name],)
    return itemgetter(*names)
