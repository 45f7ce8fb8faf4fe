"""The kept sums are those of the records, whoever writes them; one gone wrong is put right."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import pytest
from sqlalchemy import text
from sqlmodel import Session

from app.store.incoming import apply_changes
from app.store.opening import Store
from app.store.sums import counted_root, different_scopes, roots, settle
from core.wire.bodies import body_of
from core.wire.digests import EMPTY_ROOT, body_hash
from core.wire.envelopes import Change
from tests.builders import SCOPE, TODAY, a_household

OTHER = "village:village-2"
WRONG = "00000000000000aa"
HOUSES = [a_household() for _ in range(3)]


@pytest.fixture
def held(store: Store) -> Store:
    """A store with three records the county has sent."""
    with store.transaction() as session:
        apply_changes(session, [_change(number) for number in range(len(HOUSES))])
    return store


def _change(number: int) -> Change:
    body = body_of(HOUSES[number])
    return Change(
        scope_id=SCOPE,
        seq=number + 1,
        kind="household",
        record_id=HOUSES[number].id,
        revision=1,
        action="put",
        schema=1,
        hash=body_hash(body),
        author_id="office",
        received_at="2026-11-22T02:00:00+00:00",
        body=body,
    )


def true_roots(session: Session) -> dict[str, str]:
    counted = {scope: counted_root(session, scope) for scope in (SCOPE, OTHER)}
    return {scope: root for scope, (records, root) in counted.items() if records}


def compared(store: Store, theirs: Mapping[str, str], day: date = TODAY) -> list[str]:
    with store.transaction() as session:
        return different_scopes(session, theirs, day)


def spoil(store: Store, sql: str) -> None:
    """Change the store in a way the sum is not told of."""
    with store.transaction() as session:
        session.execute(text("CREATE TEMP TABLE before AS SELECT * FROM scope_sum"))
        session.execute(text(sql))
        session.execute(text("DELETE FROM scope_sum"))
        session.execute(text("INSERT INTO scope_sum SELECT * FROM before"))


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM record WHERE id = :id",
        "UPDATE record SET revision = 7 WHERE id = :id",
        "UPDATE record SET hash = 'other' WHERE id = :id",
        "UPDATE record SET id = 'other' WHERE id = :id",
        f"UPDATE record SET scope_id = '{OTHER}' WHERE id = :id",
        "UPDATE record SET received_at = NULL WHERE id = :id",
        "UPDATE record SET received_at = 'later' WHERE id = :id",
        "UPDATE record SET body = '{}', resident_id = 'nobody' WHERE id = :id",
        f"INSERT INTO retired VALUES (:id, '{OTHER}', '18446744073709551615')",
        "DELETE FROM record",
    ],
)
def test_a_sum_follows_every_statement_that_moves_a_record(held: Store, sql: str) -> None:
    with held.transaction() as session:
        session.execute(text(sql), {"id": HOUSES[1].id})
        assert roots(session) == true_roots(session)


def test_what_only_this_tablet_has_does_not_count(held: Store) -> None:
    with held.transaction() as session:
        before = roots(session)
        session.execute(text("UPDATE record SET received_at = NULL"))
        assert roots(session) == {}
        session.execute(text("UPDATE record SET received_at = 'again'"))
        assert roots(session) == before


def test_a_transaction_that_fails_takes_its_part_of_the_sum_along(held: Store) -> None:
    def fail() -> None:
        with held.transaction() as session:
            session.execute(text("DELETE FROM record"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with held.transaction() as session:
        assert roots(session) == true_roots(session) != {}


def test_a_sum_gone_wrong_heals_where_it_differs_from_the_countys(held: Store) -> None:
    with held.transaction() as session:
        theirs = true_roots(session)
    assert compared(held, theirs) == []
    with held.transaction() as session:
        session.execute(text("UPDATE scope_sum SET root = :root"), {"root": WRONG})
    assert compared(held, theirs) == []
    with held.transaction() as session:
        assert roots(session) == theirs


def test_damage_the_sum_was_not_told_of_is_seen_the_next_day(held: Store) -> None:
    with held.transaction() as session:
        theirs = true_roots(session)
    assert compared(held, theirs) == []
    spoil(held, f"DELETE FROM record WHERE id = '{HOUSES[0].id}'")
    assert compared(held, theirs) == []
    assert compared(held, theirs, TODAY + timedelta(days=1)) == [SCOPE]


def test_a_store_from_before_the_sums_counts_them_when_it_first_compares(held: Store) -> None:
    with held.transaction() as session:
        theirs = true_roots(session)
        session.execute(text("DELETE FROM scope_sum"))
    assert compared(held, theirs) == []


def test_counting_anew_says_whether_a_sum_was_wrong(held: Store) -> None:
    with held.transaction() as session:
        assert settle(session, [SCOPE, OTHER]) is False
        session.execute(text("UPDATE scope_sum SET records = 17"))
        assert settle(session, [SCOPE, OTHER]) is True
        assert settle(session, [SCOPE, OTHER]) is False


def test_a_scope_the_county_has_emptied_is_equal_to_one_without_records(store: Store) -> None:
    assert compared(store, {SCOPE: EMPTY_ROOT}) == []
    assert compared(store, {SCOPE: WRONG}) == [SCOPE]
