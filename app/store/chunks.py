"""Many ids in portions that fit one statement."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

CHUNK = 400
"""Ids named in one statement; SQLite takes more, statements stay short."""


def chunks(ids: Iterable[str]) -> Iterator[list[str]]:
    """The ids, sorted, in portions."""
    ordered = sorted(ids)
    return (ordered[start : start + CHUNK] for start in range(0, len(ordered), CHUNK))
