"""A sample roster as an XLSX: an invented county, with the damage real rosters come with."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.worksheet.worksheet import Worksheet

from county.roster.invented import InventedCounty, InventedHousehold, InventedPerson
from county.roster.typists import CarefulTypist, HurriedTypist, Written

PEOPLE_PER_VILLAGE = 150
VILLAGES_PER_TOWNSHIP = 8
PEOPLE_PER_HOUSEHOLD = 2.8
PASTED_TWICE_EVERY = 500
"""Persons among whom one is pasted a second time by mistake."""

HEADINGS_AGAIN_EVERY = 400
"""Rows after which an office that prints its roster repeats the headings."""

_ONE_TIME = (2026, 1, 1, 0, 0, 0)
Cell = Callable[[InventedHousehold, InventedPerson, CarefulTypist], Written]


@dataclass(frozen=True, slots=True)
class _Column:
    heading: str
    cell: Cell
    of_household: bool = False


_NUMBER = _Column("户编号", lambda home, _, __: home.number, of_household=True)
_HEAD = _Column("户主", lambda home, _, __: home.head_name, of_household=True)
_TOWNSHIP = _Column("乡镇", lambda home, _, __: home.place.township, of_household=True)
_VILLAGE = _Column("村", lambda home, _, __: home.place.village, of_household=True)
_GROUP = _Column("组", lambda home, _, __: f"{home.group_no}组", of_household=True)
_DOOR = _Column("门牌", lambda home, _, __: home.house_no, of_household=True)
_NAME = _Column("姓名", lambda _, who, hand: hand.name(who.name))
_RELATION = _Column("与户主关系", lambda _, who, __: who.relation)
_SEX = _Column("性别", lambda _, who, __: "男" if who.sex == "male" else "女")
_ID = _Column("身份证号", lambda _, who, hand: hand.id_number(who.id_number))
_BORN = _Column("出生日期", lambda _, who, hand: hand.day(who.birth_date))
_PHONE = _Column("电话", lambda _, who, hand: hand.phone(who.phone))
_PEOPLE = _Column("人群", lambda _, who, hand: hand.words(who.groups))
_ILLNESS = _Column("疾病", lambda _, who, hand: hand.words(who.diseases) or "无")
_ETHNIC = _Column("民族", lambda *_: "汉族")
_START = _Column("签约日期", lambda _, who, hand: hand.day(who.signed_on))
_END = _Column("到期日期", lambda _, who, hand: hand.day(two_years_from(who.signed_on)))
_DOCTOR = _Column("签约医生", lambda home, _, __: home.doctor)
_REMARK = _Column("备注", lambda *_: None)

OFFICE_A = (
    _TOWNSHIP, _VILLAGE, _GROUP, _DOOR, _NUMBER, _HEAD, _NAME, _RELATION, _SEX, _ID, _BORN,
    _ETHNIC, _PHONE, _PEOPLE, _ILLNESS, _DOCTOR, _START, _END, _REMARK,
)  # fmt: skip
OFFICE_B = (
    _NUMBER, _HEAD, _TOWNSHIP, _VILLAGE, _GROUP, _DOOR, _NAME, _ID, _RELATION, _PHONE, _PEOPLE,
    _ILLNESS, _START, _END, _DOCTOR,
)  # fmt: skip


def two_years_from(day: date | None) -> date | None:
    """The last day of a contract of about two years."""
    return None if day is None else day + timedelta(days=729)


def write_sample_roster(path: Path, rows: int, seed: int, year: int) -> None:
    """Write a damaged roster of exactly `rows` persons; the same arguments, the same bytes.

    Raises ValueError for fewer than one row.
    """
    if rows < 1:
        raise ValueError("a roster has at least one row")
    copies = rows // PASTED_TWICE_EVERY
    people = rows - copies
    county = InventedCounty(seed, date(year, 12, 1))
    villages = max(1, round(people / PEOPLE_PER_VILLAGE))
    places = county.places(max(1, villages // VILLAGES_PER_TOWNSHIP), villages, villages)
    homes = county.households(places, people, max(1, round(people / PEOPLE_PER_HOUSEHOLD)))
    write_roster(path, homes, HurriedTypist(seed), year, copies)


def write_roster(
    path: Path, homes: Sequence[InventedHousehold], hand: CarefulTypist, year: int, copies: int = 0
) -> None:
    """Write households as an XLSX, a sheet a township, `copies` persons pasted in twice.

    Every other sheet has its columns in another order and merges the cells of a household.
    """
    workbook = Workbook()
    workbook.remove(workbook.worksheets[0])
    people = sum(len(home.members) for home in homes)
    twice = {(copy + 1) * people // (copies + 1) for copy in range(copies)}
    written = 0
    for position, township in enumerate(dict.fromkeys(home.place.township for home in homes)):
        own = [home for home in homes if home.place.township == township]
        sheet = _SheetWriter(workbook.create_sheet(township), hand, merges=position % 2 == 1)
        sheet.title(f"{year}年{township}家庭医生签约服务对象名册")
        for home in own:
            numbers = range(written, written + len(home.members))
            sheet.household(home, [number in twice for number in numbers])
            written += len(home.members)
        sheet.total(own)
    path.write_bytes(_same_every_time(workbook))


class _SheetWriter:
    """Writes one township's sheet from top to bottom."""

    def __init__(self, sheet: Worksheet, hand: CarefulTypist, *, merges: bool) -> None:
        self._sheet = sheet
        self._hand = hand
        self._merges = merges
        self._columns = OFFICE_B if merges else OFFICE_A
        self._row = 0
        self._next_headings = HEADINGS_AGAIN_EVERY

    def title(self, text: str) -> None:
        """The title merged over all columns, and the headings below it."""
        self._append([text])
        self._sheet.merge_cells(
            start_row=1, end_row=1, start_column=1, end_column=len(self._columns)
        )
        self._sheet.cell(1, 1).font = Font(bold=True, size=14)
        self._sheet.cell(1, 1).alignment = Alignment(horizontal="center")
        self._headings()

    def household(self, home: InventedHousehold, twice: Sequence[bool]) -> None:
        """A household's members; those pasted twice stand there twice."""
        if not self._merges and self._row > self._next_headings:
            self._headings()
            self._next_headings += HEADINGS_AGAIN_EVERY
        first = self._row + 1
        for who, again in zip(home.members, twice, strict=True):
            cells = self._cells(home, who, is_first=self._row + 1 == first)
            self._append(cells)
            if again:
                self._append(cells)
        if self._merges and self._row > first:
            self._merge_household(first)

    def total(self, homes: Sequence[InventedHousehold]) -> None:
        """The line of totals offices close a sheet with."""
        people = sum(len(home.members) for home in homes)
        self._append([])
        self._append(["合计", f"{len(homes)}户", f"{people}人"])

    def _headings(self) -> None:
        self._append([column.heading for column in self._columns])

    def _cells(
        self, home: InventedHousehold, who: InventedPerson, *, is_first: bool
    ) -> list[Written]:
        return [
            None
            if self._merges and column.of_household and not is_first
            else column.cell(home, who, self._hand)
            for column in self._columns
        ]

    def _merge_household(self, first: int) -> None:
        for number, column in enumerate(self._columns, start=1):
            if column.of_household:
                self._sheet.merge_cells(
                    start_row=first, end_row=self._row, start_column=number, end_column=number
                )

    def _append(self, cells: Sequence[Written]) -> None:
        self._row += 1
        self._sheet.append(list(cells))


def _same_every_time(workbook: Workbook) -> bytes:
    """The workbook's bytes without the moment of writing, which would differ every time."""
    raw, steady = BytesIO(), BytesIO()
    workbook.save(raw)
    with zipfile.ZipFile(raw) as source, zipfile.ZipFile(steady, "w") as target:
        for name in source.namelist():
            if name != "docProps/core.xml":
                entry = zipfile.ZipInfo(name, _ONE_TIME)
                entry.compress_type = zipfile.ZIP_DEFLATED
                target.writestr(entry, source.read(name))
            else:
                target.writestr(zipfile.ZipInfo(name, _ONE_TIME), _CORE_PROPERTIES)
    return steady.getvalue()


_CORE_PROPERTIES = (
    '<?xml version="1.0" encoding="UTF-8"?><cp:coreProperties xmlns:cp='
    '"http://schemas.openxmlformats.org/package/2006/metadata/core-properties"/>'
)
