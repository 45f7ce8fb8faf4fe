"""Taking operations in: each once, in order, and a poisoned one at nobody else's cost."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from core.vocabulary import Kind
from core.wire.bodies import body_of
from core.wire.envelopes import hashed
from core.wire.receipts import Taken
from county.db import Database
from county.tables import ChangeRow, DeviceRow, OperationRow, QuarantineRow, RecordRow
from tests.builders import COUNTY_ID, SCOPE, a_follow_up
from tests.county.conftest import NOW, RESIDENT
from tests.county.taking_in import count, stored, take
from tests.county_world import is_sound
from tests.operations import Chain, outcomes, travelling


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
