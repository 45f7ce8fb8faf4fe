"""Records into rows and back; the only place that writes the `record` table.

Storing a record also renews what is derived from it: the person of the lists and the search,
the link to the resident it is about, and the cached account, which is dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic_core import to_json
from sqlalchemy import BindParameter, bindparam, delete, select, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from app.store.chunks import chunks
from app.store.people_rows import readable, renew_people
from app.store.tables import AccountRow, PersonRow, RecordRow
from app.store.upserts import upsert
from core.vocabulary import Kind
from core.wire.bodies import Record, body_of, kind_of
from core.wire.canonical import canonical_bytes, sha256_hex
from core.wire.schemas import schema_of, todays
from statements.made_once import run, run_many

_SUBJECT_FIELDS: Mapping[str, str] = {
    Kind.REVIEW: "follow_up_id",
    Kind.PHONE_CHECK: "follow_up_id",
    Kind.WITHDRAWAL: "voids",
    Kind.EXEMPTION_DECISION: "exemption_id",
    Kind.REFERRAL_OUTCOME: "referral_id",
}
_DAY_FIELDS = ("occurred_on", "from_on", "start_on")
_LONGEST_CHAIN = 4
"""How far a record may stand from a resident: the withdrawal of a withdrawal of a review."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordWrite:
    """A record to be stored; `hash` is that of the body's canonical bytes.

    `received_at` is the county's clock as ISO text, None for what only this tablet has.
    """

    id: str
    kind: str
    scope_id: str
    revision: int
    author_id: str
    body: Mapping[str, Any]
    hash: str
    schema: int = 1
    received_at: str | None = None


def write_of(record: Record, *, author_id: str, revision: int = 1) -> RecordWrite:
    """The write that stores a record made on this tablet."""
    body = body_of(record)
    return RecordWrite(
        id=record.id,
        kind=kind_of(record),
        scope_id=getattr(record, "scope_id", ""),
        revision=revision,
        author_id=author_id,
        body=body,
        hash=sha256_hex(canonical_bytes(body)),
        schema=schema_of(kind_of(record)),
    )


def store_records(session: Session, writes: Sequence[RecordWrite]) -> None:
    """Stores each record in place of what was there under its id, and renews what derives from it.

    Kinds and fields unknown to this app are stored like any other.
    """
    if not writes:
        return
    # The same id twice in one statement's batch: the later one stands, as when stored singly.
    values = [_values(write) for write in {write.id: write for write in writes}.values()]
    run_many(session, _STORE, values)
    linked = _link_to_residents(session)
    _renew(session, values, linked)


_STORE = upsert(RecordRow)


def remove_records(session: Session, ids: Iterable[str]) -> None:
    """Takes records off this tablet, with what was derived from them."""
    for some in chunks(ids):
        residents = run(session, _RESIDENTS_OF, ids=some).scalars().all()
        run(session, _REMOVE, ids=some)
        run(session, _REMOVE_PEOPLE, ids=some)
        drop_accounts(session, {id for id in residents if id is not None})


def drop_accounts(session: Session, resident_ids: Iterable[str]) -> None:
    """Forgets the cached accounts of residents, so that the next reader reckons them anew."""
    for some in chunks(resident_ids):
        run(session, _DROP_ACCOUNTS, ids=some)


_IDS: BindParameter[str] = bindparam("ids", expanding=True)
_RESIDENTS_OF = select(col(RecordRow.resident_id)).where(col(RecordRow.id).in_(_IDS))
_REMOVE = delete(RecordRow).where(col(RecordRow.id).in_(_IDS))
_REMOVE_PEOPLE = delete(PersonRow).where(col(PersonRow.resident_id).in_(_IDS))
_DROP_ACCOUNTS = delete(AccountRow).where(col(AccountRow.resident_id).in_(_IDS))
_DROP_ALL_ACCOUNTS = delete(AccountRow)


def record_in(row: RecordRow) -> Any:
    """The record a row holds, or None where this app cannot read it; the row keeps it whole."""
    return readable(row.kind, row.schema_version, row.body)


def _values(write: RecordWrite) -> dict[str, Any]:
    body = todays(write.kind, write.schema, write.body)
    return {
        "id": write.id,
        "kind": write.kind,
        "scope_id": write.scope_id,
        "revision": write.revision,
        "schema": write.schema,
        "hash": write.hash,
        "author_id": write.author_id,
        "received_at": write.received_at,
        "resident_id": write.id if write.kind == Kind.RESIDENT else _text(body, "resident_id"),
        "household_id": write.id if write.kind == Kind.HOUSEHOLD else _text(body, "household_id"),
        "subject_id": _text(body, _SUBJECT_FIELDS.get(write.kind, "")),
        "occurred_on": _day(body),
        "recorded_at": _text(body, "recorded_at"),
        "body": to_json(write.body).decode(),
    }


def _text(body: Mapping[str, Any], name: str) -> str | None:
    """A field that is text; a kind of a later version may have anything under its name."""
    value = body.get(name)
    return value if isinstance(value, str) else None


def _day(body: Mapping[str, Any]) -> date | None:
    for name in _DAY_FIELDS:
        try:
            return date.fromisoformat(body[name])
        except (KeyError, TypeError, ValueError):
            continue
    return None


def _link_to_residents(session: Session) -> set[str]:
    """Gives records that name only another record the resident of that one; returns who they are.

    Either may arrive first, so records that wait for their subject are looked at each time.
    """
    linked: set[str] = set()
    for _ in range(_LONGEST_CHAIN):
        residents = run(session, _LINK).scalars().all()
        if not residents:
            break
        linked.update(id for id in residents if id is not None)
    return linked


_SUBJECT = aliased(RecordRow)
_RESIDENT_OF_SUBJECT = (
    select(col(_SUBJECT.resident_id))
    .where(col(_SUBJECT.id) == col(RecordRow.subject_id))
    .scalar_subquery()
)
_LINK = (
    update(RecordRow)
    .where(col(RecordRow.resident_id).is_(None), col(RecordRow.kind).in_(list(_SUBJECT_FIELDS)))
    .where(_RESIDENT_OF_SUBJECT.is_not(None))
    .values(resident_id=_RESIDENT_OF_SUBJECT)
    .returning(col(RecordRow.resident_id))
)


def _renew(session: Session, values: Sequence[Mapping[str, Any]], linked: set[str]) -> None:
    kinds = {value["kind"] for value in values}
    households = {value["id"] for value in values if value["kind"] == Kind.HOUSEHOLD}
    residents = {value["id"] for value in values if value["kind"] == Kind.RESIDENT}
    if households or residents:
        renew_people(session, residents, households)
    if Kind.POLICY_PACK in kinds:
        run(session, _DROP_ALL_ACCOUNTS)
    else:
        drop_accounts(session, linked | {v["resident_id"] for v in values if v["resident_id"]})
