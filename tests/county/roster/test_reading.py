"""Rosters in the shapes county offices keep them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from openpyxl import Workbook

from core.refusals import Refused
from county.roster.answers import Outcome
from county.roster.reading import RosterContent, read_people
from county.roster.sheets import cell_name, read_roster_file
from tests.county.roster.sheets_of import LI, ZHANG, a_roster, a_row, an_id, the_wife, write_sheet

TODAY = date(2026, 11, 22)


def read(path: Path, township: str = "") -> RosterContent:
    return read_people(read_roster_file(path), TODAY, township)


def refusal_codes(content: RosterContent) -> list[tuple[str | None, str]]:
    return [
        (refusal.place, refusal.code) for answer in content.answers for refusal in answer.refusals
    ]


def test_a_title_above_the_headings_is_passed_over(tmp_path: Path) -> None:
    (person,) = read(a_roster(tmp_path / "r.xlsx", title="2026年签约名册")).people
    assert (person.name, person.id_number, person.row) == ("张大山", ZHANG, 3)


def test_headings_may_stand_in_any_order_and_under_other_names(tmp_path: Path) -> None:
    row = {
        "公民身份号码": ZHANG,
        "签约起始日期": "2026.1.5",
        " 家庭成员\n姓名 ": "张大山",
        "行政村": "上河村",
        "所属乡镇": "石桥镇",
        "户号": "H001",
        "联系电话（手机）": 19900001234,
        "*性别": "男",
    }
    (person,) = read(a_roster(tmp_path / "r.xlsx", row)).people
    assert (person.name, person.village, person.phone) == ("张大山", "上河村", "19900001234")
    assert person.contract_start == date(2026, 1, 5)


def test_columns_nobody_knows_are_told(tmp_path: Path) -> None:
    content = read(a_roster(tmp_path / "r.xlsx", a_row(帮扶干部="某某", 备注="")))
    assert list(content.unknown_columns) == ["帮扶干部"]


def test_a_column_named_after_a_group_is_a_yes_or_no(tmp_path: Path) -> None:
    row = a_row(**{"人群": "", "高血压（是/否）": "是", "2型糖尿病": "否", "肺结核": "√"})
    (person,) = read(a_roster(tmp_path / "r.xlsx", row)).people
    assert person.tags == ("htn",)
    assert person.special == ("tb",)
    assert [note.code for note in person.notes] == ["kept_apart"]


def test_a_household_written_once_and_merged_is_carried_down(tmp_path: Path) -> None:
    workbook = Workbook()
    sheet = workbook.worksheets[0]
    write_sheet(sheet, [a_row(), {"姓名": "李秀英", "身份证号": LI, "与户主关系": "配偶"}])
    for column in range(1, 5):
        sheet.merge_cells(start_row=2, end_row=3, start_column=column, end_column=column)
    workbook.save(tmp_path / "r.xlsx")
    head, wife = read(tmp_path / "r.xlsx").people
    assert (wife.household_number, wife.village, wife.head_name) == ("H001", "上河村", "张大山")
    assert head.relation_to_head == "户主"


def test_a_household_left_blank_below_its_head_is_carried_down_too(tmp_path: Path) -> None:
    wife = {"姓名": "李秀英", "身份证号": LI, "与户主关系": "配偶"}
    people = read(a_roster(tmp_path / "r.xlsx", a_row(), wife)).people
    assert [person.household_number for person in people] == ["H001", "H001"]


def test_another_household_keeps_the_village_above_it_but_not_the_door(tmp_path: Path) -> None:
    first = a_row(门牌="12号")
    second = {"户编号": "H002", "户主": "李秀英", "姓名": "李秀英", "身份证号": LI}
    people = read(a_roster(tmp_path / "r.xlsx", first, second)).people
    assert [(person.village, person.house_no) for person in people] == [
        ("上河村", "12"),
        ("上河村", ""),
    ]


def test_repeated_headings_totals_and_empty_rows_hold_nobody(tmp_path: Path) -> None:
    workbook = Workbook()
    sheet = workbook.worksheets[0]
    write_sheet(sheet, [a_row()])
    sheet.append([])
    sheet.append([cell.value for cell in sheet[1]])
    sheet.append([the_wife().get(str(cell.value)) for cell in sheet[1]])
    sheet.append(["合计", None, None, "2人"])
    sheet.append(["填表人：", "某某"])
    workbook.save(tmp_path / "r.xlsx")
    content = read(tmp_path / "r.xlsx")
    assert [person.name for person in content.people] == ["张大山", "李秀英"]
    told = [(answer.row, answer.outcome, answer.notes[0].code) for answer in content.answers]
    passed = Outcome.PASSED_OVER
    assert told == [
        (4, passed, "headings_again"),
        (6, passed, "totals"),
        (7, passed, "totals"),
    ]


def test_headings_in_two_rows_are_read_as_one(tmp_path: Path) -> None:
    workbook = Workbook()
    sheet = workbook.worksheets[0]
    sheet.append(["乡镇", "村", "户编号", "姓名", "身份证号", "签约信息", None])
    sheet.append([None, None, None, None, None, "签约日期", "到期日期"])
    for column in range(1, 6):
        sheet.merge_cells(start_row=1, end_row=2, start_column=column, end_column=column)
    sheet.merge_cells(start_row=1, end_row=1, start_column=6, end_column=7)
    sheet.append(["石桥镇", "上河村", "H001", "张大山", ZHANG, "2026-01-05", "2026-12-31"])
    workbook.save(tmp_path / "r.xlsx")
    content = read(tmp_path / "r.xlsx")
    (person,) = content.people
    assert (person.contract_start, person.contract_end) == (date(2026, 1, 5), date(2026, 12, 31))
    assert not content.answers
    assert not content.unknown_columns


def test_a_sheet_named_after_its_village_needs_no_such_column(tmp_path: Path) -> None:
    row = {name: value for name, value in a_row().items() if name not in {"村", "乡镇"}}
    path = a_roster(tmp_path / "r.xlsx", row, sheet="下河村")
    (person,) = read(path, township="石桥镇").people
    assert (person.township, person.village) == ("石桥镇", "下河村")


def test_a_table_that_does_not_begin_in_the_first_column_names_its_cells_rightly(
    tmp_path: Path,
) -> None:
    workbook = Workbook()
    sheet = workbook.worksheets[0]
    for column, (heading, value) in enumerate(a_row(身份证号="123").items(), start=3):
        sheet.cell(4, column, heading)
        sheet.cell(5, column, value)
    workbook.save(tmp_path / "r.xlsx")
    assert refusal_codes(read(tmp_path / "r.xlsx")) == [("I5", "id_number.length")]


@pytest.mark.parametrize(
    ("cells", "place", "code"),
    [
        ({"姓名": None}, "E2", "roster.no_name"),
        ({"姓名": "张3"}, "E2", "roster.not_a_name"),
        ({"身份证号": 9.90101195001010e17}, "G2", "id_number.damaged_scientific"),
        ({"身份证号": ZHANG[:-1]}, "G2", "id_number.length"),
        ({"身份证号": an_id("20990101")}, "G2", "roster.born_later"),
        ({"身份证号": an_id("18900101")}, "G2", "roster.born_too_early"),
        ({"身份证号": None}, "G2", "roster.no_id_number"),
        ({"村": None}, "B2", "roster.no_village"),
        ({"签约日期": "去年"}, "I2", "roster.not_a_day"),
        ({"到期日期": date(2025, 1, 1)}, "J2", "roster.contract_ends_before_start"),
    ],
)
def test_a_row_that_cannot_be_taken_names_the_cell_and_the_reason(
    tmp_path: Path, cells: dict[str, object], place: str, code: str
) -> None:
    content = read(a_roster(tmp_path / "r.xlsx", a_row(**cells)))
    assert content.people == []
    assert refusal_codes(content) == [(place, code)]


def test_every_reason_of_a_row_is_told_at_once(tmp_path: Path) -> None:
    content = read(a_roster(tmp_path / "r.xlsx", a_row(姓名=None, 签约日期="去年")))
    assert refusal_codes(content) == [("E2", "roster.no_name"), ("I2", "roster.not_a_day")]


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ({"姓名": "张 大 山"}, "name_tidied"),
        ({"身份证号": f"'{ZHANG}"}, "id_quote"),
        ({"身份证号": ZHANG[:6] + ZHANG[8:17]}, "id_fifteen_digits"),
        ({"出生日期": "1951-02-03"}, "birth_date_by_number"),
        ({"性别": "女"}, "sex_by_number"),
        ({"电话": "打不通"}, "phone_left_out"),
        ({"民族": "火星族"}, "ethnic_group_left_out"),
        ({"人群": "高血压、集邮爱好者"}, "unknown_groups"),
        ({"到期日期": None}, "contract_of_a_year"),
        ({"到期日期": "长期"}, "contract_of_a_year"),
        ({"身份证号": None, "性别": "男", "出生日期": "1950.1.1"}, "without_id_number"),
    ],
)
def test_what_was_put_right_is_noted(tmp_path: Path, cells: dict[str, object], code: str) -> None:
    (person,) = read(a_roster(tmp_path / "r.xlsx", a_row(**cells))).people
    assert [note.code for note in person.notes] == [code]
    assert (person.name, person.birth_date, person.sex) == ("张大山", date(1950, 1, 1), "male")


def test_a_contract_from_the_leap_day_lasts_a_year() -> None:
    from county.roster.person import a_year_from

    assert a_year_from(date(2024, 2, 29)) == date(2025, 2, 28)
    assert a_year_from(date(2026, 1, 5)) == date(2027, 1, 4)


@pytest.mark.parametrize(
    "data", [b"", b"name,id\n", b"PK\x03\x04 and nothing more", b"\xd0\xcf\x11\xe0"]
)
def test_a_file_that_is_no_xlsx_is_refused_by_name(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "名册.xls"
    path.write_bytes(data)
    with pytest.raises(Refused, match=r"roster\.not_xlsx"):
        read_roster_file(path)


def test_a_zip_that_is_no_workbook_is_refused(tmp_path: Path) -> None:
    import zipfile

    with zipfile.ZipFile(tmp_path / "r.xlsx", "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(Refused, match=r"roster\.not_xlsx"):
        read_roster_file(tmp_path / "r.xlsx")


def test_a_damaged_workbook_is_refused(tmp_path: Path) -> None:
    import zipfile

    with zipfile.ZipFile(tmp_path / "r.xlsx", "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook")
    with pytest.raises(Refused, match=r"roster\.broken"):
        read_roster_file(tmp_path / "r.xlsx")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"roster\.no_file"):
        read_roster_file(tmp_path / "nothing.xlsx")


def test_a_workbook_without_headings_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"roster\.no_headings"):
        read(a_roster(tmp_path / "r.xlsx", {"商品": "盐", "价格": 3}))


@pytest.mark.parametrize(("column", "name"), [(0, "A7"), (25, "Z7"), (26, "AA7"), (701, "ZZ7")])
def test_cells_are_named_as_a_spreadsheet_names_them(column: int, name: str) -> None:
    assert cell_name(column, 7) == name


def test_house_and_group_are_kept_as_they_are_called(tmp_path: Path) -> None:
    (person,) = read(a_roster(tmp_path / "r.xlsx", a_row(组="3", 门牌="17号"))).people
    assert (person.group_no, person.house_no) == ("3组", "17")
