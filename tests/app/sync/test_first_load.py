"""A village loaded whole: where it breaks it goes on, and what is not true is not stored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from app.county_link import SyncProgress, SyncResult
from app.store import snapshots
from app.store.cursor import cursors
from app.store.incoming import apply_changes
from app.store.opening import Store
from app.store.queries.device import PROOF, setting
from app.store.tables import PersonRow, RecordRow, SnapshotPieceRow, SnapshotRow
from app.sync.first_load import Portions
from app.sync.link import HttpCounty
from app.sync.pace import Pace
from app.sync.transport import Answer
from app.sync.troubles import SyncTrouble, Trouble
from core.wire.bodies import Record, body_of
from core.wire.envelopes import Change, Cursor
from tests.app.conftest import a_device
from tests.app.sync.scripted_county import Asked, as_json
from tests.app.sync.whole_county import WholeCounty, untouched
from tests.builders import SCOPE, a_follow_up, a_household, a_resident
from tests.fakes import FakeClock

OTHER = "village:village-2"
PIECE = 150
SMALL = Portions(piece=Pace(size=PIECE, least=PIECE, most=PIECE), records=2)


def a_village(people: int = 6) -> list[Record]:
    household = a_household()
    residents = [a_resident(household_id=household.id) for _ in range(people)]
    return [household, *residents, *(a_follow_up(resident.id) for resident in residents)]


@pytest.fixture
def county() -> WholeCounty:
    return WholeCounty(a_village())


def run(
    store: Store, clock: FakeClock, county: WholeCounty, portions: Portions | None = SMALL
) -> tuple[SyncResult, list[SyncProgress]]:
    told: list[SyncProgress] = []
    link = HttpCounty(clock, lambda _: county, portions)
    return link.synchronise(store, told.append), told


def ids(store: Store) -> set[str]:
    with store.transaction() as session:
        return set(session.exec(select(RecordRow.id)))


def rows(store: Store) -> list[dict[str, object]]:
    with store.transaction() as session:
        people = session.exec(select(PersonRow).order_by(PersonRow.resident_id)).all()
        records = session.exec(select(RecordRow).order_by(RecordRow.id)).all()
        return [row.model_dump() for row in (*records, *people)]


def loading(store: Store) -> tuple[int, int]:
    """How many snapshots are begun here, and how many pieces lie here."""
    with store.transaction() as session:
        begun = session.exec(select(SnapshotRow)).all()
        return len(begun), len(session.exec(select(SnapshotPieceRow.start)).all())


def cursor_of(store: Store) -> Cursor | None:
    with store.transaction() as session:
        return cursors(session).get(SCOPE)


def is_whole(store: Store, county: WholeCounty) -> None:
    """Everything is here, proven, and nothing is left of how it came."""
    assert {record.id for record in county.records} <= ids(store)
    assert cursor_of(store) == Cursor(epoch=county.epoch, seq=len(county.records))
    assert loading(store) == (0, 0)
    with store.transaction() as session:
        assert (setting(session, PROOF) or "").startswith("equal")


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
    county.spoil = lambda _, answer: (county.gets[1:] and offline()) or answer()
    run(store, clock, county)
    begun, county.spoil = county.gets[0].path, untouched
    county.records.append(a_household())
    county.snapshot()
    assert run(store, clock, county)[0].failed is None
    assert {get.path for get in county.gets} == {begun}
    is_whole(store, county)


def offline() -> Answer:
    raise SyncTrouble(Trouble.OFFLINE)


def test_where_the_begun_one_is_gone_the_newer_one_is_taken(
    store: Store, clock: FakeClock, county: WholeCounty
) -> None:
    county.spoil = lambda _, answer: (county.gets[1:] and offline()) or answer()
    run(store, clock, county)
    begun, county.spoil = county.gets[0].path, untouched
    county.records.append(a_household())
    county.snapshot()
    del county.kept[begun]
    assert run(store, clock, county)[0].failed is None
    assert len({get.path for get in county.gets}) == 2
    is_whole(store, county)


@pytest.mark.parametrize(
    "refusal",
    [(404, "snapshot.gone"), (403, "scope.not_yours"), (416, "snapshot.range")],
    ids=lambda refusal: refusal[1],
)
def test_a_snapshot_that_is_not_to_be_had_leaves_the_way_by_pages(
    store: Store, clock: FakeClock, county: WholeCounty, refusal: tuple[int, str]
) -> None:
    status, code = refusal
    county.spoil = lambda *_: as_json({"code": code, "message": ""}, status)
    result, _ = run(store, clock, county)
    assert (result.failed, len(county.gets)) == (None, 1)
    assert [post.said.get("takes_snapshots", False) for post in county.posts] == [True, False]
    is_whole(store, county)


def test_a_county_restored_in_the_middle_is_read_as_it_is_now(
    store: Store, clock: FakeClock, county: WholeCounty
) -> None:
    county.spoil = lambda _, answer: (county.gets[1:] and offline()) or answer()
    run(store, clock, county)
    county.spoil = untouched
    county.records.pop()
    county.epoch = "e2"
    county.kept.clear()
    county.snapshot()
    assert run(store, clock, county)[0].failed is None
    is_whole(store, county)
    assert ids(store) == {record.id for record in county.records}


@pytest.mark.parametrize("spoilt_at", [0, 100, -1])
def test_bytes_that_are_not_what_was_offered_are_never_stored(
    store: Store,
    clock: FakeClock,
    county: WholeCounty,
    spoilt_at: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = bytearray(county.content)
    whole[spoilt_at] ^= 1

    def other(asked: Asked, answer: Callable[[], Answer]) -> Answer:
        good = answer()
        first = int(asked.headers["Range"].removeprefix("bytes=").partition("-")[0])
        return replace(good, body=bytes(whole[first : first + len(good.body)]))

    county.spoil = other
    stored: list[int] = []
    monkeypatch.setattr(snapshots, "begin_records", lambda *_: stored.append(1))
    assert run(store, clock, county)[0].failed is None
    assert stored == []
    is_whole(store, county)


def test_a_part_of_another_version_is_not_put_behind_what_is_here(
    store: Store, clock: FakeClock, county: WholeCounty
) -> None:
    def renamed(asked: Asked, answer: Callable[[], Answer]) -> Answer:
        good = answer()
        return replace(good, headers={**good.headers, "etag": '"another"'})

    county.spoil = renamed
    assert run(store, clock, county)[0].failed is None
    assert len(county.gets) == 1
    is_whole(store, county)


def test_what_is_offered_but_is_no_snapshot_leaves_the_way_by_pages(
    store: Store, clock: FakeClock, county: WholeCounty
) -> None:
    (path,) = county.kept
    county.content = county.kept[path] = b"no zstd at all"
    assert run(store, clock, county)[0].failed is None
    is_whole(store, county)


def test_a_proxy_that_passes_over_the_range_gives_the_whole_at_once(
    store: Store, clock: FakeClock, county: WholeCounty
) -> None:
    def whole(asked: Asked, answer: Callable[[], Answer]) -> Answer:
        good = answer()
        return replace(good, status=200, body=county.content)

    county.spoil = lambda asked, answer: whole(asked, answer) if county.gets[1:] else answer()
    assert run(store, clock, county)[0].failed is None
    assert len(county.gets) == 2
    is_whole(store, county)


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        (Answer(status=200, headers={"content-type": "text/html"}, body=b"<p>wifi"),
         Trouble.NOT_THE_COUNTY),
        (Answer(status=206, headers={"content-type": "text/html"}, body=b"<p>wifi"),
         Trouble.NOT_THE_COUNTY),
        (as_json({"device_id": "x"}), Trouble.NOT_THE_COUNTY),
        (as_json({"code": "county.busy", "message": ""}, 503), Trouble.BUSY),
        (as_json({"code": "device.revoked", "message": ""}, 403), Trouble.REVOKED),
        (as_json({"code": "auth.signature", "message": ""}, 401), Trouble.NOT_ENROLLED),
        (Answer(status=404, headers={"content-type": "text/html"}, body=b"?"),
         Trouble.NOT_THE_COUNTY),
    ],
)  # fmt: skip
def test_whatever_else_is_answered_is_a_trouble_and_costs_nothing(
    store: Store, clock: FakeClock, county: WholeCounty, answer: Answer, trouble: Trouble
) -> None:
    county.spoil = lambda _, good: answer if county.gets[1:] else good()
    assert run(store, clock, county)[0].failed == trouble
    assert loading(store) == (1, 1)
    county.spoil = untouched
    run(store, clock, county)
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


def test_a_county_that_offers_the_same_scope_for_ever_is_asked_for_pages(
    store: Store, clock: FakeClock, county: WholeCounty
) -> None:
    ordinary = county.post
    offering = as_json(
        {"server_time": "2026", "county_version": "1", "has_more": True,
         "snapshots": {SCOPE: county._offer()}}
    )  # fmt: skip
    replies = iter([lambda: offering, lambda: offering])

    def post(path: str, body: bytes, headers: dict[str, str]) -> Answer:
        return next(replies, lambda: ordinary(path, body, headers))()

    # This one county answers otherwise; mypy holds a method for fixed.
    county.post = post  # type: ignore[method-assign, assignment]
    assert run(store, clock, county)[0].failed is None
    assert [asked.said.get("takes_snapshots", False) for asked in county.posts] == [False]
    is_whole(store, county)


def test_pieces_of_a_scope_that_is_not_offered_any_more_are_let_go(
    store: Store, clock: FakeClock, county: WholeCounty
) -> None:
    county.spoil = lambda _, answer: (county.gets[1:] and offline()) or answer()
    run(store, clock, county)
    assert loading(store) == (1, 1)
    nothing = as_json({"server_time": "2026", "county_version": "1"})
    # As above.
    county.post = lambda *_: nothing  # type: ignore[method-assign, assignment]
    assert run(store, clock, county)[0].failed is None
    assert loading(store) == (0, 0)


def test_records_of_a_load_that_broke_off_do_not_stay_where_the_restored_county_lacks_them(
    store: Store, clock: FakeClock, county: WholeCounty
) -> None:
    link = HttpCounty(clock, lambda _: county, SMALL)
    link.synchronise(store, lambda now: link.cancel() if now.received else None)
    gone = county.records.pop(0)
    assert gone.id in ids(store)
    county.epoch = "e2"
    county.kept.clear()
    county.snapshot()
    assert run(store, clock, county)[0].failed is None
    is_whole(store, county)
    assert gone.id not in ids(store)


def test_a_record_that_has_moved_on_since_is_not_brought_back(
    store: Store, clock: FakeClock, county: WholeCounty
) -> None:
    moved = county.records[1]
    body = {**body_of(moved), "scope_id": OTHER}
    change = Change(
        scope_id=OTHER, seq=1, kind="resident", record_id=moved.id, revision=2, action="put",
        schema=1, hash="0" * 64, author_id="office", received_at="2026", body=body,
    )  # fmt: skip
    with store.transaction() as session:
        apply_changes(session, [change])
    run(store, clock, county)
    with store.transaction() as session:
        row = session.get_one(RecordRow, moved.id)
    assert (row.scope_id, row.revision) == (OTHER, 2)


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
