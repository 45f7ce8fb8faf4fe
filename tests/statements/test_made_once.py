"""Statements made once find, change and refuse what they do when SQLAlchemy runs them itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import bindparam, event, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError, ProgrammingError

from county.db import Database
from county.tables import DeviceRow, TownshipRow, UserRow
from statements.made_once import run, run_many
from tests.county.conftest import database, postgres, sqlite_database, sqlite_template

__all__ = ["database", "postgres", "sqlite_database", "sqlite_template"]

NAMES = [f"{number}镇" for number in range(40)]
_NAMED = (
    select(TownshipRow.id, TownshipRow.name)
    .where(
        TownshipRow.county_id == bindparam("county"),
        TownshipRow.id.in_(bindparam("ids", expanding=True)),
    )
    .order_by(TownshipRow.id)
)
_ADD = text("INSERT INTO township (county_id, id, name) VALUES (:county, :id, :name)")


@pytest.fixture
def townships(database: Database) -> Database:
    """A county of forty townships, with ids in the order of their numbers."""
    with database.writing() as session:
        rows = [{"county": "c", "id": f"{at:02d}", "name": name} for at, name in enumerate(NAMES)]
        run_many(session, _ADD, rows)
    return database


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 5, 17, 40])
def test_a_list_of_any_length_finds_what_it_names(townships: Database, size: int) -> None:
    ids = [f"{at:02d}" for at in range(size)]
    with townships.reading() as session:
        found = run(session, _NAMED, county="c", ids=ids).all()
    assert [tuple(row) for row in found] == list(zip(ids, NAMES, strict=False))


def test_values_come_back_as_their_columns_have_them(database: Database) -> None:
    moment = datetime(2026, 11, 22, 4, 30, tzinfo=UTC)
    with database.writing() as session:
        session.add(
            UserRow(
                county_id="c",
                id="u",
                login="li",
                name="李大夫",
                role="doctor",
                village_ids=["v1", "v2"],
                created_at=moment,
            )
        )
        # What waits in the session is written before a constant is run.
        found = run(session, _USER, id="u", since=moment - timedelta(hours=1)).one()
    assert found.created_at == moment
    assert found.created_at.tzinfo is not None
    assert found.village_ids == ["v1", "v2"]
    assert dict(found._mapping) == {"created_at": moment, "village_ids": ["v1", "v2"]}


_USER = select(UserRow.created_at, UserRow.village_ids).where(
    UserRow.id == bindparam("id"), UserRow.created_at >= bindparam("since")
)


def test_a_change_tells_how_many_rows_it_changed_and_keeps_its_own_values(
    townships: Database,
) -> None:
    with townships.writing() as session:
        assert run(session, _RENAME, ids=["03", "05", "nowhere"]).rowcount == 2
    with townships.reading() as session:
        assert run(session, _RENAMED).scalars().all() == ["03", "05"]
        assert run(session, _COUNT).scalar_one() == len(NAMES)


_RENAME = (
    update(TownshipRow)
    .where(TownshipRow.id.in_(bindparam("ids", expanding=True)))
    .values(name="新镇")
)
_RENAMED = (
    select(TownshipRow.id)
    .where(TownshipRow.name.in_(["新镇", "无此镇"]), TownshipRow.id != "99")
    .order_by(TownshipRow.id)
)
_COUNT = select(func.count()).select_from(TownshipRow)


def test_what_the_database_refuses_is_worded_by_sqlalchemy_without_the_values(
    townships: Database,
) -> None:
    with pytest.raises(IntegrityError) as caught, townships.writing() as session:
        run(session, _ADD, county="c", id="03", name="王建国")
    assert "王建国" not in str(caught.value)
    with townships.reading() as session:
        assert run(session, _COUNT).scalar_one() == len(NAMES)


def test_a_value_that_was_not_given_is_missed(townships: Database) -> None:
    with (
        townships.reading() as session,
        pytest.raises((KeyError, ProgrammingError), match="county"),
    ):
        run(session, _NAMED, ids=["03"])


def test_who_listens_for_statements_hears_of_each(townships: Database) -> None:
    heard: list[tuple[str, bool]] = []

    def listen(_connection: Any, _cursor: Any, said: str, *rest: Any) -> None:
        heard.append((said.split(maxsplit=1)[0], rest[-1]))

    event.listen(townships.engine, "before_cursor_execute", listen)
    with townships.writing() as session:
        run(session, _COUNT)
        run_many(session, _ADD, [{"county": "d", "id": id, "name": id} for id in ("1", "2")])
        run_many(session, _ADD, [])
    assert heard[-2:] == [("SELECT", False), ("INSERT", True)]


def test_a_statement_with_columns_to_be_filled_in_is_refused(database: Database) -> None:
    statement = insert(DeviceRow).values(county_id=bindparam("of"), id=bindparam("named"))
    with database.writing() as session, pytest.raises(ValueError, match="defaults"):
        run(session, statement, of="c", named="d")
