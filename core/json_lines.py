"""On which line of a JSON text a value stands, so that a mistake can be shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from json import JSONDecoder

Path = tuple[str | int, ...]
_BLANK = re.compile(r"[\s,:]*")
_DECODER = JSONDecoder()


class NamedTwice(ValueError):
    """Raised where an object gives one name two values; says which, and on which line."""

    def __init__(self, path: Path, lineno: int) -> None:
        super().__init__(f"{path[-1]} is named twice")
        self.path = path
        self.lineno = lineno


def line_numbers(text: str) -> Mapping[Path, int]:
    """The line (from 1) on which each value of a JSON text begins, by its path.

    Raises json.JSONDecodeError where it is no JSON, and NamedTwice.
    """
    _DECODER.decode(text)
    found: dict[Path, int] = {}
    _walk(text, _skip(text, 0), (), found)
    return found


def line_of(lines: Mapping[Path, int], path: Path) -> int:
    """The line of a value, or of the nearest thing around it that is there."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


def _walk(text: str, place: int, path: Path, found: dict[Path, int]) -> int:
    """Notes the value at a place and all within it; the place behind it."""
    found[path] = text.count("\n", 0, place) + 1
    if text[place] == "{":
        return _walk_object(text, place, path, found)
    if text[place] == "[":
        return _walk_array(text, place, path, found)
    return _DECODER.raw_decode(text, place)[1]


def _walk_object(text: str, place: int, path: Path, found: dict[Path, int]) -> int:
    place = _skip(text, place + 1)
    while text[place] != "}":
        name, behind = _DECODER.raw_decode(text, place)
        if (*path, name) in found:
            raise NamedTwice((*path, name), text.count("\n", 0, place) + 1)
        place = _skip(text, _walk(text, _skip(text, behind), (*path, name), found))
    return place + 1


def _walk_array(text: str, place: int, path: Path, found: dict[Path, int]) -> int:
    place, number = _skip(text, place + 1), 0
    while text[place] != "]":
        place = _skip(text, _walk(text, place, (*path, number), found))
        number += 1
    return place + 1


def _skip(text: str, place: int) -> int:
    blank = _BLANK.match(text, place)
    return blank.end() if blank else place
