"""A ledger as an XLSX the offices can print and stamp: title, frozen headings, page set-up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.cell_range import CellRange

BODY_FONT, TITLE_FONT = "宋体", "黑体"
HEADING_ROW = 3
A4 = 9
DAY_FORMAT, TEXT_FORMAT, NUMBER_FORMAT = "yyyy-mm-dd", "@", "0"
_EDGE = Side(style="thin", color="FF8B9993")
_BORDER = Border(left=_EDGE, right=_EDGE, top=_EDGE, bottom=_EDGE)
_HEADING_FILL = PatternFill("solid", fgColor="FFDDEFE9")

Value = str | int | date


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A heading, its width in characters, and whether its values stand in the middle."""

    heading: str
    width: float
    centred: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What a sheet bears beside its rows: its name, title, line of origin and of signatures."""

    name: str
    title: str
    origin: str
    signatures: str
    columns: tuple[Column, ...]


def xlsx(sheet: Sheet, rows: Iterable[Sequence[Value]]) -> bytes:
    """The workbook as bytes; rows are written as they come and never all held at once."""
    book = Workbook(write_only=True)
    page = book.create_sheet(sheet.name[:31])
    _set_up(page, sheet)
    for line in _lines(page, sheet, rows):
        page.append(line)
    held = BytesIO()
    book.save(held)
    return held.getvalue()


def _set_up(page: Any, sheet: Sheet) -> None:
    """Widths, frozen headings and a landscape A4 page that repeats them; before the first row."""
    for index, column in enumerate(sheet.columns, start=1):
        page.column_dimensions[get_column_letter(index)].width = column.width
    page.row_dimensions[1].height = 30
    page.row_dimensions[HEADING_ROW].height = 32
    page.freeze_panes = f"A{HEADING_ROW + 1}"
    page.print_title_rows = f"{HEADING_ROW}:{HEADING_ROW}"
    page.page_setup.orientation = "landscape"
    page.page_setup.paperSize = A4
    page.page_setup.fitToWidth = 1
    page.page_setup.fitToHeight = 0
    page.sheet_properties.pageSetUpPr.fitToPage = True
    page.print_options.horizontalCentered = True
    page.page_margins.left = page.page_margins.right = 0.3
    page.page_margins.top = page.page_margins.bottom = 0.5
    page.oddFooter.center.text = "&P / &N"
    last = get_column_letter(len(sheet.columns))
    for row in (1, 2):
        page.merged_cells.ranges.add(CellRange(f"A{row}:{last}{row}"))


def _lines(page: Any, sheet: Sheet, rows: Iterable[Sequence[Value]]) -> Iterator[list[Any]]:
    yield [_cell(page, sheet.title, Font(name=TITLE_FONT, size=16, bold=True), _middle())]
    yield [_cell(page, sheet.origin, Font(name=BODY_FONT, size=10), _middle())]
    yield [_heading(page, column) for column in sheet.columns]
    styles = [_styles(page, column) for column in sheet.columns]
    for row in rows:
        yield [_styled(page, value, held) for value, held in zip(row, styles, strict=True)]
    yield []
    font = Font(name=BODY_FONT, size=10)
    yield [_cell(page, sheet.signatures, font, Alignment(horizontal="left"))]


def _heading(page: Any, column: Column) -> Any:
    cell = _cell(page, column.heading, Font(name=BODY_FONT, size=10, bold=True), _middle())
    cell.border = _BORDER
    cell.fill = _HEADING_FILL
    return cell


def _styles(page: Any, column: Column) -> dict[str, Any]:
    """The style of a column's cells by number format, worked out once and not cell by cell."""
    alignment = _middle() if column.centred else _left()
    held = {}
    for number_format in (TEXT_FORMAT, NUMBER_FORMAT, DAY_FORMAT):
        cell = _cell(page, "", Font(name=BODY_FONT, size=10), alignment)
        cell.border = _BORDER
        cell.number_format = number_format
        held[number_format] = cell._style
    return held


def _styled(page: Any, value: Value, styles: dict[str, Any]) -> Any:
    cell = _plain(page, value)
    # Sharing the style of a model cell is fifteen times as fast as describing it again.
    cell._style = styles[_format_of(value)]
    return cell


def _cell(page: Any, value: Value, font: Font, alignment: Alignment) -> Any:
    cell = _plain(page, value)
    cell.font = font
    cell.alignment = alignment
    return cell


def _plain(page: Any, value: Value) -> Any:
    if isinstance(value, str):
        # XML has no place for them: one in a name would cost the whole ledger.
        value = ILLEGAL_CHARACTERS_RE.sub("", value)
    cell = WriteOnlyCell(page, value=value)  # type: ignore[arg-type] # the stubs forget dates
    if isinstance(value, str):
        # Whatever a name begins with, it is text: never a formula, a number or an error.
        cell.data_type = "s"
    return cell


def _format_of(value: Value) -> str:
    if isinstance(value, date):
        return DAY_FORMAT
    return TEXT_FORMAT if isinstance(value, str) else NUMBER_FORMAT


def _middle() -> Alignment:
    return Alignment(horizontal="center", vertical="center", wrap_text=True)


def _left() -> Alignment:
    return Alignment(horizontal="left", vertical="center", wrap_text=True)
