"""The account of one resident's year: slots of every programme, gaps, items and figures."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from core.figures import Figures, slot_figures
from core.findings import Finding
from core.slots import Programme, Slot


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """The longest stretch of a year without a follow-up that counts for a programme."""

    programme: Programme
    days: int
    from_on: date
    to_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemLine:
    """One agreed service: how often it was agreed, and how often it was delivered so far."""

    contract_id: str
    service: str
    agreed: int
    delivered: int

    @property
    def kept(self) -> bool:
        """Whether it was delivered as often as agreed."""
        return self.delivered >= self.agreed


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What one resident is owed in a year as it stands on `today`.

    `slots` are in order of programme, then window; `extra` are the ids of follow-ups
    beyond what the contract owed; `figures` are the contract's.
    """

    resident_id: str
    year: int
    today: date
    slots: tuple[Slot, ...]
    figures: Figures
    gaps: tuple[Gap, ...] = ()
    items: tuple[ItemLine, ...] = ()
    extra: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()

    def of(self, programme: str) -> tuple[Slot, ...]:
        """The slots of one programme, in order."""
        return tuple(slot for slot in self.slots if slot.programme == programme)


def between(account: Account, from_on: date, to_on: date) -> Account:
    """The part of an account whose windows end from a day to a day, both included."""
    slots = tuple(s for s in account.slots if from_on <= s.window_to <= to_on)
    return _of_slots(account, slots)


def joined(earlier: Account, later: Account) -> Account:
    """The account of two disjoint periods of the same resident's year."""
    ours = [*earlier.slots, *later.slots]
    places = {programme: place for place, programme in enumerate(Programme)}
    ours.sort(key=lambda slot: (places[slot.programme], slot.window_from))
    return _of_slots(later, tuple(ours))


def _of_slots(account: Account, slots: tuple[Slot, ...]) -> Account:
    contract = tuple(slot for slot in slots if slot.programme == Programme.CONTRACT)
    figures = slot_figures(
        contract,
        extra=account.figures.extra,
        items_agreed=account.figures.items_agreed,
        items_delivered=account.figures.items_delivered,
        longest_gap_days=account.figures.longest_gap_days,
    )
    return replace(account, slots=slots, figures=figures)
