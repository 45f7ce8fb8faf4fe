"""Nobody at the desk sees who is cared for in confidence, on no page and in no file."""

from __future__ import annotations

from datetime import date

import pytest

from core.ids import restricted_scope
from core.vocabulary import GroupTag
from county.db import Database
from county.tables import RecordRow
from tests.builders import COUNTY_ID, a_follow_up, a_special_programme
from tests.county.desk.desk_world import DeskWorld, founded

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
    resident = world.person(GroupTag.HTN, GroupTag.TB, GroupTag.SMI, GroupTag.HIV)
    browser = world.browser("county")
    with world.database.reading() as session:
        row = session.get_one(RecordRow, (COUNTY_ID, resident.id))
        assert [span["tag"] for span in row.body["tags"]] == ["htn", "tb", "smi", "hiv"]
    for page in ("people", "ledger", "ledger?chronic=1"):
        text = browser.get(f"/desk/{page}").text
        assert not [word for word in ("结核", "精神", "艾滋") if word in text], page
