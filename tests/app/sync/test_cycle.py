"""One synchronisation from the tablet's side: what it says, when it ends, how it tells."""

from __future__ import annotations

from typing import Any

import pytest

from app.county_link import SyncProgress, SyncResult
from app.store import outbox
from app.store.opening import Store
from app.store.outbox import OperationDraft
from app.store.queries.device import LAST_SYNCED, PROOF, setting
from app.sync.link import HttpCounty
from app.sync.pace import UP
from app.sync.transport import Answer
from app.sync.troubles import SyncTrouble, Trouble
from core.wire.digests import EMPTY_ROOT
from core.wire.receipts import Taken, receipts_bytes, taken_fields
from tests.app.sync.scripted_county import COUNTY_KEY, Asked, Reply, ScriptedTransport, as_json
from tests.builders import DOCTOR_ID, SCOPE, fresh_id
from tests.fakes import FakeClock

pytestmark = pytest.mark.usefixtures("known_county")


def queue(store: Store, clock: FakeClock, count: int, note: str = "头晕两天") -> None:
    for _ in range(count):
        with store.transaction() as session:
            draft = OperationDraft(
                kind="follow_up",
                record_id=fresh_id(),
                revision=1,
                action="put",
                scope_id=SCOPE,
                author_id=DOCTOR_ID,
                occurred_at="2026-11-22T02:00:00.000+00:00",
                policy_version="1",
                body={"note": note},
            )
            outbox.append(session, draft, clock.now())


def accepting(request: Asked, **fields: Any) -> Answer:
    """A county that takes everything."""
    operations = request.said.get("operations", [])
    taken = [
        Taken(
            first_seq=operations[0]["device_seq"],
            last_seq=operations[-1]["device_seq"],
            hash=operations[-1]["hash"],
            received_at="2026-11-22T02:00:01+00:00",
        )
        for _ in operations[:1]
    ]
    return as_json(
        {
            "server_time": "2026-11-22T02:00:01+00:00",
            "county_version": "1",
            "taken": [taken_fields(run) for run in taken],
            "receipts_signature": COUNTY_KEY.sign(receipts_bytes(taken, ())).hex(),
            **fields,
        }
    )


def run(
    store: Store, clock: FakeClock, *replies: Reply
) -> tuple[SyncResult, list[Asked], list[SyncProgress]]:
    transport = ScriptedTransport(replies)
    told: list[SyncProgress] = []
    result = HttpCounty(clock, lambda _: transport).synchronise(store, told.append)
    assert transport.is_closed
    return result, transport.asked, told


def test_with_nothing_to_say_one_small_request_is_made(store: Store, clock: FakeClock) -> None:
    result, asked, _ = run(store, clock, accepting)
    assert result.failed is None
    assert len(asked) == 1
    assert len(asked[0].body) < 600


def test_hashes_travel_only_where_they_do_not_follow(store: Store, clock: FakeClock) -> None:
    queue(store, clock, 3)
    result, asked, _ = run(store, clock, accepting)
    first, second, last = asked[0].said["operations"]
    assert result.receipted == 3
    assert "previous_hash" in first
    assert "hash" not in first
    assert not {"previous_hash", "hash", "signature"} & second.keys()
    assert {"hash", "signature"} <= last.keys()


def test_what_went_into_a_push_is_known_whether_or_not_it_arrived(
    store: Store, clock: FakeClock
) -> None:
    queue(store, clock, 2)
    with store.transaction() as session:
        assert outbox.sent_through(session) == 0
    run(store, clock, SyncTrouble(Trouble.OFFLINE))
    queue(store, clock, 1)
    with store.transaction() as session:
        assert outbox.sent_through(session) == 2


def test_an_answer_of_a_later_protocol_is_not_taken(store: Store, clock: FakeClock) -> None:
    queue(store, clock, 1)
    result, _, _ = run(store, clock, lambda request: accepting(request, protocol=2))
    assert (result.failed, result.receipted) == (Trouble.NOT_UNDERSTOOD, 0)
    with store.transaction() as session:
        assert outbox.waiting(session) == 1


def test_it_goes_on_while_there_is_more(store: Store, clock: FakeClock) -> None:
    def more(request: Asked) -> Answer:
        read = request.said.get("cursors", {}).get(SCOPE, {"seq": 0})
        cursor = {"epoch": "e", "seq": read["seq"] + 1}
        return accepting(request, has_more=True, cursors={SCOPE: cursor})

    result, asked, _ = run(store, clock, more, more, accepting)
    assert (result.failed, len(asked)) == (None, 3)
    assert asked[2].said["cursors"] == {SCOPE: {"epoch": "e", "seq": 2}}


def test_a_county_that_promises_more_and_gives_nothing_is_left(
    store: Store, clock: FakeClock
) -> None:
    empty = as_json({"server_time": "2026", "county_version": "1", "has_more": True})
    result, asked, _ = run(store, clock, empty)
    assert (result.failed, len(asked)) == (Trouble.STUCK, 1)


def test_a_revoked_tablet_hands_everything_in_before_it_says_so(
    store: Store, clock: FakeClock
) -> None:
    def revoking(request: Asked) -> Answer:
        return accepting(request, revoked=True)

    queue(store, clock, UP.size + 1)
    result, asked, _ = run(store, clock, revoking, revoking)
    assert (result.failed, result.receipted, len(asked)) == (Trouble.REVOKED, UP.size + 1, 2)


def test_it_tells_how_far_it_is(store: Store, clock: FakeClock) -> None:
    queue(store, clock, UP.size + 1)
    _, asked, told = run(store, clock, accepting, accepting)
    assert [len(request.said["operations"]) for request in asked] == [UP.size, 1]
    assert [(p.stage, p.sent, p.to_send) for p in told] == [
        ("connecting", 0, UP.size + 1),
        ("sending", UP.size, UP.size + 1),
        ("receiving", UP.size + 1, UP.size + 1),
        ("proving", UP.size + 1, UP.size + 1),
    ]


def test_a_county_that_answers_no_operation_does_not_keep_it_for_ever(
    store: Store, clock: FakeClock
) -> None:
    queue(store, clock, 1)
    silent = as_json({"server_time": "2026", "county_version": "1"})
    result, _, _ = run(store, clock, silent)
    assert result.failed == Trouble.STUCK


def test_a_county_that_asks_again_and_again_for_the_same_is_left(
    store: Store, clock: FakeClock
) -> None:
    hole = as_json({"server_time": "2026", "county_version": "1", "resend_from": 1})
    queue(store, clock, 1)
    result, asked, _ = run(store, clock, hole, hole)
    assert (result.failed, len(asked)) == (Trouble.STUCK, 2)


def test_what_a_restored_county_lost_is_sent_again_whatever_became_of_it(
    store: Store, clock: FakeClock
) -> None:
    queue(store, clock, 3)
    run(store, clock, accepting)
    lost = as_json({"server_time": "2026", "county_version": "1", "resend_from": 2})
    result, asked, _ = run(store, clock, lost, accepting, accepting)
    assert asked[0].said["acknowledged_seq"] == 3
    assert [said["device_seq"] for said in asked[1].said["operations"]] == [2, 3]
    assert result.failed is None


def test_what_a_restored_county_lost_is_sent_until_its_new_answer_is_here(
    store: Store, clock: FakeClock
) -> None:
    queue(store, clock, 3)
    run(store, clock, accepting)
    lost = as_json({"server_time": "2026", "county_version": "1", "resend_from": 2})
    cut_off = SyncTrouble(Trouble.OFFLINE)
    run(store, clock, lost, cut_off)
    result, asked, _ = run(store, clock, accepting)
    assert asked[0].said["acknowledged_seq"] == 1
    assert [said["device_seq"] for said in asked[0].said["operations"]] == [2, 3]
    assert (result.failed, result.receipted) == (None, 2)


def test_a_time_out_with_many_records_is_tried_with_fewer(store: Store, clock: FakeClock) -> None:
    queue(store, clock, 40)
    slow = SyncTrouble(Trouble.TIMEOUT)
    result, asked, _ = run(store, clock, slow, slow, accepting, accepting, accepting)
    sizes = [len(request.said["operations"]) for request in asked]
    assert result.failed is None
    assert sizes == [40, 20, 10, 15, 15]


def test_a_time_out_with_few_records_is_the_links_fault(store: Store, clock: FakeClock) -> None:
    queue(store, clock, 2)
    result, _, _ = run(store, clock, SyncTrouble(Trouble.TIMEOUT))
    assert result.failed == Trouble.TIMEOUT


@pytest.mark.parametrize(
    ("root", "proof"), [(EMPTY_ROOT, "equal"), ("00000000000000aa", "different")]
)
def test_the_sums_are_compared_at_the_end(
    store: Store, clock: FakeClock, root: str, proof: str
) -> None:
    run(store, clock, *[lambda request: accepting(request, roots={SCOPE: root})] * 2)
    with store.transaction() as session:
        assert (setting(session, PROOF) or "").split()[0] == proof
        assert setting(session, LAST_SYNCED) is not None
