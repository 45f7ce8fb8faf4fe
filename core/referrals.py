"""Referrals to a higher level of care and what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Referral:
    """A referral made at a follow-up, to be traced by `trace_by`."""

    id: str
    scope_id: str
    resident_id: str
    author_id: str
    occurred_on: date
    recorded_at: datetime
    reason: str
    urgent: bool
    to_facility: str
    trace_by: date
    follow_up_id: str | None = None
    department: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralOutcome:
    """What was learnt when a referral was traced: went, did_not_go, admitted, died, unknown."""

    id: str
    scope_id: str
    referral_id: str
    author_id: str
    occurred_on: date
    recorded_at: datetime
    outcome: str
    note: str = ""
