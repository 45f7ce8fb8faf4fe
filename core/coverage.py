"""Which days are covered: contracts, their ends, presence, and tags in force."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from core.calendar import DAY, FAR_FUTURE, FAR_PAST, Span, Spans, birthday, united
from core.contracts import Contract
from core.people import Resident
from core.vocabulary import ContractState, GroupTag

ELDERLY_FROM_AGE = 65
CHILD_BEFORE_AGE = 7
SECOND_DAY = FAR_PAST + DAY
AGE_TAGS = frozenset({GroupTag.ELDERLY65, GroupTag.CHILD0_6})


class Covering(NamedTuple):
    """A contract's days.

    `nominal` ends with the contract or the day before the next one starts; `actual` stops
    before that on death, moving away or termination, and is None if it never began.
    """

    contract: Contract
    nominal: Span
    actual: Span | None


class Coverage(NamedTuple):
    """All days of all contracts, as agreed and as it came."""

    pieces: tuple[Covering, ...]
    nominal: Spans
    actual: Spans

    def contract_on(self, day: date) -> Contract | None:
        """The contract that covers a day; pieces never overlap."""
        held = (piece for piece in self.pieces if piece.actual and piece.actual.has(day))
        return next((piece.contract for piece in held), None)


def coverage_of(resident: Resident, contracts: Sequence[Contract]) -> Coverage:
    """The days a resident's contracts cover; pending ones cover none."""
    begun = sorted((c for c in contracts if _begins(c)), key=lambda c: (c.start_on, c.id))
    starts = [contract.start_on for contract in begun[1:]]
    ends = [max(start, SECOND_DAY) - DAY for start in starts] + [FAR_FUTURE] if begun else []
    pieces = tuple(
        _covering(contract, min(contract.end_on, end), resident.left_on)
        for contract, end in zip(begun, ends, strict=True)
        if min(contract.end_on, end) >= contract.start_on
    )
    nominal = united(piece.nominal for piece in pieces)
    actual = united(piece.actual for piece in pieces if piece.actual)
    # The same object says that nothing was stopped.
    return Coverage(pieces, nominal, nominal if actual == nominal else actual)


def _begins(contract: Contract) -> bool:
    ended = contract.terminated_on is not None and contract.terminated_on < contract.start_on
    return (
        contract.state != ContractState.PENDING
        and contract.end_on >= contract.start_on
        and not ended
    )


def _covering(contract: Contract, nominal_end: date, left_on: date | None) -> Covering:
    actual_end = min(nominal_end, contract.terminated_on or FAR_FUTURE, left_on or FAR_FUTURE)
    start = contract.start_on
    return Covering(
        contract,
        Span(start, nominal_end),
        Span(start, actual_end) if actual_end >= start else None,
    )


def presence_of(resident: Resident) -> Span:
    """From birth to the day of death or moving away, that day included."""
    return Span(resident.birth_date, max(resident.left_on or FAR_FUTURE, resident.birth_date))


def tag_spans(resident: Resident, tag: str) -> Spans:
    """When a tag is in force; those of age follow from the birth date, whatever is recorded."""
    if tag == GroupTag.ELDERLY65:
        return (Span(birthday(resident.birth_date, ELDERLY_FROM_AGE), FAR_FUTURE),)
    if tag == GroupTag.CHILD0_6:
        last = birthday(resident.birth_date, CHILD_BEFORE_AGE) - DAY
        return (Span(resident.birth_date, last),)
    recorded = (
        Span(span.from_on or FAR_PAST, span.to_on or FAR_FUTURE)
        for span in resident.tags
        if span.tag == tag
    )
    return united(span for span in recorded if span.from_on <= span.to_on)


def tags_in_force(resident: Resident) -> Mapping[str, Spans]:
    """When each tag a resident ever had is in force, those of age included."""
    tags = {*AGE_TAGS, *(span.tag for span in resident.tags)}
    return {tag: tag_spans(resident, tag) for tag in tags}


def has_tag(resident: Resident, tag: str, day: date) -> bool:
    """Whether a tag is in force on a day."""
    return any(span.has(day) for span in tag_spans(resident, tag))
