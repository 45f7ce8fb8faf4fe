"""Old facts leave once the county has them safe; what is not safe never does."""

from __future__ import annotations

from datetime import UTC, date, datetime

from sqlmodel import Session, select

from app.store import outbox
from app.store.custody import keep_orders
from app.store.incoming import apply_changes
from app.store.opening import Store
from app.store.outbox import OperationDraft
from app.store.queries.device import the_device
from app.store.retention import give_room_back, retire_some
from app.store.rows import RecordWrite, store_records, write_of
from app.store.sums import roots
from app.store.tables import RecordRow
from core.wire.bodies import body_of
from core.wire.canonical import canonical_bytes, sha256_hex
from core.wire.custody import Orders
from core.wire.envelopes import Change
from tests.builders import DOCTOR_ID, SCOPE, TODAY, a_follow_up, a_resident

NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)
OLD, YOUNG = date(2020, 12, 31), date(2021, 1, 1)


def change_of(follow_up: object, seq: int, action: str = "put") -> Change:
    body = body_of(follow_up)  # type: ignore[arg-type]  # only follow-ups are handed in
    return Change(
        scope_id=SCOPE,
        seq=seq,
        kind="follow_up",
        record_id=body["id"],
        revision=1,
        action=action,
        schema=1,
        hash=sha256_hex(canonical_bytes(body)),
        author_id=DOCTOR_ID,
        received_at=NOW.isoformat(),
        body=body if action == "put" else None,
    )


def ids(session: Session) -> set[str]:
    return set(session.exec(select(RecordRow.id)))


def test_a_clock_in_2099_lets_nothing_go_that_the_county_would_keep(store: Store) -> None:
    resident = a_resident()
    old, young = (a_follow_up(resident.id, day) for day in (OLD, YOUNG))
    with store.transaction() as session:
        apply_changes(session, [change_of(old, 1), change_of(young, 2)])
        keep_orders(session, None, NOW, county_time=NOW.isoformat())
        retire_some(session, date(2099, 1, 1))
        assert ids(session) == {young.id}


def test_facts_older_than_the_years_kept_leave_and_still_count(store: Store) -> None:
    resident = a_resident()
    old, young = (a_follow_up(resident.id, day) for day in (OLD, YOUNG))
    with store.transaction() as session:
        apply_changes(session, [change_of(old, 1), change_of(young, 2)])
        before = roots(session)
        assert retire_some(session, TODAY) is False
        assert ids(session) == {young.id}
        assert roots(session) == before


def test_the_county_says_how_many_years_stay(store: Store) -> None:
    young = a_follow_up(a_resident().id, date(2023, 12, 31))
    with store.transaction() as session:
        apply_changes(session, [change_of(young, 1)])
        keep_orders(session, Orders(keep_years=2), NOW)
        retire_some(session, TODAY)
        assert ids(session) == set()


def test_a_fact_that_comes_again_stands_for_itself(store: Store) -> None:
    old = a_follow_up(a_resident().id, OLD)
    with store.transaction() as session:
        apply_changes(session, [change_of(old, 1)])
        before = roots(session)
        retire_some(session, TODAY)
        apply_changes(session, [change_of(old, 2)])
        assert roots(session) == before
        retire_some(session, TODAY)
        apply_changes(session, [change_of(old, 3, "remove")])
        assert roots(session) == {}


def test_a_fact_the_county_has_not_got_stays(store: Store) -> None:
    old = write_of(a_follow_up(a_resident().id, OLD), author_id=DOCTOR_ID)
    with store.transaction() as session:
        store_records(session, [old])
        retire_some(session, TODAY)
        assert ids(session) == {old.id}


def test_a_fact_made_here_stays_until_the_county_has_backed_it_up(store: Store) -> None:
    follow_up = a_follow_up(a_resident().id, OLD)
    own = write_of(follow_up, author_id=DOCTOR_ID)
    with store.transaction() as session:
        store_records(session, [own])
        outbox.append(session, draft_of(own), NOW)
        apply_changes(session, [change_of(follow_up, 1)])
        retire_some(session, TODAY)
        assert ids(session) == {own.id}
        keep_orders(session, None, NOW, durable_seq=1)
        assert the_device(session).durable_seq == 1
        retire_some(session, TODAY)
        assert ids(session) == set()


def draft_of(write: RecordWrite) -> OperationDraft:
    return OperationDraft(
        kind=write.kind,
        record_id=write.id,
        revision=1,
        action="put",
        scope_id=write.scope_id,
        author_id=DOCTOR_ID,
        occurred_at=NOW.isoformat(),
        policy_version="1",
        body=write.body,
    )


def test_room_is_given_back_in_small_steps(store: Store) -> None:
    resident_id = a_resident().id
    visits = [a_follow_up(resident_id, OLD) for _ in range(400)]
    with store.transaction() as session:
        apply_changes(session, [change_of(visit, at) for at, visit in enumerate(visits, 1)])
    steps = 0
    while retire(store):
        steps += 1
    assert steps == 2
    before = pages(store)
    with store.transaction() as session:
        assert give_room_back(session) is True
    assert 0 < before - pages(store) <= 64


def retire(store: Store) -> bool:
    with store.transaction() as session:
        return retire_some(session, TODAY)


def pages(store: Store) -> int:
    with store.transaction() as session:
        counted = session.connection().exec_driver_sql("PRAGMA page_count")
        return int(counted.scalar_one())
