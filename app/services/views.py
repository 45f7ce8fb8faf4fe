"""What several screens show of the same thing: a reason, a dot, a delivery, a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from core.findings import Reason


class Delivery(StrEnum):
    """How far a record has got; from `accepted` on it is the township's word on a follow-up.

    An edit the county has may have been `overruled` by a later one in some field, or be
    `undecided`: left to a person, whatever that person has chosen since.
    """

    ON_TABLET = "on_tablet"
    SENT = "sent"
    COUNTY_HAS_IT = "county_has_it"
    OVERRULED = "overruled"
    UNDECIDED = "undecided"
    ACCEPTED = "accepted"
    RETURNED = "returned"
    QUESTIONED = "questioned"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class NotTaken:
    """The fields of an edit that kept the county's value: by a later clock, or for a person."""

    overruled: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()


Why = Reason
"""A reason by the key of its sentence, with the values of its gaps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DotView:
    """One slot of the contract this year, as a dot; `state` is a `core` slot state."""

    number: int
    state: str
    window_from: date
    window_to: date
    filled_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRow:
    """A resident as a line of a list."""

    resident_id: str
    household_id: str
    name: str
    age: int
    sex: str
    village: str
    household_number: str
    group_no: str
    house_no: str
    head_name: str
    relation_to_head: str
    phone: str
    id_tail: str
    tags: tuple[str, ...]
    left: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnedView:
    """Why the township sent a follow-up back or questions it, in a code and the reviewer's words.

    `decision` is returned or questioned; either way it fills no slot until it is amended.
    """

    follow_up_id: str
    resident_id: str
    name: str
    occurred_on: date
    decision: str
    reason: str | None
    note: str
    returned_at: datetime
