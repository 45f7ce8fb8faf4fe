"""What the county tells a tablet whose sums differ; and the county's own sums, counted anew."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.ids import is_restricted
from core.refusals import Refusal, Refused
from core.wire.digests import record_digest, root_text
from core.wire.envelopes import Change
from core.wire.repair import (
    MOST_BUCKETS,
    MOST_DIGESTS,
    MOST_FETCHED,
    Bucket,
    Question,
    Told,
    bucket_name,
    buckets_of,
)
from county.audit import note_act
from county.tables import RecordRow, ScopeHeadRow

COUNTY = "county"
"""Who the audit trail names where the county itself did something."""
ROOT_SETTLED = "root_settled"
MOST_NAMED = 2_001
_NAME = re.compile(r"[0-9A-Za-z_.: -]{0,80}", re.ASCII)
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """What is told of a question, and the records it fetched; nothing where none was asked."""

    told: Told | None = None
    changes: tuple[Change, ...] = ()


def repair(session: Session, county_id: str, question: Question, now: datetime) -> Repair:
    """The answer to a tablet that may see the question's scope.

    Raises Refused `wire.malformed` for names no record could have.
    """
    named = (*question.fetch, *(kind for kind, _ in question.buckets), question.after)
    if len(named) > MOST_NAMED or not all(_NAME.fullmatch(name) for name in named):
        raise Refused(Refusal(code="wire.malformed"))
    if question.fetch:
        return _fetched(session, county_id, question)
    if question.buckets:
        return Repair(told=_digests(session, county_id, question))
    return Repair(told=_buckets(session, county_id, question, now))


def settle_root(
    session: Session, county_id: str, scope_id: str, now: datetime
) -> tuple[Bucket, ...]:
    """Count a scope anew, by kind and month; a kept sum that was wrong is put right and noted.

    The scope stays locked meanwhile, so that nobody's change comes between sum and records.
    """
    query = (
        select(ScopeHeadRow)
        .where(ScopeHeadRow.county_id == county_id, ScopeHeadRow.scope_id == scope_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    head = session.scalars(query).one_or_none()
    found = buckets_of(_sums(session, county_id, scope_id))
    counted = root_text(sum(int(bucket.sum, 16) for bucket in found))
    if head is not None and counted != head.root:
        _log.error("root_settled", scope=scope_id, kept=head.root, counted=counted)
        note_act(session, county_id, COUNTY, ROOT_SETTLED, "scope", scope_id, now)
        head.root = counted
        session.flush()
    return found


def _buckets(session: Session, county_id: str, question: Question, now: datetime) -> Told:
    found = [
        bucket
        for bucket in settle_root(session, county_id, question.scope_id, now)
        if bucket_name(bucket) > question.after
    ]
    return Told(
        scope_id=question.scope_id,
        buckets=tuple(found[:MOST_BUCKETS]),
        has_more=len(found) > MOST_BUCKETS,
    )


def _digests(session: Session, county_id: str, question: Question) -> Told:
    wanted = set(question.buckets)
    rows = session.execute(
        select(*_DIGESTED)
        .where(
            *_stands(county_id, question.scope_id),
            RecordRow.kind.in_({kind for kind, _ in wanted}),
            RecordRow.id > question.after,
        )
        .order_by(RecordRow.id)
    )
    digests: dict[str, str] = {}
    for row in rows:
        if (row.kind, _month(row.occurred_on)) not in wanted:
            continue
        if len(digests) == MOST_DIGESTS:
            return Told(scope_id=question.scope_id, digests=digests, has_more=True)
        digests[row.id] = root_text(record_digest(row.id, row.revision, row.hash))
    return Told(scope_id=question.scope_id, digests=digests)


def _fetched(session: Session, county_id: str, question: Question) -> Repair:
    wanted = question.fetch[:MOST_FETCHED]
    found = session.scalars(
        select(RecordRow)
        .where(RecordRow.county_id == county_id, RecordRow.id.in_(wanted))
        .execution_options(populate_existing=True)
    )
    rows = [row for row in found if _may_be_told(row, question.scope_id)]
    held = {row.id for row in rows}
    return Repair(
        told=Told(
            scope_id=question.scope_id,
            unknown=tuple(record_id for record_id in wanted if record_id not in held),
        ),
        changes=tuple(change_of(row, question.scope_id) for row in rows),
    )


def _may_be_told(row: RecordRow, scope_id: str) -> bool:
    """What is restricted is unknown to whoever asks in another scope, wherever it has gone."""
    return row.scope_id == scope_id or not is_restricted(row.scope_id)


def _sums(session: Session, county_id: str, scope_id: str) -> Iterator[tuple[str, str, int]]:
    rows = session.execute(select(*_DIGESTED).where(*_stands(county_id, scope_id)))
    for row in rows:
        digest = record_digest(row.id, row.revision, row.hash)
        yield row.kind, _month(row.occurred_on), digest


_DIGESTED = (
    RecordRow.id,
    RecordRow.kind,
    RecordRow.occurred_on,
    RecordRow.revision,
    RecordRow.hash,
)


def _stands(county_id: str, scope_id: str) -> tuple[Any, ...]:
    return (
        RecordRow.county_id == county_id,
        RecordRow.scope_id == scope_id,
        RecordRow.removed.is_(False),
    )


def _month(occurred_on: date | None) -> str:
    return f"{occurred_on:%Y-%m}" if occurred_on else ""


def change_of(row: RecordRow, scope_id: str) -> Change:
    """The record as it stands in the scope; of one that does not, no more than that."""
    if row.scope_id != scope_id or row.removed:
        return Change(
            scope_id=scope_id,
            seq=0,
            kind="",
            record_id=row.id,
            revision=0,
            action="remove",
            schema=0,
            hash="",
            author_id="",
            received_at="",
        )
    return Change(
        scope_id=scope_id,
        seq=0,
        kind=row.kind,
        record_id=row.id,
        revision=row.revision,
        action="put",
        schema=row.schema,
        hash=row.hash,
        author_id=row.author_id,
        received_at=row.received_at.isoformat(),
        body=row.body,
    )
