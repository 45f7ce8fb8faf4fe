"""The store opens at this app's version, undoes what fails, and refuses what is newer."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import TimeoutError
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlmodel import Session, SQLModel, select

from app.store import opening
from app.store.engine import close_store, open_store
from app.store.errors import StoreClosed, StoreTooNew, WrongKey
from app.store.migrations import Step, bring_up, steps
from app.store.opening import Store
from app.store.tables import SettingRow


def schema(store: Store) -> dict[str, str]:
    with store.transaction() as session:
        found = session.execute(
            text(
                "SELECT name, sql FROM sqlite_schema"
                " WHERE name NOT LIKE 'sqlite_%' AND type <> 'trigger'"
            )
        )
        return {name: " ".join(sql.split()).replace('"', "") for name, sql in found}


def test_the_migrations_make_exactly_the_tables_of_the_models(store: Store) -> None:
    with store.transaction() as session:
        dialect = session.get_bind().dialect
    wanted: dict[str, str] = {}
    for table in SQLModel.metadata.tables.values():
        made = str(CreateTable(table).compile(dialect=dialect))
        wanted[table.name] = " ".join(made.split()).replace('"', "")
        for index in table.indexes:
            made = str(CreateIndex(index).compile(dialect=dialect))
            wanted[str(index.name)] = " ".join(made.split()).replace('"', "")
    assert schema(store) == wanted


def test_steps_are_numbered_from_one_without_a_gap() -> None:
    assert [step.number for step in steps()] == list(range(1, len(steps()) + 1))


def test_what_was_committed_is_there_after_closing(tmp_path: Path, data_key: bytes) -> None:
    path = tmp_path / "store.db"
    store = Store.open(path, data_key)
    with store.transaction() as session:
        session.add(SettingRow(name="kept", value="yes"))
    store.close()
    again = Store.open(path, data_key)
    with again.transaction() as session:
        assert session.exec(select(SettingRow.value)).all() == ["yes"]
    again.close()


def test_a_transaction_that_raises_leaves_nothing(store: Store) -> None:
    def fail() -> None:
        with store.transaction() as session:
            session.add(SettingRow(name="half", value="done"))
            session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with store.transaction() as session:
        assert session.exec(select(SettingRow)).all() == []


def test_a_second_transaction_inside_the_first_is_not_waited_for_for_ever(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "LEND_SECONDS", 0.05)
    with (
        store.transaction() as session,
        pytest.raises(TimeoutError, match="in use"),
        store.transaction(),
    ):
        pass
    with store.transaction() as session:
        session.add(SettingRow(name="after", value="that"))


def test_what_nobody_committed_is_undone_before_the_next_transaction(store: Store) -> None:
    with store.transaction() as session:
        driver = session.connection().connection.driver_connection
        session.rollback()
        assert driver is not None
        driver.cursor().execute("INSERT INTO setting VALUES ('half', 'done')")
    with store.transaction() as session:
        assert session.exec(select(SettingRow)).all() == []


def test_a_closed_store_refuses(tmp_path: Path, data_key: bytes) -> None:
    store = Store.open(tmp_path / "store.db", data_key)
    store.close()
    store.close()
    with pytest.raises(StoreClosed), store.transaction():
        pass


def test_a_store_newer_than_the_app_is_refused_and_not_touched(
    tmp_path: Path, data_key: bytes
) -> None:
    path = tmp_path / "store.db"
    Store.open(path, data_key).close()
    newer = Step(99, "CREATE TABLE of_the_future (id TEXT)")
    engine = open_store(path, data_key)
    bring_up(engine, [*steps(), newer])
    close_store(engine)
    before = path.read_bytes()
    with pytest.raises(StoreTooNew):
        Store.open(path, data_key)
    assert path.read_bytes() == before


def test_a_step_that_fails_leaves_the_store_as_it_was(tmp_path: Path, data_key: bytes) -> None:
    path = tmp_path / "store.db"
    Store.open(path, data_key).close()
    known = steps()
    halfway = Step(
        known[-1].number + 1, "CREATE TABLE fine (id TEXT); CREATE TABLE fine (id TEXT);"
    )
    engine = open_store(path, data_key)
    with pytest.raises(Exception, match="already exists"):
        bring_up(engine, [*known, halfway])
    close_store(engine)
    again = Store.open(path, data_key)
    assert "fine" not in schema(again)
    again.close()


def test_a_wrong_key_is_told_as_such(tmp_path: Path, data_key: bytes) -> None:
    path = tmp_path / "store.db"
    Store.open(path, data_key).close()
    with pytest.raises(WrongKey):
        Store.open(path, bytes(32))


def test_it_is_closed_where_what_is_in_it_says_so_and_only_there(store: Store) -> None:
    def is_due(session: Session) -> bool:
        return bool(session.exec(select(SettingRow)).all())

    assert not store.close_if(is_due)
    with store.transaction() as session:
        session.add(SettingRow(name="due", value="yes"))
    assert store.close_if(is_due)
    with pytest.raises(StoreClosed), store.transaction():
        pass
    with pytest.raises(StoreClosed):
        store.close_if(is_due)
