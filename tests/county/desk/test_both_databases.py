"""The desk says the same on SQLite and on PostgreSQL."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest

from core.vocabulary import GroupTag
from county.config import local_date
from county.db import Database
from county.rollups import recount
from tests.builders import COUNTY_ID, a_follow_up
from tests.county.desk.desk_world import DeskWorld, csrf_in, founded


@pytest.fixture
def world(database: Database) -> DeskWorld:
    """A freshly founded county with its desk, on each kind of database."""
    return founded(database)


def test_decisions_that_come_at_the_same_time_are_taken_once(world: DeskWorld) -> None:
    resident = world.person(GroupTag.HTN)
    follow_up = a_follow_up(resident.id, date(2026, 11, 3))
    world.visits(resident, follow_up)
    first, second = world.browser("county"), world.browser("yunling")
    with ThreadPoolExecutor() as both:
        answers = [
            both.submit(
                browser.post,
                f"/desk/follow-ups/{follow_up.id}/review",
                {"csrf": csrf_in(browser.get("/desk/review").text), **verdict},
            )
            for browser, verdict in (
                (first, {"decision": "accepted"}),
                (second, {"decision": "returned", "reason": "incomplete"}),
            )
        ]
        assert sorted(answer.result().status_code for answer in answers) == [303, 422]
    assert len(world.reviews()) == 1


def test_every_page_and_filter_answers_and_a_return_is_taken(world: DeskWorld) -> None:
    resident = world.person(GroupTag.HTN, name="欧阳秀英", pinyin="ouyangxiuying")
    follow_up = a_follow_up(resident.id, date(2026, 11, 3))
    world.visits(resident, follow_up)
    browser = world.browser("county")
    page = browser.get(f"/desk/follow-ups/{follow_up.id}").text
    form = {"csrf": csrf_in(page), "decision": "returned", "reason": "incomplete"}
    assert browser.post(f"/desk/follow-ups/{follow_up.id}/review", form).status_code == 303
    for path, shown in (
        ("/desk/overview?sort=completion&dir=desc", "云岭镇"),
        ("/desk/overview?by=doctor", "周大夫"),
        ("/desk/people?q=OUYANG&sort=person&dir=desc&show=missed", resident.id),
        ("/desk/people?sort=place", resident.id),
        (f"/desk/people/{resident.id}", follow_up.id),
        ("/desk/review?state=returned&mode=home&doctor=doctor-1&month=2026-11", follow_up.id),
        ("/desk/review?grade=D", "审核"),
        ("/desk/phone-check?month=2026-11", follow_up.id),
        ("/desk/ledger?month=2026-11&chronic=1", "欧阳秀英"),
        ("/desk/audit?act=returned", follow_up.id),
        ("/desk/exemptions", "免访"),
        ("/desk/tablets", "平板"),
        ("/desk/quarantine", "隔离区"),
        ("/desk/conflicts", "冲突"),
    ):
        answer = browser.get(path)
        assert answer.status_code == 200, path
        assert shown in answer.text, path
    assert browser.get("/desk/ledger.xlsx?month=2026-11").content.startswith(b"PK")
    with world.database.reading() as session:
        assert recount(session, COUNTY_ID, local_date(world.clock())) == ()
