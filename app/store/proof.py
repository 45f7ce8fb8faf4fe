"""What this tablet holds of a scope beside what the county says it holds, and levelling the two.

Only what the county has sent or acknowledged is compared; nothing unsent is ever touched.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from app.store.chunks import chunks
from app.store.incoming import apply_changes
from app.store.retention import FACTS, first_day_kept, forget_retired, retired_digests
from app.store.rows import remove_records
from app.store.settling import offer_again
from app.store.tables import OutboxRow, RecordRow
from core.wire.digests import body_hash, record_digest, root_text
from core.wire.envelopes import Change
from core.wire.repair import Bucket, buckets_of

Name = tuple[str, str]
"""A bucket's kind and month."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Differences:
    """The ids to ask for: not here as the county has them, or here and not named by it."""

    lacking: tuple[str, ...]
    extra: tuple[str, ...]


def differing(
    session: Session, scope_id: str, theirs: Sequence[Bucket], today: date
) -> tuple[Bucket, ...]:
    """The buckets that are not the same on both sides, with the county's counts.

    Facts old enough to have left this tablet are compared as a whole: of what has left, only
    the digest is still known.
    """
    rows = ((kind, month, digest) for _, kind, month, digest in _held(session, scope_id))
    ours = {(bucket.kind, bucket.month): bucket for bucket in buckets_of(rows)}
    told = {(bucket.kind, bucket.month): bucket for bucket in theirs}
    names = {name for name in ours.keys() | told.keys() if ours.get(name) != told.get(name)}
    old = {name for name in names if _is_old(name, first_day_kept(session, today))}
    gone = retired_digests(session, scope_id).values()
    if _total(told, old) == _total(ours, old, gone):
        names -= old
    return tuple(told.get(name, _empty(name)) for name in sorted(names))


def differences(
    session: Session, scope_id: str, names: Set[Name], digests: Mapping[str, str]
) -> Differences:
    """What of these buckets is not here as the county's `digests` say; a body is read as well."""
    ours: dict[str, str] = {}
    rows = {row.id: row for row in _rows(session, scope_id, digests)}
    rows.update((row.id, row) for row in _rows_in(session, scope_id, names))
    for row in rows.values():
        ours[row.id] = _proven_digest(row)
    gone = retired_digests(session, scope_id)
    known = {**{id: root_text(digest) for id, digest in gone.items()}, **ours}
    return Differences(
        lacking=tuple(sorted(id for id, said in digests.items() if known.get(id) != said)),
        extra=tuple(sorted(ours.keys() - digests.keys())),
    )


def level(session: Session, scope_id: str, repairs: Sequence[Change], unknown: Set[str]) -> int:
    """Store what the county has fetched, and settle what it does not know; how much changed.

    What was made here and the county has lost is queued again. What was not made here, it
    may know better: it goes. What waits to be sent is not in question.
    """
    apply_changes(session, repairs)
    made_here = _made_here(session, unknown)
    offer_again(session, made_here)
    strange = unknown - made_here
    received = _rows(session, scope_id, strange)
    remove_records(session, [row.id for row in received if row.received_at is not None])
    forget_retired(session, unknown, scope_id)
    return len(repairs) + len(unknown)


def unnamed_retired(session: Session, scope_id: str, named: Set[str]) -> tuple[str, ...]:
    """What has left by age and the county did not name."""
    return tuple(sorted(retired_digests(session, scope_id).keys() - named))


def is_old(session: Session, bucket: Bucket, today: date) -> bool:
    """Whether records of the bucket may have left this tablet by age."""
    return _is_old((bucket.kind, bucket.month), first_day_kept(session, today))


def _is_old(name: Name, first_day: date) -> bool:
    return name[0] in FACTS and "" < name[1] < f"{first_day:%Y-%m}"


def _total(
    buckets: Mapping[Name, Bucket], names: Set[Name], more: Iterable[int] = ()
) -> tuple[int, str]:
    found = [buckets[name] for name in names if name in buckets]
    gone = list(more)
    total = sum(int(bucket.sum, 16) for bucket in found) + sum(gone)
    return sum(bucket.count for bucket in found) + len(gone), root_text(total)


def _empty(name: Name) -> Bucket:
    return Bucket(kind=name[0], month=name[1], count=0, sum=root_text(0))


_MONTH = func.iif(
    func.instr(RecordRow.body, '"occurred_on":') > 0,
    func.coalesce(func.strftime("%Y-%m", RecordRow.occurred_on), ""),
    "",
)
"""As the county reckons it: other days a row is found by do not count."""


def _held(session: Session, scope_id: str) -> Iterator[tuple[str, str, str, int]]:
    rows = session.execute(
        select_columns(
            col(RecordRow.id),
            col(RecordRow.kind),
            _MONTH,
            col(RecordRow.revision),
            col(RecordRow.hash),
        ).where(col(RecordRow.scope_id) == scope_id, col(RecordRow.received_at).is_not(None))
    )
    for record_id, kind, month, revision, content_hash in rows:
        yield record_id, kind, month, record_digest(record_id, revision, content_hash)


def _rows_in(session: Session, scope_id: str, names: Set[Name]) -> Iterator[RecordRow]:
    for kind in sorted({kind for kind, _ in names}):
        months = [month for other, month in names if other == kind]
        yield from session.exec(
            select(RecordRow).where(
                RecordRow.scope_id == scope_id,
                RecordRow.kind == kind,
                _MONTH.in_(months),
                col(RecordRow.received_at).is_not(None),
            )
        )


def _rows(session: Session, scope_id: str, ids: Iterable[str]) -> list[RecordRow]:
    return [
        row
        for some in chunks(ids)
        for row in session.exec(
            select(RecordRow).where(RecordRow.scope_id == scope_id, col(RecordRow.id).in_(some))
        )
    ]


def _proven_digest(row: RecordRow) -> str:
    """The row's digest; "" where its body is not what its hash says, or nobody confirmed it."""
    try:
        body: Any = json.loads(row.body)
        is_sound = row.received_at is not None and body_hash(body) == row.hash
    except ValueError:
        is_sound = False
    return root_text(record_digest(row.id, row.revision, row.hash)) if is_sound else ""


def _made_here(session: Session, ids: Set[str]) -> set[str]:
    return {
        found
        for some in chunks(ids)
        for found in session.exec(
            select(OutboxRow.record_id).where(col(OutboxRow.record_id).in_(some))
        )
    }
