"""Many ids or numbers in portions that fit one statement."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

CHUNK = 400
"""Ids named in one statement; SQLite takes more, statements stay short."""
T = TypeVar("T", str, int)


def chunks(ids: Iterable[T]) -> Iterator[list[T]]:
    """The ids, sorted, in portions."""
    ordered = sorted(ids)
    return (ordered[start : start + CHUNK] for start in range(0, len(ordered), CHUNK))
