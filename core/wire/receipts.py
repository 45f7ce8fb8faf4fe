"""The county's answers to operations: runs taken as they came, and each other one by itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from core.wire.canonical import canonical_bytes

ACCEPTED, REFUSED = "accepted", "refused"
"""Two of a receipt's outcomes, which both ends tell from the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A run of operations accepted as they came, from `first_seq` to `last_seq`.

    `hash` is that of the last one. Each hash covers the one before it, and so the record,
    the revision and the content of every operation of the run.
    """

    first_seq: int
    last_seq: int
    hash: str
    received_at: str

    @property
    def count(self) -> int:
        """How many operations it answers."""
        return self.last_seq - self.first_seq + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The county's answer to one operation, for that record and that revision.

    `outcome`: `accepted`; `merged` (accepted, a field went another way); `conflict` (kept,
    a person settles it); `refused` (set aside on both sides, `code` says why).
    """

    op_id: str
    device_seq: int
    record_id: str
    revision: int
    outcome: str
    received_at: str
    code: str | None = None
    values: dict[str, Any] = field(default_factory=dict)


def receipts_bytes(taken: Sequence[Taken], receipts: Sequence[Receipt]) -> bytes:
    """What the county signs: the canonical object of both, each with every field."""
    said = {
        "taken": [taken_fields(item) for item in taken],
        "receipts": [receipt_fields(item) for item in receipts],
    }
    return canonical_bytes(said)


def answered_count(taken: Iterable[Taken], receipts: Sequence[Receipt]) -> int:
    """How many operations these answer."""
    return sum(run.count for run in taken) + len(receipts)


def receipt_fields(receipt: Receipt) -> dict[str, Any]:
    """The receipt as a JSON object with every field; `values` is shared, not copied."""
    return {name: getattr(receipt, name) for name in _RECEIPT_FIELDS}


def taken_fields(taken: Taken) -> dict[str, Any]:
    """The run as a JSON object with every field."""
    return {name: getattr(taken, name) for name in _TAKEN_FIELDS}


_RECEIPT_FIELDS = tuple(item.name for item in fields(Receipt))
_TAKEN_FIELDS = tuple(item.name for item in fields(Taken))
