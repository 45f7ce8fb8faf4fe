"""The cached accounts: which are out of date, what to reckon them from, and the worklist."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import and_, delete, func, or_, true
from sqlmodel import Session, col, select

from app.store.tables import AccountRow, PersonRow, RecordRow
from app.store.upserts import upsert
from core.vocabulary import Kind
from statements.made_once import run_many

_ACCOUNT_KINDS = (
    Kind.RESIDENT,
    Kind.CONTRACT,
    Kind.FOLLOW_UP,
    Kind.WITHDRAWAL,
    Kind.REVIEW,
    Kind.EXEMPTION,
    Kind.EXEMPTION_DECISION,
    Kind.REFERRAL,
    Kind.REFERRAL_OUTCOME,
    Kind.PHONE_CHECK,
)


class Body(NamedTuple):
    """A record's kind, resident, schema and body, without the cost of a row object."""

    kind: str
    resident_id: str
    schema: int
    body: str


class Counted(NamedTuple):
    """A cached account's slots and counts, both JSON text."""

    resident_id: str
    dots: str
    figures: str


class DuePerson(NamedTuple):
    """A line of the worklist: the cached account, then the person."""

    due: str
    dots: str
    resident_id: str
    household_id: str
    village_id: str
    name: str
    birth_date: date
    sex: str
    group_no: str
    house_no: str
    head_name: str
    tags: str


# The columns by the fields' names, so that the two cannot come apart.
_DUE_COLUMNS: tuple[Any, ...] = tuple(
    col(getattr(AccountRow if name in ("due", "dots") else PersonRow, name))
    for name in DuePerson._fields
)


def missing(
    session: Session, day: date, policy_version: str, limit: int, among: Sequence[str] | None
) -> Sequence[str]:
    """Residents, all or those named, without an account of a day under the policy."""
    current = and_(
        col(AccountRow.resident_id) == col(PersonRow.resident_id),
        col(AccountRow.as_of) == day,
        col(AccountRow.policy_version) == policy_version,
    )
    query = (
        select(PersonRow.resident_id)
        .outerjoin(AccountRow, current)
        .where(col(AccountRow.resident_id).is_(None))
        .where(col(PersonRow.resident_id).in_(among) if among is not None else true())
        .order_by(col(PersonRow.resident_id))
        .limit(limit)
    )
    return session.exec(query).all()


def bodies_of(session: Session, resident_ids: Sequence[str], since: date) -> Iterable[Body]:
    """What the accounts of residents are reckoned from; follow-ups only since a day."""
    found = session.execute(
        select(
            RecordRow.kind, RecordRow.resident_id, RecordRow.schema_version, RecordRow.body
        ).where(
            col(RecordRow.resident_id).in_(resident_ids),
            col(RecordRow.kind).in_(_ACCOUNT_KINDS),
            or_(
                col(RecordRow.kind) != Kind.FOLLOW_UP,
                col(RecordRow.occurred_on) >= since,
            ),
        )
    )
    return (Body(*row) for row in found)


def keep(session: Session, found: Sequence[Mapping[str, Any]]) -> None:
    """Stores reckoned accounts, by the columns of AccountRow, in place of earlier ones."""
    run_many(session, _KEEP, found)


_KEEP = upsert(AccountRow)


def forget_before(session: Session, day: date) -> None:
    """Drops the accounts of days gone by."""
    session.execute(delete(AccountRow).where(col(AccountRow.as_of) < day))


def accounts_of(session: Session, day: date, resident_ids: Sequence[str]) -> dict[str, AccountRow]:
    """The cached accounts of a household's members."""
    of_them = col(AccountRow.resident_id).in_(resident_ids)
    rows = session.exec(select(AccountRow).where(AccountRow.as_of == day, of_them))
    return {row.resident_id: row for row in rows}


def everybody(session: Session, day: date, limit: int) -> list[Counted]:
    """The slots and counts of all cached accounts."""
    columns = select(AccountRow.resident_id, AccountRow.dots, AccountRow.figures)
    found = session.exec(columns.where(AccountRow.as_of == day).limit(limit))
    return [Counted(*row) for row in found]


def worklist(session: Session, day: date, limit: int) -> Iterable[DuePerson]:
    """Accounts with something due, each with what the list shows of the person."""
    found = session.execute(
        select(*_DUE_COLUMNS)
        .join(PersonRow, col(PersonRow.resident_id) == col(AccountRow.resident_id))
        .where(col(AccountRow.as_of) == day, col(AccountRow.due) != "[]")
        .limit(limit)
    )
    return (DuePerson(*row) for row in found)


def returned(session: Session, day: date, limit: int = 500) -> list[str]:
    """Ids of standing follow-ups the township sent back."""
    lists = session.exec(
        select(AccountRow.returned)
        .where(AccountRow.as_of == day, col(AccountRow.returned) != "[]")
        .limit(limit)
    )
    return [follow_up_id for text in lists for follow_up_id in json.loads(text)]


def month_count(session: Session, day: date) -> tuple[int, int]:
    """Slots done and owed whose window ends this month, over everybody."""
    done, owed = session.exec(
        select(func.sum(AccountRow.month_done), func.sum(AccountRow.month_owed)).where(
            AccountRow.as_of == day
        )
    ).one()
    return done or 0, owed or 0
