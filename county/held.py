"""Records as the county holds them, loaded and locked before anything is decided on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, bindparam, select
from sqlalchemy.orm import Session

from core.merging import Stamp
from core.vocabulary import Kind
from county.tables import RecordRow
from statements.made_once import run

CHUNK = 5_000
"""Ids named in one statement."""
PARENT_FIELDS = ("follow_up_id", "voids", "referral_id", "exemption_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A record as the county holds it."""

    kind: str
    record_id: str
    scope_id: str
    revision: int
    schema: int
    hash: str
    author_id: str
    resident_id: str | None
    body: Mapping[str, Any]
    stamps: Mapping[str, Stamp]
    removed: bool


def parent_ids(body: Mapping[str, Any]) -> tuple[str, ...]:
    """The ids of the records through which a body concerns a resident."""
    return tuple(body[name] for name in PARENT_FIELDS if isinstance(body.get(name), str))


def load(
    session: Session, county_id: str, record_ids: Iterable[str], *, lock: bool = True
) -> dict[str, Held]:
    """The records of these ids that the county holds; locked first unless told not to."""
    ids = sorted(set(record_ids))
    if lock:
        lock_records(session, county_id, ids)
    found: dict[str, Held] = {}
    for chunk in chunks(ids):
        for row in run(session, _HELD, county=county_id, ids=chunk):
            found[row.id] = _held_of(row)
    return found


def special_ids(session: Session, county_id: str, resident_ids: Iterable[str]) -> set[str]:
    """The special programmes of these residents: they go where their residents go."""
    return {
        found
        for chunk in chunks(sorted(set(resident_ids)))
        for found in run(session, _SPECIAL, county=county_id, ids=chunk).scalars()
    }


def lock_records(session: Session, county_id: str, record_ids: Iterable[str]) -> None:
    """Hold these records and the residents they concern until the transaction ends.

    All in the order of their ids, so that two writers never wait for each other. Without
    it two writers on one resident would each keep an account that lacks the other's
    record. SQLite has one writer at a time and needs none of it.
    """
    if session.get_bind().dialect.name != "postgresql":
        return
    wanted = set(record_ids)
    for chunk in chunks(sorted(wanted)):
        concerned = run(session, _CONCERNED, county=county_id, ids=chunk).scalars()
        wanted.update(name for name in concerned if name is not None)
    for chunk in chunks(sorted(wanted)):
        run(session, _LOCK, county=county_id, ids=chunk)


def chunks(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    """The ids in runs of as many as one statement is given."""
    return (ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK))


_ONE_OF = and_(
    RecordRow.county_id == bindparam("county"),
    RecordRow.id.in_(bindparam("ids", expanding=True)),
)
_CONCERNED = select(RecordRow.resident_id).where(_ONE_OF).distinct()
_LOCK = select(RecordRow.id).where(_ONE_OF).order_by(RecordRow.id).with_for_update()
_SPECIAL = select(RecordRow.id).where(
    RecordRow.county_id == bindparam("county"),
    RecordRow.resident_id.in_(bindparam("ids", expanding=True)),
    RecordRow.kind == Kind.SPECIAL_PROGRAMME,
)
_HELD = select(
    RecordRow.id,
    RecordRow.kind,
    RecordRow.scope_id,
    RecordRow.revision,
    RecordRow.schema,
    RecordRow.hash,
    RecordRow.author_id,
    RecordRow.resident_id,
    RecordRow.body,
    RecordRow.clocks,
    RecordRow.removed,
).where(_ONE_OF)


def _held_of(row: Any) -> Held:
    return Held(
        kind=row.kind,
        record_id=row.id,
        scope_id=row.scope_id,
        revision=row.revision,
        schema=row.schema,
        hash=row.hash,
        author_id=row.author_id,
        resident_id=row.resident_id,
        body=row.body,
        stamps={name: Stamp(clock=clock, revision=at) for name, (clock, at) in row.clocks.items()},
        removed=row.removed,
    )
