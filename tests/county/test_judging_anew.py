"""What was set aside for want of a record is judged anew when the record comes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from app.store.outbox import OutboxState
from app.store.queries.device import PROOF
from core.vocabulary import Kind
from core.wire.bodies import Record, body_of
from core.wire.envelopes import Operation
from county import judging_anew
from county.config import local_date, utc_now
from county.db import Database
from county.judging_anew import told_anew, waiting_for
from county.rollups import recount
from county.schema import upgrade
from county.tables import DeviceRow, OperationRow, QuarantineRow, RecordRow
from tests.builders import (
    COUNTY_ID,
    a_follow_up,
    a_household,
    a_referral,
    a_referral_outcome,
    a_resident,
    a_withdrawal,
    fresh_id,
)
from tests.county.asking import ask
from tests.county.conftest import NOW, World, upgrade_to
from tests.county.signed_post import post, request_body, signed_headers
from tests.county.standing import Standing
from tests.county.taking_in import outcomes_of
from tests.county_world import (
    OTHER_SCOPE,
    enrol_tablet,
    found,
    locked_device,
    running,
    write_records,
)
from tests.operations import Chain, outcomes
from tests.postgres import Postgres, fresh_database

UNKNOWN = "op.unknown_reference"
HOUSEHOLD = a_household()
RESIDENT = a_resident(household_id=HOUSEHOLD.id)
VISIT = a_follow_up(RESIDENT.id)


@pytest.fixture
def first(county: Database) -> Chain:
    """The tablet that comes first, and lacks what the other one has entered."""
    write_records(county, NOW, HOUSEHOLD)
    return Chain(enrol_tablet(county, NOW), NOW)


@pytest.fixture
def second(county: Database) -> Chain:
    """The tablet on which the resident was entered."""
    return Chain(enrol_tablet(county, NOW), NOW)


def entered(chain: Chain, record: Record) -> Operation:
    return chain.set(Kind.RESIDENT, record.id, 0, body_of(record))


def told(county: Database, chain: Chain, *refused: tuple[int, str]) -> list[tuple[int, str]]:
    with county.reading() as session:
        device = locked_device(session, chain.tablet.device_id)
        receipts = told_anew(session, device, refused)
    return [(receipt.device_seq, receipt.code or receipt.outcome) for receipt in receipts]


def aside(county: Database) -> list[tuple[str, str | None, str | None]]:
    """Of every operation in quarantine: its code, what it lacks, who settled it."""
    with county.reading() as session:
        rows = session.scalars(select(QuarantineRow).order_by(QuarantineRow.op_id))
        return [(row.code, row.lacks, row.settled_by) for row in rows]


def answers(county: Database, chain: Chain) -> list[str]:
    """What the county now says of every operation of a tablet."""
    with county.reading() as session:
        rows = session.scalars(
            select(OperationRow)
            .where(OperationRow.device_id == chain.tablet.device_id)
            .order_by(OperationRow.device_seq)
        ).all()
        return [row.code or row.outcome for row in rows]


def held(county: Database, record_id: str) -> RecordRow | None:
    with county.reading() as session:
        return session.get(RecordRow, (COUNTY_ID, record_id))


def test_what_lacks_the_same_record_is_judged_anew_in_the_order_it_was_written(
    county: Database, first: Chain, second: Chain
) -> None:
    """The ids of a tablet whose clock was put back do not rise; its numbers do."""
    later, earlier = fresh_id(), fresh_id()
    amending = a_follow_up(RESIDENT.id, amends=VISIT.id)
    written = (first.put(VISIT, op_id=earlier), first.put(amending, op_id=later))
    assert later < earlier
    assert outcomes_of(county, first, *written) == [UNKNOWN, UNKNOWN]
    assert outcomes_of(county, second, entered(second, RESIDENT)) == ["accepted"]
    assert answers(county, first) == ["accepted", "accepted"]


def test_a_follow_up_that_came_before_its_resident_is_taken_with_the_resident(
    county: Database, first: Chain, second: Chain
) -> None:
    assert outcomes_of(county, first, first.put(VISIT)) == [UNKNOWN]
    assert aside(county) == [(UNKNOWN, RESIDENT.id, None)]
    assert outcomes_of(county, second, entered(second, RESIDENT)) == ["accepted"]
    row = held(county, VISIT.id)
    assert row is not None
    assert (row.body, row.resident_id, row.device_id) == (
        body_of(VISIT),
        RESIDENT.id,
        first.tablet.device_id,
    )
    assert answers(county, first) == ["accepted"]
    assert aside(county) == [(UNKNOWN, None, "county")]
    with county.reading() as session:
        assert recount(session, COUNTY_ID, local_date(NOW)) == ()


def test_a_replay_of_an_operation_judged_anew_gets_the_new_answer(
    county: Database, first: Chain, second: Chain
) -> None:
    visit = first.put(VISIT)
    outcomes_of(county, first, visit)
    outcomes_of(county, second, entered(second, RESIDENT))
    assert outcomes_of(county, first, visit) == ["accepted"]


def test_a_chain_of_operations_each_lacking_the_one_before_is_taken_as_one(
    county: Database, first: Chain, second: Chain
) -> None:
    referral = a_referral(RESIDENT.id)
    third = Chain(enrol_tablet(county, NOW), NOW)
    withdrawal, outcome = a_withdrawal(VISIT.id), a_referral_outcome(referral.id)
    assert outcomes_of(county, third, third.put(withdrawal), third.put(outcome)) == [
        UNKNOWN,
        UNKNOWN,
    ]
    assert outcomes_of(county, first, first.put(VISIT), first.put(referral)) == [UNKNOWN, UNKNOWN]
    assert outcomes_of(county, second, entered(second, RESIDENT)) == ["accepted"]
    assert answers(county, first) == answers(county, third) == ["accepted", "accepted"]
    for record in (withdrawal, outcome):
        row = held(county, record.id)
        assert row is not None
        assert row.resident_id == RESIDENT.id


def test_an_edit_that_came_before_its_resident_is_worked_into_it(
    county: Database, first: Chain, second: Chain
) -> None:
    edit = first.set(Kind.RESIDENT, RESIDENT.id, 1, {"phone": "13900000001"})
    assert outcomes_of(county, first, edit) == [UNKNOWN]
    assert outcomes_of(county, second, entered(second, RESIDENT)) == ["accepted"]
    row = held(county, RESIDENT.id)
    assert row is not None
    assert (row.revision, row.body["phone"]) == (2, "13900000001")
    assert answers(county, first) == ["accepted"]


def test_what_lacks_two_records_waits_for_the_other_one_too(
    county: Database, first: Chain, second: Chain
) -> None:
    amended = a_follow_up(RESIDENT.id, amends=VISIT.id)
    assert outcomes_of(county, first, first.put(amended)) == [UNKNOWN]
    outcomes_of(county, second, entered(second, RESIDENT))
    assert aside(county) == [(UNKNOWN, VISIT.id, None)]
    outcomes_of(county, second, second.put(VISIT))
    assert answers(county, first) == ["accepted"]


def test_what_is_refused_for_another_reason_then_waits_no_longer(
    county: Database, first: Chain, second: Chain
) -> None:
    stranger = a_resident(household_id=HOUSEHOLD.id, scope_id=OTHER_SCOPE)
    assert outcomes_of(county, first, first.put(a_follow_up(stranger.id))) == [UNKNOWN]
    write_records(county, NOW, stranger)
    assert outcomes_of(county, first, asked=True) == []
    assert aside(county) == [("scope.not_yours", None, None)]
    assert answers(county, first) == ["scope.not_yours"]


def test_a_revoked_tablets_deposits_are_not_judged_anew(
    county: Database, first: Chain, second: Chain
) -> None:
    outcomes_of(county, first, first.put(VISIT))
    with county.writing() as session:
        session.get_one(DeviceRow, (COUNTY_ID, first.tablet.device_id)).state = "revoked"
    outcomes_of(county, first, first.put(a_follow_up(RESIDENT.id)))
    outcomes_of(county, second, entered(second, RESIDENT))
    assert answers(county, first) == [UNKNOWN, "device.revoked"]
    assert held(county, VISIT.id) is None


def test_a_revoked_tablet_brings_nothing_for_which_others_wait(
    county: Database, first: Chain, second: Chain
) -> None:
    outcomes_of(county, first, first.put(VISIT))
    with county.writing() as session:
        session.get_one(DeviceRow, (COUNTY_ID, second.tablet.device_id)).state = "revoked"
    outcomes_of(county, second, entered(second, RESIDENT))
    assert answers(county, first) == [UNKNOWN]


def test_one_that_the_database_will_not_take_costs_the_record_it_waited_for_nothing(
    county: Database, first: Chain, second: Chain
) -> None:
    poison = first.put(VISIT)
    outcomes_of(county, first, poison)
    with county.writing() as session:
        row = session.get_one(QuarantineRow, (COUNTY_ID, poison.op_id))
        row.envelope = {**row.envelope, "body": {**body_of(VISIT), "note": "half a pair: \ud800"}}
    assert outcomes_of(county, second, entered(second, RESIDENT)) == ["accepted"]
    assert held(county, RESIDENT.id) is not None


def test_what_is_beyond_the_bound_of_one_exchange_follows_when_its_tablet_asks(
    county: Database, first: Chain, second: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging_anew, "MOST_JUDGED", 2)
    outcomes_of(county, first, *(first.put(a_follow_up(RESIDENT.id)) for _ in range(5)))
    outcomes_of(county, second, entered(second, RESIDENT))
    assert answers(county, first).count("accepted") == 2
    outcomes_of(county, first, asked=True)
    outcomes_of(county, first, asked=True)
    assert answers(county, first) == ["accepted"] * 5


def test_a_record_the_office_brings_is_enough_when_the_tablet_asks(
    county: Database, first: Chain
) -> None:
    outcomes_of(county, first, first.put(VISIT), first.put(a_withdrawal(VISIT.id)))
    write_records(county, NOW, RESIDENT)
    assert answers(county, first) == [UNKNOWN, UNKNOWN]
    outcomes_of(county, first, asked=True)
    assert answers(county, first) == ["accepted", "accepted"]


def test_a_tablet_is_told_of_the_new_answer_until_it_says_that_it_holds_it(
    county: Database, first: Chain, second: Chain
) -> None:
    outcomes_of(county, first, first.put(VISIT), first.put(a_follow_up("nobody")))
    holds = [(1, UNKNOWN), (2, UNKNOWN)]
    assert told(county, first, *holds) == []
    outcomes_of(county, second, entered(second, RESIDENT))
    assert told(county, first, *holds) == told(county, first, *holds) == [(1, "accepted")]
    assert told(county, first, holds[1]) == []
    assert told(county, first, (1, "op.number_taken"), (0, UNKNOWN), (1 << 40, UNKNOWN)) == []


def test_what_another_transaction_is_judging_is_left_to_it(postgres: Postgres) -> None:
    with fresh_database(postgres.fresh_url()) as county:
        found(county, NOW)
        write_records(county, NOW, HOUSEHOLD)
        first = Chain(enrol_tablet(county, NOW), NOW)
        outcomes_of(county, first, first.put(VISIT))
        write_records(county, NOW, RESIDENT)
        with county.writing() as one, county.writing() as another:
            found_by = [
                waiting_for(session, COUNTY_ID, (), [first.tablet.device_id], NOW)
                for session in (one, another)
            ]
    assert [len(waiting) for waiting in found_by] == [1, 0]


def test_the_new_answer_travels_signed_with_the_next_answer(world: World) -> None:
    write_records(world.database, utc_now(), HOUSEHOLD)
    first = Chain(enrol_tablet(world.database, utc_now()), utc_now())
    with running(world.county_dir) as url:

        def said(*operations: Operation, **more: Any) -> dict[str, Any]:
            body = request_body(first.tablet, *operations, **more)
            return post(url, body, signed_headers(first.tablet, body)).said

        visit = a_follow_up(RESIDENT.id, utc_now().date())
        assert said(first.put(visit))["receipts"][0]["code"] == UNKNOWN
        write_records(world.database, utc_now(), RESIDENT)
        answer = said(refused=[[1, UNKNOWN]])
        assert [receipt["outcome"] for receipt in answer["receipts"]] == ["accepted"]
        assert len(answer["receipts_signature"]) == 128
        assert visit.id in [change["record_id"] for change in answer["changes"]]


class Restored:
    """A county set back to before a resident was entered on one tablet and visited on another."""

    def __init__(self, standing: Standing, folder: Path) -> None:
        self.standing = standing
        self.file = folder / "before.backup"
        today = utc_now().date()
        write_records(standing.world.database, utc_now(), HOUSEHOLD)
        url = standing.start()
        self.entering, self.visiting = standing.world.tablet(url), standing.world.tablet(url)
        self.resident = a_resident(household_id=HOUSEHOLD.id)
        self.visit = a_follow_up(self.resident.id, today)
        standing.done("backup", str(self.file))
        self.entering.enter(self.resident)
        self.synchronise()
        self.visiting.save(self.visit)
        self.synchronise()
        self.restore()

    def restore(self) -> None:
        self.standing.stop()
        self.standing.done("restore", str(self.file), "--yes")
        self.standing.start()

    def synchronise(self) -> None:
        for tablet in (self.entering, self.visiting):
            assert tablet.synchronise().failed is None


def test_after_a_restore_the_order_in_which_the_tablets_come_makes_no_difference(
    standing: Standing, tmp_path: Path
) -> None:
    made = Restored(standing, tmp_path)
    assert made.visiting.synchronise().failed is None
    assert made.visiting.states() == [OutboxState.REFUSED]
    made.synchronise()
    assert made.visiting.states() == made.entering.states() == [OutboxState.RECEIPTED]
    made.synchronise()
    for tablet in (made.entering, made.visiting):
        assert tablet.body(made.visit.id) == body_of(made.visit)
        assert (tablet.setting(PROOF) or "").startswith("equal")
    standing.stop()


def test_an_answer_judged_anew_that_a_second_restore_has_lost_does_not_stand_on_the_tablet(
    standing: Standing, tmp_path: Path
) -> None:
    made = Restored(standing, tmp_path)
    assert made.visiting.synchronise().failed is None
    standing.done("backup", str(tmp_path / "between.backup"))
    made.synchronise()
    assert made.visiting.states() == [OutboxState.RECEIPTED]
    made.file = tmp_path / "between.backup"
    made.restore()
    assert made.visiting.synchronise().failed is None
    assert made.visiting.states() == [OutboxState.REFUSED]
    made.synchronise()
    assert made.visiting.states() == [OutboxState.RECEIPTED]
    standing.stop()


def test_what_an_earlier_version_set_aside_is_found_too(blank: Database) -> None:
    upgrade_to(blank, "0004")
    with blank.writing() as session:
        for op_id, code, settled in (
            ("waits", UNKNOWN, "NULL"),
            ("other", "op.hash", "NULL"),
            ("settled", UNKNOWN, "'2026-11-22'"),
        ):
            session.execute(
                text(
                    'INSERT INTO quarantine (county_id, op_id, device_id, code, "values",'
                    " envelope, received_at, settled_at) VALUES ('c', :op_id, 'd', :code,"
                    f" '{{\"record\": \"r\"}}', '{{}}', '2026-11-22', {settled})"
                ),
                {"op_id": op_id, "code": code},
            )
    upgrade(blank)
    with blank.reading() as session:
        rows = session.execute(select(QuarantineRow.op_id, QuarantineRow.lacks))
        assert dict(rows.tuples().all()) == {"waits": "r", "other": None, "settled": None}


def test_a_refusal_that_is_told_for_two_reasons_is_told_once(
    county: Database, first: Chain
) -> None:
    operations = [first.put(a_follow_up("nobody")) for _ in range(2)]
    known = ask(county, first.tablet, *operations)
    refused = [[1, "scope.not_yours"], [2, "op.unknown_reference"]]
    answer = ask(county, first.tablet, refused=refused, history="another")
    assert outcomes(answer) == outcomes(known) == ["op.unknown_reference"] * 2
    again = ask(county, first.tablet, refused=refused, history=answer.history)
    assert [receipt.device_seq for receipt in again.receipts] == [1]
