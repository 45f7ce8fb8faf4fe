"""What a person has decided at the desk, and a roster that still says otherwise."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from core.vocabulary import Kind
from county.db import Database
from county.people import act_of
from county.quarantine import decide
from county.reviews import Reviewer
from county.roster.answers import RosterReport
from county.roster.importing import RosterOptions, import_roster
from county.settling import KEEP, TAKE, settle
from county.tables import ConflictRow, QuarantineRow, RecordRow
from tests.builders import COUNTY_ID, VILLAGE_ID
from tests.county.roster.sheets_of import a_roster, a_row
from tests.county.taking_in import outcomes_of
from tests.county_world import Enrolled, enrol_tablet, locked_device
from tests.operations import Chain

NOW = datetime(2026, 11, 22, 4, 30, tzinfo=UTC)
REVIEWER = Reviewer(county_id=COUNTY_ID, user_id="reviewer", village_ids=frozenset({VILLAGE_ID}))
Import = Callable[..., RosterReport]


@pytest.fixture
def take(county: Database, tmp_path: Path) -> Import:
    """Imports the roster's one row, each time a day later, with these cells."""
    days = iter(range(100))

    def taken(**cells: object) -> RosterReport:
        path = a_roster(tmp_path / "roster.xlsx", a_row(乡镇="云岭镇", 村="石门村", **cells))
        act = act_of(COUNTY_ID, "office", NOW + timedelta(days=next(days)))
        return import_roster(county, act, path, RosterOptions())

    return taken


def the_resident(county: Database) -> RecordRow:
    with county.reading() as session:
        return session.scalars(select(RecordRow).where(RecordRow.kind == Kind.RESIDENT)).one()


def in_conflict(county: Database, theirs: str) -> None:
    """A tablet says that the resident has another name."""
    row = the_resident(county)
    with county.writing() as session:
        session.add(ConflictRow(
            county_id=COUNTY_ID, id=theirs, record_id=row.id, field="name", ours=row.body["name"],
            theirs=theirs, op_id="op", raised_at=NOW,
        ))  # fmt: skip


def settled(county: Database, theirs: str, choice: str) -> None:
    revision = the_resident(county).revision
    with county.writing() as session:
        settle(session, REVIEWER, theirs, choice, revision, NOW)


@pytest.mark.parametrize(("choice", "chosen"), [(TAKE, "张大川"), (KEEP, "张大山")])
def test_what_a_person_has_chosen_no_roster_changes(
    county: Database, take: Import, choice: str, chosen: str
) -> None:
    take()
    in_conflict(county, "张大川")
    settled(county, "张大川", choice)
    said = "张大山" if choice == TAKE else "张大川"
    report = take(姓名=said)
    assert the_resident(county).body["name"] == chosen
    assert [(note.code, note.values) for note in report.answers[0].notes] == [
        ("tablet_kept", {"field": "name"})
    ]


def test_what_a_person_has_not_decided_on_follows_the_roster_as_before(
    county: Database, take: Import
) -> None:
    take(电话="19900001234")
    in_conflict(county, "张大川")
    settled(county, "张大川", TAKE)
    take(电话="19900005678", 姓名="张大川")
    assert the_resident(county).body["phone"] == "19900005678"


def test_a_choice_between_what_tablets_say_leaves_the_field_its_clock(
    county: Database, take: Import
) -> None:
    take()
    row, tablet = the_resident(county), enrol_tablet(county, NOW)
    handed_in(county, tablet, {"name": "张大河"}, row)
    before = the_resident(county).clocks["name"]
    in_conflict(county, "张大川")
    settled(county, "张大川", KEEP)
    assert the_resident(county).clocks["name"] == before


def handed_in(
    county: Database, tablet: Enrolled, fields: dict[str, object], row: RecordRow
) -> tuple[str, list[str]]:
    """An edit as it is answered, and its id."""
    chain = Chain(tablet, NOW)
    edit = chain.set(Kind.RESIDENT, row.id, row.revision, fields)
    return edit.op_id, outcomes_of(county, chain, edit)


def test_what_a_person_has_taken_in_from_the_quarantine_no_roster_changes(
    county: Database, take: Import
) -> None:
    take(电话="19900001234")
    row, tablet = the_resident(county), enrol_tablet(county, NOW)
    with county.writing() as session:
        locked_device(session, tablet.device_id).state = "revoked"
    op_id, answers = handed_in(county, tablet, {"phone": "19900009999"}, row)
    assert answers == ["device.revoked"]
    with county.writing() as session:
        decide(session, REVIEWER, op_id, TAKE, NOW)
        assert session.get_one(QuarantineRow, (COUNTY_ID, op_id)).settled_at == NOW
    take(电话="19900001234")
    assert the_resident(county).body["phone"] == "19900009999"
