"""A village loaded whole, piece by piece: where it breaks it goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from app.store.opening import Store
from app.store.tables import PersonRow, RecordRow
from app.sync.first_load import Portions
from app.sync.link import HttpCounty
from app.sync.pace import Pace
from app.sync.transport import Answer
from app.sync.troubles import SyncTrouble, Trouble
from core.wire.envelopes import Cursor
from tests.app.conftest import a_device
from tests.app.sync.loaded_whole import (
    PIECE,
    SMALL,
    broken_off,
    cursor_of,
    ids,
    is_whole,
    loading,
    run,
)
from tests.app.sync.scripted_county import Asked, as_json
from tests.app.sync.whole_county import WholeCounty, a_village, untouched
from tests.builders import SCOPE, a_household
from tests.fakes import FakeClock


def rows(store: Store) -> list[dict[str, object]]:
    with store.transaction() as session:
        people = session.exec(select(PersonRow).order_by(PersonRow.resident_id)).all()
        records = session.exec(select(RecordRow).order_by(RecordRow.id)).all()
        return [row.model_dump() for row in (*records, *people)]


def test_a_village_comes_whole_in_pieces_and_then_goes_on_by_its_cursor(
    store: Store, clock: FakeClock, county: WholeCounty
) -> None:
    late = a_household()
    county.records.append(late)
    result, _ = run(store, clock, county)
    assert (result.failed, result.received) == (None, len(county.records))
    assert len(county.gets) == -(-len(county.content) // PIECE) > 3
    assert [post.said.get("cursors", {}) for post in county.posts][1] == {
        SCOPE: {"epoch": "e1", "seq": len(county.records) - 1}
    }
    is_whole(store, county)
    assert late.id in ids(store)


def test_without_a_single_cut_each_byte_is_asked_for_once(
    store: Store, clock: FakeClock, county: WholeCounty
) -> None:
    run(store, clock, county)
    asked = [get.headers["Range"] for get in county.gets]
    starts = range(0, len(county.content), PIECE)
    ends = [min(start + PIECE, len(county.content)) - 1 for start in starts]
    assert asked == [f"bytes={start}-{end}" for start, end in zip(starts, ends, strict=True)]


@pytest.mark.parametrize("at", range(4))
@pytest.mark.parametrize("came", [0, 1, PIECE - 1])
def test_a_cut_at_any_piece_costs_at_most_what_was_under_way(
    store: Store, clock: FakeClock, county: WholeCounty, at: int, came: int
) -> None:
    def cut(asked: Asked, answer: Callable[[], Answer]) -> Answer:
        if len(county.gets) != at + 1:
            return answer()
        if not came:
            raise SyncTrouble(Trouble.OFFLINE)
        whole = answer()
        county.spoil = dead
        return replace(whole, body=whole.body[:came])

    def dead(asked: Asked, answer: Callable[[], Answer]) -> Answer:
        raise SyncTrouble(Trouble.OFFLINE)

    county.spoil = cut
    assert run(store, clock, county)[0].failed == Trouble.OFFLINE
    assert ids(store) == set()
    assert cursor_of(store) is None
    begun = len(county.gets)
    county.spoil = untouched
    assert run(store, clock, county)[0].failed is None
    assert county.gets[begun].headers["Range"].startswith(f"bytes={at * PIECE + came}-")
    is_whole(store, county)


def test_a_load_goes_on_after_the_app_was_closed_and_the_store_opened_again(
    tmp_path: Path, data_key: bytes, clock: FakeClock, county: WholeCounty
) -> None:
    def dies(asked: Asked, answer: Callable[[], Answer]) -> Answer:
        if len(county.gets) > 2:
            raise SyncTrouble(Trouble.OFFLINE)
        return answer()

    store = Store.open(tmp_path / "again.db", data_key)
    with store.transaction() as session:
        session.add(a_device())
    county.spoil = dies
    assert run(store, clock, county)[0].failed == Trouble.OFFLINE
    store.close()
    store = Store.open(tmp_path / "again.db", data_key)
    assert loading(store) == (1, 2)
    county.spoil = untouched
    run(store, clock, county)
    assert county.gets[3].headers["Range"].startswith(f"bytes={2 * PIECE}-")
    is_whole(store, county)
    store.close()


def test_the_snapshot_that_was_begun_is_taken_to_its_end_though_a_newer_one_is_offered(
    store: Store, clock: FakeClock, county: WholeCounty
) -> None:
    broken_off(store, clock, county)
    begun = county.gets[0].path
    county.records.append(a_household())
    county.snapshot()
    assert run(store, clock, county)[0].failed is None
    assert {get.path for get in county.gets} == {begun}
    is_whole(store, county)


def test_where_the_begun_one_is_gone_the_newer_one_is_taken(
    store: Store, clock: FakeClock, county: WholeCounty
) -> None:
    broken_off(store, clock, county)
    begun = county.gets[0].path
    county.records.append(a_household())
    county.snapshot()
    del county.kept[begun]
    assert run(store, clock, county)[0].failed is None
    assert len({get.path for get in county.gets}) == 2
    is_whole(store, county)


@pytest.mark.parametrize("code", ["auth.clock", "auth.replayed"])
def test_a_piece_whose_signature_came_too_late_is_signed_again(
    store: Store, clock: FakeClock, county: WholeCounty, code: str
) -> None:
    told = as_json({"code": code, "server_time": "2026-11-22T05:00:00+00:00"}, 401)
    county.spoil = lambda _, answer: told if len(county.gets) == 2 else answer()
    assert run(store, clock, county)[0].failed is None
    first, refused, again = county.gets[:3]
    assert refused.headers["Range"] == again.headers["Range"] != first.headers["Range"]
    assert refused.headers["Luyue-Nonce"] != again.headers["Luyue-Nonce"]
    is_whole(store, county)


def test_a_piece_that_takes_too_long_is_asked_for_in_halves(
    store: Store, clock: FakeClock, county: WholeCounty
) -> None:
    def slow(asked: Asked, answer: Callable[[], Answer]) -> Answer:
        first, last = asked.headers["Range"].removeprefix("bytes=").split("-")
        if int(last) - int(first) >= 100:
            raise SyncTrouble(Trouble.TIMEOUT)
        return answer()

    county.spoil = slow
    portions = Portions(piece=Pace(size=400, least=50, most=400), records=2)
    assert run(store, clock, county, portions)[0].failed is None
    is_whole(store, county)


def test_it_can_be_cancelled_between_two_pieces_and_goes_on_later(
    store: Store, clock: FakeClock, county: WholeCounty
) -> None:
    link = HttpCounty(clock, lambda _: county, SMALL)

    def cancel(asked: Asked, answer: Callable[[], Answer]) -> Answer:
        if len(county.gets) == 2:
            link.cancel()
        return answer()

    county.spoil = cancel
    assert link.synchronise(store, lambda _: None).failed == Trouble.CANCELLED
    assert loading(store) == (1, 2)
    assert link.synchronise(store, lambda _: None).failed is None
    is_whole(store, county)


def test_it_can_be_cancelled_between_two_portions_of_records(
    store: Store, clock: FakeClock, county: WholeCounty
) -> None:
    link = HttpCounty(clock, lambda _: county, SMALL)
    result = link.synchronise(store, lambda now: link.cancel() if now.received else None)
    assert (result.failed, result.received) == (Trouble.CANCELLED, 2)
    assert cursor_of(store) == Cursor(epoch="e1", seq=0)
    assert link.synchronise(store, lambda _: None).failed is None
    is_whole(store, county)


def test_bytes_and_seconds_are_told_while_it_loads(
    store: Store, clock: FakeClock, county: WholeCounty
) -> None:
    def slow(asked: Asked, answer: Callable[[], Answer]) -> Answer:
        clock.forward(seconds=3)
        return answer()

    county.spoil = slow
    _, told = run(store, clock, county)
    size = len(county.content)
    steps = [now for now in told if now.stage == "loading"]
    assert {now.to_fetch for now in steps} == {size}
    assert [now.fetched for now in steps][:2] == [PIECE, 2 * PIECE]
    assert steps[0].seconds_left == pytest.approx(3 / PIECE * (size - PIECE))
    assert steps[-1].seconds_left is None


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(people=st.integers(0, 9), size=st.integers(1, 900), records=st.integers(1, 20))
def test_a_first_load_as_a_whole_leaves_what_a_first_load_by_pages_leaves(
    tmp_path_factory: pytest.TempPathFactory, people: int, size: int, records: int
) -> None:
    county = WholeCounty(a_village(people))
    folder, clock = tmp_path_factory.mktemp("both"), FakeClock()
    portions = Portions(piece=Pace(size=size, least=1, most=900), records=records)
    found = []
    for way in (portions, None):
        store = Store.open(folder / f"{way is None}.db", bytes(32))
        with store.transaction() as session:
            session.add(a_device())
        assert run(store, clock, county, way)[0].failed is None
        is_whole(store, county)
        found.append(rows(store))
        store.close()
    assert found[0] == found[1]
