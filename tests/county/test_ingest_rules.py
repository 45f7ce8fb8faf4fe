"""What an operation may say and an edit may change: the rest is refused, each with its code."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from core.ids import county_scope
from core.vocabulary import Kind
from core.wire.bodies import body_of
from core.wire.envelopes import Operation
from county.db import Database
from county.tables import ChangeRow, ConflictRow, DeviceRow, QuarantineRow
from tests.builders import COUNTY_ID, a_follow_up, a_household, a_review, a_withdrawal
from tests.county.conftest import NOW, RESIDENT, STRANGER
from tests.county.taking_in import count, stored, take
from tests.county_world import OTHER_SCOPE, write_records
from tests.operations import Chain, outcomes, travelling


def test_another_villages_record_is_refused(county: Database, chain: Chain) -> None:
    operations = (
        chain.put(a_follow_up(STRANGER.id, scope_id=OTHER_SCOPE)),
        chain.put(a_follow_up(STRANGER.id)),
        chain.put(a_follow_up(RESIDENT.id)),
    )
    intake = take(county, chain.tablet, travelling(*operations))
    assert outcomes(intake) == ["scope.not_yours", "scope.not_yours", "accepted"]


@pytest.mark.parametrize("hours", [-25, 25])
def test_a_fact_that_says_it_was_recorded_at_another_time_than_its_operation_is_refused(
    county: Database, chain: Chain, hours: int
) -> None:
    visits = [
        a_follow_up(RESIDENT.id, recorded_at=NOW + timedelta(hours=apart))
        for apart in (hours, hours // 2)
    ]
    operations = [chain.put(visit) for visit in visits]
    answers = outcomes(take(county, chain.tablet, travelling(*operations)))
    assert answers == ["op.body_disagrees", "accepted"]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"kind": "moon_phase"}, "op.kind_not_yours"),
        ({"action": "set"}, "op.wrong_action"),
        ({"author_id": "doctor-2"}, "op.not_the_author"),
        ({"record_id": "another"}, "op.body_disagrees"),
        ({"recorded_at": "2099-01-01T00:00:00+00:00"}, "op.clock_far_off"),
        ({"recorded_at": "1970-01-01T00:00:00+00:00"}, "op.clock_far_off"),
        ({"recorded_at": "yesterday"}, "op.malformed"),
        ({"device_id": "another-tablet"}, "op.other_device"),
        ({"revision": 0}, "op.malformed"),
        ({"body": []}, "op.malformed"),
    ],
)
def test_an_operation_that_breaks_a_rule_is_refused_with_its_code(
    county: Database, chain: Chain, changed: dict[str, Any], code: str
) -> None:
    operation = chain.put(a_follow_up(RESIDENT.id), **changed)
    assert outcomes(take(county, chain.tablet, travelling(operation))) == [code]
    assert count(county, QuarantineRow) == 1
    after = chain.put(a_follow_up(RESIDENT.id))
    assert outcomes(take(county, chain.tablet, travelling(after))) == ["accepted"]


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"record_id": "no id!"}, "record_id"),
        ({"kind": "no kind!"}, "kind"),
        ({"revision": 0}, "revision"),
        ({"schema": 1 << 31}, "schema"),
    ],
)
def test_an_operation_nobody_could_file_names_the_field_that_is_at_fault(
    county: Database, chain: Chain, changed: dict[str, Any], place: str
) -> None:
    operation = chain.put(a_follow_up(RESIDENT.id), **changed)
    (receipt,) = take(county, chain.tablet, travelling(operation)).receipts
    assert (receipt.code, receipt.values) == ("op.malformed", {"place": place})


def test_an_edit_that_would_give_a_record_another_id_names_the_id(
    county: Database, chain: Chain
) -> None:
    operation = chain.set(Kind.RESIDENT, RESIDENT.id, 1, {"id": "another"})
    (receipt,) = take(county, chain.tablet, travelling(operation)).receipts
    assert (receipt.code, receipt.values) == ("op.body_disagrees", {"place": "id"})


def test_nothing_a_tablet_writes_goes_to_every_tablet_of_the_county(
    county: Database, chain: Chain
) -> None:
    everywhere = county_scope(COUNTY_ID)
    operations = (
        chain.put(a_follow_up(RESIDENT.id, scope_id=everywhere)),
        chain.set(Kind.RESIDENT, RESIDENT.id, 1, {"scope_id": everywhere}),
    )
    answers = outcomes(take(county, chain.tablet, travelling(*operations)))
    assert answers == ["scope.not_yours", "op.body_disagrees"]


@pytest.mark.parametrize("scope_id", [["a"], {"a": 1}, 7, None])
def test_a_scope_that_is_no_text_is_refused_and_stops_nobody_else(
    county: Database, chain: Chain, scope_id: object
) -> None:
    edit = chain.set(Kind.RESIDENT, RESIDENT.id, 1, {"scope_id": scope_id})
    visit = chain.put(a_follow_up(RESIDENT.id))
    answers = outcomes(take(county, chain.tablet, travelling(edit, visit)))
    assert answers == ["op.body_disagrees", "accepted"]


@pytest.mark.parametrize("born", ["9999-12-31", "2090-01-01", "1899-12-31", "0001-01-01"])
def test_nobody_is_born_in_the_future_or_before_anybody_who_lives(
    county: Database, chain: Chain, born: str
) -> None:
    edit = chain.set(Kind.RESIDENT, RESIDENT.id, 1, {"birth_date": born})
    answers = outcomes(take(county, chain.tablet, travelling(edit)))
    assert answers == ["resident.birth_date"]


def test_a_doctor_cannot_write_a_review(county: Database, chain: Chain) -> None:
    visit = a_follow_up(RESIDENT.id)
    operations = chain.put(visit), chain.put(a_review(visit.id, author_id="doctor-1"))
    assert outcomes(take(county, chain.tablet, travelling(*operations))) == [
        "accepted",
        "op.kind_not_yours",
    ]


def test_a_withdrawal_may_follow_its_follow_up_in_the_same_batch(
    county: Database, chain: Chain
) -> None:
    visit = a_follow_up(RESIDENT.id)
    withdrawal = a_withdrawal(visit.id)
    intake = take(county, chain.tablet, travelling(chain.put(visit), chain.put(withdrawal)))
    assert outcomes(intake) == ["accepted", "accepted"]
    row = stored(county, withdrawal.id)
    assert row is not None
    assert row.resident_id == RESIDENT.id


def test_a_withdrawal_of_nothing_is_refused(county: Database, chain: Chain) -> None:
    operation = chain.put(a_withdrawal("nothing"))
    assert outcomes(take(county, chain.tablet, travelling(operation))) == ["op.unknown_reference"]


def edit(chain: Chain, base_revision: int, **fields: Any) -> Operation:
    return chain.set(Kind.RESIDENT, RESIDENT.id, base_revision, fields)


def test_however_many_edits_are_offered_again_their_record_goes_down_once(
    county: Database, chain: Chain
) -> None:
    edits = [edit(chain, 1, phone=f"139000000{number:02d}") for number in range(9)]
    take(county, chain.tablet, travelling(*edits))
    again = take(county, chain.tablet, travelling(*edits))
    assert set(outcomes(again)) == {"accepted"}
    assert [change["record_id"] for change in again.changes] == [RESIDENT.id]


def test_a_revoked_tablets_edits_send_nothing_down(county: Database, chain: Chain) -> None:
    take(county, chain.tablet, travelling(chain.put(a_follow_up(RESIDENT.id))))
    with county.writing() as session:
        session.get_one(DeviceRow, (COUNTY_ID, chain.tablet.device_id)).state = "revoked"
    copied = Chain(chain.tablet, NOW)
    intake = take(county, chain.tablet, travelling(edit(copied, 1, phone="13900000001")))
    assert outcomes(intake) == ["op.number_taken"]
    assert list(intake.changes) == []


def test_an_edit_without_a_place_in_the_chain_gives_way_to_what_the_county_has(
    county: Database, chain: Chain
) -> None:
    take(county, chain.tablet, travelling(chain.put(a_follow_up(RESIDENT.id))))
    copied = Chain(chain.tablet, NOW)
    edits = [edit(copied, 1, phone=f"1390000000{number}") for number in range(2)]
    intake = take(county, chain.tablet, travelling(*edits))
    assert outcomes(intake) == ["op.number_taken", "op.chain"]
    assert RESIDENT.id in {change["record_id"] for change in intake.changes}


def test_an_edit_of_a_standing_record_sets_its_fields(county: Database, chain: Chain) -> None:
    intake = take(county, chain.tablet, travelling(edit(chain, 1, phone="13900000000")))
    row = stored(county, RESIDENT.id)
    assert row is not None
    assert (outcomes(intake), row.body["phone"], row.revision) == (["accepted"], "13900000000", 2)


def test_two_sides_changing_a_name_is_a_conflict_and_neither_is_lost(
    county: Database, chain: Chain
) -> None:
    write_records(county, NOW, replace(RESIDENT, name="王建华"))
    intake = take(county, chain.tablet, travelling(edit(chain, 1, name="王建中", phone="1")))
    row = stored(county, RESIDENT.id)
    assert row is not None
    assert (outcomes(intake), row.body["name"], row.body["phone"]) == (["conflict"], "王建华", "1")
    with county.reading() as session:
        raised = session.scalars(select(ConflictRow)).one()
    assert (raised.field, raised.ours, raised.theirs) == ("name", "王建华", "王建中")


def test_an_edit_into_another_village_is_refused_and_the_tablet_is_told_what_stands(
    county: Database, chain: Chain
) -> None:
    before = count(county, ChangeRow)
    intake = take(county, chain.tablet, travelling(edit(chain, 1, scope_id=OTHER_SCOPE)))
    assert outcomes(intake) == ["op.body_disagrees"]
    assert count(county, ChangeRow) == before + 1


def test_an_edit_that_makes_no_valid_record_is_refused(county: Database, chain: Chain) -> None:
    intake = take(county, chain.tablet, travelling(edit(chain, 1, birth_date="long ago")))
    assert outcomes(intake) == ["body.field"]


def test_a_new_household_can_be_made_on_the_tablet(county: Database, chain: Chain) -> None:
    household = a_household()
    operation = chain.set(Kind.HOUSEHOLD, household.id, 0, body_of(household))
    assert outcomes(take(county, chain.tablet, travelling(operation))) == ["accepted"]
    row = stored(county, household.id)
    assert row is not None
    assert row.body == body_of(household)
