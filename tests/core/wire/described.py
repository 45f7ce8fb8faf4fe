"""The tables of the docs that describe a shape, and the shape itself, told in the same words."""

from __future__ import annotations

import re
import types
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

from core.contracts import PackageItem
from core.followups import Guidance, Lifestyle, Medicine, Reading, SmiAssessment
from core.people import Condition, TagSpan
from core.wire.canonical import canonical_bytes

DOCS = Path(__file__).parents[3] / "docs"
WIRE = (DOCS / "wire.md").read_text("utf-8")
BODIES = (DOCS / "bodies.md").read_text("utf-8")
HEADING = re.compile(r"^(#+) (.*)$", re.MULTILINE)
NAME = re.compile(r"`([a-z0-9_]+)`")

PARTS: Mapping[str, type[Any]] = {
    "Reading": Reading,
    "Lifestyle": Lifestyle,
    "Guidance": Guidance,
    "Medicine": Medicine,
    "SMI assessment": SmiAssessment,
    "Tag span": TagSpan,
    "Condition": Condition,
    "Package item": PackageItem,
}
"""What a body consists of, under the headings of `docs/bodies.md`."""
_WORDS: Mapping[Any, str] = {
    str: "text",
    int: "integer",
    float: "number",
    bool: "boolean",
    date: "date",
    datetime: "time",
    type(None): "null",
    **{part: name[0].lower() + name[1:] for name, part in PARTS.items()},
    SmiAssessment: "SMI assessment",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """A field as a table tells it; `default` is empty where it must be there."""

    type: str
    default: str


def section(text: str, heading: str) -> str:
    """What stands under a heading, up to the next one of any level."""
    heads = list(HEADING.finditer(text))
    (number,) = (i for i, head in enumerate(heads) if head[2] == heading)
    end = heads[number + 1].start() if number + 1 < len(heads) else len(text)
    return text[heads[number].end() : end]


def tables(text: str) -> list[list[list[str]]]:
    """The tables of a text: their rows, the heading first, each a list of cells."""
    found: list[list[list[str]]] = []
    before = ""
    for line in text.splitlines():
        if line.startswith("|"):
            if not before.startswith("|"):
                found.append([])
            found[-1].append([cell.strip() for cell in line.strip("|").split("|")])
        before = line
    return [[row for row in table if not set(row[0]) <= {"-", "|"}] for table in found]


def names_in(table: list[list[str]]) -> list[str]:
    """The fields a table describes, by the names in its first column."""
    return [name for row in table[1:] for name in NAME.findall(row[0])]


def described(table: list[list[str]]) -> dict[str, Described]:
    """The fields of a table whose columns are their names, type, default and meaning."""
    assert table[0][1:3] == ["type", "default"], table[0]
    return {
        name: Described(type=row[1], default=row[2])
        for row in table[1:]
        for name in NAME.findall(row[0])
    }


def told(shape: type[Any]) -> dict[str, Described]:
    """What a table ought to say of a shape."""
    hints = get_type_hints(shape)
    return {
        item.name: Described(type=_type(hints[item.name]), default=default_of(item))
        for item in fields(shape)
    }


def default_of(item: Field[Any]) -> str:
    """The default of a field as a table writes it; empty where it has none."""
    if item.default_factory is not MISSING:
        return _written(item.default_factory())
    return "" if item.default is MISSING else _written(item.default)


def _type(hint: Any) -> str:
    if hint in _WORDS:
        return _WORDS[hint]
    parts = get_args(hint)
    if get_origin(hint) is tuple:
        return f"array of {_type(parts[0])}"
    assert get_origin(hint) in (Union, types.UnionType), hint
    return " or ".join(_type(part) for part in parts)


def _written(value: Any) -> str:
    if is_dataclass(value):
        return "`{}`"
    said = canonical_bytes(value).decode()
    return f"`{said}`" if said[0] in '"[{' else said
