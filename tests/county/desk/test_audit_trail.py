"""The audit trail is read by people: names, not ids, and words, not JSON."""

from __future__ import annotations

from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any

from openpyxl import load_workbook

from core.ids import restricted_scope
from core.vocabulary import Kind
from county.audit import CONSOLE, note_act
from county.db import Database
from county.desk.acts import ACTIONS
from county.desk.render import XLSX_TYPE
from tests.builders import COUNTY_ID, a_follow_up, a_special_programme
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


def test_who_looked_at_a_resident_is_found_from_the_residents_page(database: Database) -> None:
    world = founded(database)
    wang, li = world.person(name="王守田"), world.person(name="李桂枝")
    visit = a_follow_up(wang.id, date(2026, 11, 3))
    world.visits(wang, visit)
    reviewer = world.browser()
    for path in (f"people/{wang.id}", f"follow-ups/{visit.id}", f"people/{li.id}"):
        assert reviewer.get(f"/desk/{path}").status_code == 200
    assert "/desk/audit" not in reviewer.get(f"/desk/people/{wang.id}").text
    county = world.browser("county")
    address = f"/desk/audit?about={wang.id}"
    assert f'href="{address}"' in county.get(f"/desk/people/{wang.id}").text
    page = county.get(f"{address}&user=reviewer-1").text
    assert "只看 王守田" in page
    assert f'<a href="/desk/people/{wang.id}">王守田</a>' in page
    assert f'<a href="/desk/follow-ups/{visit.id}">王守田 2026-11-03</a>' in page
    assert "李桂枝" not in page


def test_a_month_begins_and_ends_by_the_countys_clock(database: Database) -> None:
    world = founded(database)
    moments = {
        "before": datetime(2026, 10, 31, 15, 59, tzinfo=UTC),
        "first": datetime(2026, 10, 31, 16, 0, tzinfo=UTC),
        "last": datetime(2026, 11, 30, 15, 59, tzinfo=UTC),
        "after": datetime(2026, 11, 30, 16, 0, tzinfo=UTC),
    }
    with database.writing() as session:
        for file, at in moments.items():
            note_act(session, COUNTY_ID, CONSOLE, "accept", "device", "", at, file=file)
    page = world.browser("auditor").get("/desk/audit?act=accept&month=2026-11").text
    assert [file for file in moments if f"文件：{file}" in page] == ["first", "last"]


def test_what_is_asked_for_is_taken_out_as_a_workbook_and_that_is_one_act_more(
    database: Database,
) -> None:
    world = founded(database)
    wang = world.person(name="=王守田")
    world.browser().get(f"/desk/people/{wang.id}")
    county = world.browser("county")
    answer = county.get(f"/desk/audit.xlsx?about={wang.id}&act=view&month=2026-11")
    assert answer.headers["content-type"] == XLSX_TYPE
    sheet = load_workbook(BytesIO(answer.content)).active
    assert sheet is not None
    rows = [row for row in sheet.iter_rows(min_row=3, values_only=True) if row[0]]
    assert rows[0] == ("时间", "用户", "操作", "类别", "对象", "详情")
    assert [row[1:5] for row in rows[1:]] == [("何审核", "查看", "居民", "=王守田")]
    (export,) = world.acts("export")
    assert (export.object_kind, export.object_id) == ("audit", wang.id)
    assert export.detail == {"rows": 1, "act": "view", "month": "2026-11"}
    page = county.get("/desk/audit?act=export").text
    assert "行数：1；操作：查看；月份：2026-11" in page


def test_only_the_county_and_its_auditors_read_the_trail_or_take_it_out(
    database: Database,
) -> None:
    world = founded(database)
    for path in ("/desk/audit", "/desk/audit.xlsx"):
        assert world.browser("auditor").get(path).status_code == 200
        assert world.browser().get(path).status_code == 404


def test_a_search_for_a_resident_finds_nothing_that_is_told_in_confidence(
    database: Database,
) -> None:
    world = founded(database)
    wang = world.person(name="王守田")
    programme = a_special_programme(wang.id, scope_id=restricted_scope("village-1"))
    world.add(programme)
    with database.writing() as session:
        kind = Kind.SPECIAL_PROGRAMME
        note_act(session, COUNTY_ID, CONSOLE, "special_end", kind, programme.id, NOW)
        note_act(
            session, COUNTY_ID, "reviewer-1", "aside_leave", Kind.RESIDENT, wang.id, NOW,
            op_id="op-1", code="op.in_confidence",
        )  # fmt: skip
    county = world.browser("county")
    everything = county.get("/desk/audit").text
    assert "op.in_confidence" in everything
    assert programme.id in everything
    assert "王守田" not in everything
    theirs = county.get(f"/desk/audit?about={wang.id}").text
    assert "没有符合条件的记录" in theirs
    assert "没有符合条件的记录" in county.get(f"/desk/audit?about={programme.id}&user=x").text


def test_a_month_of_a_year_there_is_not_asks_for_all(database: Database) -> None:
    county = founded(database).browser("county")
    for month in ("9999-12", "0001-01", "2026-13", "soon"):
        page = county.get(f"/desk/audit?month={month}")
        assert (page.status_code, "控制台" in page.text) == (200, True)
