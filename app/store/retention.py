"""Letting old facts go that the county has under its backup, a few at a time, and their room.

A fact that has left still counts in the comparison with the county: its digest stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import bindparam, delete
from sqlmodel import Session, col, exists, select

from app.clock import local_day
from app.store.chunks import chunks
from app.store.queries.device import settings, the_device
from app.store.rows import remove_records
from app.store.tables import OutboxRow, RecordRow, RetiredRow
from app.store.upserts import insertion
from core.vocabulary import Kind
from core.wire.custody import DEFAULT_KEEP_YEARS
from core.wire.digests import record_digest
from statements.made_once import run, run_many

KEEP_YEARS = "keep.years"
COUNTY_TIME = "county.time"
"""The county's clock in its last answer, as it said it."""
FACTS = (Kind.FOLLOW_UP, Kind.EDUCATION, Kind.REVIEW, Kind.PHONE_CHECK)
STEP = 200
PAGES_A_STEP = 64


def retire_some(session: Session, today: date) -> bool:
    """Let up to STEP old facts go; whether there may be more."""
    rows = _old_facts(session, first_day_kept(session, today), the_device(session).durable_seq)
    run_many(session, _RETIRE, [_retired(row) for row in rows])
    remove_records(session, [row.id for row in rows])
    return len(rows) == STEP


def give_room_back(session: Session) -> bool:
    """Return a few freed pages to the disk; whether there are more."""
    connection = session.connection()
    free = int(connection.exec_driver_sql("PRAGMA freelist_count").scalar_one())
    if free:
        connection.exec_driver_sql(f"PRAGMA incremental_vacuum({PAGES_A_STEP})")
    return free > PAGES_A_STEP


def forget_retired(session: Session, record_ids: Iterable[str], scope_id: str = "") -> None:
    """These are here again, or have left `scope_id`: their digests no longer stand for them."""
    for some in chunks(record_ids):
        if scope_id:
            run(session, _LEFT, ids=some, scope=scope_id)
        else:
            run(session, _HERE_AGAIN, ids=some)


def forget_retired_of(session: Session, scope_ids: Sequence[str]) -> None:
    """The scopes are no longer this tablet's."""
    run(session, _FORGET, scopes=scope_ids)


_RETIRE = insertion(RetiredRow)
_HERE_AGAIN = delete(RetiredRow).where(
    col(RetiredRow.record_id).in_(bindparam("ids", expanding=True))
)
_LEFT = _HERE_AGAIN.where(col(RetiredRow.scope_id) == bindparam("scope"))
_FORGET = delete(RetiredRow).where(
    col(RetiredRow.scope_id).in_(bindparam("scopes", expanding=True))
)


def retired_digests(session: Session, scope_id: str) -> Mapping[str, int]:
    """The digests of what has left of a scope, by record."""
    rows = session.exec(
        select(RetiredRow.record_id, RetiredRow.digest).where(RetiredRow.scope_id == scope_id)
    )
    return {record_id: int(digest) for record_id, digest in rows}


def first_day_kept(session: Session, today: date) -> date:
    """The first day that stays: 1 January, so many whole years back.

    A tablet's clock that runs ahead of what the county last said lets nothing go.
    """
    told = settings(session, (KEEP_YEARS, COUNTY_TIME))
    years = int(told.get(KEEP_YEARS) or DEFAULT_KEEP_YEARS)
    return date(min(today, _day_of(told.get(COUNTY_TIME), today)).year - years, 1, 1)


def _day_of(county_time: str | None, today: date) -> date:
    """The county's day when it was last heard of; today where it never said."""
    try:
        return local_day(datetime.fromisoformat(county_time or ""))
    except (ValueError, OverflowError):
        return today


def _retired(row: RecordRow) -> dict[str, str]:
    digest = record_digest(row.id, row.revision, row.hash)
    return {"record_id": row.id, "scope_id": row.scope_id, "digest": str(digest)}


def _old_facts(session: Session, cutoff: date, durable_seq: int) -> Sequence[RecordRow]:
    not_safe = exists().where(
        col(OutboxRow.record_id) == col(RecordRow.id), col(OutboxRow.device_seq) > durable_seq
    )
    return session.exec(
        select(RecordRow)
        .where(col(RecordRow.kind).in_(FACTS), col(RecordRow.occurred_on) < cutoff)
        .where(col(RecordRow.received_at).is_not(None), ~not_safe)
        .limit(STEP)
    ).all()
