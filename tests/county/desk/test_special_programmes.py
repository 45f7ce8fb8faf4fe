"""Nobody at the desk sees who is cared for in confidence, on no page and in no file."""

from __future__ import annotations

from datetime import date

import pytest

from core.followups import SmiAssessment
from core.ids import restricted_scope
from core.people import Condition
from core.vocabulary import GroupTag, Kind
from county.db import Database
from county.tables import DeviceRow, QuarantineRow, RecordRow
from tests.builders import COUNTY_ID, a_follow_up, a_special_programme
from tests.county.desk.desk_world import NOW, DeskWorld, founded

PAGES = (
    "overview", "people", "people?q=王", "review", "review?state=accepted", "phone-check", "ledger",
    "ledger?chronic=1", "exemptions", "quarantine", "conflicts", "tablets", "people/{person}",
    "people/{person}?slot=1", "follow-ups/{visit}", "people/{special}", "follow-ups/{special}",
)  # fmt: skip


@pytest.fixture
def world(database: Database) -> DeskWorld:
    return founded(database)


@pytest.mark.parametrize("login", ["yunling", "county", "auditor"])
def test_every_page_is_the_same_with_a_special_programme_and_without(
    world: DeskWorld, login: str
) -> None:
    resident = world.person(GroupTag.HTN)
    visit = a_follow_up(resident.id, date(2026, 11, 3))
    world.visits(resident, visit)
    special = a_special_programme(
        resident.id, GroupTag.TB, GroupTag.SMI, scope_id=restricted_scope("village-1")
    )
    browser = world.browser(login)
    places = {"person": resident.id, "visit": visit.id, "special": special.id}
    addresses = [f"/desk/{page.format(**places)}" for page in PAGES]
    before = [browser.get(address) for address in addresses]
    world.add(special)
    after = [browser.get(address) for address in addresses]
    assert [(page.status_code, page.text) for page in after] == [
        (page.status_code, page.text) for page in before
    ]
    assert [page.status_code for page in after[-2:]] == [404, 404]


def test_no_list_names_a_group_told_in_confidence_though_a_residents_record_says_it(
    world: DeskWorld,
) -> None:
    told = (Condition(code="tb"), Condition(code="other", name="精神分裂症"))
    resident = world.person(GroupTag.HTN, GroupTag.TB, GroupTag.SMI, GroupTag.HIV, conditions=told)
    browser = world.browser("county")
    with world.database.reading() as session:
        row = session.get_one(RecordRow, (COUNTY_ID, resident.id))
        assert [span["tag"] for span in row.body["tags"]] == ["htn", "tb", "smi", "hiv"]
    for page in ("people", "ledger", "ledger?chronic=1", f"people/{resident.id}"):
        text = browser.get(f"/desk/{page}").text
        assert not [word for word in ("结核", "精神", "艾滋") if word in text], page


@pytest.mark.parametrize(
    ("kind", "code", "is_named"),
    [
        (Kind.SPECIAL_PROGRAMME, "op.kind_not_yours", False),
        (Kind.RESIDENT, "op.in_confidence", False),
        (Kind.FOLLOW_UP, "op.kind_not_yours", True),
    ],
)
def test_what_a_tablet_says_that_is_restricted_is_set_aside_and_names_nobody(
    world: DeskWorld, kind: Kind, code: str, is_named: bool
) -> None:
    resident = world.person(GroupTag.HTN, name="王守田")
    body = {"id": resident.id, "household_id": "", "tags": [{"tag": "tb"}]}
    if kind != Kind.RESIDENT:
        body = {"resident_id": resident.id}
    with world.database.writing() as session:
        session.merge(DeviceRow(
            county_id=COUNTY_ID, id="tablet-1", doctor_id="doctor-1", name="平板",
            public_key="", enrolled_at=NOW, last_hash="",
        ))  # fmt: skip
        session.add(QuarantineRow(
            county_id=COUNTY_ID, op_id="an operation", device_id="tablet-1", code=code,
            values={"kind": kind}, envelope={"kind": kind, "body": body}, received_at=NOW,
        ))  # fmt: skip
    text = world.browser().get("/desk/quarantine").text
    assert "an operation" in text
    assert ("专项管理" in text) == (kind == Kind.SPECIAL_PROGRAMME)
    assert ("王守田" in text) == is_named
    assert not [word for word in ("结核", '"tb"') if word in text]


def test_the_reasons_of_slots_and_the_findings_of_visits_name_none_either(world: DeskWorld) -> None:
    resident = world.person(GroupTag.TB, birth_date=date(1985, 1, 1))
    told = SmiAssessment(risk_level=0, insight="whole", symptoms="gone", social_function="good")
    visit = a_follow_up(resident.id, date(2026, 11, 3), smi=told)
    world.visits(resident, visit)
    browser = world.browser()
    for page in (f"people/{resident.id}", f"follow-ups/{visit.id}"):
        text = browser.get(f"/desk/{page}").text
        assert "2026-11-03" in text
        assert not [word for word in ("结核", "精神") if word in text], page
