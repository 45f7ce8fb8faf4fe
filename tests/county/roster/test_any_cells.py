"""Whatever stands in the cells, every row below the headings gets its answer."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from county.roster.answers import Outcome
from county.roster.reading import read_people
from county.roster.sheets import RosterFile, Sheet, SheetRow
from tests.county.roster.sheets_of import HEADINGS, LI, ZHANG

TODAY = date(2026, 11, 22)
COLUMNS = (*HEADINGS, "性别", "出生日期", "民族", "电话", "疾病", "签约医生", "高血压")

likely = st.sampled_from(
    ["", "无", "\u200b", "石桥镇", "上河村", "H001", "张大山", "户主", ZHANG, f"'{LI}", "是", "男",
     "高血压、HIV", "2026.1.5", "长期", "合计", "姓名", "身份证号"]
)  # fmt: skip
cells = st.one_of(
    likely,
    st.text(max_size=20),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=True, allow_infinity=True),
    st.booleans(),
    st.dates(),
    st.datetimes(min_value=datetime(1900, 1, 1)),  # noqa: DTZ001 - a spreadsheet's moment has no zone
    st.just(time(8, 30)),
    st.just(timedelta(hours=30)),
)
rows = st.lists(st.lists(cells, max_size=len(COLUMNS) + 2), max_size=6)


@settings(max_examples=200, deadline=None)
@given(rows)
def test_every_row_is_a_person_or_has_an_answer(written: list[list[object]]) -> None:
    below = [
        SheetRow(number, tuple(row))  # type: ignore[arg-type] # cells of every type there is
        for number, row in enumerate(written, start=2)
    ]
    filled = [row for row in below if not row.is_blank()]
    sheet = Sheet("名册", (SheetRow(1, COLUMNS), *filled))
    content = read_people(RosterFile("r.xlsx", "", (sheet,)), TODAY)
    told = {person.row for person in content.people} | {answer.row for answer in content.answers}
    headings_at_once = {row.number for row in filled} - told
    # Only a row of headings before anybody was named goes without an answer.
    assert all(
        "姓名" in row.cells or "身份证号" in row.cells
        for row in filled
        if row.number in headings_at_once
    )
    for answer in content.answers:
        assert answer.refusals or answer.outcome == Outcome.PASSED_OVER
        assert all(refusal.place for refusal in answer.refusals)
