"""Villages, households, residents and the people who care for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Village:
    """A village of the county, and the township that reviews its doctors."""

    id: str
    township_id: str
    name: str
    township_name: str
    division_code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A doctor, reviewer or administrator, as the tablets may know them (no credentials)."""

    id: str
    name: str
    role: str
    village_ids: tuple[str, ...] = ()
    township_id: str | None = None
    phone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Household:
    """A household of the assisted list; `house_no` and `group_no` are how a doctor finds it."""

    id: str
    scope_id: str
    village_id: str
    number: str
    head_name: str
    group_no: str = ""
    house_no: str = ""
    phone: str = ""
    listed_from: date | None = None
    listed_to: date | None = None
    contact_plate: bool = False
    medicine_box: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TagSpan:
    """A group tag in force from a day to a day, both included; None means still in force."""

    tag: str
    from_on: date | None = None
    to_on: date | None = None
    reason: str = ""
    approved_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A diagnosed condition; `code` is a group tag's word or an ICD-10 code."""

    code: str
    name: str = ""
    status: str = "active"
    since: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resident:
    """A member of a household.

    `id_number` is a citizen's number of 18 characters (GB 11643) or, with another
    `id_type`, whatever that paper bears. `left` is one of died, moved, gone.
    """

    id: str
    scope_id: str
    household_id: str
    name: str
    sex: str
    birth_date: date
    id_type: str = "citizen"
    id_number: str = ""
    relation_to_head: str = ""
    phone: str = ""
    ethnic_group: str = "01"
    health_record_number: str = ""
    tags: tuple[TagSpan, ...] = ()
    conditions: tuple[Condition, ...] = ()
    left: str | None = None
    left_on: date | None = None
    pinyin: str = ""
    initials: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecialProgramme:
    """What a resident is cared for in confidence (level S3): one record for each resident.

    `scope_id` is the restricted scope of the resident's village, so that only the doctors
    named for it have the record. It counts in no account.
    """

    id: str
    scope_id: str
    resident_id: str
    tags: tuple[TagSpan, ...] = ()
