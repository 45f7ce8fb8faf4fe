"""A person's word on what was set aside: taken in after all, or left at that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from app.store.outbox import OutboxState
from core.followups import FollowUp
from core.refusals import Refused
from core.vocabulary import Kind
from core.wire.bodies import body_of
from core.wire.envelopes import Operation
from county.config import local_date, utc_now
from county.db import Database
from county.judging_anew import told_anew
from county.quarantine import LEAVE, TAKE, decide
from county.reviews import Reviewer
from county.rollups import recount
from county.tables import AuditRow, OperationRow, QuarantineRow, RecordRow, UserRow
from tests.builders import (
    COUNTY_ID,
    DOCTOR_ID,
    VILLAGE_ID,
    a_contract,
    a_follow_up,
    a_household,
    a_resident,
    a_withdrawal,
)
from tests.county.conftest import NOW, World
from tests.county.taking_in import outcomes_of, take
from tests.county_world import (
    OTHER_VILLAGE_ID,
    enrol_tablet,
    locked_device,
    running,
    write_records,
)
from tests.operations import Chain, outcomes, travelling

HOUSEHOLD = a_household()
RESIDENT = a_resident(household_id=HOUSEHOLD.id)
REVIEWER = Reviewer(county_id=COUNTY_ID, user_id="reviewer", village_ids=frozenset({VILLAGE_ID}))
ELSEWHERE = replace(REVIEWER, village_ids=frozenset({OTHER_VILLAGE_ID}))


@pytest.fixture
def tablet(county: Database) -> Iterator[Chain]:
    """The doctor's tablet; afterwards every account is still what a fresh count comes to."""
    write_records(county, NOW, HOUSEHOLD, RESIDENT, a_contract(RESIDENT.id))
    yield Chain(enrol_tablet(county, NOW), NOW)
    with county.reading() as session:
        assert not list(recount(session, COUNTY_ID, local_date(NOW)))


def give_villages(county: Database, *village_ids: str) -> None:
    with county.writing() as session:
        session.get_one(UserRow, (COUNTY_ID, DOCTOR_ID)).village_ids = list(village_ids)


def decided(
    county: Database, operation: Operation, choice: str, reviewer: Reviewer = REVIEWER
) -> str:
    """The code of what stands in the way, "" where nothing does."""
    try:
        with county.writing() as session:
            decide(session, reviewer, operation.op_id, choice, NOW)
    except Refused as refused:
        return refused.refusals[0].code
    return ""


def aside(county: Database, operation: Operation) -> QuarantineRow:
    with county.reading() as session:
        return session.get_one(QuarantineRow, (COUNTY_ID, operation.op_id))


def record(county: Database, record_id: str) -> RecordRow | None:
    with county.reading() as session:
        return session.get(RecordRow, (COUNTY_ID, record_id))


def answer(county: Database, operation: Operation) -> str:
    with county.reading() as session:
        row = session.get_one(OperationRow, (COUNTY_ID, operation.op_id))
        return row.code or row.outcome


def acts(county: Database) -> list[tuple[str, str, str]]:
    with county.reading() as session:
        rows = session.scalars(select(AuditRow).where(AuditRow.action.like("aside_%")))
        return [(row.action, row.object_id, row.user_id) for row in rows]


def a_lost_village(county: Database, tablet: Chain) -> tuple[FollowUp, Operation]:
    """A visit that was made before the village went to somebody else, and came behind that."""
    visit = a_follow_up(RESIDENT.id)
    give_villages(county, OTHER_VILLAGE_ID)
    operation = tablet.put(visit)
    assert outcomes_of(county, tablet, operation) == ["scope.not_yours"]
    return visit, operation


def test_a_visit_made_before_the_village_went_to_another_doctor_is_taken_in(
    county: Database, tablet: Chain
) -> None:
    visit, operation = a_lost_village(county, tablet)
    assert decided(county, operation, TAKE) == ""
    row = record(county, visit.id)
    assert row is not None
    assert row.body == body_of(visit)
    assert (aside(county, operation).settled_by, answer(county, operation)) == (
        "reviewer", "accepted",
    )  # fmt: skip
    assert acts(county) == [("aside_take", visit.id, "reviewer")]
    with county.reading() as session:
        device = locked_device(session, tablet.tablet.device_id)
        (receipt,) = told_anew(session, device, [(1, "scope.not_yours")])
    assert (receipt.outcome, receipt.revision) == ("accepted", 1)


def test_what_a_revoked_tablet_hands_in_is_taken_by_a_person_only(
    county: Database, tablet: Chain
) -> None:
    visit = a_follow_up(RESIDENT.id)
    with county.writing() as session:
        locked_device(session, tablet.tablet.device_id).state = "revoked"
    operation = tablet.put(visit)
    assert outcomes_of(county, tablet, operation) == ["device.revoked"]
    assert record(county, visit.id) is None
    assert decided(county, operation, TAKE) == ""
    assert record(county, visit.id) is not None


def test_what_waited_for_the_record_is_taken_behind_it(county: Database, tablet: Chain) -> None:
    visit, operation = a_lost_village(county, tablet)
    give_villages(county, VILLAGE_ID)
    withdrawal = tablet.put(a_withdrawal(visit.id))
    assert outcomes_of(county, tablet, withdrawal) == ["op.unknown_reference"]
    assert decided(county, operation, TAKE) == ""
    assert answer(county, withdrawal) == "accepted"
    assert aside(county, withdrawal).settled_by == "county"


def test_what_is_still_wrong_is_said_and_the_record_stays_where_it_was(
    county: Database, tablet: Chain
) -> None:
    visit = a_follow_up(RESIDENT.id, NOW.date().replace(year=2030))
    operation = tablet.put(visit)
    (code,) = outcomes_of(county, tablet, operation)
    assert code.startswith("follow_up.")
    assert decided(county, operation, TAKE) == code
    assert record(county, visit.id) is None
    assert (aside(county, operation).settled_at, answer(county, operation)) == (None, code)
    assert acts(county) == []


def test_what_nobody_has_proven_to_have_written_is_taken_by_nobody(
    county: Database, tablet: Chain
) -> None:
    operation = replace(tablet.put(a_follow_up(RESIDENT.id)), signature="00" * 64)
    assert outcomes_of(county, tablet, operation) == ["op.signature"]
    assert decided(county, operation, TAKE) == "desk.aside_unproven"
    assert decided(county, operation, LEAVE) == ""


def test_what_is_left_at_that_is_kept_and_not_judged_when_what_it_lacked_comes(
    county: Database, tablet: Chain
) -> None:
    late = a_resident(household_id=HOUSEHOLD.id)
    visit = a_follow_up(late.id)
    operation = tablet.put(visit)
    assert outcomes_of(county, tablet, operation) == ["op.unknown_reference"]
    assert decided(county, operation, LEAVE) == ""
    entry = tablet.set(Kind.RESIDENT, late.id, 0, body_of(late))
    assert outcomes_of(county, tablet, entry) == ["accepted"]
    assert record(county, visit.id) is None
    assert aside(county, operation).envelope["body"] == body_of(visit)
    assert acts(county) == [("aside_leave", visit.id, "reviewer")]
    assert decided(county, operation, TAKE) == "desk.aside_gone"


def test_nobody_decides_on_another_townships_records_or_on_what_is_not_there(
    county: Database, tablet: Chain
) -> None:
    operation = replace(tablet.put(a_follow_up(RESIDENT.id)), signature="00" * 64)
    assert outcomes_of(county, tablet, operation) == ["op.signature"]
    assert decided(county, operation, LEAVE, ELSEWHERE) == "desk.aside_gone"
    assert decided(county, replace(operation, op_id="nowhere"), TAKE) == "desk.aside_gone"
    assert decided(county, operation, "burn") == "desk.no_choice"
    assert aside(county, operation).settled_at is None


def test_the_villages_reviewer_decides_though_the_doctor_works_elsewhere_now(
    county: Database, tablet: Chain
) -> None:
    _, operation = a_lost_village(county, tablet)
    assert decided(county, operation, LEAVE, ELSEWHERE) == "desk.aside_gone"
    assert decided(county, operation, TAKE) == ""


def test_what_names_no_village_is_decided_by_the_doctors_or_else_by_the_county(
    county: Database, tablet: Chain
) -> None:
    operations = [
        tablet.put(a_follow_up(RESIDENT.id), scope_id=scope) for scope in ("village:nowhere", "?")
    ]
    assert outcomes_of(county, tablet, *operations) == ["scope.not_yours"] * 2
    assert decided(county, operations[0], LEAVE, ELSEWHERE) == "desk.aside_gone"
    assert decided(county, operations[0], LEAVE) == ""
    give_villages(county)
    assert decided(county, operations[1], LEAVE) == "desk.aside_gone"
    whole = replace(REVIEWER, of_whole_county=True)
    assert decided(county, operations[1], LEAVE, whole) == ""


def test_the_trail_names_nobody_of_whom_something_was_said_in_confidence(
    county: Database, tablet: Chain
) -> None:
    said = {"tags": [{"tag": "tb"}]}
    first = tablet.set(Kind.RESIDENT, RESIDENT.id, 1, said)
    assert outcomes_of(county, tablet, first) == ["op.in_confidence"]
    with county.writing() as session:
        locked_device(session, tablet.tablet.device_id).state = "revoked"
    second = tablet.set(Kind.RESIDENT, RESIDENT.id, 1, said)
    assert outcomes_of(county, tablet, second) == ["device.revoked"]
    assert decided(county, second, TAKE) == "op.in_confidence"
    for operation in (first, second):
        assert decided(county, operation, LEAVE) == ""
    assert acts(county) == [("aside_leave", "", "reviewer")] * 2


@pytest.mark.parametrize("strange", ["\ud800", "a\x00b", "x" * 70, 7, None])
@pytest.mark.parametrize("field", ["kind", "record_id", "scope_id"])
def test_what_bears_no_sensible_name_can_be_left_at_that(
    county: Database, tablet: Chain, field: str, strange: object
) -> None:
    envelope = {**travelling(tablet.put(a_follow_up(RESIDENT.id)))[0], field: strange}
    (code,) = outcomes(take(county, tablet.tablet, [envelope]))
    assert code.startswith("op.")
    whole = replace(REVIEWER, of_whole_county=True)
    with county.writing() as session:
        decide(session, whole, str(envelope["op_id"]), LEAVE, NOW)


def test_the_doctors_tablet_hears_that_a_person_has_taken_its_record_in(tmp_path: Path) -> None:
    world = World(tmp_path)
    write_records(world.database, utc_now(), HOUSEHOLD, RESIDENT, a_contract(RESIDENT.id))
    with running(world.county_dir) as url:
        tablet = world.level_tablet(url)
        give_villages(world.database, OTHER_VILLAGE_ID)
        tablet.save(a_follow_up(RESIDENT.id, local_date(utc_now())))
        assert tablet.synchronise().refused == 1
        assert tablet.states() == [OutboxState.REFUSED]
        with world.database.writing() as session:
            (op_id,) = session.scalars(select(QuarantineRow.op_id))
            decide(session, REVIEWER, op_id, TAKE, utc_now())
        assert tablet.synchronise().failed is None
        assert tablet.states() == [OutboxState.RECEIPTED]
        assert tablet.is_level
    world.close()
