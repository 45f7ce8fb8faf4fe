"""What the store's triggers can do beyond SQL: move a scope's sum by a record's digest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from core.wire.digests import moved_root, record_digest


def _with_record(root: str, record_id: str, revision: int, content_hash: str) -> str:
    return moved_root(root, gained=record_digest(record_id, revision, content_hash))


def _without_record(root: str, record_id: str, revision: int, content_hash: str) -> str:
    return moved_root(root, lost=record_digest(record_id, revision, content_hash))


def _with(root: str, digest: str) -> str:
    return moved_root(root, gained=int(digest))


def _without(root: str, digest: str) -> str:
    return moved_root(root, lost=int(digest))


# One call a record: crossing between SQLite and Python is what costs. Digests of what has
# retired are decimal text, SQLite's integers being signed.
SQL_FUNCTIONS: Mapping[str, tuple[int, Callable[..., Any]]] = {
    "root_with_record": (4, _with_record),
    "root_without_record": (4, _without_record),
    "root_with": (2, _with),
    "root_without": (2, _without),
}
"""Each with the number of its arguments; a connection lacks them until it is given them."""
