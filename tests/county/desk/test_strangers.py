"""Addresses and forms no page of ours would send: refused or left aside, never a fault."""

from __future__ import annotations

from datetime import date

import pytest

from core.vocabulary import GroupTag
from county.db import Database
from county.tables import RecordRow
from tests.builders import COUNTY_ID, a_follow_up
from tests.county.desk.desk_world import DeskWorld, csrf_in, founded, sign_in

HUGE = "9" * 30
ODD_ADDRESSES = (
    "overview?year=-5", "overview?year=10000", f"overview?year={HUGE}",
    f"people?year={HUGE}", f"people?page={HUGE}", "people?page=-3",
    "people/{person}?year=-5", f"people/{{person}}?year={HUGE}", f"people/{{person}}?slot={HUGE}",
    f"review?page={HUGE}", f"review?grade=A&page={HUGE}", f"audit?page_no={HUGE}",
    "review?month=9999-12", "phone-check?month=0001-01", "ledger?month=9999-12",
    f"phone-check?size={HUGE}", "people?q=%FF%FE", f"people?q={'长' * 2_000}",
)  # fmt: skip
NOT_WORDS = (
    "people?q=%00", "people?doctor=%00", "people/%00", "follow-ups/%00", "review?doctor=%00",
    "audit?user=%00", "ledger?village=%00", "sign-in?next=%00", "language/en?back=%00",
)  # fmt: skip


@pytest.fixture
def world(database: Database) -> DeskWorld:
    """A freshly founded county with its desk, on each kind of database."""
    return founded(database)


def test_what_an_address_asks_beyond_any_list_or_calendar_is_left_aside(world: DeskWorld) -> None:
    resident = world.person(GroupTag.HTN)
    world.visits(resident, a_follow_up(resident.id, date(2026, 11, 3)))
    browser = world.browser("county")
    for address in ODD_ADDRESSES:
        answer = browser.get(f"/desk/{address.format(person=resident.id)}")
        assert answer.status_code == 200, address


def test_an_address_that_cannot_be_words_is_refused_in_words(world: DeskWorld) -> None:
    browser = world.browser("county")
    for address in NOT_WORDS:
        answer = browser.get(f"/desk/{address}")
        assert answer.status_code == 400, address
        assert "看不懂这个请求" in answer.text


def test_a_form_that_cannot_be_words_changes_nothing_and_breaks_no_list(world: DeskWorld) -> None:
    resident = world.person(GroupTag.HTN)
    follow_up = a_follow_up(resident.id, date(2026, 11, 3))
    world.visits(resident, follow_up)
    browser = world.browser("county")
    token = csrf_in(browser.get("/desk/review").text)
    for path, fields in (
        (f"follow-ups/{follow_up.id}/review", {"decision": "questioned", "note": "a\x00b"}),
        (f"phone-check/{follow_up.id}", {"reached": "yes", "note": "\x00"}),
        ("phone-check/%00", {"reached": "yes"}),
        ("exemptions/%00", {"decision": "approved"}),
        ("review", {"decision": "accepted", "follow_up": "\x00"}),
    ):
        assert browser.post(f"/desk/{path}", {"csrf": token, **fields}).status_code == 400, path
    assert sign_in(world.client(), "\x00").status_code == 400
    assert world.reviews() == []
    assert browser.get("/desk/review?state=questioned").status_code == 200


def test_a_way_back_that_is_no_address_leads_to_the_overview(world: DeskWorld) -> None:
    browser = world.browser()
    answer = browser.get("/desk/language/en?back=//%5B")
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/overview")
    assert world.client().get("/desk/sign-in?next=//%5B").status_code == 200


def test_a_resident_of_a_newer_version_is_not_found_and_breaks_no_page(world: DeskWorld) -> None:
    resident = world.person(GroupTag.HTN)
    with world.database.writing() as session:
        row = session.get_one(RecordRow, (COUNTY_ID, resident.id))
        row.body = {**row.body, "birth_date": "unknown yet"}
    browser = world.browser("county")
    assert browser.get(f"/desk/people/{resident.id}").status_code == 404
    for page in ("people", "ledger", "review", "overview", "exemptions"):
        assert browser.get(f"/desk/{page}").status_code == 200, page
