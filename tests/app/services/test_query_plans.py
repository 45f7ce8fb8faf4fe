"""No use case reads the records, the outbox or the accounts from end to end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, text

from app.services.workplace import Workplace
from app.store.opening import Store
from core.vocabulary import Decision
from tests.app.services.conftest import Village, come_down
from tests.app.services.visits import save
from tests.builders import a_review

LARGE = ("record", "outbox")
Act = Callable[[Workplace, Village], object]


@contextmanager
def statements_of(store: Store) -> Iterator[list[tuple[str, Any]]]:
    """The statements that read while the block runs, with their values."""
    with store.transaction() as session:
        engine = session.get_bind()
    seen: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, values: Any, _x: Any, many: bool) -> None:
        if not many and statement.lstrip().startswith(("SELECT", "UPDATE", "DELETE")):
            seen.append((statement, values))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def read_whole(store: Store, statement: str, values: Any) -> set[str]:
    """The large tables a statement reads from end to end, by SQLite's own plan.

    A page of the newest operations walks the outbox by its key and stops at the limit.
    """
    if "ORDER BY outbox.device_seq DESC" in statement and "WHERE" not in statement:
        return set()
    with store.transaction() as session:
        rows = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        plan = [row[-1] for row in rows]
    return {
        table
        for step in plan
        for table in LARGE
        if step.split()[:2] == ["SCAN", table] and "INDEX" not in step
    }


@pytest.mark.parametrize(
    "act",
    [
        lambda work, _: work.today.list(),
        lambda work, _: work.today.search("王"),
        lambda work, village: work.households.get(village.house.id),
        lambda work, village: work.residents.get(village.wang.id),
        lambda work, village: work.follow_ups.begin(village.wang.id),
        lambda work, village: save(work, village.li.id),
        lambda work, village: work.follow_ups.not_met(village.li.id, "refused"),
        lambda work, village: work.exemptions.of_resident(village.wang.id),
        lambda work, _: work.referrals.open(),
        lambda work, _: work.education.recent(),
        lambda work, _: work.sync.status(),
        lambda work, _: work.month.get(2026, 11),
    ],
    ids=[
        "today", "search", "household", "resident", "begin", "save", "not met", "exemptions",
        "referrals", "education", "sync", "month",
    ],
)  # fmt: skip
def test_no_large_table_is_read_whole(work: Workplace, village: Village, act: Act) -> None:
    follow_up = save(work, village.wang.id).follow_up
    come_down(work.store, a_review(follow_up.id, Decision.RETURNED))
    with statements_of(work.store) as statements:
        act(work, village)
    assert statements
    for statement, values in statements:
        assert read_whole(work.store, statement, values) == set(), statement


def test_a_plan_that_reads_a_table_whole_would_be_noticed(work: Workplace) -> None:
    with work.store.transaction() as session:
        session.execute(text("SELECT 1"))
    assert read_whole(work.store, "SELECT body FROM record WHERE body LIKE '%x%'", ()) == {"record"}
