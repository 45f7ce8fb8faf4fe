"""People for lists and for the search; `Person` is what both show of a resident."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, func, or_
from sqlmodel import Session, col, select

from app.store.chunks import chunks
from app.store.tables import PersonRow

_LIKE_SIGNS = str.maketrans({"%": r"\%", "_": r"\_", "\\": r"\\"})
_SHORTEST_DIGITS = 3
"""Fewer digits would match half of the village by telephone."""


def person(session: Session, resident_id: str) -> PersonRow | None:
    """The person of a resident."""
    return session.get(PersonRow, resident_id)


def by_id(session: Session, resident_ids: Sequence[str]) -> dict[str, PersonRow]:
    """The persons of residents."""
    found: dict[str, PersonRow] = {}
    for chunk in chunks(resident_ids):
        rows = session.exec(select(PersonRow).where(col(PersonRow.resident_id).in_(chunk)))
        found |= {row.resident_id: row for row in rows}
    return found


def people_of(session: Session, household_id: str, limit: int = 100) -> Sequence[PersonRow]:
    """The members of a household, the oldest first."""
    return session.exec(
        select(PersonRow)
        .where(PersonRow.household_id == household_id)
        .order_by(col(PersonRow.birth_date), col(PersonRow.resident_id))
        .limit(limit)
    ).all()


def count(session: Session) -> int:
    """How many residents are on this tablet."""
    return session.exec(select(func.count()).select_from(PersonRow)).one()


def search(session: Session, text: str, limit: int = 50) -> Sequence[PersonRow]:
    """People whose name, pinyin, initials, numbers or house begin with, or contain, the text.

    Digits look at the house and household number, the end of the ID and the telephone;
    letters at pinyin and initials; the rest at the name and the head of the household.
    """
    wanted = "".join(text.split()).lower()
    if not wanted:
        return []
    return session.exec(
        select(PersonRow)
        .where(or_(*_matches(wanted)))
        .order_by(
            col(PersonRow.left).is_not(None),
            col(PersonRow.initials) != wanted,
            col(PersonRow.pinyin),
            col(PersonRow.resident_id),
        )
        .limit(limit)
    ).all()


def _matches(wanted: str) -> list[ColumnElement[bool]]:
    quoted = wanted.translate(_LIKE_SIGNS)

    def like(column: str, pattern: str) -> ColumnElement[bool]:
        return col(column).ilike(pattern, escape="\\")

    if not wanted.isascii():
        return [like(PersonRow.name, f"%{quoted}%"), like(PersonRow.head_name, f"{quoted}%")]
    if wanted[0].isalpha() and not any(sign.isdigit() for sign in wanted):
        return [
            like(PersonRow.pinyin, f"{quoted}%"),
            like(PersonRow.initials, f"{quoted}%"),
            like(PersonRow.household_number, f"{quoted}%"),
        ]
    found = [
        col(PersonRow.house_no) == wanted,
        like(PersonRow.household_number, f"%{quoted}"),
    ]
    if len(wanted) >= _SHORTEST_DIGITS:
        found += [like(PersonRow.id_tail, f"%{quoted}"), like(PersonRow.phone, f"%{quoted}%")]
    return found
