"""A village offered whole that is not as it was offered: what is not true is not stored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from app.store import snapshots
from app.store.incoming import apply_changes
from app.store.opening import Store
from app.store.tables import RecordRow
from app.sync.link import HttpCounty
from app.sync.transport import Answer
from app.sync.troubles import Trouble
from core.wire.bodies import body_of
from core.wire.envelopes import Change
from tests.app.sync.loaded_whole import SMALL, broken_off, ids, is_whole, loading, run
from tests.app.sync.scripted_county import Asked, as_json
from tests.app.sync.whole_county import WholeCounty, untouched
from tests.builders import SCOPE
from tests.fakes import FakeClock

OTHER = "village:village-2"


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
    broken_off(store, clock, county)
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


def test_a_county_that_offers_the_same_scope_for_ever_is_asked_for_pages(
    store: Store, clock: FakeClock, county: WholeCounty
) -> None:
    offering = as_json(
        {"server_time": "2026", "county_version": "1", "has_more": True,
         "snapshots": {SCOPE: county._offer()}}
    )  # fmt: skip
    twice = iter([offering, offering])
    county.spoil_post = lambda _, answer: next(twice, None) or answer()
    assert run(store, clock, county)[0].failed is None
    assert [asked.said.get("takes_snapshots", False) for asked in county.posts] == [False]
    is_whole(store, county)


def test_pieces_of_a_scope_that_is_not_offered_any_more_are_let_go(
    store: Store, clock: FakeClock, county: WholeCounty
) -> None:
    broken_off(store, clock, county)
    assert loading(store) == (1, 1)
    nothing = as_json({"server_time": "2026", "county_version": "1"})
    county.spoil_post = lambda *_: nothing
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
