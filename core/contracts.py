"""Family-doctor contracts and the exemptions granted from what they oblige to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from core.vocabulary import ContractState


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageItem:
    """One of the ten services with the number of times it was agreed for the contract."""

    service: str
    agreed_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """A resident's contract from `start_on` to `end_on`, both days included.

    Termination before the end sets `terminated_on`, the last covered day.
    """

    id: str
    scope_id: str
    resident_id: str
    start_on: date
    end_on: date
    state: str = ContractState.SIGNED
    doctor_id: str | None = None
    team_id: str | None = None
    signed_on: date | None = None
    items: tuple[PackageItem, ...] = ()
    terminated_on: date | None = None
    termination_reason: str = ""
    consent_version: str = ""

    @property
    def last_day(self) -> date:
        """The last covered day, as far as the contract alone says."""
        return min(self.end_on, self.terminated_on or self.end_on)

    def state_on(self, day: date) -> str:
        """`state`, but expired for one that has run out, whether or not that was entered."""
        runs = self.state in (ContractState.SIGNED, ContractState.RENEWED)
        return ContractState.EXPIRED if runs and self.last_day < day else self.state


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemption:
    """A doctor's request that days of a resident's obligation be excused."""

    id: str
    scope_id: str
    resident_id: str
    author_id: str
    from_on: date
    to_on: date
    reason: str
    recorded_at: datetime
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExemptionDecision:
    """The township's answer to an exemption; the latest by `recorded_at`, then id, stands."""

    id: str
    scope_id: str
    exemption_id: str
    author_id: str
    approved: bool
    recorded_at: datetime
    note: str = ""
