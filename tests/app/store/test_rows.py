"""Records go into rows and come back whole, whatever order and version they arrive in."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from sqlmodel import select

from app.store.opening import Store
from app.store.queries import accounts, people, records
from app.store.rows import RecordWrite, remove_records, store_records, write_of
from app.store.tables import AccountRow, PersonRow, RecordRow
from core.followups import FollowUp, Withdrawal
from core.people import Resident
from core.reviews import Review
from core.vocabulary import Kind
from core.wire.bodies import Record
from tests.builders import (
    DOCTOR_ID,
    SCOPE,
    a_contract,
    a_follow_up,
    a_household,
    a_resident,
    a_review,
    a_withdrawal,
)


def keep(store: Store, *kept: Record) -> None:
    with store.transaction() as session:
        store_records(session, [write_of(record, author_id=DOCTOR_ID) for record in kept])


def about(store: Store, resident_id: str) -> list[Any]:
    with store.transaction() as session:
        return records.of_resident(session, resident_id)


def a_write(kind: str, body: dict[str, Any]) -> RecordWrite:
    return RecordWrite(
        id=body["id"],
        kind=kind,
        scope_id=SCOPE,
        revision=1,
        author_id=DOCTOR_ID,
        body=body,
        hash="00" * 32,
    )


def an_account(resident_id: str) -> dict[str, Any]:
    numbers = {"month_owed": 1, "month_done": 0}
    texts = {"dots": "[]", "due": "[]", "returned": "[]", "figures": "{}"}
    day = {"as_of": date(2026, 11, 22), "policy_version": "v1"}
    return {"resident_id": resident_id, **day, **numbers, **texts}


def cached(store: Store) -> set[str]:
    with store.transaction() as session:
        return set(session.exec(select(AccountRow.resident_id)).all())


def test_a_record_comes_back_as_it_was_stored(store: Store) -> None:
    follow_up = a_follow_up("resident-1")
    keep(store, follow_up)
    with store.transaction() as session:
        assert records.record(session, Kind.FOLLOW_UP, follow_up.id) == follow_up


def test_fields_unknown_to_this_app_stay_in_the_body(store: Store) -> None:
    body = {"id": "p-1", "from_a_newer_county": {"deep": [1, 2]}, "name": "某"}
    with store.transaction() as session:
        store_records(session, [a_write("resident_photo", body)])
        row = records.row(session, "p-1")
    assert row is not None
    assert json.loads(row.body) == body


def test_a_body_this_app_cannot_read_is_kept_and_passed_over(store: Store) -> None:
    broken = {"id": "f-1", "resident_id": "resident-1", "occurred_on": "not a day"}
    with store.transaction() as session:
        store_records(session, [a_write(Kind.FOLLOW_UP, broken)])
        row = records.row(session, "f-1")
    assert about(store, "resident-1") == []
    assert row is not None
    assert json.loads(row.body) == broken


def test_a_newer_body_replaces_the_older_one_under_its_id(store: Store) -> None:
    resident = a_resident()
    keep(store, resident)
    renamed = a_resident(id=resident.id, name="王建军")
    keep(store, renamed)
    assert about(store, resident.id) == [renamed]


def test_a_review_belongs_to_the_resident_of_its_follow_up(store: Store) -> None:
    follow_up = a_follow_up("resident-1")
    review = a_review(follow_up.id)
    keep(store, follow_up)
    keep(store, review)
    assert {type(found) for found in about(store, "resident-1")} == {FollowUp, Review}


def test_a_review_that_arrives_first_finds_its_resident_later(store: Store) -> None:
    follow_up = a_follow_up("resident-1")
    keep(store, a_review(follow_up.id))
    assert about(store, "resident-1") == []
    keep(store, follow_up)
    assert {type(found) for found in about(store, "resident-1")} == {FollowUp, Review}


def test_the_withdrawal_of_a_withdrawal_belongs_to_the_resident_too(store: Store) -> None:
    follow_up = a_follow_up("resident-1")
    withdrawal = a_withdrawal(follow_up.id)
    keep(store, a_withdrawal(withdrawal.id), withdrawal, follow_up)
    found = [record for record in about(store, "resident-1") if isinstance(record, Withdrawal)]
    assert len(found) == 2


def test_a_change_drops_the_cached_account_of_its_resident_only(store: Store) -> None:
    follow_up = a_follow_up("resident-1")
    keep(store, follow_up)
    with store.transaction() as session:
        accounts.keep(session, [an_account("resident-1"), an_account("resident-2")])
    keep(store, a_review(follow_up.id))
    assert cached(store) == {"resident-2"}


def test_a_new_policy_drops_every_cached_account(store: Store) -> None:
    with store.transaction() as session:
        accounts.keep(session, [an_account("resident-1"), an_account("resident-2")])
        store_records(session, [a_write(Kind.POLICY_PACK, {"id": "pack-1"})])
    assert cached(store) == set()


def test_a_resident_can_be_found_by_a_derived_spelling_and_house(store: Store) -> None:
    household = a_household(house_no="7", group_no="2")
    resident = a_resident(name="吕海霞", household_id=household.id)
    keep(store, resident, household)
    with store.transaction() as session:
        person = people.person(session, resident.id)
    assert person is not None
    assert (person.pinyin, person.initials) == ("lvhaixia", "lhx")
    assert (person.house_no, person.group_no) == ("7", "2")


def test_a_household_that_moves_house_moves_its_members(store: Store) -> None:
    household = a_household(house_no="7")
    resident = a_resident(household_id=household.id)
    keep(store, household, resident)
    keep(store, a_household(id=household.id, house_no="9"))
    with store.transaction() as session:
        person = people.person(session, resident.id)
    assert person is not None
    assert person.house_no == "9"


def test_a_removed_record_leaves_with_what_was_derived_from_it(store: Store) -> None:
    resident = a_resident()
    keep(store, resident, a_contract(resident.id))
    with store.transaction() as session:
        accounts.keep(session, [an_account(resident.id)])
        remove_records(session, [resident.id])
        assert session.exec(select(PersonRow)).all() == []
        assert session.exec(select(RecordRow.kind)).all() == [Kind.CONTRACT]
    assert cached(store) == set()


def test_the_same_id_twice_in_one_batch_keeps_the_later(store: Store) -> None:
    resident = a_resident(name="先")
    keep(store, resident, a_resident(id=resident.id, name="后"))
    (found,) = about(store, resident.id)
    assert isinstance(found, Resident)
    assert found.name == "后"


def test_a_resident_this_app_cannot_read_does_not_hold_up_the_others(store: Store) -> None:
    resident = a_resident(name="李秀英")
    broken = a_write(Kind.RESIDENT, {"id": "r-9", "name": "某", "household_id": "h"})
    with store.transaction() as session:
        store_records(session, [broken, write_of(resident, author_id=DOCTOR_ID)])
        assert people.count(session) == 1
        assert records.row(session, "r-9") is not None


def test_a_resident_who_becomes_unreadable_leaves_the_lists_but_not_the_store(
    store: Store,
) -> None:
    resident = a_resident()
    keep(store, resident)
    with store.transaction() as session:
        store_records(session, [a_write(Kind.RESIDENT, {"id": resident.id, "sex": 7})])
        assert people.count(session) == 0
        assert records.row(session, resident.id) is not None
