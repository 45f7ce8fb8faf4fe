"""The next round trip is under way while an answer is stored: when, and what if it goes wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import Event
from typing import Any, TypeVar

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlmodel import col, select

from app.county_link import SyncResult
from app.store import outbox
from app.store.opening import Store
from app.store.outbox import OutboxState
from app.store.tables import OutboxRow
from app.sync.beside import InAThread, carry
from app.sync.link import HttpCounty
from app.sync.pace import Pace, Paces
from app.sync.push import Batch, envelopes
from app.sync.transport import Answer
from app.sync.trip import Outgoing
from app.sync.troubles import SyncTrouble, Trouble
from core.wire.envelopes import Cursor, SyncResponse
from core.wire.receipts import Receipt, Taken
from core.wire.snapshots import SnapshotOffer
from tests.app.sync.scripted_county import Asked, Reply, ScriptedTransport
from tests.app.sync.test_cycle import accepting, queue
from tests.builders import SCOPE, fresh_id
from tests.fakes import FakeClock

T = TypeVar("T")
BATCH = 10
STRANGER = Ed25519PrivateKey.generate()


pytestmark = pytest.mark.usefixtures("known_county")


@dataclass
class AtOnce:
    """Stands behind Beside: a call is through when it is begun."""

    begun: int = 0

    def begin(self, call: Callable[[], T]) -> Callable[[], T]:
        self.begun += 1
        answer: Future[T] = Future()
        carry(call, answer)
        return answer.result

    def close(self) -> None:
        """Nothing is under way."""


@dataclass
class Run:
    """Synchronisations of one tablet in batches of BATCH, with what a county replies."""

    store: Store
    clock: FakeClock
    beside: AtOnce = field(default_factory=AtOnce)
    link: HttpCounty = field(init=False)
    transport: ScriptedTransport = field(init=False)

    def __post_init__(self) -> None:
        pace = Pace(size=BATCH, least=1, most=BATCH)
        self.link = HttpCounty(
            self.clock,
            lambda _: self.transport,
            beside=lambda: self.beside,
            paces=Paces(up=pace, down=pace),
        )

    def __call__(self, *replies: Reply) -> SyncResult:
        self.transport = ScriptedTransport(replies)
        return self.link.synchronise(self.store, lambda _: None)

    @property
    def sent(self) -> list[list[int]]:
        """The numbers of the operations of each request."""
        return [
            [said["device_seq"] for said in asked.said.get("operations", [])]
            for asked in self.transport.asked
        ]

    @property
    def states(self) -> list[str]:
        """What has become of the operations, in their order."""
        with self.store.transaction() as session:
            rows = session.exec(select(OutboxRow).order_by(col(OutboxRow.device_seq)))
            return [row.state for row in rows]


@pytest.fixture
def run(store: Store, clock: FakeClock) -> Run:
    return Run(store, clock)


def numbers(first: int, last: int) -> list[int]:
    return list(range(first, last + 1))


def test_the_next_batch_is_on_its_way_before_an_answer_is_stored(run: Run) -> None:
    queue(run.store, run.clock, 2 * BATCH + 1)
    queued: list[int] = []

    def looking(request: Asked) -> Answer:
        queued.append(run.states.count(OutboxState.QUEUED))
        return accepting(request)

    result = run(looking, looking, looking)
    assert result.failed is None
    assert run.sent == [numbers(1, 10), numbers(11, 20), [21]]
    assert queued == [21, 21, 11]
    assert run.states == [OutboxState.RECEIPTED] * 21


def test_the_next_page_is_asked_for_with_cursors_that_are_not_stored_yet(run: Run) -> None:
    read: list[int] = []

    def page(request: Asked) -> Answer:
        cursor = request.said.get("cursors", {}).get(SCOPE, {"seq": 0})
        read.append(cursor["seq"])
        return accepting(
            request, has_more=len(read) < 3, cursors={SCOPE: {"epoch": "e", "seq": len(read)}}
        )

    assert run(page, page, page).failed is None
    assert (read, run.beside.begun) == ([0, 1, 2], 2)


def test_what_fits_into_one_request_goes_without_anything_beside_it(run: Run) -> None:
    queue(run.store, run.clock, BATCH - 1)
    assert run(accepting).receipted == BATCH - 1
    assert run.beside.begun == 0


def test_a_trip_that_fails_leaves_the_answer_before_it_stored(run: Run) -> None:
    queue(run.store, run.clock, 3 * BATCH)
    result = run(accepting, SyncTrouble(Trouble.OFFLINE, is_under_way=False))
    assert (result.failed, result.receipted) == (Trouble.OFFLINE, BATCH)
    assert run.states == [OutboxState.RECEIPTED] * BATCH + [OutboxState.QUEUED] * 2 * BATCH
    with run.store.transaction() as session:
        assert outbox.sent_through(session) == 2 * BATCH
    assert run(accepting, accepting).failed is None
    assert run.sent == [numbers(11, 20), numbers(21, 30)]


def test_a_trip_ahead_that_is_too_large_is_halved_like_any_other(run: Run) -> None:
    queue(run.store, run.clock, 2 * BATCH)
    result = run(accepting, SyncTrouble(Trouble.TOO_LARGE), accepting, accepting, accepting)
    assert result.failed is None
    assert run.sent[:3] == [numbers(1, 10), numbers(11, 20), numbers(11, 15)]
    assert run.states == [OutboxState.RECEIPTED] * 2 * BATCH


def test_nothing_is_sent_on_the_strength_of_an_untrue_answer(run: Run) -> None:
    def forged(request: Asked) -> Answer:
        return accepting(request, receipts_signature=STRANGER.sign(b"").hex())

    queue(run.store, run.clock, 2 * BATCH)
    assert run(forged).failed == Trouble.FALSE_RECEIPT
    assert run.sent == [numbers(1, 10)]
    assert run.states == [OutboxState.QUEUED] * 2 * BATCH


def a_page(seq: int) -> dict[str, Any]:
    """Records that need more room than the store has left, and the cursor behind them."""
    changes = [
        {
            "scope_id": SCOPE,
            "seq": seq,
            "kind": "notice",
            "record_id": fresh_id(),
            "revision": 1,
            "action": "put",
            "schema": 1,
            "hash": "0" * 64,
            "author_id": "office",
            "received_at": "2026-11-22T02:00:01+00:00",
            "body": {"text": "通知" * 40_000},
        }
    ]
    return {"changes": changes, "cursors": {SCOPE: {"epoch": "e", "seq": seq}}}


@contextmanager
def no_room(store: Store) -> Iterator[None]:
    def grow_to(pages: int | None) -> None:
        with store.transaction() as session:
            run = session.connection().exec_driver_sql
            most = pages or run("PRAGMA page_count").scalar_one()
            run(f"PRAGMA max_page_count={most}").all()

    grow_to(None)
    yield
    grow_to(1 << 30)


def test_where_an_answer_finds_no_room_the_one_behind_it_is_thrown_away(run: Run) -> None:
    with no_room(run.store):
        result = run(
            lambda request: accepting(request, has_more=True, **a_page(1)),
            lambda request: accepting(request, cursors={SCOPE: {"epoch": "e", "seq": 2}}),
        )
    assert (result.failed, len(run.transport.asked)) == (Trouble.DISK_FULL, 2)
    run(lambda request: accepting(request, **a_page(2)))
    assert "cursors" not in run.transport.asked[0].said


@pytest.mark.parametrize("before", [0, 1])
def test_what_is_under_way_when_it_is_cancelled_is_stored_and_nothing_more_is_sent(
    run: Run, before: int
) -> None:
    def cancelling(request: Asked) -> Answer:
        run.link.cancel()
        return accepting(request)

    queue(run.store, run.clock, 3 * BATCH)
    assert run(*[accepting] * before, cancelling).failed == Trouble.CANCELLED
    assert run.states.count(OutboxState.RECEIPTED) == (before + 1) * BATCH


# What is plain enough.


@pytest.fixture
def batch(store: Store, clock: FakeClock) -> Batch:
    """Three operations, as they go up."""
    queue(store, clock, 3)
    with store.transaction() as session:
        return Batch.of(outbox.pending(session), 3)


def a_trip(batch: Batch) -> Outgoing:
    return Outgoing(
        device_id="tablet",
        batch=batch,
        cursors={SCOPE: Cursor(epoch="e", seq=4), "county:x": Cursor(epoch="e", seq=1)},
        acknowledged_seq=0,
        takes_snapshots=False,
        refused=((7, "op.unknown_reference"),),
    )


def taking(batch: Batch, **fields: Any) -> SyncResponse:
    run = Taken(first_seq=1, last_seq=batch.last_seq, hash=batch.last_hash, received_at="2026")
    plain = SyncResponse(
        server_time="2026",
        county_version="1",
        taken=(run,),
        cursors={SCOPE: Cursor(epoch="e", seq=7)},
        has_more=True,
    )
    return replace(plain, **fields)


def test_after_a_plain_answer_all_that_changes_is_how_far_both_have_come(batch: Batch) -> None:
    trip = a_trip(batch)
    following = trip.after(taking(batch), Batch())
    assert following == replace(
        trip,
        batch=Batch(),
        cursors={SCOPE: Cursor(epoch="e", seq=7), "county:x": Cursor(epoch="e", seq=1)},
        acknowledged_seq=3,
    )


def test_with_nothing_left_to_say_nothing_is_said_ahead(batch: Batch) -> None:
    answer = taking(batch, has_more=False)
    assert a_trip(batch).after(answer, Batch()) is None
    assert a_trip(batch).after(answer, batch) is not None


RECEIPT = Receipt(
    op_id="op", device_seq=3, record_id="r", revision=1, outcome="merged", received_at="2026"
)
RUN = Taken(first_seq=1, last_seq=3, hash="0" * 64, received_at="2026")


@pytest.mark.parametrize(
    "fields",
    [
        {"resend_from": 2},
        {"revoked": True},
        {"receipts": (RECEIPT,)},
        {"snapshots": {SCOPE: SnapshotOffer(epoch="e", seq=1, bytes=1, sha256="0")}},
        {"dropped_scopes": ("county:x",)},
        {"cursors": {SCOPE: Cursor(epoch="restored", seq=7)}},
        {"cursors": {}},
        {"taken": ()},
        {"taken": (RUN,)},
        {"taken": (replace(RUN, last_seq=2),)},
    ],
)
def test_what_only_storing_shows_is_waited_for(batch: Batch, fields: dict[str, Any]) -> None:
    assert a_trip(batch).after(taking(batch, **fields), batch) is None


def test_a_batch_cut_short_is_signed_at_its_new_end(batch: Batch) -> None:
    first = batch.first(2)
    assert json.loads(first.said()) == list(envelopes(batch.operations[:2]))
    assert (first.last_seq, first.is_full, batch.first(4).is_full) == (2, True, False)


# The thread.


def test_a_call_in_a_thread_gives_or_raises_what_it_did() -> None:
    def broken() -> int:
        raise SyncTrouble(Trouble.TIMEOUT)

    beside = InAThread()
    assert beside.begin(lambda: 7)() == 7
    with pytest.raises(SyncTrouble):
        beside.begin(broken)()
    beside.close()


def test_what_is_under_way_is_over_when_it_is_closed() -> None:
    goes_on, ended = Event(), []
    beside = InAThread()

    def call() -> None:
        goes_on.wait(10)
        ended.append(True)

    beside.begin(call)
    assert not ended
    goes_on.set()
    beside.close()
    assert ended
