"""A whole scope as it stood at one cursor, for a tablet's first load: its name and its lines.

`docs/wire.md` describes the route; the bytes are zstd over one JSON object a line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

SNAPSHOT_ROUTE = "/snapshot/v1"
SNAPSHOT_TYPE = "application/zstd"
SHA256_HEADER = "Luyue-Sha256"
"""Carries the SHA-256 of the whole snapshot, whichever part of it is sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotOffer:
    """A scope to be loaded whole: the cursor it ends at, its compressed size and SHA-256."""

    epoch: str
    seq: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotLine:
    """One record of a snapshot: a change of the scope without what all of them share.

    `hash` is left out where it is that of the body, as it always is today.
    """

    seq: int
    kind: str
    record_id: str
    revision: int
    author_id: str
    received_at: str
    body: dict[str, Any]
    schema: int = 1
    hash: str = ""


def snapshot_path(scope_id: str, epoch: str, seq: int) -> str:
    """Where a snapshot is to be had; also the path that its request signs."""
    return f"{SNAPSHOT_ROUTE}/{scope_id}/{epoch}-{seq}"


def snapshot_etag(sha256: str) -> str:
    """The strong entity tag of a snapshot."""
    return f'"{sha256}"'


SNAPSHOT_LINES: TypeAdapter[list[SnapshotLine]] = TypeAdapter(list[SnapshotLine])
