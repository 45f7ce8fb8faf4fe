"""A slot: one follow-up that is owed within a window, and how it stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from core.calendar import Spans
from core.findings import Reason


class Programme(StrEnum):
    """What slots are owed for."""

    CONTRACT = "contract"
    HTN = "htn"
    HTN_EXAM = "htn_exam"
    T2DM = "t2dm"
    T2DM_EXAM = "t2dm_exam"
    ELDERLY_EXAM = "elderly_exam"
    SMI = "smi"
    TB = "tb"


class Tier(StrEnum):
    """How closely the contract looks after somebody: monthly or quarterly."""

    KEY = "key"
    GENERAL = "general"


class SlotState(StrEnum):
    """The nine states, in the order in which the first that applies is taken."""

    MET = "met"
    MET_LATE_ENTRY = "met_late_entry"
    VOID = "void"
    EXCUSED = "excused"
    EXCUSE_PENDING = "excuse_pending"
    UPCOMING = "upcoming"
    OPEN = "open"
    DISPUTED = "disputed"
    MISSED = "missed"


FILLED_STATES = frozenset({SlotState.MET, SlotState.MET_LATE_ENTRY})
UNCOUNTED_STATES = frozenset({SlotState.VOID, SlotState.EXCUSED})
"""States that leave both sides of every figure."""


class WhyNot(StrEnum):
    """Why a follow-up in a slot's window does not fill it; worded by `candidate.<code>`."""

    NOT_MET = "not_met"
    MODE = "mode"
    INCOMPLETE = "incomplete"
    NOT_MEASURED = "not_measured"
    EXAM_ONLY = "exam_only"
    RETURNED = "returned"
    QUESTIONED = "questioned"
    LATE_UNAPPROVED = "late_unapproved"
    TOO_NEAR = "too_near"
    EXTRA = "extra"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A follow-up in the window that did not fill the slot, and why."""

    follow_up_id: str
    why_not: WhyNot


# A named tuple: an account makes dozens of them, and a frozen dataclass takes four times as long.
class Slot(NamedTuple):
    """One follow-up owed within the days of `window`.

    `number` counts within the account year: 1–12 for months, 1–4 for quarters, and
    onwards for windows of days. `tier_tags` are the groups that make a month a key one.
    `filled_*` tell of the follow-up that fills it; `reason` says why the state is what it
    is, `cost` what skipping it costs. `source` stands in the catalogue under `source.<source>`.
    """

    programme: Programme
    number: int
    window: Spans
    window_from: date
    window_to: date
    tier: Tier | None
    tier_reason: Reason
    tier_tags: tuple[str, ...]
    state: SlotState
    reason: Reason
    cost: Reason
    rule_id: str
    source: str
    policy_version: str
    candidates: tuple[Candidate, ...] = ()
    filled_by: str | None = None
    filled_on: date | None = None
    filled_face_to_face: bool = False
    filled_measured: bool = False

    @property
    def filled(self) -> bool:
        """Whether a follow-up counts for it, in time or entered late."""
        return self.state in FILLED_STATES

    @property
    def owed(self) -> bool:
        """Whether it counts in the figures at all."""
        return self.state not in UNCOUNTED_STATES
