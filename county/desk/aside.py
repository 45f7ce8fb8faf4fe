"""What a record that was set aside is about: the person, and in a line what it says.

It is as it came, from any program that has a tablet's key, so nothing in it is taken for what
it should be. Of what is told in confidence no desk learns whom it concerns.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.followups import FollowUp
from core.vocabulary import Kind
from county.desk.conflicts import value_text
from county.desk.values import glucose_text, pressure_text
from county.desk.visitor import Visitor
from county.desk.wording import NOTHING, details, label, masked_id
from county.envelopes import is_id
from county.held import parent_ids
from county.histories import readable
from county.quarantine import body_in, is_in_confidence, named_id
from county.tables import QuarantineRow, RecordRow

MOST_FIELDS = 6
LONGEST_VALUE = 40
"""Of an edit: so many fields, and so many characters of each."""
_PLACES = frozenset({"id", "scope_id", "household_id", "village_id", "resident_id"})
"""Fields that say where a record belongs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whom a record is about and what it says; "" is what may not or cannot be told.

    `resident_id` is that of somebody on record whom the visitor may see.
    """

    resident_id: str = ""
    name: str = ""
    says: str = ""


def subjects_of(
    session: Session, visitor: Visitor, county_id: str, asides: Sequence[QuarantineRow]
) -> list[Subject]:
    """The subject of each of these, for a visitor."""
    telling = {aside.op_id: aside for aside in asides if not is_in_confidence(aside)}
    named = {name for aside in telling.values() for name in _named_ids(aside)}
    held = _in_sight(session, visitor, county_id, named)
    behind = {row.resident_id for row in held.values() if row.resident_id} - set(held)
    held.update(_in_sight(session, visitor, county_id, behind))
    return [
        _subject(aside, held, visitor.language) if aside.op_id in telling else Subject()
        for aside in asides
    ]


def _in_sight(
    session: Session, visitor: Visitor, county_id: str, ids: Iterable[str]
) -> dict[str, RecordRow]:
    found = session.scalars(
        select(RecordRow).where(
            RecordRow.county_id == county_id,
            RecordRow.id.in_(sorted(ids)),
            RecordRow.village_id.in_(visitor.village_ids),
            RecordRow.removed.is_(False),
        )
    )
    return {row.id: row for row in found}


def _named_ids(aside: QuarantineRow) -> tuple[str, ...]:
    """The records it names through which it concerns a person, the nearest first."""
    body = body_in(aside)
    named = (body.get("resident_id"), *parent_ids(body), body.get("amends"))
    return tuple(name for name in (*named, named_id(aside, "record_id")) if is_id(name))


def _subject(aside: QuarantineRow, held: Mapping[str, RecordRow], lang: str) -> Subject:
    rows = [held[name] for name in _named_ids(aside) if name in held]
    concerned = (held.get(row.resident_id or "") for row in rows)
    resident = next((row for row in concerned if row is not None), None)
    if resident is not None:
        name, resident_id = str(resident.body.get("name", NOTHING)), resident.id
    else:
        name, resident_id = _name_in([*(row.body for row in rows), body_in(aside)]), ""
    return Subject(name=name, resident_id=resident_id, says=_says(aside, rows, lang))


def _name_in(bodies: Iterable[Mapping[str, Any]]) -> str:
    """Whom a body names itself: a person who is not on record yet, or the head of a household."""
    named = (body.get(field) for body in bodies for field in ("name", "head_name"))
    return next((name[:LONGEST_VALUE] for name in named if name and isinstance(name, str)), "")


def _says(aside: QuarantineRow, rows: Sequence[RecordRow], lang: str) -> str:
    """The day and a follow-up's readings; what an edit sets; the day of what is withdrawn."""
    kind, body, schema = named_id(aside, "kind"), body_in(aside), aside.envelope.get("schema", 1)
    if aside.envelope.get("action") == "set":
        return "" if aside.envelope.get("base_revision") == 0 else _set_by(body, lang)
    if kind == Kind.WITHDRAWAL:
        days = (row.occurred_on for row in rows if row.occurred_on)
        return next((day.isoformat() for day in days), "")
    day = _day(body.get("occurred_on"))
    record = readable(kind, schema, body) if isinstance(schema, int) else None
    if not isinstance(record, FollowUp):
        return day
    parts = (day, pressure_text(record), glucose_text(record, lang))
    return " · ".join(part for part in parts if part and part != NOTHING)


def _set_by(body: Mapping[str, Any], lang: str) -> str:
    fields = [name for name in body if name not in _PLACES][:MOST_FIELDS]
    shown = ((label("desk.field", name, lang), _value(name, body[name], lang)) for name in fields)
    return details(shown, lang)


def _value(name: str, value: Any, lang: str) -> str:
    if name == "id_number" and isinstance(value, str):
        return masked_id(value)
    return value_text(name, value, lang)[:LONGEST_VALUE]


def _day(value: Any) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except (TypeError, ValueError):
        return ""
