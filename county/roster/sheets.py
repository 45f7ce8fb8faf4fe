"""The sheets of an XLSX file as rows of cells, whatever state the file is in."""

from __future__ import annotations

import datetime as dt
import hashlib
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from python_calamine import (
    CalamineError,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from core.refusals import Refusal, Refused

Cell = int | float | str | bool | dt.date | dt.datetime | dt.time | dt.timedelta
Range = tuple[tuple[int, int], tuple[int, int]]
"""The first and the last cell of a merged range, each as row and column counted from 0."""

MAX_UNPACKED_BYTES = 400 * 1024 * 1024
"""More than any roster: a file that unpacks to more is a mistake or an attack."""

MAX_ROWS = 200_000
MAX_COLUMNS = 200


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One row as it stands in the file; `number` counts from 1, as a spreadsheet shows it."""

    number: int
    cells: tuple[Cell, ...]

    def is_blank(self) -> bool:
        """Whether no cell says anything."""
        return not any(not isinstance(cell, str) or cell.strip() for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A visible worksheet with its rows."""

    name: str
    rows: tuple[SheetRow, ...]


@dataclass(frozen=True, slots=True)
class RosterFile:
    """A roster as handed in: its name, its fingerprint and its sheets."""

    name: str
    sha256: str
    sheets: tuple[Sheet, ...]


def read_roster_file(path: Path) -> RosterFile:
    """The visible worksheets of the XLSX at `path`.

    Raises Refused: `roster.no_file`, `roster.not_xlsx` (also old .xls and CSV),
    `roster.password`, `roster.too_large`, `roster.broken`.
    """
    data = _bytes_of(path)
    _check_is_xlsx(data, path.name)
    try:
        with CalamineWorkbook.from_filelike(BytesIO(data)) as workbook:
            sheets = tuple(_sheets(workbook))
    except PasswordError as error:
        raise Refused(Refusal(code="roster.password", values={"file": path.name})) from error
    except CalamineError as error:
        raise Refused(Refusal(code="roster.broken", values={"file": path.name})) from error
    return RosterFile(path.name, hashlib.sha256(data).hexdigest(), sheets)


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Refused(Refusal(code="roster.no_file", values={"file": str(path)})) from error


def _check_is_xlsx(data: bytes, name: str) -> None:
    """An XLSX is a ZIP with a workbook in it; what it unpacks to is told before unpacking."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            entries = archive.infolist()
    except zipfile.BadZipFile as error:
        raise Refused(Refusal(code="roster.not_xlsx", values={"file": name})) from error
    if not any(entry.filename == "xl/workbook.xml" for entry in entries):
        raise Refused(Refusal(code="roster.not_xlsx", values={"file": name}))
    if sum(entry.file_size for entry in entries) > MAX_UNPACKED_BYTES:
        raise Refused(Refusal(code="roster.too_large", values={"file": name}))


def _sheets(workbook: CalamineWorkbook) -> Iterator[Sheet]:
    for described in workbook.sheets_metadata:
        shown = described.visible == SheetVisibleEnum.Visible
        if shown and described.typ == SheetTypeEnum.WorkSheet:
            sheet = workbook.get_sheet_by_name(described.name)
            if sheet.start is None:
                continue
            if sheet.total_height > MAX_ROWS:
                raise Refused(Refusal(code="roster.too_large", values={"file": described.name}))
            grid = _grid(sheet.iter_rows(), sheet.start[1])
            _fill_merged(grid, sheet.merged_cell_ranges or [])
            rows = (SheetRow(number, tuple(cells)) for number, cells in enumerate(grid, start=1))
            yield Sheet(described.name, tuple(row for row in rows if not row.is_blank()))


def _grid(rows: Iterator[list[Cell]], first_column: int) -> list[list[Cell]]:
    # The reader counts rows from the first of the sheet, columns from the first that is used.
    margin: list[Cell] = [""] * first_column
    return [margin + cells[:MAX_COLUMNS] for cells in rows]


def _fill_merged(grid: list[list[Cell]], ranges: Sequence[Range]) -> None:
    """Give every row of a merged cell what its first row says: a household's number, a village.

    Only downwards: a title merged across its row stays one cell.
    """
    for (top, column), (bottom, _) in ranges:
        if top < len(grid) and column < len(grid[top]):
            for row in grid[top + 1 : bottom + 1]:
                row[column] = grid[top][column]


def cell_name(column: int, row: int) -> str:
    """The name a spreadsheet gives a cell: column 0 of row 17 is A17."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return f"{letters}{row}"
