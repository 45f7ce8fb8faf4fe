"""Taking operations in: each once, in order, and a poisoned one at nobody else's cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from core.ids import county_scope
from core.vocabulary import Kind
from core.wire.bodies import body_of
from core.wire.envelopes import Operation, hashed
from core.wire.receipts import Taken
from county.db import Database
from county.envelopes import opened
from county.ingest import Intake, take_in
from county.tables import (
    ChangeRow,
    ConflictRow,
    DeviceRow,
    OperationRow,
    QuarantineRow,
    RecordRow,
)
from tests.builders import (
    COUNTY_ID,
    SCOPE,
    a_contract,
    a_follow_up,
    a_household,
    a_resident,
    a_review,
    a_withdrawal,
)
from tests.county.conftest import NOW
from tests.county_world import (
    OTHER_SCOPE,
    Enrolled,
    enrol_tablet,
    is_sound,
    write_records,
)
from tests.operations import Chain, outcomes, travelling

HOUSEHOLD = a_household()
RESIDENT = a_resident(household_id=HOUSEHOLD.id)
STRANGER = a_resident(household_id=HOUSEHOLD.id, scope_id=OTHER_SCOPE)


@pytest.fixture
def chain(county: Database) -> Chain:
    write_records(county, NOW, HOUSEHOLD, RESIDENT, a_contract(RESIDENT.id), STRANGER)
    return Chain(enrol_tablet(county, NOW), NOW)


def take(county: Database, tablet: Enrolled, envelopes: Sequence[dict[str, Any]]) -> Intake:
    batch = opened(envelopes, tablet.device_id, tablet.public_key)
    with county.writing() as session:
        device = session.get_one(DeviceRow, (COUNTY_ID, tablet.device_id), with_for_update=True)
        return take_in(session, device, batch, NOW)


def stored(county: Database, record_id: str) -> RecordRow | None:
    with county.reading() as session:
        return session.get(RecordRow, (COUNTY_ID, record_id))


def count(county: Database, table: type[Any]) -> int:
    with county.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_a_batch_is_stored_and_every_operation_gets_its_receipt(
    county: Database, chain: Chain
) -> None:
    visits = [a_follow_up(RESIDENT.id) for _ in range(3)]
    operations = [chain.put(visit) for visit in visits]
    intake = take(county, chain.tablet, travelling(*operations))
    run = Taken(first_seq=1, last_seq=3, hash=operations[2].hash, received_at=NOW.isoformat())
    assert (intake.taken, intake.receipts) == ((run,), ())
    row = stored(county, visits[0].id)
    assert row is not None
    assert (row.body, row.resident_id, row.village_id) == (
        body_of(visits[0]),
        RESIDENT.id,
        "village-1",
    )


def test_a_replay_is_answered_as_the_first_time_and_stores_nothing(
    county: Database, chain: Chain
) -> None:
    envelopes = travelling(chain.put(a_follow_up(RESIDENT.id)), chain.put(a_follow_up(RESIDENT.id)))
    first = take(county, chain.tablet, envelopes)
    before = count(county, RecordRow), count(county, ChangeRow), count(county, OperationRow)
    again = take(county, chain.tablet, envelopes)
    assert (again.taken, again.receipts) == (first.taken, first.receipts)
    assert again.count == 2
    assert (count(county, RecordRow), count(county, ChangeRow), count(county, OperationRow)) == (
        before
    )


def test_a_batch_that_overlaps_one_already_taken_goes_on_where_that_ended(
    county: Database, chain: Chain
) -> None:
    operations = [chain.put(a_follow_up(RESIDENT.id)) for _ in range(4)]
    take(county, chain.tablet, travelling(*operations[:2]))
    intake = take(county, chain.tablet, travelling(*operations[1:]))
    assert outcomes(intake) == ["accepted"] * 3
    assert count(county, OperationRow) == 4


def test_operations_after_a_hole_wait_and_the_missing_number_is_named(
    county: Database, chain: Chain
) -> None:
    operations = [chain.put(a_follow_up(RESIDENT.id)) for _ in range(4)]
    intake = take(county, chain.tablet, travelling(operations[0], *operations[2:]))
    assert outcomes(intake) == ["accepted"]
    assert intake.resend_from == 2
    whole = take(county, chain.tablet, travelling(*operations[1:]))
    assert (outcomes(whole), whole.resend_from) == (["accepted"] * 3, None)


def test_one_poisoned_record_among_many_is_set_aside_and_the_others_are_taken(
    county: Database, chain: Chain
) -> None:
    good = [chain.put(a_follow_up(RESIDENT.id)) for _ in range(2)]
    body = {**body_of(a_follow_up(RESIDENT.id)), "occurred_on": "no day"}
    poison = chain.make(
        kind=Kind.FOLLOW_UP, record_id=body["id"], scope_id=SCOPE, action="put", body=body
    )
    last = chain.put(a_follow_up(RESIDENT.id))
    intake = take(county, chain.tablet, travelling(*good, poison, last))
    assert outcomes(intake) == ["accepted", "accepted", "body.field", "accepted"]
    with county.reading() as session:
        kept = session.scalars(select(QuarantineRow)).one()
    assert (kept.op_id, kept.code, kept.envelope["body"]) == (poison.op_id, "body.field", body)


@pytest.mark.parametrize("text", ["zero \x00 byte", "half a pair \ud83d"])
def test_text_the_database_cannot_hold_costs_only_its_own_record(
    county: Database, chain: Chain, text: str
) -> None:
    envelopes = travelling(*(chain.put(a_follow_up(RESIDENT.id)) for _ in range(3)))
    envelopes[1]["body"]["note"] = text
    told = outcomes(take(county, chain.tablet, envelopes))
    assert (told[0], told[2]) == ("accepted", "accepted")
    assert told[1] in {"op.hash", "op.malformed"}
    with county.reading() as session:
        assert session.scalars(select(QuarantineRow)).one().envelope["body"]["note"] == text


def test_a_properly_made_record_with_a_zero_byte_costs_nobody_else(
    county: Database, chain: Chain
) -> None:
    poison = a_follow_up(RESIDENT.id, contract_id="zero \x00 byte", id="id with \x00")
    operations = [chain.put(visit) for visit in (a_follow_up(RESIDENT.id), poison)]
    told = outcomes(take(county, chain.tablet, travelling(*operations)))
    assert (told[0], told[1]) == ("accepted", "op.cannot_be_stored")


def test_a_wrong_signature_is_refused(county: Database, chain: Chain) -> None:
    operation = chain.put(a_follow_up(RESIDENT.id))
    other = replace(operation, signature="00" * 64)
    assert outcomes(take(county, chain.tablet, travelling(other))) == ["op.signature"]


def test_an_operation_changed_on_its_way_is_refused(county: Database, chain: Chain) -> None:
    operation = chain.put(a_follow_up(RESIDENT.id))
    altered = replace(operation, body={**operation.body, "note": "altered"})
    assert outcomes(take(county, chain.tablet, travelling(altered))) == ["op.hash"]


def test_a_chain_that_begins_elsewhere_is_refused(county: Database, chain: Chain) -> None:
    operation = chain.put(a_follow_up(RESIDENT.id), previous_hash="ab" * 32)
    assert outcomes(take(county, chain.tablet, travelling(operation))) == ["op.chain"]


def test_one_signature_at_the_end_covers_the_operations_chained_before_it(
    county: Database, chain: Chain
) -> None:
    envelopes = travelling(*(chain.put(a_follow_up(RESIDENT.id)) for _ in range(3)))
    for envelope in envelopes[:-1]:
        del envelope["hash"], envelope["signature"]
    for envelope in envelopes[1:]:
        del envelope["previous_hash"]
    assert outcomes(take(county, chain.tablet, envelopes)) == ["accepted"] * 3
    assert set(outcomes(take(county, chain.tablet, envelopes))) == {"accepted"}


def test_operations_no_signature_covers_are_refused(county: Database, chain: Chain) -> None:
    envelopes = travelling(*(chain.put(a_follow_up(RESIDENT.id)) for _ in range(2)))
    del envelopes[1]["signature"]
    assert outcomes(take(county, chain.tablet, envelopes)) == ["accepted", "op.signature"]


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


def test_the_same_fact_under_two_operations_is_kept_once(county: Database, chain: Chain) -> None:
    visit = a_follow_up(RESIDENT.id)
    same = take(county, chain.tablet, travelling(chain.put(visit), chain.put(visit)))
    assert outcomes(same) == ["accepted", "accepted"]
    other = chain.put(replace(visit, note="another text"))
    assert outcomes(take(county, chain.tablet, travelling(other))) == ["op.record_exists"]


def test_a_number_used_twice_is_refused_and_the_first_operation_stands(
    county: Database, chain: Chain
) -> None:
    first = chain.put(a_follow_up(RESIDENT.id))
    take(county, chain.tablet, travelling(first))
    copied = Chain(chain.tablet, NOW)
    second = copied.put(a_follow_up(RESIDENT.id))
    for _ in range(2):
        assert outcomes(take(county, chain.tablet, travelling(second))) == ["op.number_taken"]
    assert stored(county, second.record_id) is None
    assert count(county, QuarantineRow) == 1


def test_a_copied_tablet_cannot_hang_its_next_operation_on_one_that_got_no_number(
    county: Database, chain: Chain
) -> None:
    take(county, chain.tablet, travelling(chain.put(a_follow_up(RESIDENT.id))))
    copied = Chain(chain.tablet, NOW)
    batch = travelling(*(copied.put(a_follow_up(RESIDENT.id)) for _ in range(2)))
    assert outcomes(take(county, chain.tablet, batch)) == ["op.number_taken", "op.chain"]
    assert is_sound(county, NOW)


def test_nothing_hangs_on_an_operation_of_the_same_batch_that_got_no_number(
    county: Database, chain: Chain
) -> None:
    copied = Chain(chain.tablet, NOW)
    first = chain.put(a_follow_up(RESIDENT.id))
    others = [copied.put(a_follow_up(RESIDENT.id)) for _ in range(2)]
    answers = outcomes(take(county, chain.tablet, travelling(first, *others)))
    assert answers == ["accepted", "op.number_taken", "op.chain"]
    assert is_sound(county, NOW)


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


def test_what_a_revoked_tablet_hands_in_beside_its_chain_can_be_taken_by_nobody(
    county: Database, chain: Chain
) -> None:
    with county.writing() as session:
        session.get_one(DeviceRow, (COUNTY_ID, chain.tablet.device_id)).state = "revoked"
    operation = chain.put(a_follow_up(RESIDENT.id), previous_hash="ab" * 32)
    following = chain.put(a_follow_up(RESIDENT.id))
    answers = outcomes(take(county, chain.tablet, travelling(operation, following)))
    assert answers == ["op.chain", "device.revoked"]
    assert is_sound(county, NOW)


def test_a_revoked_tablet_may_hand_in_but_into_quarantine(county: Database, chain: Chain) -> None:
    with county.writing() as session:
        session.get_one(DeviceRow, (COUNTY_ID, chain.tablet.device_id)).state = "revoked"
    operation = chain.put(a_follow_up(RESIDENT.id))
    assert outcomes(take(county, chain.tablet, travelling(operation))) == ["device.revoked"]
    assert (count(county, QuarantineRow), stored(county, operation.record_id)) == (1, None)


def edit(chain: Chain, base_revision: int, **fields: Any) -> Operation:
    return chain.set(Kind.RESIDENT, RESIDENT.id, base_revision, fields)


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


def test_unknown_fields_are_hashed_and_kept(county: Database, chain: Chain) -> None:
    visit = a_follow_up(RESIDENT.id)
    body = {**body_of(visit), "invented_later": {"深": 1}}
    operation = chain.make(
        kind=Kind.FOLLOW_UP, record_id=visit.id, scope_id=SCOPE, action="put", body=body
    )
    assert outcomes(take(county, chain.tablet, travelling(operation))) == ["accepted"]
    row = stored(county, visit.id)
    assert row is not None
    assert row.body == body
    assert hashed(operation).hash == operation.hash
