"""A roster walked row by row: headings found, households carried down, people read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from core.refusals import Refusal, Refused
from county.roster.answers import Note, Outcome, RowAnswer
from county.roster.cells import name_of, text_of
from county.roster.fields import HOUSEHOLD_FIELDS, Columns, Field, is_heading_row
from county.roster.person import HEAD_WORDINGS, Person, person_of
from county.roster.row_cells import RowCells
from county.roster.sheets import RosterFile, Sheet, SheetRow

_TOTALS = re.compile(r"^(合计|总计|小计|共计|制表|填表|审核|填报|单位|备注|说明|注[:：])")
_A_VILLAGE = re.compile(r"(村|社区|居委会|村委会)$")
_OF_A_PERSON = (Field.NAME, Field.ID_NUMBER, Field.BIRTH_DATE, Field.RELATION)
_PLACES = (Field.TOWNSHIP, Field.VILLAGE, Field.GROUP_NO)


@dataclass(slots=True)
class RosterContent:
    """What a file holds: people still to be matched, rows already answered, columns not read."""

    people: list[Person] = field(default_factory=list)
    answers: list[RowAnswer] = field(default_factory=list)
    unknown_columns: dict[str, None] = field(default_factory=dict)


def read_people(roster: RosterFile, today: date, township: str = "") -> RosterContent:
    """Everyone in the file; rows under the headings that hold nobody taken are answered at once.

    `township` stands in where the file names none. Raises Refused `roster.no_headings`
    where no sheet has a row of headings.
    """
    content = RosterContent()
    readers = [_SheetReader(sheet, content, today, township) for sheet in roster.sheets]
    for reader in readers:
        reader.read()
    if not any(reader.columns for reader in readers):
        raise Refused(Refusal(code="roster.no_headings", values={"file": roster.name}))
    return content


class _SheetReader:
    """Reads one sheet from top to bottom; every row of headings names the columns anew."""

    def __init__(self, sheet: Sheet, content: RosterContent, today: date, township: str) -> None:
        self.columns: Columns | None = None
        self._sheet = sheet
        self._content = content
        self._today = today
        self._sheet_says = {Field.TOWNSHIP: township} if township else {}
        if _A_VILLAGE.search(sheet.name.strip()):
            self._sheet_says[Field.VILLAGE] = sheet.name.strip()
        self._household: dict[Field, str] = {}

    def read(self) -> None:
        for row in self._sheet.rows:
            texts = [text_of(cell) for cell in row.cells]
            if is_heading_row(texts):
                self._take_headings(row, texts)
            elif self.columns is not None:
                self._take_row(row, self.columns, texts)

    def _take_headings(self, row: SheetRow, texts: list[str]) -> None:
        if self.columns is not None and self._household:
            self._answer(row, Outcome.PASSED_OVER, notes=(Note(code="headings_again"),))
        self.columns = Columns(texts)

    def _take_row(self, row: SheetRow, columns: Columns, texts: list[str]) -> None:
        self._content.unknown_columns |= dict.fromkeys(columns.unknown)
        if _TOTALS.match(next((text for text in texts if text), "").replace(" ", "")):
            self._answer(row, Outcome.PASSED_OVER, notes=(Note(code="totals"),))
            return
        cells = self._with_household(RowCells(self._sheet.name, row, columns, {}), row, columns)
        if not any(cells.text(name) for name in _OF_A_PERSON):
            self._answer(row, Outcome.PASSED_OVER, notes=(Note(code="nobody"),))
            return
        self._take_person(cells, row)

    def _take_person(self, cells: RowCells, row: SheetRow) -> None:
        try:
            self._content.people.append(person_of(cells, self._today))
        except Refused as refused:
            name = name_of(cells.cell(Field.NAME))
            self._answer(row, Outcome.REFUSED, name=name, refusals=refused.refusals)

    def _with_household(self, bare: RowCells, row: SheetRow, columns: Columns) -> RowCells:
        """The row with what its household's first row, or the sheet, has said before it."""
        above = (
            self._household
            if _same_household(bare, self._household)
            else {name: self._household[name] for name in _PLACES if name in self._household}
        )
        carried = {**self._sheet_says, **above}
        cells = RowCells(self._sheet.name, row, columns, carried)
        self._household = {name: said for name in HOUSEHOLD_FIELDS if (said := cells.text(name))}
        return cells

    def _answer(
        self,
        row: SheetRow,
        outcome: Outcome,
        *,
        name: str = "",
        notes: tuple[Note, ...] = (),
        refusals: tuple[Refusal, ...] = (),
    ) -> None:
        self._content.answers.append(
            RowAnswer(
                sheet=self._sheet.name,
                row=row.number,
                outcome=outcome,
                name=name,
                notes=notes,
                refusals=refusals,
            )
        )


def _same_household(row: RowCells, above: Mapping[Field, str]) -> bool:
    """Whether a row goes on with the household above it: the same number, else the same head."""
    for name in (Field.HOUSEHOLD_NUMBER, Field.HEAD_NAME):
        if said := row.text(name):
            return said == above.get(name)
    return row.text(Field.RELATION) not in HEAD_WORDINGS
