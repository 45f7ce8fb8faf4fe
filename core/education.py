"""Health-education visits: who was taught what, with what, and whether it was understood."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Education:
    """One health-education visit or lecture.

    `audience` is resident, household, group, lecture or school; `answers` are the three
    questions asked to check understanding, true where answered rightly.
    """

    id: str
    scope_id: str
    author_id: str
    occurred_on: date
    recorded_at: datetime
    audience: str
    topics: tuple[str, ...]
    household_id: str | None = None
    resident_id: str | None = None
    materials: tuple[str, ...] = ()
    minutes: int = 0
    people_reached: int = 0
    answers: tuple[bool, ...] = ()
    satisfied: bool | None = None
    note: str = ""
    amends: str | None = None
