"""What one answer of the county does to the store: all of it, in order, or nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from app.store import outbox, settling
from app.store.cursor import cursors
from app.store.errors import StoreDamaged
from app.store.incoming import apply_answer
from app.store.opening import Store
from app.store.outbox import OperationDraft, acknowledged_seq
from app.store.restored import base_epoch
from app.store.rows import store_records, write_of
from app.store.snapshots import begin_records, store_records_of
from app.store.sums import roots
from app.store.tables import PersonRow, RecordRow
from core.followups import FollowUp
from core.vocabulary import Kind
from core.wire.bodies import Record, body_of, kind_of
from core.wire.digests import body_hash, record_digest, root_text
from core.wire.envelopes import UNCONFIRMED, Change, Cursor, Numbered, SyncResponse
from core.wire.receipts import Taken
from tests.builders import DOCTOR_ID, SCOPE, a_follow_up, a_household, a_resident
from tests.fakes import FakeClock

OTHER = "village:village-2"
REACHED = {SCOPE: Cursor(epoch="e", seq=9)}


def change(record: Record, seq: int = 1, **fields: Any) -> Change:
    body = body_of(record)
    return Change(
        **{
            "scope_id": SCOPE,
            "seq": seq,
            "kind": kind_of(record),
            "record_id": record.id,
            "revision": 1,
            "action": "put",
            "schema": 1,
            "hash": body_hash(body),
            "author_id": "office",
            "received_at": "2026-11-22T02:00:00+00:00",
            "body": body,
            **fields,
        }
    )


def answer(*changes: Change, **fields: Any) -> SyncResponse:
    said = {"server_time": "2026", "county_version": "1", "cursors": REACHED, **fields}
    return SyncResponse(changes=changes, **said)


NUMBERED = Numbered(
    scope_id=SCOPE, seq=1, device_seq=1, count=1, received_at="2026-11-22T02:00:00+00:00"
)
"""The first thing a tablet made, as the first change of its scope."""


def take(store: Store, clock: FakeClock, said: SyncResponse) -> None:
    with store.transaction() as session:
        apply_answer(session, said, clock.now())


def held(store: Store, record_id: str) -> RecordRow | None:
    with store.transaction() as session:
        return session.get(RecordRow, record_id)


def test_records_people_and_cursors_are_stored_together(store: Store, clock: FakeClock) -> None:
    household = a_household()
    resident = a_resident(household_id=household.id)
    take(store, clock, answer(change(resident), change(household)))
    with store.transaction() as session:
        person = session.get_one(PersonRow, resident.id)
        assert (person.name, person.house_no) == (resident.name, household.house_no)
        assert cursors(session) == REACHED


def test_an_answer_that_cannot_be_stored_whole_leaves_nothing_behind(
    store: Store, clock: FakeClock
) -> None:
    household, visit = a_household(), a_follow_up("resident")
    with pytest.raises(StoreDamaged):
        take(store, clock, answer(change(household), change(visit, body=None)))
    assert held(store, household.id) is None
    with store.transaction() as session:
        assert cursors(session) == {}


def test_a_county_that_speaks_of_operations_nobody_made_is_not_believed(
    store: Store, clock: FakeClock
) -> None:
    keep_here(store, clock, a_follow_up("resident"))
    with pytest.raises(StoreDamaged):
        take(store, clock, answer(numbered=(replace(NUMBERED, count=2),)))


def keep_here(store: Store, clock: FakeClock, visit: FollowUp) -> None:
    with store.transaction() as session:
        write = write_of(visit, author_id=DOCTOR_ID)
        store_records(session, [write])
        draft = OperationDraft(
            kind=write.kind,
            record_id=write.id,
            revision=1,
            action="put",
            scope_id=SCOPE,
            author_id=DOCTOR_ID,
            occurred_at="2026-11-22T02:00:00.000+00:00",
            policy_version="test",
            body=write.body,
        )
        outbox.append(session, draft, clock.now())


def test_an_own_fact_comes_down_without_its_body_and_is_marked_as_received(
    store: Store, clock: FakeClock
) -> None:
    visit = a_follow_up("resident")
    keep_here(store, clock, visit)
    with store.transaction() as session:
        assert roots(session) == {}
    take(store, clock, answer(numbered=(NUMBERED,)))
    row = held(store, visit.id)
    assert row is not None
    assert row.received_at is not None


def test_an_own_fact_whose_scope_had_left_comes_back_with_its_body(
    store: Store, clock: FakeClock
) -> None:
    visit = a_follow_up("resident")
    keep_here(store, clock, visit)
    take(store, clock, answer(dropped_scopes=(SCOPE,), cursors={}))
    assert held(store, visit.id) is None
    take(store, clock, answer(numbered=(NUMBERED,)))
    row = held(store, visit.id)
    assert row is not None
    assert json.loads(row.body) == body_of(visit)


def test_what_a_restored_county_no_longer_has_goes_unless_it_was_made_here(
    store: Store, clock: FakeClock
) -> None:
    lost, kept, own = a_household(), a_household(), a_follow_up("resident")
    keep_here(store, clock, own)
    take(store, clock, answer(change(lost), change(kept), numbered=(NUMBERED,)))
    anew = {SCOPE: Cursor(epoch="after the restore", seq=1)}
    take(store, clock, answer(change(kept), cursors=anew))
    assert held(store, lost.id) is not None
    take(store, clock, answer(cursors=anew, roots={SCOPE: "0"}))
    assert held(store, lost.id) is None
    assert held(store, own.id) is not None
    with store.transaction() as session:
        digest = record_digest(kept.id, 1, body_hash(body_of(kept)))
        assert roots(session) == {SCOPE: root_text(digest)}


def test_a_kind_this_app_does_not_know_is_kept_as_it_came(store: Store, clock: FakeClock) -> None:
    unknown = change(
        a_household(), kind="moon_phase", body={"phase": "满"}, record_id="m", schema=7
    )
    take(store, clock, answer(unknown))
    row = held(store, "m")
    assert row is not None
    assert (row.kind, row.schema_version, row.body) == ("moon_phase", 7, '{"phase":"满"}')


def test_a_removal_takes_the_record_and_its_person_away(store: Store, clock: FakeClock) -> None:
    resident = a_resident()
    take(store, clock, answer(change(resident)))
    take(store, clock, answer(change(resident, 2, action="remove", body=None)))
    with store.transaction() as session:
        assert session.get(RecordRow, resident.id) is None
        assert session.get(PersonRow, resident.id) is None


@pytest.mark.parametrize("put_first", [True, False])
def test_a_record_that_moved_between_two_of_our_scopes_stays(
    store: Store, clock: FakeClock, put_first: bool
) -> None:
    resident = a_resident()
    take(store, clock, answer(change(resident)))
    moved = change(resident, 1, scope_id=OTHER, revision=2)
    left = change(resident, 2, action="remove", body=None, revision=2)
    take(store, clock, answer(*((moved, left) if put_first else (left, moved))))
    row = held(store, resident.id)
    assert row is not None
    assert (row.scope_id, row.revision) == (OTHER, 2)


def test_a_scope_that_was_dropped_goes_with_its_cursor(store: Store, clock: FakeClock) -> None:
    kept, gone = a_household(), a_household()
    take(store, clock, answer(change(kept), change(gone, scope_id=OTHER)))
    take(store, clock, answer(cursors={OTHER: Cursor(epoch="e", seq=1)}))
    take(store, clock, answer(cursors={}, dropped_scopes=(OTHER,)))
    assert held(store, gone.id) is None
    assert held(store, kept.id) is not None
    with store.transaction() as session:
        assert cursors(session) == REACHED


def test_the_root_is_the_sum_over_what_the_county_has_sent(store: Store, clock: FakeClock) -> None:
    changes = [change(a_household()) for _ in range(3)]
    take(store, clock, answer(*changes))
    total = sum(record_digest(c.record_id, c.revision, c.hash) for c in changes)
    with store.transaction() as session:
        assert roots(session) == {SCOPE: root_text(total)}
        assert acknowledged_seq(session) == 0


def test_an_edit_that_is_only_offered_again_does_not_hide_what_another_has_set_since(
    store: Store, clock: FakeClock
) -> None:
    resident = a_resident(name="王建国")
    take(store, clock, answer(change(resident)))
    draft = OperationDraft(
        kind=Kind.RESIDENT,
        record_id=resident.id,
        revision=2,
        action="set",
        scope_id=SCOPE,
        author_id=DOCTOR_ID,
        occurred_at="2026-11-22",
        policy_version="test",
        body={"name": "王建军"},
        base_revision=1,
    )
    with store.transaction() as session:
        made = outbox.append(session, draft, clock.now())
    run = Taken(first_seq=1, last_seq=1, hash=made.hash, received_at="2026")
    others = change(replace(resident, name="王建君"), 3, revision=3)
    take(store, clock, answer(others, taken=(run,)))
    take(store, clock, answer(others, history="another"))
    with store.transaction() as session:
        assert [one.device_seq for one in outbox.pending(session)] == [1]
    row = held(store, resident.id)
    assert row is not None
    assert json.loads(row.body)["name"] == "王建君"
    with store.transaction() as session:  # but what the county says it lacks stands again
        settling.requeue_from(session, 1)
    take(store, clock, answer(others))
    row = held(store, resident.id)
    assert row is not None
    assert json.loads(row.body)["name"] == "王建军"


def told_epoch(store: Store, record_id: str) -> str:
    with store.transaction() as session:
        return base_epoch(session, session.get_one(RecordRow, record_id))


def test_an_edit_names_the_epoch_its_record_was_last_confirmed_in(
    store: Store, clock: FakeClock
) -> None:
    household = a_household()
    resident = a_resident(household_id=household.id)
    take(store, clock, answer(change(household), change(resident, 2)))
    assert told_epoch(store, resident.id) == "e"
    # Restored, and once more before all was read again: of the rest nobody can tell then.
    for epoch, before in (("f", "e"), ("g", UNCONFIRMED)):
        anew = {SCOPE: Cursor(epoch=epoch, seq=1)}
        take(store, clock, answer(change(household), cursors=anew))
        assert (told_epoch(store, household.id), told_epoch(store, resident.id)) == (epoch, before)
    take(store, clock, answer(change(resident, 2), cursors=anew, roots={SCOPE: ""}))
    assert told_epoch(store, resident.id) == "g"


def test_a_first_load_that_is_begun_again_leaves_its_records_in_their_epoch(store: Store) -> None:
    household = a_household()
    with store.transaction() as session:
        begin_records(session, SCOPE, "e")
        store_records_of(session, [change(household)])
    with store.transaction() as session:
        begin_records(session, SCOPE, "e")
    assert told_epoch(store, household.id) == "e"


def test_what_has_never_come_from_the_county_is_of_no_epoch(store: Store) -> None:
    household = a_household()
    with store.transaction() as session:
        store_records(session, [write_of(household, author_id=DOCTOR_ID)])
    assert told_epoch(store, household.id) == UNCONFIRMED
