"""Records by what they are about: one, all of a resident, all of a kind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import bindparam, func
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from app.store.rows import record_in
from app.store.tables import RecordRow
from core.vocabulary import Kind
from statements.made_once import run

ALL_OF_ONE = 5000
"""More records than a resident can gather in a lifetime; a wall, not a page."""


def record(session: Session, kind: Kind, record_id: str) -> Any:
    """The record of a kind under an id, or None."""
    row = session.get(RecordRow, record_id)
    return record_in(row) if row is not None and row.kind == kind else None


def row(session: Session, record_id: str) -> RecordRow | None:
    """The row under an id; for services that need revision or delivery, not only the record."""
    return session.get(RecordRow, record_id)


def of_resident(session: Session, resident_id: str) -> list[Any]:
    """Everything this app can read about a resident, the resident included."""
    rows = session.exec(
        select(RecordRow).where(RecordRow.resident_id == resident_id).limit(ALL_OF_ONE)
    )
    return [found for row in rows if (found := record_in(row)) is not None]


def of_resident_kind(session: Session, resident_id: str, kind: Kind, limit: int = 20) -> list[Any]:
    """Records of a kind about a resident."""
    return _read(
        session,
        select(RecordRow)
        .where(RecordRow.resident_id == resident_id, RecordRow.kind == kind)
        .order_by(col(RecordRow.id))
        .limit(limit),
    )


def of_household(session: Session, household_id: str, kind: Kind, limit: int = 200) -> list[Any]:
    """Records of a kind of a household, the latest first."""
    return _read(
        session,
        select(RecordRow)
        .where(RecordRow.household_id == household_id, RecordRow.kind == kind)
        .order_by(col(RecordRow.occurred_on).desc(), col(RecordRow.id).desc())
        .limit(limit),
    )


def of_kind(session: Session, kind: Kind, limit: int) -> list[Any]:
    """Records of a kind, the latest first."""
    return _read(
        session,
        select(RecordRow)
        .where(RecordRow.kind == kind)
        .order_by(col(RecordRow.occurred_on).desc(), col(RecordRow.id).desc())
        .limit(limit),
    )


def last_days(session: Session, resident_ids: Sequence[str]) -> dict[str, date]:
    """The day of each resident's latest follow-up, of those who have any."""
    found = session.exec(
        select(RecordRow.resident_id, func.max(RecordRow.occurred_on))
        .where(RecordRow.kind == Kind.FOLLOW_UP, col(RecordRow.resident_id).in_(resident_ids))
        .group_by(col(RecordRow.resident_id))
    )
    return {resident_id: day for resident_id, day in found if resident_id and day}


def bodies(session: Session, kind: Kind, limit: int) -> Sequence[str]:
    """The bodies of a kind as they came, for kinds without a record of their own."""
    found = run(session, _BODIES, kind=kind, limit=limit)
    return found.scalars().all()


_BODIES = (
    select_columns(col(RecordRow.body))
    .where(col(RecordRow.kind) == bindparam("kind"))
    .order_by(col(RecordRow.id))
    .limit(bindparam("limit"))
)


def count(session: Session, kind: Kind) -> int:
    """How many records of a kind there are."""
    query = select(func.count()).select_from(RecordRow).where(RecordRow.kind == kind)
    return session.exec(query).one()


def between(
    session: Session, kind: Kind, author_id: str, days: tuple[date, date], limit: int = 5000
) -> list[Any]:
    """An author's records of a kind that occurred from a day to a day, both included."""
    return _read(
        session,
        select(RecordRow)
        .where(RecordRow.kind == kind, col(RecordRow.occurred_on).between(*days))
        .where(RecordRow.author_id == author_id)
        .order_by(col(RecordRow.occurred_on), col(RecordRow.id))
        .limit(limit),
    )


def about(session: Session, subject_ids: Sequence[str], kind: Kind, limit: int = 500) -> list[Any]:
    """Records of a kind that name one of the subjects: reviews of a follow-up, outcomes."""
    return _read(
        session,
        select(RecordRow)
        .where(col(RecordRow.subject_id).in_(subject_ids), RecordRow.kind == kind)
        .order_by(col(RecordRow.id))
        .limit(limit),
    )


def _read(session: Session, query: Any) -> list[Any]:
    rows: Iterable[RecordRow] = session.exec(query)
    return [found for row in rows if (found := record_in(row)) is not None]
