"""The PEP 249 face: what SQLAlchemy and SQLModel rely on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest
from sqlalchemy import Engine, exc, text
from sqlalchemy.orm import registry
from sqlmodel import Field, Session, SQLModel, select

from app.store import dbapi
from app.store.errors import StoreClosed, StoreDamaged, StoreFull
from tests.app.store.vault import Vault


class Apart(SQLModel, registry=registry()):
    """Tables of the tests' own, kept out of the tablet's."""


class Note(Apart, table=True):
    """Something to store."""

    __tablename__ = "dbapi_test_note"
    id: int | None = Field(default=None, primary_key=True)
    words: str = Field(unique=True)
    size: int = 0


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with Vault(tmp_path / "data").opened() as engine:
        Apart.metadata.create_all(engine)
        yield engine


@pytest.fixture
def connection() -> Iterator[dbapi.Connection]:
    connection = dbapi.Connection(apsw.Connection(":memory:"))
    connection.cursor().execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT UNIQUE)")
    connection.commit()
    yield connection
    connection.close()


def test_objects_are_stored_changed_and_removed(engine: Engine) -> None:
    with Session(engine) as session:
        session.add_all([Note(words=f"note {number}", size=number) for number in range(5)])
        session.commit()
    with Session(engine) as session:
        note = session.exec(select(Note).where(Note.size == 3)).one()
        note.words = "changed"
        session.commit()
        session.delete(note)
        session.commit()
        assert len(session.exec(select(Note)).all()) == 4


def test_a_row_removed_behind_the_sessions_back_is_noticed(engine: Engine) -> None:
    """SQLAlchemy trusts `rowcount` for that."""
    with Session(engine) as session:
        note = Note(words="here")
        session.add(note)
        session.flush()
        session.connection().exec_driver_sql(f"DELETE FROM {Note.__tablename__}")
        note.size = 1
        with pytest.raises(exc.SQLAlchemyError, match="0 were matched"):
            session.flush()


def test_a_failed_transaction_leaves_nothing_not_even_its_tables(engine: Engine) -> None:
    insert = text(f"INSERT INTO {Note.__tablename__} VALUES (1, 'twice', 0)")
    with engine.connect() as connection:
        connection.execute(text("CREATE TABLE other (x)"))
        connection.execute(insert)
        with pytest.raises(exc.IntegrityError):
            connection.execute(insert)
        connection.rollback()
    with engine.connect() as connection, pytest.raises(exc.OperationalError, match="no such table"):
        connection.execute(text("SELECT * FROM other"))


def test_a_savepoint_undoes_only_what_came_after_it(engine: Engine) -> None:
    with Session(engine) as session:
        session.add(Note(words="kept"))
        session.flush()
        with session.begin_nested() as inner:
            session.add(Note(words="undone"))
            session.flush()
            inner.rollback()
        session.commit()
        assert session.exec(select(Note.words)).all() == ["kept"]


def test_columns_are_known_even_where_there_is_no_row(connection: dbapi.Connection) -> None:
    cursor = connection.cursor().execute("SELECT a, b FROM t")
    assert [column[0] for column in cursor.description or ()] == ["a", "b"]
    assert cursor.fetchone() is None
    assert cursor.execute("DELETE FROM t").description is None


def test_rows_come_one_by_one_in_handfuls_or_all_at_once(connection: dbapi.Connection) -> None:
    cursor = connection.cursor()
    cursor.executemany("INSERT INTO t VALUES (?, ?)", [(n, str(n)) for n in range(6)])
    assert cursor.rowcount == 6
    cursor.execute("SELECT a FROM t ORDER BY a")
    assert cursor.fetchone() == (0,)
    assert cursor.fetchmany(2) == [(1,), (2,)]
    assert cursor.fetchmany() == [(3,)]
    assert next(iter(cursor)) == (4,)
    assert cursor.fetchall() == [(5,)]


def test_returned_rows_are_all_there_and_counted(connection: dbapi.Connection) -> None:
    cursor = connection.cursor().execute("INSERT INTO t (b) VALUES ('x'), ('y') RETURNING a")
    assert cursor.rowcount == 2
    assert cursor.fetchall() == [(1,), (2,)]
    assert cursor.lastrowid == 2


def test_reading_does_not_count_rows(connection: dbapi.Connection) -> None:
    assert connection.cursor().execute("SELECT 1").rowcount == -1


def test_without_an_isolation_level_nothing_begins_by_itself(connection: dbapi.Connection) -> None:
    connection.isolation_level = None
    connection.cursor().execute("INSERT INTO t VALUES (1, 'x')")
    assert not connection.raw.in_transaction
    connection.commit()
    connection.rollback()


@pytest.mark.parametrize(
    ("sql", "values", "error"),
    [
        ("INSERT INTO t VALUES (1, 'x'), (1, 'y')", (), dbapi.IntegrityError),
        ("INSERT INTO t VALUES ('no number', 'x')", (), dbapi.IntegrityError),
        ("SELEC", (), dbapi.OperationalError),
        ("SELECT ?", (), dbapi.ProgrammingError),
        ("SELECT zeroblob(2000000000)", (), dbapi.DataError),
    ],
)
def test_errors_wear_the_names_of_pep_249(
    connection: dbapi.Connection, sql: str, values: tuple[object, ...], error: type[Exception]
) -> None:
    with pytest.raises(error) as raised:
        connection.cursor().execute(sql, values).fetchall()
    assert isinstance(raised.value, dbapi.Error)
    assert isinstance(raised.value.__cause__, apsw.Error)


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        (apsw.FullError, StoreFull),
        (apsw.CorruptError, StoreDamaged),
        (apsw.NotADBError, StoreDamaged),
        (apsw.ConnectionClosedError, StoreClosed),
    ],
)
def test_what_a_user_must_hear_of_keeps_the_stores_own_name(
    raised: type[Exception], told: type[Exception]
) -> None:
    with pytest.raises(told), dbapi.translated:
        raise raised("from below")


def test_a_closed_connection_says_so_and_has_nothing_to_undo() -> None:
    connection = dbapi.Connection(apsw.Connection(":memory:"))
    connection.close()
    connection.rollback()
    with pytest.raises(StoreClosed):
        connection.cursor()


def test_sizes_are_accepted_and_ignored(connection: dbapi.Connection) -> None:
    cursor = connection.cursor()
    cursor.setinputsizes([1])
    cursor.setoutputsize(1)
    cursor.close()


def test_regular_expressions_reach_sqlite(engine: Engine) -> None:
    with Session(engine) as session:
        session.add(Note(words="王秀英"))
        session.flush()
        pattern = Note.words.regexp_match("^王")  # type: ignore[attr-defined]  # a column, at run time
        assert len(session.exec(select(Note).where(pattern)).all()) == 1
