"""Fields two people set differently: seen where they belong, settled once, told to tablets."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from core.people import Condition, Resident
from core.vocabulary import GroupTag
from county.db import Database
from county.desk.conflicts import value_text
from county.desk.wording import masked_apart
from county.tables import ChangeRow, ConflictRow, RecordRow
from tests.builders import COUNTY_ID
from tests.county.desk.desk_world import NOW, Browser, DeskWorld, csrf_in, founded


@pytest.fixture
def world(database: Database) -> DeskWorld:
    """A freshly founded county with its desk, on each kind of database."""
    return founded(database)


def a_conflict(world: DeskWorld, resident: Resident, field: str, theirs: Any) -> str:
    """Another value of a resident's field, as a tablet's late edit leaves it; returns its id."""
    with world.database.writing() as session:
        row = session.get_one(RecordRow, (COUNTY_ID, resident.id))
        session.add(
            ConflictRow(
                county_id=COUNTY_ID, id=f"conflict-{field}-{resident.id}", record_id=resident.id,
                field=field, ours=row.body.get(field), theirs=theirs, op_id="op", raised_at=NOW,
                settled_at=None, settled_by=None,
            )
        )  # fmt: skip
    return f"conflict-{field}-{resident.id}"


def form_of(browser: Browser, conflict_id: str) -> dict[str, str]:
    """What the form of a conflict sends by itself."""
    page = browser.get("/desk/conflicts").text
    revision = re.search(rf'{conflict_id}".*?name="revision" value="(\d+)"', page, re.DOTALL)
    return {"csrf": csrf_in(page), "revision": revision.group(1) if revision else "1"}


def settle(browser: Browser, conflict_id: str, choice: str) -> int:
    """Choose; returns the status of the answer."""
    form = {**form_of(browser, conflict_id), "choice": choice}
    return browser.post(f"/desk/conflicts/{conflict_id}", form).status_code


def body_of(world: DeskWorld, resident: Resident) -> dict[str, Any]:
    """The resident's record as it stands."""
    with world.database.reading() as session:
        return dict(session.get_one(RecordRow, (COUNTY_ID, resident.id)).body)


def number_of(world: DeskWorld, resident: Resident) -> int:
    """The number of the change that brings the resident's record to the tablets."""
    with world.database.reading() as session:
        query = select(ChangeRow.seq).where(ChangeRow.record_id == resident.id)
        return max(session.scalars(query).all())


def test_what_is_told_in_confidence_is_neither_shown_in_a_conflict_nor_taken(
    world: DeskWorld,
) -> None:
    resident = world.person(GroupTag.HTN, GroupTag.TB, conditions=(Condition(code="smi"),))
    theirs = [{"tag": "copd"}, {"tag": "hiv"}, {"tag": "general", "reason": "肺结核"}]
    conflict_id = a_conflict(world, resident, "tags", theirs)
    a_conflict(world, resident, "conditions", [{"code": "other", "name": "艾滋病"}])
    browser = world.browser()
    page = browser.get("/desk/conflicts").text
    assert page.count('class="button"') == 2  # the other one differs in nothing that is open
    assert "慢阻肺" in page
    assert not [word for word in ("结核", "精神", "艾滋", "hiv", "smi") if word in page]
    assert settle(browser, conflict_id, "take") == 303
    assert body_of(world, resident)["tags"] == [{"tag": "copd"}]


def test_the_other_value_is_taken_told_to_the_tablets_and_written_down(world: DeskWorld) -> None:
    resident = world.person(GroupTag.HTN, name="王秀英")
    conflict_id = a_conflict(world, resident, "name", "王秀瑛")
    before = number_of(world, resident)
    browser = world.browser()
    page = browser.get("/desk/conflicts").text
    assert "王秀瑛" in page
    assert settle(browser, conflict_id, "take") == 303
    assert body_of(world, resident)["name"] == "王秀瑛"
    assert number_of(world, resident) > before
    assert "没有等待处理的冲突" in browser.get("/desk/conflicts").text
    (act,) = world.acts("settled_take")
    assert (act.object_id, act.detail) == (resident.id, {"field": "name"})
    assert world.account(resident).owed == 12


def test_the_value_that_stands_is_kept_and_the_conflict_is_gone(world: DeskWorld) -> None:
    resident = world.person(name="王秀英")
    conflict_id = a_conflict(world, resident, "name", "王秀瑛")
    browser = world.browser()
    assert settle(browser, conflict_id, "keep") == 303
    assert body_of(world, resident)["name"] == "王秀英"
    assert settle(browser, conflict_id, "take") == 422
    assert body_of(world, resident)["name"] == "王秀英"


def test_a_group_tag_that_is_taken_moves_the_account_at_once(world: DeskWorld) -> None:
    resident = world.person(birth_date=date(1990, 5, 1))
    assert world.account(resident).owed == 4
    conflict_id = a_conflict(world, resident, "tags", [{"tag": "htn"}])
    assert "高血压" in world.browser().get("/desk/conflicts").text
    assert settle(world.browser(), conflict_id, "take") == 303
    assert world.account(resident).owed == 12


def test_a_record_that_moved_meanwhile_is_looked_at_again_first(world: DeskWorld) -> None:
    resident = world.person(name="王秀英")
    conflict_id = a_conflict(world, resident, "name", "王秀瑛")
    other = a_conflict(world, resident, "sex", "unknown")
    browser = world.browser()
    stale = form_of(browser, conflict_id)
    assert settle(browser, other, "take") == 303
    answer = browser.post(f"/desk/conflicts/{conflict_id}", {**stale, "choice": "take"})
    assert answer.status_code == 422
    assert "这条记录又有改动" in answer.text
    assert settle(browser, conflict_id, "take") == 303


def test_a_value_with_which_the_record_would_be_none_is_not_taken(world: DeskWorld) -> None:
    resident = world.person()
    conflict_id = a_conflict(world, resident, "birth_date", "no day")
    assert settle(world.browser(), conflict_id, "take") == 422
    assert body_of(world, resident)["birth_date"] == f"{resident.birth_date}"


def test_another_townships_conflict_is_neither_seen_nor_settled(world: DeskWorld) -> None:
    resident = world.person(village="village-3", name="王秀英")
    conflict_id = a_conflict(world, resident, "name", "王秀瑛")
    browser = world.browser("yunling")
    assert "王秀瑛" not in browser.get("/desk/conflicts").text
    assert settle(browser, conflict_id, "take") == 422
    assert settle(world.browser("auditor"), conflict_id, "take") == 403
    assert body_of(world, resident)["name"] == "王秀英"
    assert "王秀瑛" in world.browser("county").get("/desk/conflicts").text


def test_id_numbers_show_only_the_digits_by_which_they_differ() -> None:
    one, other = masked_apart("990101196207150018", "990101196207150038")
    assert (one, other) == ("990***********0018", "990***********0038")
    one, other = masked_apart("990101196207150018", "990101196307150018")
    assert (one, other) == ("990******2****0018", "990******3****0018")


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("left_on", None, "—"),
        ("sex", "male", "男"),
        ("tags", [{"tag": "htn", "from_on": "2026-01-01"}, {"tag": "t2dm"}],
         "高血压 2026-01-01、2型糖尿病"),
        ("conditions", [{"code": "I10", "name": "原发性高血压"}], "I10 原发性高血压"),
        ("state", "from a newer tablet", "from a newer tablet"),
        ("left", {"a": 1}, '{"a": 1}'),
    ],
)  # fmt: skip
def test_a_value_is_said_in_words_and_an_unknown_one_as_it_came(
    field: str, value: Any, text: str
) -> None:
    assert value_text(field, value, "zh_CN") == text
