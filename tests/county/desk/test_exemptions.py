"""Answering requests to excuse days: the slot follows at once, and only one's own are answered."""

from __future__ import annotations

from datetime import date

from core.people import Resident
from core.vocabulary import GroupTag
from tests.builders import an_exemption
from tests.county.desk.desk_world import Browser, DeskWorld, csrf_in


def a_request(world: DeskWorld, village: str = "village-1") -> tuple[Resident, str]:
    """Somebody away for all of March, with the request to excuse it."""
    resident = world.person(GroupTag.HTN, village=village)
    exemption = an_exemption(
        resident.id, date(2026, 3, 1), date(2026, 3, 31), scope_id=resident.scope_id
    )
    world.add(exemption)
    return resident, exemption.id


def answer(browser: Browser, exemption_id: str, **fields: str) -> int:
    """Send the form of a request; returns the status of the answer."""
    form = {"csrf": csrf_in(browser.get("/desk/exemptions").text), **fields}
    return browser.post(f"/desk/exemptions/{exemption_id}", form).status_code


def test_an_approved_request_excuses_its_slot_and_leaves_the_list(world: DeskWorld) -> None:
    resident, exemption_id = a_request(world)
    assert world.account(resident).slots[2]["state"] == "excuse_pending"
    browser = world.browser()
    assert exemption_id in browser.get("/desk/exemptions").text
    assert answer(browser, exemption_id, decision="approved") == 303
    assert world.account(resident).slots[2]["state"] == "excused"
    assert exemption_id not in browser.get("/desk/exemptions").text
    assert [act.object_id for act in world.acts("exemption_approved")] == [resident.id]


def test_a_refusal_needs_its_words_and_leaves_the_slot_missed(world: DeskWorld) -> None:
    resident, exemption_id = a_request(world)
    browser = world.browser()
    assert answer(browser, exemption_id, decision="refused") == 422
    assert world.account(resident).slots[2]["state"] == "excuse_pending"
    assert answer(browser, exemption_id, decision="refused", note="当月在家") == 303
    assert world.account(resident).slots[2]["state"] == "missed"


def test_another_townships_request_is_neither_seen_nor_answered(world: DeskWorld) -> None:
    resident, exemption_id = a_request(world, "village-3")
    browser = world.browser("yunling")
    assert exemption_id not in browser.get("/desk/exemptions").text
    assert answer(browser, exemption_id, decision="approved") == 422
    assert world.account(resident).slots[2]["state"] == "excuse_pending"


def test_auditors_see_requests_without_a_form(world: DeskWorld) -> None:
    resident, exemption_id = a_request(world)
    browser = world.browser("auditor")
    page = browser.get("/desk/exemptions").text
    assert resident.id in page
    assert 'value="approved"' not in page
    assert answer(browser, exemption_id, decision="approved") == 403


def test_a_request_is_answered_once_however_often_the_answer_is_sent(world: DeskWorld) -> None:
    resident, exemption_id = a_request(world)
    browser = world.browser()
    assert answer(browser, exemption_id, decision="approved") == 303
    assert answer(browser, exemption_id, decision="approved") == 303
    assert len(world.acts("exemption_approved")) == 1
    assert answer(world.browser("county"), exemption_id, decision="refused", note="在家") == 422
    assert world.account(resident).slots[2]["state"] == "excused"


def test_words_that_could_not_be_taken_are_not_lost(world: DeskWorld) -> None:
    _, exemption_id = a_request(world)
    browser = world.browser()
    form = {"csrf": csrf_in(browser.get("/desk/exemptions").text), "note": "长" * 501}
    page = browser.post(f"/desk/exemptions/{exemption_id}", {**form, "decision": "refused"}).text
    assert "最多 500 个字" in page
    assert f'value="{"长" * 501}"' in page


def test_enter_in_the_words_of_a_refusal_never_approves(world: DeskWorld) -> None:
    a_request(world)
    page = world.browser().get("/desk/exemptions").text
    (form,) = (part for part in page.split("<form")[1:] if 'name="note"' in part)
    assert form.index('value="refused"') < form.index('value="approved"')
