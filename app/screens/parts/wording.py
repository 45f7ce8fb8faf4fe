"""Dates, people and reasons in the words of the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Protocol

from babel.dates import format_date, format_datetime, format_skeleton

import words
from app.clock import CHINA
from core.vocabulary import RESTRICTED_TAGS, GroupTag
from words import say

UNSAID = frozenset({GroupTag.GENERAL, *RESTRICTED_TAGS})
"""Groups no list names."""


class Sayable(Protocol):
    """A reason as a key of the catalogue with the values of its gaps."""

    @property
    def code(self) -> str: ...

    @property
    def values(self) -> Mapping[str, object]: ...


def day(on: date) -> str:
    """A day of this year or near it: 11月22日."""
    return str(format_skeleton("MMMd", on, locale=words.language()))


def full_day(on: date) -> str:
    """A day with its year: 2026年11月22日."""
    return str(format_date(on, "long", locale=words.language()))


def weekday(on: date) -> str:
    """A day with the day of the week: 11月22日星期日."""
    return str(format_skeleton("MMMEd", on, locale=words.language()))


def moment(at: datetime) -> str:
    """An instant as the tablet's local day and time."""
    local = at.astimezone(CHINA)
    clock = format_datetime(local, "HH:mm", locale=words.language())
    return f"{day(local.date())} {clock}"


def ago(at: datetime, now: datetime) -> str:
    """How long ago an instant was, in the largest unit that fits."""
    minutes = max(0, int((now - at.astimezone(UTC)).total_seconds() // 60))
    if minutes < 1:
        return say("time.just_now")
    if minutes < 60:
        return say("time.minutes_ago", count=minutes)
    if minutes < 60 * 24:
        return say("time.hours_ago", count=minutes // 60)
    return say("time.days_ago", count=minutes // (60 * 24))


def reason(why: Sayable) -> str:
    """A reason as a sentence."""
    return phrase(why.code, why.values)


def phrase(key: str, values: Mapping[str, object]) -> str:
    """A sentence whose gaps may be days, which are worded too, with the year where it changes."""
    years = {value.year for value in values.values() if isinstance(value, date)}
    return _filled(key, values, day if len(years) < 2 else full_day)


def refused(why_not: Sayable) -> str:
    """Why something was not taken; a day in it has its year, as a birthday is none without."""
    return _filled(f"refusal.{why_not.code}", why_not.values, full_day)


def not_accepted(why_not: Sayable) -> str:
    """Why the county did not accept a record; a newer county's reason is told by its code."""
    if _has_words(f"refusal.{why_not.code}"):
        return refused(why_not)
    return say("sync.refused_unknown", code=why_not.code)


def remedy(why_not: Sayable) -> str:
    """What helps where the county did not accept a record."""
    key = f"remedy.{why_not.code}"
    return _filled(key if _has_words(key) else "remedy.amend", why_not.values, full_day)


def _filled(key: str, values: Mapping[str, object], in_words: Callable[[date], str]) -> str:
    filling = {name: _worded(name, value, in_words) for name, value in values.items()}
    return say(key, None, **filling)


def _worded(name: str, value: object, in_words: Callable[[date], str]) -> object:
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return in_words(value)
    return coded(name, value) if name in _CODED else value


_CODED = frozenset({"field", "kind"})
"""Gaps filled by a code that has words of its own."""


def age_and_sex(age: int, sex: str) -> str:
    """68岁 男."""
    return say("person.age_and_sex", age=age, sex=coded("sex", sex))


def where(village: str, group_no: str, house_no: str) -> str:
    """Village, group and house number, leaving out what is not known."""
    parts = [village]
    if group_no:
        parts.append(say("place.group_no", number=group_no))
    if house_no:
        parts.append(say("place.house_no", number=house_no))
    return " ".join(part for part in parts if part)


def coded(prefix: str, code: object) -> str:
    """A code in words; one a newer county invents is shown as it is, never hidden."""
    key = f"{prefix}.{code}"
    return say(key) if _has_words(key) else str(code)


def _has_words(key: str) -> bool:
    return key in words.catalogue(words.language())


def tags(codes: Iterable[str]) -> tuple[str, ...]:
    """Group tags in words for a list: without the general one, which says nothing, and without
    any that is told in confidence.
    """
    return tuple(coded("tag", code) for code in codes if code not in UNSAID)


def listed(items: Iterable[str]) -> str:
    """Things one after the other."""
    return say("app.list_separator").join(items)
