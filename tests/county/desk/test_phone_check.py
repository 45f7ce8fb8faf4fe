"""Telephone checks: who is drawn, what a call found out, and that it stands beside the visit."""

from __future__ import annotations

import re
from datetime import date, timedelta

from sqlalchemy import select

from core.vocabulary import GroupTag, Kind, Mode
from county.tables import RecordRow
from tests.builders import a_follow_up, a_withdrawal
from tests.county.desk.desk_world import Browser, DeskWorld, csrf_in


def visits(world: DeskWorld, count: int, village: str = "village-1") -> list[str]:
    """That many people with a visit on 5 November; returns the follow-ups' ids."""
    ids = []
    for _ in range(count):
        resident = world.person(GroupTag.HTN, village=village)
        follow_up = a_follow_up(resident.id, date(2026, 11, 5), mode=Mode.CLINIC)
        world.visits(resident, follow_up)
        ids.append(follow_up.id)
    return ids


def drawn(browser: Browser, query: str = "") -> list[str]:
    """The follow-ups of the sample, in order."""
    page = browser.get(f"/desk/phone-check?month=2026-11{query}").text
    return re.findall(r'<a href="/desk/follow-ups/([^"]+)">', page)


def save(browser: Browser, follow_up_id: str, **fields: str) -> int:
    """Send the form of a row; returns the status of the answer."""
    page = browser.get("/desk/phone-check?month=2026-11").text
    seen = re.search(rf'{follow_up_id}\?.*?name="seen" value="([^"]*)"', page, re.DOTALL)
    form = {"csrf": csrf_in(page), "seen": seen.group(1) if seen else "", **fields}
    path = f"/desk/phone-check/{follow_up_id}?month=2026-11"
    return browser.post(path, form).status_code


def checks(world: DeskWorld) -> list[RecordRow]:
    """Every telephone check the county holds."""
    with world.database.reading() as session:
        query = select(RecordRow).where(RecordRow.kind == Kind.PHONE_CHECK)
        return list(session.scalars(query.order_by(RecordRow.id)))


def test_the_same_seed_draws_the_same_people_for_everybody(world: DeskWorld) -> None:
    visits(world, 14)
    first = drawn(world.browser("yunling"), "&seed=abc")
    assert len(first) == 10
    assert first == drawn(world.browser("county"), "&seed=abc")
    assert set(first) != set(drawn(world.browser("county"), "&seed=abd"))


def test_only_the_month_and_the_area_asked_for_are_drawn_from(world: DeskWorld) -> None:
    ours, theirs = visits(world, 2), visits(world, 2, "village-3")
    assert set(drawn(world.browser())) == set(ours)
    assert set(drawn(world.browser("county"), "&village=village-3")) == set(theirs)
    page = world.browser().get("/desk/phone-check?month=2026-10").text
    assert "没有可抽的随访" in page


def test_what_a_call_found_out_is_kept_and_shown_beside_the_visit(world: DeskWorld) -> None:
    (follow_up_id,) = visits(world, 1)
    browser = world.browser()
    answer = {"reached": "yes", "visit_confirmed": "no", "note": "说没来过"}
    assert save(browser, follow_up_id, **answer) == 303
    with world.database.reading() as session:
        check = session.scalars(select(RecordRow).where(RecordRow.kind == Kind.PHONE_CHECK)).one()
    assert check.body["reached"] is True
    assert check.body["visit_confirmed"] is False
    assert "satisfied" not in check.body
    page = browser.get("/desk/phone-check?month=2026-11").text
    assert "已核查 1 / 1，接通 1，确认 0，否认 1，满意 0" in page
    detail = browser.get(f"/desk/follow-ups/{follow_up_id}").text
    assert "否认此次随访" in detail
    assert '<span class="grade d"' in detail


def test_nothing_is_asked_of_somebody_who_was_not_reached(world: DeskWorld) -> None:
    (follow_up_id,) = visits(world, 1)
    browser = world.browser()
    save(browser, follow_up_id, reached="no", visit_confirmed="yes", satisfied="yes")
    with world.database.reading() as session:
        check = session.scalars(select(RecordRow).where(RecordRow.kind == Kind.PHONE_CHECK)).one()
    assert "visit_confirmed" not in check.body
    assert "未接通" in browser.get("/desk/phone-check?month=2026-11").text


def test_a_check_of_another_townships_visit_is_not_found(world: DeskWorld) -> None:
    visits(world, 1)
    (theirs,) = visits(world, 1, "village-3")
    assert save(world.browser(), theirs, reached="yes") == 404


def test_auditors_see_the_sample_without_a_form(world: DeskWorld) -> None:
    (follow_up_id,) = visits(world, 1)
    browser = world.browser("auditor")
    assert 'name="reached"' not in browser.get("/desk/phone-check?month=2026-11").text
    assert save(browser, follow_up_id, reached="yes") == 403


def test_a_visit_withdrawn_meanwhile_is_said_in_plain_words(world: DeskWorld) -> None:
    (follow_up_id,) = visits(world, 1)
    browser = world.browser()
    form = {"csrf": csrf_in(browser.get("/desk/phone-check?month=2026-11").text), "reached": "yes"}
    world.add(a_withdrawal(follow_up_id))
    answer = browser.post(f"/desk/phone-check/{follow_up_id}?month=2026-11", form)
    assert answer.status_code == 422
    assert "已被村医更正或撤回" in answer.text


def test_whether_somebody_was_reached_is_never_taken_for_granted(world: DeskWorld) -> None:
    (follow_up_id,) = visits(world, 1)
    browser = world.browser()
    page = browser.get("/desk/phone-check?month=2026-11").text
    reached = page.split('name="reached"')[1].split("</select>")[0]
    assert "required" in reached
    assert "selected" not in reached
    form = {"csrf": csrf_in(page), "reached": "", "note": "占线"}
    answer = browser.post(f"/desk/phone-check/{follow_up_id}?month=2026-11", form)
    assert answer.status_code == 422
    assert "请选择接通还是未接通" in answer.text
    assert 'value="占线"' in answer.text
    assert checks(world) == []


def test_who_was_not_reached_is_called_again(world: DeskWorld) -> None:
    (follow_up_id,) = visits(world, 1)
    browser = world.browser()
    assert save(browser, follow_up_id, reached="no") == 303
    world.clock.moment += timedelta(hours=2)
    assert save(browser, follow_up_id, reached="yes", visit_confirmed="yes") == 303
    assert [check.body["reached"] for check in checks(world)] == [False, True]
    page = browser.get("/desk/phone-check?month=2026-11").text
    assert "接通 1，确认 1" in page
    assert 'name="reached"' not in page


def test_a_result_sent_twice_is_kept_once_and_another_one_meanwhile_is_told(
    world: DeskWorld,
) -> None:
    (follow_up_id,) = visits(world, 1)
    browser = world.browser()
    for _ in range(2):
        assert save(browser, follow_up_id, seen="", reached="yes", satisfied="yes") == 303
    assert save(world.browser("county"), follow_up_id, seen="", reached="no") == 422
    assert len(checks(world)) == 1
