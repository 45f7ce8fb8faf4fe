"""Deciding on follow-ups: it reaches the scope, it needs its reason, it stays in one's area."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from core.vocabulary import GroupTag, Kind
from county.tables import ChangeRow, RecordRow
from tests.builders import COUNTY_ID, a_follow_up, a_withdrawal
from tests.county.desk.desk_world import Browser, DeskWorld, csrf_in

DAY = date(2026, 11, 20)


def a_case(world: DeskWorld, village: str = "village-1") -> str:
    """A follow-up of somebody with hypertension; returns its id."""
    resident = world.person(GroupTag.HTN, village=village)
    follow_up = a_follow_up(resident.id, DAY)
    world.visits(resident, follow_up)
    return follow_up.id


def decide(browser: Browser, follow_up_id: str, **fields: str) -> int:
    """Send the decision form of a follow-up's page; returns the status of the answer."""
    return browser.post(f"/desk/follow-ups/{follow_up_id}/review", {
        **form_of(browser, follow_up_id), **fields,
    }).status_code  # fmt: skip


def form_of(browser: Browser, follow_up_id: str) -> dict[str, str]:
    """What the decision form of a follow-up's page sends by itself."""
    page = browser.get(f"/desk/follow-ups/{follow_up_id}").text
    seen = re.search(r'name="seen" value="([^"]*)"', page)
    return {"csrf": csrf_in(page), "seen": seen.group(1) if seen else ""}


def ticks(browser: Browser, query: str = "") -> list[str]:
    """What the boxes of the queue send when they are ticked."""
    return re.findall(r'name="follow_up" value="([^"]+)"', browser.get(f"/desk/review{query}").text)


def test_an_accepted_follow_up_leaves_the_queue_and_reaches_the_villages_tablets(
    world: DeskWorld,
) -> None:
    follow_up_id = a_case(world)
    browser = world.browser()
    assert follow_up_id in browser.get("/desk/review").text
    assert decide(browser, follow_up_id, decision="accepted") == 303
    assert follow_up_id not in browser.get("/desk/review").text
    (review,) = world.reviews()
    assert review.body["decision"] == "accepted"
    assert review.author_id == "reviewer-1"
    with world.database.reading() as session:
        changes = session.scalars(select(ChangeRow).where(ChangeRow.kind == Kind.REVIEW)).all()
    assert [change.scope_id for change in changes] == ["village:village-1"]


def test_a_return_carries_its_reason_and_words_and_takes_the_slot_back(world: DeskWorld) -> None:
    resident = world.person(GroupTag.HTN)
    follow_up = a_follow_up(resident.id, DAY)
    world.visits(resident, follow_up)
    assert world.account(resident).filled == 1
    browser = world.browser()
    words = {"decision": "returned", "reason": "implausible_reading", "note": "请核实血压。"}
    assert decide(browser, follow_up.id, **words) == 303
    (review,) = world.reviews()
    assert (review.body["reason"], review.body["note"]) == ("implausible_reading", "请核实血压。")
    assert world.account(resident).filled == 0
    page = browser.get(f"/desk/follow-ups/{follow_up.id}").text
    assert "数值不合理" in page
    assert "请核实血压。" in page


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"decision": "returned"}, "退回前请选择原因"),
        ({"decision": "returned", "reason": "because"}, "退回前请选择原因"),
        ({"decision": "returned", "reason": "other", "note": " "}, "请写明具体问题"),
        ({"decision": "questioned", "note": ""}, "请写明具体问题"),
        ({"decision": "shredded"}, "请选择"),
        ({"decision": "accepted", "note": "长" * 501}, "最多 500 个字"),
    ],
)
def test_an_incomplete_decision_is_said_beside_the_form_and_writes_nothing(
    world: DeskWorld, fields: dict[str, str], sentence: str
) -> None:
    follow_up_id = a_case(world)
    browser = world.browser()
    page = browser.get(f"/desk/follow-ups/{follow_up_id}").text
    form = {"csrf": csrf_in(page), "note": "我写的话", **fields}
    answer = browser.post(f"/desk/follow-ups/{follow_up_id}/review", form)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert form["note"] in answer.text
    assert world.reviews() == []


def test_many_follow_ups_are_accepted_at_once(world: DeskWorld) -> None:
    ids = [a_case(world) for _ in range(3)]
    browser = world.browser()
    form = {"csrf": csrf_in(browser.get("/desk/review").text), "decision": "accepted"}
    answer = browser.post("/desk/review", {**form, "follow_up": ids})
    assert answer.status_code == 303
    assert "已通过 3 条随访" in browser.get(answer.headers["location"]).text
    assert len(world.reviews()) == 3


def test_of_many_at_once_all_are_decided_or_none(world: DeskWorld) -> None:
    ours, theirs = a_case(world), a_case(world, "village-3")
    browser = world.browser()
    form = {"csrf": csrf_in(browser.get("/desk/review").text), "decision": "accepted"}
    answer = browser.post("/desk/review", {**form, "follow_up": [ours, theirs]})
    assert answer.status_code == 422
    assert "一条也没有审核" in answer.text
    assert world.reviews() == []


def test_deciding_with_nothing_ticked_says_so(world: DeskWorld) -> None:
    a_case(world)
    browser = world.browser()
    form = {"csrf": csrf_in(browser.get("/desk/review").text), "decision": "accepted"}
    answer = browser.post("/desk/review", form)
    assert answer.status_code == 422
    assert "请先勾选" in answer.text


def test_an_amended_follow_up_cannot_be_decided_and_points_to_the_new_one(
    world: DeskWorld,
) -> None:
    resident = world.person(GroupTag.HTN)
    old = a_follow_up(resident.id, DAY)
    new = a_follow_up(resident.id, DAY, amends=old.id)
    world.visits(resident, old, new)
    browser = world.browser()
    queue = browser.get("/desk/review").text
    assert new.id in queue
    assert old.id not in queue
    page = browser.get(f"/desk/follow-ups/{old.id}").text
    assert f"/desk/follow-ups/{new.id}" in page
    assert 'name="decision"' not in page


def test_a_withdrawn_follow_up_is_shown_as_such_and_is_not_in_the_queue(world: DeskWorld) -> None:
    resident = world.person(GroupTag.HTN)
    follow_up = a_follow_up(resident.id, DAY)
    world.visits(resident, follow_up)
    world.add(a_withdrawal(follow_up.id, reason="记错了人"))
    browser = world.browser()
    assert follow_up.id not in browser.get("/desk/review").text
    assert "已被撤回：记错了人" in browser.get(f"/desk/follow-ups/{follow_up.id}").text


@pytest.mark.parametrize("login", ["auditor", "zhou"])
def test_auditors_and_doctors_see_but_never_decide(world: DeskWorld, login: str) -> None:
    follow_up_id = a_case(world)
    browser = world.browser(login)
    page = browser.get(f"/desk/follow-ups/{follow_up_id}")
    assert page.status_code == 200
    assert 'name="decision"' not in page.text
    form = {"csrf": csrf_in(page.text), "decision": "accepted"}
    assert browser.post(f"/desk/follow-ups/{follow_up_id}/review", form).status_code == 403
    form["follow_up"] = follow_up_id
    assert browser.post("/desk/review", form).status_code == 403
    assert world.reviews() == []


def test_what_belongs_to_another_township_is_answered_like_what_does_not_exist(
    world: DeskWorld,
) -> None:
    follow_up_id = a_case(world, "village-3")
    with world.database.reading() as session:
        row = session.get(RecordRow, (COUNTY_ID, follow_up_id))
        assert row is not None
        resident_id = row.resident_id
    browser = world.browser("yunling")
    for theirs, missing in (
        (f"/desk/follow-ups/{follow_up_id}", "/desk/follow-ups/nothing"),
        (f"/desk/people/{resident_id}", "/desk/people/nothing"),
        ("/desk/people?village=village-3", "/desk/people?village=nothing"),
        ("/desk/overview?township=township-2", "/desk/overview?township=nothing"),
        ("/desk/review?village=village-3", "/desk/review?village=nothing"),
        ("/desk/ledger?village=village-3", "/desk/ledger?village=nothing"),
    ):
        answer, none = browser.get(theirs), browser.get(missing)
        assert (answer.status_code, none.status_code) == (404, 404)
        assert answer.text.split("<main")[1] == none.text.split("<main")[1]
    assert resident_id is not None
    for page in ("/desk/people", "/desk/review", "/desk/phone-check", "/desk/ledger"):
        assert resident_id not in browser.get(page).text


def test_a_review_and_a_view_are_written_down(world: DeskWorld) -> None:
    follow_up_id = a_case(world)
    decide(world.browser(), follow_up_id, decision="accepted")
    assert [(act.user_id, act.object_id) for act in world.acts("accepted")] == [
        ("reviewer-1", follow_up_id)
    ]
    assert {act.object_id for act in world.acts("view")} == {follow_up_id}


def test_the_queue_narrows_down_by_everything_its_address_says(world: DeskWorld) -> None:
    near = a_case(world, "village-1")
    far = a_case(world, "village-2")
    browser = world.browser()
    for address, shown, hidden in (
        ("/desk/review?village=village-1", near, far),
        ("/desk/review?doctor=doctor-2", None, near),
        ("/desk/review?mode=home", near, None),
        ("/desk/review?mode=phone", None, near),
        ("/desk/review?month=2026-11", near, None),
        ("/desk/review?month=2026-10", None, near),
        ("/desk/review?state=returned", None, near),
    ):
        page = browser.get(address).text
        assert shown is None or shown in page, address
        assert hidden is None or hidden not in page, address


def test_a_returned_follow_up_is_found_again_under_returned(world: DeskWorld) -> None:
    follow_up_id = a_case(world)
    browser = world.browser()
    decide(browser, follow_up_id, decision="returned", reason="incomplete")
    assert follow_up_id in browser.get("/desk/review?state=returned").text
    world.clock.moment += timedelta(minutes=1)
    decide(browser, follow_up_id, decision="accepted")
    assert follow_up_id not in browser.get("/desk/review?state=returned").text
    assert follow_up_id in browser.get("/desk/review?state=accepted").text


def test_accepting_and_going_on_opens_the_next_that_still_waits(world: DeskWorld) -> None:
    first, second = a_case(world), a_case(world)
    browser = world.browser()
    page = browser.get(f"/desk/follow-ups/{first}").text
    form = {"csrf": csrf_in(page), "decision": "accepted", "then": "next"}
    answer = browser.post(f"/desk/follow-ups/{first}/review", form)
    assert answer.headers["location"] == f"/desk/follow-ups/{second}?done=accepted"
    assert "已通过 1 条随访" in browser.get(answer.headers["location"]).text


def test_a_decision_sent_twice_is_taken_once_and_both_times_said_to_be_done(
    world: DeskWorld,
) -> None:
    follow_up_id = a_case(world)
    browser = world.browser()
    form = {**form_of(browser, follow_up_id), "decision": "returned", "reason": "incomplete"}
    for _ in range(2):
        answer = browser.post(f"/desk/follow-ups/{follow_up_id}/review", form)
        assert (answer.status_code, answer.headers["location"]) == (
            303, f"/desk/follow-ups/{follow_up_id}?done=returned",
        )  # fmt: skip
    assert len(world.reviews()) == 1
    assert len(world.acts("returned")) == 1


def test_who_decides_on_what_somebody_else_decided_meanwhile_is_told_first(
    world: DeskWorld,
) -> None:
    follow_up_id = a_case(world)
    early, late = world.browser("yunling"), world.browser("county")
    stale = form_of(late, follow_up_id)
    words = {"decision": "returned", "reason": "incomplete"}
    assert decide(early, follow_up_id, decision="accepted") == 303
    world.clock.moment += timedelta(minutes=1)
    form = {**stale, **words, "note": "缺饮食指导"}
    answer = late.post(f"/desk/follow-ups/{follow_up_id}/review", form)
    assert answer.status_code == 422
    assert "已有人对其中 1 条随访作了别的审核" in answer.text
    assert "何审核" in answer.text
    assert "缺饮食指导" in answer.text
    assert len(world.reviews()) == 1
    assert decide(late, follow_up_id, note="缺饮食指导", **words) == 303
    assert [review.body["decision"] for review in world.reviews()] == ["accepted", "returned"]


def test_of_many_at_once_none_is_decided_over_somebody_elses_head(world: DeskWorld) -> None:
    first, second = a_case(world), a_case(world)
    early, late = world.browser("yunling"), world.browser("county")
    ticked = ticks(late)
    decide(early, first, decision="returned", reason="incomplete")
    form = {"csrf": csrf_in(late.get("/desk/review").text), "decision": "accepted"}
    assert late.post("/desk/review", {**form, "follow_up": ticked}).status_code == 422
    assert len(world.reviews()) == 1
    assert late.post("/desk/review", {**form, "follow_up": [second]}).status_code == 303
    again = ticks(late, "?state=returned")
    assert late.post("/desk/review", {**form, "follow_up": again}).status_code == 303
    assert {review.body["decision"] for review in world.reviews()} == {"returned", "accepted"}


def test_enter_in_the_words_for_the_doctor_never_accepts(world: DeskWorld) -> None:
    follow_up_id = a_case(world)
    browser = world.browser()
    for path in ("review", f"follow-ups/{follow_up_id}"):
        page = browser.get(f"/desk/{path}").text
        (form,) = (part for part in page.split("<form")[1:] if 'name="note"' in part)
        assert re.findall(r'<button[^>]* value="(\w+)"', form)[0] == "returned", path


def test_going_on_from_one_to_the_next_passes_all_that_wait_and_begins_again(
    world: DeskWorld,
) -> None:
    waiting = [a_case(world) for _ in range(3)]
    browser = world.browser()
    walked = [waiting[0]]
    for _ in waiting:
        page = browser.get(f"/desk/follow-ups/{walked[-1]}").text
        found = re.search(r'<a class="button" href="/desk/follow-ups/([^"]+)"', page)
        assert found is not None
        walked.append(found.group(1))
    assert walked == [*waiting, waiting[0]]
