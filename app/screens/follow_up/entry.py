"""Typing readings on the keypad: what a key does, and when it moves on by itself.

Pure: a field is complete as soon as no further digit could belong to it, so that
138 · 82 · 76 · 6.3 is typed without touching anything but digits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from app.screens.parts.keypad import ERASE, POINT
from core.vocabulary import ReadingKind

FIELDS: Mapping[str, tuple[str, ...]] = {
    ReadingKind.BLOOD_PRESSURE: ("systolic_mmhg", "diastolic_mmhg"),
    ReadingKind.HEART_RATE: ("heart_rate_bpm",),
    ReadingKind.GLUCOSE: ("glucose_mmol_l",),
    ReadingKind.WEIGHT: ("weight_kg",),
    ReadingKind.HEIGHT: ("height_cm",),
    ReadingKind.WAIST: ("waist_cm",),
    ReadingKind.TEMPERATURE: ("temperature_c",),
    ReadingKind.OXYGEN: ("oxygen_percent",),
}
"""The draft's fields of each kind of reading, in the order they are typed."""

_WHOLE = frozenset({"systolic_mmhg", "diastolic_mmhg", "heart_rate_bpm"})
_LONGEST_DECIMAL = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The fields in order, their texts, and the one the keypad types into; None when done."""

    order: tuple[str, ...]
    texts: Mapping[str, str]
    active: str | None
    is_fresh: bool = True


def entry_for(kinds: Sequence[str], texts: Mapping[str, str]) -> Entry:
    """The keypad for the kinds of reading asked for, on the first field to be gone on with."""
    order = tuple(field for kind in kinds for field in FIELDS.get(kind, ()))
    typed = {field: texts.get(field, "") for field in order}
    waiting = (f for f in order if not typed[f] or (f in _WHOLE and not is_complete(f, typed[f])))
    active = next(waiting, None)
    return Entry(order=order, texts=typed, active=active, is_fresh=not typed.get(active or ""))


def press(entry: Entry, key: str) -> Entry:
    """The entry after a key: digits extend, a complete field moves on, erase steps back.

    The first digit after a field was chosen replaces what stood there.
    """
    if not entry.order:
        return entry
    if key == ERASE:
        return _erased(entry, entry.active or entry.order[-1])
    if entry.active is None:
        return entry
    if key == POINT and entry.active in _WHOLE:
        return _moved_on(entry) if entry.texts[entry.active] else entry
    return _typed(entry, entry.active, key)


def choose(entry: Entry, field: str | None) -> Entry:
    """The entry with the keypad on a field the doctor touched, or put away."""
    return replace(entry, active=field, is_fresh=True)


def is_between_readings(entry: Entry) -> bool:
    """Whether no reading is half typed, so that the screen may be taken without losing a digit."""
    if entry.active is None:
        return True
    begins_reading = any(fields[0] == entry.active for fields in FIELDS.values())
    return begins_reading and entry.is_fresh


def is_half_typed(entry: Entry, field: str) -> bool:
    """Whether the keypad is in the middle of a field's digits."""
    return entry.active == field and not entry.is_fresh


def is_complete(field: str, text: str) -> bool:
    """Whether no further digit could belong to a field's text.

    Pressures and heart rates of 100 and more begin with 1 or 2; the others have one
    decimal. A glucose without its point is left alone up to five signs, so that a 126 in
    mg/dL is seen whole and asked about.
    """
    if field in _WHOLE:
        return len(text) >= (3 if text[:1] in {"1", "2"} else 2)
    return len(text) >= _LONGEST_DECIMAL or (POINT in text and not text.endswith(POINT))


def _typed(entry: Entry, field: str, key: str) -> Entry:
    before = "" if entry.is_fresh else entry.texts[field]
    after = _appended(before, key)
    entry = replace(entry, is_fresh=False, texts={**entry.texts, field: after})
    return _moved_on(entry) if is_complete(field, after) else entry


def _appended(text: str, key: str) -> str:
    if key == POINT:
        return text if POINT in text else (text or "0") + POINT
    return text + key


def _moved_on(entry: Entry) -> Entry:
    following = entry.order[entry.order.index(entry.active or "") + 1 :]
    return replace(entry, active=following[0] if following else None, is_fresh=True)


def _erased(entry: Entry, field: str) -> Entry:
    place = entry.order.index(field)
    if not entry.texts[field] and place > 0:
        field = entry.order[place - 1]
    shorter = entry.texts[field][:-1]
    return replace(entry, active=field, is_fresh=False, texts={**entry.texts, field: shorter})
