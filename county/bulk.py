"""Rows into one table, a batch of them at once, past what SQLAlchemy does for each value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import JSON, Connection, Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from county.db import json_text
from county.tables import Table

_Convert = Callable[[Any], Any]
LEAVE, REPLACE = "leave", "replace"
STREAMED_FROM = 5
"""From so many rows on a stream takes PostgreSQL less than one statement a row."""


def insert_rows(
    session: Session, table: type[Table], rows: Sequence[Mapping[str, Any]], *, there: str = ""
) -> int:
    """Insert the rows, each with every column; how many were written.

    Where its key is `there` already, LEAVE leaves that row alone and REPLACE replaces it.

    Runs in the session's transaction; raises what an insert raises.
    """
    if not rows:
        return 0
    session.flush()
    connection = session.connection()
    plan = _plan(table, connection.dialect, there)
    values = plan.values(rows)
    if plan.stream and len(values) >= STREAMED_FROM:
        return _streamed(connection, plan.stream, values)
    return connection.exec_driver_sql(plan.statement, values).rowcount


def _streamed(connection: Connection, statement: str, rows: Sequence[tuple[Any, ...]]) -> int:
    """The rows in one stream: PostgreSQL is not asked about each of them."""
    driver = connection.dialect.loaded_dbapi
    cursor: Any = connection.connection.cursor()
    try:
        with cursor, cursor.copy(statement) as stream:
            for row in rows:
                stream.write_row(row)
    except driver.Error as error:
        # It tells the row it stopped at, and people's records stay out of error messages.
        told = type(error)(error.diag.message_primary or "the stream of rows broke off")
        raise DBAPIError.instance(
            statement, (), told, driver.Error, hide_parameters=True, dialect=connection.dialect
        ) from None
    return len(rows)


class _Plan:
    """How a dialect takes the rows of a table."""

    def __init__(self, table: type[Table], dialect: Dialect, there: str) -> None:
        columns = table.__table__.columns
        plain = [column.key for column in columns]
        mark = "?" if dialect.name == "sqlite" else "%s"
        quoted = dialect.identifier_preparer.quote
        names = ", ".join(quoted(name) for name in plain)
        marks = ", ".join(mark for _ in columns)
        into = f"{quoted(table.__tablename__)} ({names})"
        self.statement = f"INSERT INTO {into} VALUES ({marks}){_where_there(table, quoted, there)}"
        is_streamed = dialect.name == "postgresql" and not there
        self.stream = f"COPY {into} FROM STDIN" if is_streamed else ""
        self._of_row = itemgetter(*plain)
        self._converted = [
            (at, convert)
            for at, column in enumerate(columns)
            if (convert := _converter(column.type, dialect)) is not None
        ]

    def values(self, rows: Sequence[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
        """The rows as the driver takes them."""
        converted = [(at, _remembering(convert)) for at, convert in self._converted]
        return [self._one(row, converted) for row in rows]

    def _one(
        self, row: Mapping[str, Any], converted: Sequence[tuple[int, _Convert]]
    ) -> tuple[Any, ...]:
        values = list(self._of_row(row))
        for at, convert in converted:
            values[at] = convert(values[at])
        return tuple(values)


@lru_cache(maxsize=64)
def _plan(table: type[Table], dialect: Dialect, there: str) -> _Plan:
    return _Plan(table, dialect, there)


def _where_there(table: type[Table], quoted: Callable[[str], str], there: str) -> str:
    if there != REPLACE:
        return " ON CONFLICT DO NOTHING" if there == LEAVE else ""
    columns = table.__table__.columns
    keys = ", ".join(quoted(column.key) for column in columns if column.primary_key)
    others = [quoted(column.key) for column in columns if not column.primary_key]
    sets = ", ".join(f"{name} = excluded.{name}" for name in others)
    return f" ON CONFLICT ({keys}) DO UPDATE SET {sets}"


def _converter(column_type: Any, dialect: Dialect) -> _Convert | None:
    if isinstance(column_type, JSON):
        return json_text
    convert: _Convert | None = column_type.dialect_impl(dialect).bind_processor(dialect)
    return convert


def _remembering(convert: _Convert) -> _Convert:
    """The same conversion, done once for a day or moment that stands in many rows of a batch."""
    return convert if convert is json_text else lru_cache(maxsize=1_000)(convert)
