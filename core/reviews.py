"""The township's word on a follow-up, and its telephone checks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A reviewer's decision; the latest by `recorded_at`, then id, stands."""

    id: str
    scope_id: str
    follow_up_id: str
    author_id: str
    decision: str
    recorded_at: datetime
    reason: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneCheck:
    """A telephone check of a follow-up: reached, confirmed, satisfied; None is not asked."""

    id: str
    scope_id: str
    follow_up_id: str
    author_id: str
    recorded_at: datetime
    reached: bool
    visit_confirmed: bool | None = None
    satisfied: bool | None = None
    note: str = ""
