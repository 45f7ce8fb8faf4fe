"""The audit trail is read by people: names, not ids, and words, not JSON."""

from __future__ import annotations

from typing import Any

from core.vocabulary import Kind
from county.audit import CONSOLE, note_act
from county.db import Database
from county.desk.audit_trail import ACTIONS
from tests.builders import COUNTY_ID
from tests.county.desk.desk_world import NOW, founded


def test_what_was_done_is_told_with_names_and_words(database: Database) -> None:
    world = founded(database)
    with database.writing() as session:
        details: tuple[dict[str, Any], ...] = (
            {"villages": ["village-1", "a village that is gone"]},
            {"villages": 2, "chronic": True, "full_ids": False},
            {"field": "birth_date"},
        )
        for detail in details:
            note_act(session, COUNTY_ID, CONSOLE, "entrust", "user", "doctor-1", NOW, **detail)
    page = world.browser("county").get("/desk/audit").text
    assert "控制台" in page
    assert "村：石门村、a village that is gone" in page
    assert "村：2；只列慢病：是；含完整身份证号：否" in page
    assert "项目：出生日期" in page
    assert "{&#34;" not in page


def test_every_kind_of_act_can_be_asked_for_by_its_name(database: Database) -> None:
    page = founded(database).browser("county").get("/desk/audit").text
    assert [act for act in ACTIONS if f'value="{act}"' not in page] == []
    assert Kind.SPECIAL_PROGRAMME not in page
