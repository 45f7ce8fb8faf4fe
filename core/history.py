"""All that is recorded of one resident, and what of it stands."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Protocol, TypeVar

from core.calendar import Span, Spans, holds
from core.contracts import Contract, Exemption, ExemptionDecision
from core.coverage import Coverage, coverage_of, presence_of, tags_in_force
from core.followups import FollowUp, Withdrawal
from core.people import Resident
from core.referrals import Referral, ReferralOutcome
from core.reviews import PhoneCheck, Review


# Without slots: what follows from the records is worked out once and kept with them.
@dataclass(frozen=True, kw_only=True)
class History:
    """One resident's records; the order within each tuple is irrelevant."""

    resident: Resident
    contracts: tuple[Contract, ...] = ()
    follow_ups: tuple[FollowUp, ...] = ()
    withdrawals: tuple[Withdrawal, ...] = ()
    reviews: tuple[Review, ...] = ()
    exemptions: tuple[Exemption, ...] = ()
    exemption_decisions: tuple[ExemptionDecision, ...] = ()
    referrals: tuple[Referral, ...] = ()
    referral_outcomes: tuple[ReferralOutcome, ...] = ()
    phone_checks: tuple[PhoneCheck, ...] = ()

    @cached_property
    def coverage(self) -> Coverage:
        """The days the resident's contracts cover."""
        return coverage_of(self.resident, self.contracts)

    @cached_property
    def presence(self) -> Span:
        """From birth to the day of death or moving away."""
        return presence_of(self.resident)

    @cached_property
    def tags(self) -> Mapping[str, Spans]:
        """When each of the resident's tags is in force."""
        return tags_in_force(self.resident)

    def tagged(self, tag: str, day: date) -> bool:
        """Whether a tag is in force on a day."""
        return holds(self.tags.get(tag, ()), day)

    @cached_property
    def settled(self) -> Settled:
        """What of these records stands."""
        return _settled(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What stands: nothing withdrawn, of each chain of amendments the latest.

    `follow_ups` are in order of date, then id, and `dates` are theirs. `reviews` holds
    the township's latest word by follow-up, `first_recorded` when the day of a follow-up
    was first recorded, and `exemptions` each exemption with its decision, None while open.
    `voided` are the ids of all facts that are withdrawn.
    """

    follow_ups: tuple[FollowUp, ...]
    dates: tuple[date, ...]
    reviews: Mapping[str, Review]
    first_recorded: Mapping[str, datetime]
    exemptions: tuple[tuple[Exemption, bool | None], ...]
    referrals: tuple[Referral, ...]
    outcomes: Mapping[str, ReferralOutcome]
    phone_checks: Mapping[str, PhoneCheck]
    voided: frozenset[str]

    def between(self, days: Span, until: date) -> tuple[FollowUp, ...]:
        """The follow-ups of the days of a span, as far as `until`."""
        first = bisect_left(self.dates, days.from_on)
        behind = bisect_right(self.dates, min(days.to_on, until), first)
        return self.follow_ups[first:behind]


def standing(history: History) -> tuple[FollowUp, ...]:
    """The follow-ups that stand: latest unvoided amendments, in order of date, then id."""
    return history.settled.follow_ups


class _Said(Protocol):
    @property
    def id(self) -> str: ...

    @property
    def recorded_at(self) -> datetime: ...


Word = TypeVar("Word", bound=_Said)


def latest_by(
    words: Iterable[Word], about: Callable[[Word], str], void: frozenset[str] = frozenset()
) -> dict[str, Word]:
    """The last word about each thing, by the time it was written, then by id."""
    ordered = sorted(words, key=lambda word: (word.recorded_at, word.id))
    return {about(word): word for word in ordered if word.id not in void}


def voided_ids(withdrawals: Iterable[Withdrawal]) -> frozenset[str]:
    """The ids of facts that are withdrawn; a withdrawal withdrawn itself takes nothing away."""
    of_fact: dict[str, list[Withdrawal]] = {}
    for withdrawal in withdrawals:
        of_fact.setdefault(withdrawal.voids, []).append(withdrawal)
    if not of_fact:
        return frozenset()

    def is_void(fact_id: str, seen: frozenset[str]) -> bool:
        return any(
            withdrawal.id not in seen and not is_void(withdrawal.id, seen | {withdrawal.id})
            for withdrawal in of_fact.get(fact_id, ())
        )

    return frozenset(fact_id for fact_id in of_fact if is_void(fact_id, frozenset()))


def _settled(history: History) -> Settled:
    void = voided_ids(history.withdrawals)
    versions = [f for f in history.follow_ups if f.id not in void]
    first_recorded: dict[str, datetime] = {}
    latest = versions
    if any(f.amends for f in versions):
        chains = _chains(history.follow_ups, versions)
        first_recorded = _first_recorded(chains)
        latest = [chain[-1] for chain in chains]
    stands = sorted(latest, key=_date_then_id)
    return Settled(
        follow_ups=tuple(stands),
        dates=tuple(follow_up.occurred_on for follow_up in stands),
        reviews=latest_by(history.reviews, lambda r: r.follow_up_id, void),
        first_recorded=first_recorded,
        exemptions=_exemptions(history, void),
        referrals=tuple(r for r in history.referrals if r.id not in void),
        outcomes=latest_by(history.referral_outcomes, lambda o: o.referral_id, void),
        phone_checks=latest_by(history.phone_checks, lambda c: c.follow_up_id, void),
        voided=void,
    )


def _date_then_id(follow_up: FollowUp) -> tuple[date, str]:
    return follow_up.occurred_on, follow_up.id


def _chains(everything: Iterable[FollowUp], versions: Iterable[FollowUp]) -> list[list[FollowUp]]:
    """The unvoided versions of each follow-up, the latest last."""
    # A voided amendment still says which chain a later one belongs to.
    amends = {follow_up.id: follow_up.amends for follow_up in everything}
    chains: dict[str, list[FollowUp]] = {}
    for version in versions:
        chains.setdefault(_root(version.id, amends), []).append(version)
    return [sorted(chain, key=lambda f: (f.recorded_at, f.id)) for chain in chains.values()]


def _root(follow_up_id: str, amends: Mapping[str, str | None]) -> str:
    """The id a chain of amendments begins with, known or not; the least of a circle."""
    seen: set[str] = set()
    current = follow_up_id
    while (earlier := amends.get(current)) is not None:
        if current in seen:
            return min(seen)
        seen.add(current)
        current = earlier
    return current


def _first_recorded(chains: Iterable[list[FollowUp]]) -> dict[str, datetime]:
    return {
        chain[-1].id: min(
            version.recorded_at for version in chain if version.occurred_on == chain[-1].occurred_on
        )
        for chain in chains
    }


def _exemptions(
    history: History, void: frozenset[str]
) -> tuple[tuple[Exemption, bool | None], ...]:
    answers = latest_by(history.exemption_decisions, lambda d: d.exemption_id, void)
    decided = {exemption_id: answer.approved for exemption_id, answer in answers.items()}
    return tuple((e, decided.get(e.id)) for e in history.exemptions if e.id not in void)
