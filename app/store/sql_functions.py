"""What the store's triggers can do beyond SQL: reckon a record's digest, move a scope's sum."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from core.wire.digests import moved_root, record_digest


def _digest(record_id: str, revision: int, content_hash: str) -> str:
    return str(record_digest(record_id, revision, content_hash))


def _with(root: str, digest: str) -> str:
    return moved_root(root, gained=int(digest))


def _without(root: str, digest: str) -> str:
    return moved_root(root, lost=int(digest))


# Digests go as decimal text: SQLite's integers are signed.
SQL_FUNCTIONS: Mapping[str, tuple[int, Callable[..., Any]]] = {
    "record_digest": (3, _digest),
    "root_with": (2, _with),
    "root_without": (2, _without),
}
"""Each with the number of its arguments; a connection lacks them until it is given them."""
