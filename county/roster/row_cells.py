"""The cells of one row by what they mean, and the notes taken while they are read."""

from __future__ import annotations

from collections.abc import Mapping

from county.roster.answers import Note
from county.roster.cells import text_of
from county.roster.fields import Columns, Field
from county.roster.groups import says_yes
from county.roster.sheets import Cell, SheetRow, cell_name


class RowCells:
    """One row under its headings; household fields it leaves blank come from `carried`."""

    def __init__(
        self, sheet: str, row: SheetRow, columns: Columns, carried: Mapping[Field, str]
    ) -> None:
        self.sheet = sheet
        self.number = row.number
        self.notes: list[Note] = []
        self._cells = row.cells
        self._columns = columns
        self._carried = carried

    def cell(self, field: Field) -> Cell:
        """The cell as it came; empty text where the sheet has no such column."""
        column = self._columns.of.get(field)
        return "" if column is None or column >= len(self._cells) else self._cells[column]

    def text(self, field: Field) -> str:
        """The cell as text, else what was carried down."""
        return text_of(self.cell(field)) or self._carried.get(field, "")

    def raw_text(self, field: Field) -> str:
        """The cell as text exactly as it was typed, for a reader that tells what it put right."""
        cell = self.cell(field)
        return cell if isinstance(cell, str) else text_of(cell)

    def place(self, field: Field) -> str:
        """The name of the field's cell, F17; the row's first where there is no such column."""
        return cell_name(self._columns.of.get(field, 0), self.number)

    def places(self) -> dict[Field, str]:
        """The name of every field's cell."""
        return {field: self.place(field) for field in self._columns.of}

    def groups_said(self) -> list[str]:
        """Every wording of a group: the columns of groups, and yes-or-no columns that say yes."""
        said = [self.text(Field.GROUPS)]
        for heading, column in self._columns.flags.items():
            if column < len(self._cells) and says_yes(text_of(self._cells[column])):
                said.append(heading)
        return said

    def note(self, field: Field, code: str, **values: object) -> None:
        """Remember something put right or left out at the field's cell."""
        self.notes.append(Note(code=code, place=self.place(field), values=values))
