"""Rosters for tests: small XLSX files as an office would write them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from core.identity_number import with_check_character

HEADINGS = (
    "乡镇",
    "村",
    "户编号",
    "户主",
    "姓名",
    "与户主关系",
    "身份证号",
    "人群",
    "签约日期",
    "到期日期",
)


def an_id(born: str, order: int = 1) -> str:
    """An invented ID number of somebody born on `born` (YYYYMMDD); an odd order is a man's."""
    return with_check_character(f"990101{born}{order:03d}")


ZHANG = an_id("19500101", 1)
LI = an_id("19520607", 2)


def a_row(**cells: Any) -> dict[str, Any]:
    """A row of the head of household 1; cells by heading."""
    return {
        "乡镇": "石桥镇",
        "村": "上河村",
        "户编号": "H001",
        "户主": "张大山",
        "姓名": "张大山",
        "与户主关系": "户主",
        "身份证号": ZHANG,
        "人群": "高血压",
        "签约日期": date(2026, 1, 5),
        "到期日期": date(2026, 12, 31),
        **cells,
    }


def the_wife(**cells: Any) -> dict[str, Any]:
    """A row of his wife."""
    return a_row(
        **{"姓名": "李秀英", "与户主关系": "配偶", "身份证号": LI, "人群": "糖尿病", **cells}
    )


def write_sheet(sheet: Worksheet, rows: Sequence[dict[str, Any]], *, title: str = "") -> None:
    """Rows by heading under their headings, with a merged title above them if one is given."""
    headings = list(dict.fromkeys(name for row in rows for name in row))
    if title:
        sheet.append([title])
        sheet.merge_cells(start_row=1, end_row=1, start_column=1, end_column=len(headings))
    sheet.append(headings)
    for row in rows:
        sheet.append([row.get(name) for name in headings])


def a_roster(path: Path, *rows: dict[str, Any], title: str = "", sheet: str = "名册") -> Path:
    """An XLSX of one sheet at `path`."""
    workbook = Workbook()
    only = workbook.worksheets[0]
    only.title = sheet
    write_sheet(only, rows or (a_row(),), title=title)
    workbook.save(path)
    return path
