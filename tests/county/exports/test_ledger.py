"""The month's ledger: who is in it, what is said of them, and what the file looks like."""

from __future__ import annotations

from datetime import date, datetime
from io import BytesIO

import pytest
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from core.followups import Guidance
from core.people import Condition
from core.vocabulary import Decision, GroupTag, Mode, Source
from county.desk import ledger
from tests.builders import a_follow_up, a_review, blood_pressure, glucose, heart_rate
from tests.county.desk.desk_world import Browser, DeskWorld

HEADING_ROW = 3


def sheet_of(browser: Browser, query: str = "month=2026-11") -> Worksheet:
    """The downloaded ledger, opened."""
    answer = browser.get(f"/desk/ledger.xlsx?{query}")
    assert answer.status_code == 200
    sheet = load_workbook(BytesIO(answer.content)).active
    assert isinstance(sheet, Worksheet)
    return sheet


def lines_of(sheet: Worksheet) -> list[dict[str, object]]:
    """The people of the ledger by heading."""
    rows = list(sheet.iter_rows(min_row=HEADING_ROW, values_only=True))
    headings = [str(value) for value in rows[0]]
    people = [row for row in rows[1:] if isinstance(row[0], int)]
    return [dict(zip(headings, map(_day, row), strict=True)) for row in people]


def _day(value: object) -> object:
    return value.date() if isinstance(value, datetime) else value


def test_a_person_is_one_line_with_everything_the_office_asks_for(world: DeskWorld) -> None:
    resident = world.person(
        GroupTag.HTN, name="王秀英", sex="female", birth_date=date(1955, 4, 2),
        conditions=(Condition(code="htn"),), phone="13800000001",
    )  # fmt: skip
    world.visits(
        resident,
        a_follow_up(
            resident.id, date(2026, 11, 3), next_on=date(2026, 12, 3), visit_class=2,
            readings=(blood_pressure(148, 92), heart_rate(76), glucose(6.4)),
        ),
    )  # fmt: skip
    (line,) = lines_of(sheet_of(world.browser()))
    expected = {
        "序号": 1, "乡镇": "云岭镇", "村": "石门村", "户主": "王建国", "姓名": "王秀英",
        "性别": "女", "年龄": 71, "联系电话": "13800000001", "人群": "65岁及以上、高血压",
        "病种": "高血压", "签约日期": date(2026, 1, 1), "到期日期": date(2026, 12, 31),
        "签约医生": "周大夫",
        "应随访次数": 12, "已随访次数": 1, "本月随访日期": "11-03", "方式": "上门",
        "血压(mmHg)": "148/92", "心率(次/分)": "76", "血糖(mmol/L)": "6.4 空腹",
        "分类": "控制不满意", "饮食指导": "√", "运动指导": "√", "心理指导": "√",
        "下次随访": date(2026, 12, 3), "有登记": "√", "有随访": "√", "有指导": "√",
    }  # fmt: skip
    assert {name: line[name] for name in expected} == expected


def test_somebody_not_visited_in_the_month_is_listed_without_a_visit(world: DeskWorld) -> None:
    resident = world.person(GroupTag.HTN)
    world.visits(resident, a_follow_up(resident.id, date(2026, 10, 30)))
    (line,) = lines_of(sheet_of(world.browser()))
    assert (line["本月随访日期"], line["有登记"], line["有随访"]) == (None, "√", None)


def test_a_resident_not_met_is_a_remark_and_no_visit(world: DeskWorld) -> None:
    resident = world.person(GroupTag.HTN)
    not_met = a_follow_up(
        resident.id, date(2026, 11, 3), not_met="in_hospital", readings=(), guidance=Guidance()
    )
    world.visits(resident, not_met)
    (line,) = lines_of(sheet_of(world.browser()))
    assert line["备注"] == "未见到：住院"
    assert line["有随访"] is None


def test_reported_values_and_returned_visits_are_remarked(world: DeskWorld) -> None:
    resident = world.person(GroupTag.HTN)
    visit = a_follow_up(
        resident.id,
        date(2026, 11, 3),
        mode=Mode.PHONE,
        readings=(blood_pressure(130, 80, source=Source.REPORTED),),
    )
    world.visits(resident, visit)
    world.add(a_review(visit.id, Decision.RETURNED, reason="incomplete"))
    (line,) = lines_of(sheet_of(world.browser()))
    assert line["备注"] == "审核退回; 自报"


def test_the_id_number_is_masked_unless_the_county_administrator_asks(world: DeskWorld) -> None:
    resident = world.person(GroupTag.HTN)
    number = resident.id_number
    masked = number[:3] + "*" * 11 + number[-4:]
    assert lines_of(sheet_of(world.browser()))[0]["身份证号"] == masked
    county = world.browser("county")
    assert lines_of(sheet_of(county))[0]["身份证号"] == masked
    full = lines_of(sheet_of(county, "month=2026-11&full_ids=1"))[0]["身份证号"]
    assert full == number


@pytest.mark.parametrize("login", ["yunling", "auditor", "zhou"])
def test_nobody_but_the_county_administrator_gets_full_id_numbers(
    world: DeskWorld, login: str
) -> None:
    world.person(GroupTag.HTN)
    for path in ("ledger", "ledger.xlsx"):
        assert world.browser(login).get(f"/desk/{path}?full_ids=1").status_code == 403


def test_the_ledger_of_a_township_holds_its_villages_only(world: DeskWorld) -> None:
    for village in ("village-1", "village-2", "village-3"):
        world.person(GroupTag.HTN, village=village)
    assert {line["村"] for line in lines_of(sheet_of(world.browser()))} == {"石门村", "柳溪村"}
    assert len(lines_of(sheet_of(world.browser("county")))) == 3
    one = lines_of(sheet_of(world.browser("county"), "month=2026-11&village=village-3"))
    assert [line["村"] for line in one] == ["高坪村"]


def test_chronic_only_leaves_out_those_without_a_chronic_disease(world: DeskWorld) -> None:
    world.person(GroupTag.HTN, name="有病")
    world.person(birth_date=date(1990, 1, 1), name="无病")
    lines = lines_of(sheet_of(world.browser(), "month=2026-11&chronic=1"))
    assert [line["姓名"] for line in lines] == ["有病"]


def test_nobody_is_listed_for_a_month_without_a_contract(world: DeskWorld) -> None:
    world.person(GroupTag.HTN)
    assert lines_of(sheet_of(world.browser(), "month=2025-12")) == []


def test_a_name_that_looks_like_a_formula_stays_a_name(world: DeskWorld) -> None:
    world.person(GroupTag.HTN, name="=1+1")
    sheet = sheet_of(world.browser())
    cell = sheet.cell(HEADING_ROW + 1, 5)
    assert (cell.value, cell.data_type) == ("=1+1", "s")


def test_a_name_with_a_character_no_sheet_can_hold_costs_that_character_only(
    world: DeskWorld,
) -> None:
    world.person(name="王\x0b秀英")
    assert [line["姓名"] for line in lines_of(sheet_of(world.browser()))] == ["王秀英"]


def test_the_sheet_is_ready_to_print_and_stamp(world: DeskWorld) -> None:
    world.person(GroupTag.HTN)
    sheet = sheet_of(world.browser())
    assert sheet["A1"].value == "慢病家庭医生签约服务台账"
    assert sheet["A1"].font.name == "黑体"
    assert "A1:AD1" in {str(area) for area in sheet.merged_cells.ranges}
    assert sheet.freeze_panes == "A4"
    assert sheet.print_title_rows == "$3:$3"
    assert sheet.page_setup.orientation == "landscape"
    assert sheet.sheet_properties.pageSetUpPr.fitToPage is True
    assert sheet.column_dimensions["H"].width == 20
    assert str(sheet.cell(sheet.max_row, 1).value).startswith("填表人：")


def test_taking_the_ledger_out_is_written_down(world: DeskWorld) -> None:
    world.person(GroupTag.HTN)
    sheet_of(world.browser("county"), "month=2026-11&full_ids=1")
    (act,) = world.acts("export")
    assert (act.user_id, act.object_id) == ("county-user", "2026-11")
    assert act.detail == {"villages": 3, "chronic": False, "full_ids": True}


def test_the_page_says_the_same_as_the_file(world: DeskWorld) -> None:
    resident = world.person(GroupTag.HTN, name="王秀英")
    world.visits(resident, a_follow_up(resident.id, date(2026, 11, 3)))
    page = world.browser().get("/desk/ledger?month=2026-11").text
    for text in ("王秀英", "132/82", "5.8 空腹", "11-03", "控制满意"):
        assert text in page


def test_the_english_ledger_has_english_headings(world: DeskWorld) -> None:
    world.person(GroupTag.HTN)
    browser = world.browser()
    browser.get("/desk/language/en?back=/desk/ledger")
    assert lines_of(sheet_of(browser))[0]["Township"] == "云岭镇"


def test_a_printed_page_says_that_it_holds_the_first_only(
    world: DeskWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "SHOWN", 1)
    for _ in range(2):
        world.person()
    page = world.browser().get("/desk/ledger?month=2026-11").text
    (note,) = (part for part in page.split("<p class=") if "页面只显示前 1 人" in part)
    assert note.startswith('"note">')
