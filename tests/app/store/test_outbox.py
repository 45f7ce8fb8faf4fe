"""The outbox numbers without gaps, chains, signs, and settles by id and revision."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from app.store import outbox, settling
from app.store.opening import Store
from app.store.outbox import OperationDraft
from app.store.queries.device import the_device
from core.refusals import Refused
from core.vocabulary import Kind
from core.wire.envelopes import GENESIS, OPERATIONS, Operation, bytes_to_sign, operation_hash
from core.wire.receipts import Receipt
from tests.builders import DOCTOR_ID, SCOPE
from tests.fakes import FakeClock


def a_draft(record_id: str = "record-1", **fields: object) -> OperationDraft:
    draft = OperationDraft(
        kind=Kind.FOLLOW_UP,
        record_id=record_id,
        revision=1,
        action="put",
        scope_id=SCOPE,
        author_id=DOCTOR_ID,
        occurred_at="2026-11-22T02:00:00.000+00:00",
        policy_version="test",
        body={"id": record_id, "note": "记下"},
    )
    return replace(draft, **fields)  # type: ignore[arg-type]  # the tests name real fields


def append(store: Store, clock: FakeClock, *drafts: OperationDraft) -> list[Operation]:
    with store.transaction() as session:
        return [outbox.append(session, draft, clock.now()) for draft in drafts]


def receipt_for(operation: Operation, **fields: object) -> Receipt:
    receipt = Receipt(
        op_id=operation.op_id,
        device_seq=operation.device_seq,
        record_id=operation.record_id,
        revision=operation.revision,
        outcome="accepted",
        received_at="2026-11-22T02:00:01.000+00:00",
    )
    return replace(receipt, **fields)  # type: ignore[arg-type]  # the tests name real fields


def queued(store: Store) -> list[Operation]:
    with store.transaction() as session:
        return [OPERATIONS.validate_json(item.envelope) for item in outbox.pending(session)]


def settle(store: Store, clock: FakeClock, *receipts: Receipt) -> None:
    with store.transaction() as session:
        settling.settle(session, (), receipts, clock.now())


def test_operations_are_numbered_from_one_without_a_gap(store: Store, clock: FakeClock) -> None:
    made = append(store, clock, *(a_draft(f"record-{n}") for n in range(5)))
    assert [operation.device_seq for operation in made] == [1, 2, 3, 4, 5]


def test_each_operation_bears_the_hash_of_the_one_before(store: Store, clock: FakeClock) -> None:
    first, second = append(store, clock, a_draft("a"), a_draft("b"))
    assert first.previous_hash == GENESIS
    assert second.previous_hash == first.hash == operation_hash(first)


def test_a_record_no_request_could_carry_is_not_saved(store: Store, clock: FakeClock) -> None:
    with pytest.raises(Refused) as refused:
        append(store, clock, a_draft("a"), a_draft("b", body={"note": "长" * (512 << 10)}))
    assert [refusal.code for refusal in refused.value.refusals] == ["record.too_large"]
    assert queued(store) == []
    (made,) = append(store, clock, a_draft("c"))
    assert made.device_seq == 1


def test_an_operation_is_signed_with_the_tablets_key(store: Store, clock: FakeClock) -> None:
    (made,) = append(store, clock, a_draft())
    with store.transaction() as session:
        private = Ed25519PrivateKey.from_private_bytes(the_device(session).private_key)
    public = Ed25519PublicKey.from_public_bytes(private.public_key().public_bytes_raw())
    public.verify(bytes.fromhex(made.signature), bytes_to_sign(made))


def test_a_transaction_that_fails_leaves_no_number_behind(store: Store, clock: FakeClock) -> None:
    def fail() -> None:
        with store.transaction() as session:
            outbox.append(session, a_draft("lost"), clock.now())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    (made,) = append(store, clock, a_draft("kept"))
    assert made.device_seq == 1
    assert [operation.record_id for operation in queued(store)] == ["kept"]


def test_what_is_queued_comes_back_as_it_was_made(store: Store, clock: FakeClock) -> None:
    made = append(store, clock, a_draft("a"), a_draft("b"))
    assert queued(store) == made


def test_a_push_takes_no_more_bytes_than_asked_but_at_least_one(
    store: Store, clock: FakeClock
) -> None:
    append(store, clock, a_draft("a"), a_draft("b"), a_draft("c"))
    with store.transaction() as session:
        assert len(outbox.pending(session, max_bytes=1)) == 1
        assert len(outbox.pending(session, limit=2)) == 2


def test_a_receipt_takes_the_operation_out_of_the_queue(store: Store, clock: FakeClock) -> None:
    first, second = append(store, clock, a_draft("a"), a_draft("b"))
    settle(store, clock, receipt_for(first))
    assert queued(store) == [second]


def test_a_receipt_for_another_revision_settles_nothing(store: Store, clock: FakeClock) -> None:
    (made,) = append(store, clock, a_draft(revision=2))
    settle(store, clock, receipt_for(made, revision=1))
    assert queued(store) == [made]


def test_a_refused_operation_is_set_aside_and_kept(store: Store, clock: FakeClock) -> None:
    first, second = append(store, clock, a_draft("a"), a_draft("b"))
    settle(store, clock, receipt_for(first, outcome="refused", code="contract_ended"))
    with store.transaction() as session:
        counts = outbox.summary(session)
        kept = outbox.from_seq(session, 1)
    assert (counts.unsent, counts.refused) == (1, 1)
    assert kept == [first, second]


def test_a_restored_county_may_set_aside_what_it_had_accepted(
    store: Store, clock: FakeClock
) -> None:
    (made,) = append(store, clock, a_draft())
    settle(store, clock, receipt_for(made))
    settle(store, clock, receipt_for(made, outcome="refused", code="scope.not_yours"))
    with store.transaction() as session:
        assert outbox.summary(session).refused == 1


def test_a_restored_county_is_offered_everything_from_a_number_on(
    store: Store, clock: FakeClock
) -> None:
    made = append(store, clock, a_draft("a"), a_draft("b"), a_draft("c"))
    settle(store, clock, *(receipt_for(operation) for operation in made[:2]))
    settle(store, clock, receipt_for(made[2], outcome="refused", code="scope.not_yours"))
    with store.transaction() as session:
        settling.requeue_from(session, 2)
    assert queued(store) == made[1:]


def test_a_county_with_another_history_is_offered_what_no_backup_covers_and_what_was_refused(
    store: Store, clock: FakeClock
) -> None:
    made = append(store, clock, *(a_draft(name) for name in "abcd"))
    settle(store, clock, receipt_for(made[0], outcome="refused", code="op.number_taken"))
    settle(store, clock, *(receipt_for(operation) for operation in made[1:]))
    with store.transaction() as session:
        settling.doubt_answers(session, 2)
    assert queued(store) == [made[0], *made[2:]]


def test_clocks_of_edits_only_go_forward_even_when_the_tablets_clock_goes_back(
    store: Store, clock: FakeClock
) -> None:
    edit = a_draft(kind=Kind.RESIDENT, action="set", base_revision=1)
    (early,) = append(store, clock, edit)
    clock.forward(days=-400)
    (late,) = append(store, clock, edit)
    assert early.clock is not None
    assert late.clock is not None
    assert late.clock > early.clock


def test_the_summary_says_since_when_something_waits(store: Store, clock: FakeClock) -> None:
    append(store, clock, a_draft("a"))
    oldest = clock.now()
    clock.forward(hours=3)
    append(store, clock, a_draft("b"))
    with store.transaction() as session:
        counts = outbox.summary(session)
    assert counts.unsent == 2
    assert counts.oldest_unsent_at == oldest
    assert counts.unsent_bytes > 500
