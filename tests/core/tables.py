"""Reads the tables of examples beside these tests, which a clinician may edit."""

from __future__ import annotations

import csv
from pathlib import Path

Row = dict[str, str]


def rows(name: str) -> list[Row]:
    """The rows of a table, each with its cells by heading."""
    with (Path(__file__).parent / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def case_of(row: Row) -> str:
    return row["case"]
