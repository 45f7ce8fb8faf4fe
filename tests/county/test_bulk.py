"""A batch of rows is stored as each of them would be by itself, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import func, inspect, select
from sqlalchemy.exc import DataError, IntegrityError

from county.bulk import LEAVE, REPLACE, STREAMED_FROM, insert_rows
from county.db import Database, JsonText, json_text
from county.tables import RecordRow, WaitingReviewRow
from tests.county.conftest import NOW
from tests.postgres import Postgres, fresh_database

TEXTS = (
    "王建国", "tab\tand\nline\r", "back\\slash \\N \\.", '"quoted", \'so\'', "", "{}", "🏔", "\\t",
)  # fmt: skip


def a_row(county_id: str, at: int, text: str) -> dict[str, Any]:
    """A record's row that says the text wherever it may."""
    return {
        "county_id": county_id,
        "id": f"{at:03}{text}",
        "kind": "follow_up",
        "scope_id": text,
        "village_id": None,
        "revision": at + 1,
        "schema": 1,
        "author_id": text,
        "device_id": None,
        "resident_id": text or None,
        "household_id": None,
        "follow_up_id": None,
        "occurred_on": date(2026, 2, 28) + timedelta(at) if at % 2 else None,
        "recorded_at": NOW + timedelta(microseconds=at),
        "received_at": NOW,
        "hash": text,
        "body": JsonText(json_text({"note": text, "value": at / 7})),
        "clocks": {text: [text, at]},
        "removed": at % 2 == 0,
    }


def rows(county_id: str) -> list[dict[str, Any]]:
    """As many as are streamed, and some more."""
    return [a_row(county_id, at, text) for at, text in enumerate(TEXTS * STREAMED_FROM)]


def stored(database: Database, county_id: str) -> Sequence[tuple[Any, ...]]:
    """What is kept of a county's records, all but the county itself."""
    columns = [column for column in inspect(RecordRow).columns if column.key != "county_id"]
    query = select(*columns).where(RecordRow.county_id == county_id).order_by(RecordRow.id)
    with database.reading() as session:
        return [tuple(row) for row in session.execute(query)]


def test_many_rows_are_stored_as_each_by_itself_would_be(database: Database) -> None:
    with database.writing() as session:
        assert insert_rows(session, RecordRow, rows("together")) == len(rows("together"))
        for row in rows("alone"):
            assert insert_rows(session, RecordRow, [row]) == 1
    together = stored(database, "together")
    assert together == stored(database, "alone")
    assert len(together) == len(rows("together"))


def test_a_batch_with_a_row_that_is_there_already_leaves_nothing_behind(
    database: Database,
) -> None:
    batch = rows("c")
    with database.writing() as session:
        with pytest.raises(IntegrityError) as raised, session.begin_nested():
            insert_rows(session, RecordRow, [*batch, batch[0]])
        assert "王建国" not in str(raised.value)
        assert session.scalar(select(func.count()).select_from(RecordRow)) == 0
        insert_rows(session, RecordRow, batch)
    assert len(stored(database, "c")) == len(batch)


def test_text_that_postgresql_does_not_take_is_told_as_an_error_of_the_data(
    postgres: Postgres,
) -> None:
    batch = [*rows("c"), a_row("c", 999, "half a \x00 word")]
    with fresh_database(postgres.fresh_url()) as database, database.writing() as session:
        with pytest.raises(DataError), session.begin_nested():
            insert_rows(session, RecordRow, batch)
        assert session.scalar(select(func.count()).select_from(RecordRow)) == 0


@pytest.mark.parametrize(("there", "mode"), [(LEAVE, "home"), (REPLACE, "phone")])
def test_many_rows_that_may_be_there_are_left_or_replaced(
    database: Database, there: str, mode: str
) -> None:
    def waiting(how: str) -> list[dict[str, Any]]:
        return [
            {
                "county_id": "c",
                "follow_up_id": f"visit-{at}",
                "resident_id": "r",
                "village_id": "v",
                "author_id": "a",
                "occurred_on": date(2026, 2, 28),
                "mode": how,
            }
            for at in range(STREAMED_FROM)
        ]

    with database.writing() as session:
        insert_rows(session, WaitingReviewRow, waiting("home"))
        insert_rows(session, WaitingReviewRow, waiting("phone"), there=there)
    with database.reading() as session:
        assert set(session.scalars(select(WaitingReviewRow.mode))) == {mode}
