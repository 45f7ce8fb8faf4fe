"""The only way records enter the county: stored, numbered per scope, and their accounts renewed.

Every scope numbers its changes 1, 2, 3 … without a gap. The numbers are taken when all is
written, under the scope's row lock, which is held until the commit, so a reader who has seen
number n has seen all before it; no clock, serial or transaction id could promise that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, update
from sqlalchemy.orm import Session

from core.followups import FollowUp
from core.ids import restricted_scope, village_of
from core.merging import Stamp, changed_fields
from core.vocabulary import STANDING_KINDS, Kind
from core.wire.canonical import canonical_bytes, sha256_hex
from core.wire.clocks import clock_at
from core.wire.digests import record_digest
from core.wire.schemas import schema_of, todays
from county.bulk import insert_rows
from county.config import local_date
from county.db import JsonText
from county.held import Held, load, parent_ids, special_ids
from county.numbering import number_changes
from county.rollups import News, age_accounts, refresh_residents
from county.tables import RecordRow

COUNTY_NODE = "county"
"""The node that signs clocks of fields set at the county itself."""
DESK_NODE = "desk"
"""The node of fields a person has decided on at the county's desk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordWrite:
    """A whole record as it is to stand after the write.

    `clocks` are the stamps of a merged standing record; left out, the fields that change
    are stamped with the county's own clock. `removed` takes the record off the tablets;
    its body stays here. `schema` is that of the body, today's if left out. `record` is what
    the body says, where it has been read already, and `content` its canonical bytes, where they
    have been made.
    """

    kind: str
    record_id: str
    scope_id: str
    body: Mapping[str, Any]
    author_id: str
    recorded_at: datetime
    device_id: str | None = None
    schema: int | None = None
    clocks: Mapping[str, Stamp] | None = None
    removed: bool = False
    record: Any = None
    content: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What became of one write; `changed` is False where the record already stood so."""

    record_id: str
    revision: int
    hash: str
    changed: bool


class Posting:
    """What one transaction is about to write, put together before the database is sent any of it.

    `held` is what the county will hold after the writes added so far, so that a later one
    may refer to an earlier one.
    """

    def __init__(self, county_id: str, held: Mapping[str, Held], now: datetime) -> None:
        self.county_id = county_id
        self.now = now
        self.held = dict(held)
        self.known = set(held)
        self.rows: dict[str, dict[str, Any]] = {}
        self.changes: list[dict[str, Any]] = []
        self.gained: dict[str, int] = {}
        self.lost: dict[str, int] = {}
        self.residents: set[str] = set()
        self._moved: dict[str, RecordWrite] = {}
        self._records: dict[str, Any] = {}
        self._visits: dict[str, list[FollowUp]] = {}
        self._otherwise: set[str] = set()
        self._renewed: set[tuple[str, str]] = set()

    def add(self, item: RecordWrite) -> Written:
        """Plan one write; one that changes nothing gets no number."""
        old = self.held.get(item.record_id)
        content = item.content or canonical_bytes(item.body)
        content_hash = sha256_hex(content)
        if old is not None and _same(old, item, content_hash):
            return Written(
                record_id=old.record_id, revision=old.revision, hash=old.hash, changed=False
            )
        new = _held_after(self, item, old, content_hash)
        self.held[item.record_id] = new
        row = record_row(self.county_id, item, new, self.now)
        row["body"] = JsonText(content.decode())
        self.rows[item.record_id] = row
        self._plan_changes(item, old, new)
        return Written(record_id=new.record_id, revision=new.revision, hash=new.hash, changed=True)

    def renew(self, record_id: str, device_id: str) -> None:
        """Send a record down again as it stands, for a tablet whose edit of it did not stand.

        Once for all of its edits.
        """
        held = self.held.get(record_id)
        if held is None or held.removed or (record_id, device_id) in self._renewed:
            return
        self._renewed.add((record_id, device_id))
        self.changes.append(_renewal_row(self, held))

    def post(self, session: Session) -> None:
        """Store the records, renew the accounts, and take the numbers last.

        The special programme of a resident who has moved or was taken off goes along.
        """
        self._take_along(session)
        _store(session, self)
        if any(row["kind"] == Kind.POLICY_PACK for row in self.rows.values()):
            age_accounts(session, self.county_id)
        visits = {k: new for k, new in self._visits.items() if k not in self._otherwise}
        news = News(records=self._records, visits=visits)
        refresh_residents(session, self.county_id, self.residents, local_date(self.now), news)
        number_changes(session, self.county_id, self.changes, gained=self.gained, lost=self.lost)

    def _take_along(self, session: Session) -> None:
        if not self._moved:
            return
        ids = special_ids(session, self.county_id, self._moved)
        late = load(session, self.county_id, ids - self.held.keys())
        self.held.update(late)
        self.known.update(late)
        for held in list(self.held.values()):
            if held.kind == Kind.SPECIAL_PROGRAMME and held.resident_id in self._moved:
                self.add(_beside(held, self._moved[held.resident_id]))

    def _plan_changes(self, item: RecordWrite, old: Held | None, new: Held) -> None:
        if item.kind == Kind.RESIDENT and old is not None and _has_moved(old, new):
            self._moved[item.record_id] = item
        if old is not None and not old.removed:
            _count(self.lost, old)
            if old.scope_id != new.scope_id:
                self.changes.append(_change_row(self, item, old.scope_id, new, "remove"))
        if not new.removed:
            _count(self.gained, new)
        action = "remove" if new.removed else "put"
        self.changes.append(_change_row(self, item, new.scope_id, new, action))
        if new.resident_id is not None:
            self._note_news(item, old, new.resident_id)
        if old is not None and old.resident_id not in {None, new.resident_id}:
            self._note_news(item, old, str(old.resident_id))

    def _note_news(self, item: RecordWrite, old: Held | None, resident_id: str) -> None:
        self.residents.add(resident_id)
        self._records.pop(item.record_id, None)
        if item.record is not None:
            self._records[item.record_id] = item.record
        if old is None and isinstance(item.record, FollowUp):
            self._visits.setdefault(resident_id, []).append(item.record)
        else:
            self._otherwise.add(resident_id)


def write(
    session: Session, county_id: str, writes: Sequence[RecordWrite], now: datetime
) -> tuple[Written, ...]:
    """Store the records in order, number their changes and renew the residents' accounts.

    Runs inside the caller's transaction. A write that changes nothing gets no number.
    """
    moving = (item.record_id for item in writes if item.kind == Kind.RESIDENT)
    ids = needed_ids(writes) | special_ids(session, county_id, moving)
    posting = Posting(county_id, load(session, county_id, ids), now)
    written = tuple(posting.add(item) for item in writes)
    posting.post(session)
    return written


def _has_moved(old: Held, new: Held) -> bool:
    return (old.scope_id, old.removed) != (new.scope_id, new.removed)


def _beside(held: Held, resident: RecordWrite) -> RecordWrite:
    """A special programme where its resident now is; one that was taken off stays so."""
    scope_id = restricted_scope(village_of(resident.scope_id))
    return RecordWrite(
        kind=held.kind,
        record_id=held.record_id,
        scope_id=scope_id,
        schema=held.schema,
        body={**held.body, "scope_id": scope_id},
        author_id=resident.author_id,
        recorded_at=resident.recorded_at,
        removed=held.removed or resident.removed,
    )


def needed_ids(writes: Iterable[RecordWrite]) -> set[str]:
    """The ids of records a write has to know: itself, what it refers to, and its resident."""
    ids: set[str] = set()
    for item in writes:
        ids.add(item.record_id)
        ids.update(parent_ids(item.body))
        resident_id = item.body.get("resident_id")
        if resident_id is not None:
            ids.add(resident_id)
    return ids


def _held_after(posting: Posting, item: RecordWrite, old: Held | None, content_hash: str) -> Held:
    return Held(
        kind=item.kind,
        record_id=item.record_id,
        scope_id=item.scope_id,
        revision=1 if old is None else old.revision + 1,
        schema=schema_of(item.kind) if item.schema is None else item.schema,
        hash=content_hash,
        author_id=item.author_id,
        resident_id=resident_of(posting.held, item),
        body=item.body,
        stamps=_stamps(item, old, posting.now),
        removed=item.removed,
    )


def _same(old: Held, item: RecordWrite, content_hash: str) -> bool:
    return (old.hash, old.scope_id, old.removed) == (content_hash, item.scope_id, item.removed)


def _stamps(item: RecordWrite, old: Held | None, now: datetime) -> Mapping[str, Stamp]:
    if item.clocks is not None:
        return item.clocks
    if item.kind not in STANDING_KINDS:
        return {}
    revision = 1 if old is None else old.revision + 1
    stamp = Stamp(clock=clock_at(now, COUNTY_NODE), revision=revision)
    changed = changed_fields({} if old is None else old.body, item.body)
    return {**({} if old is None else old.stamps), **dict.fromkeys(changed, stamp)}


def resident_of(known: Mapping[str, Held], item: RecordWrite) -> str | None:
    """The resident a record concerns, itself or by way of what it refers to."""
    if item.kind == Kind.RESIDENT:
        return item.record_id
    body = _todays(item)
    named = body.get("resident_id")
    if named is not None:
        return str(named)
    parents = (known.get(parent) for parent in parent_ids(body))
    return next((held.resident_id for held in parents if held is not None), None)


def record_row(county_id: str, item: RecordWrite, new: Held, now: datetime) -> dict[str, Any]:
    """The row of a record as it is held after a write received at `now`."""
    body = _todays(item)
    return {
        "county_id": county_id,
        "id": item.record_id,
        "kind": str(item.kind),
        "scope_id": item.scope_id,
        "village_id": _village_of(item.scope_id),
        "revision": new.revision,
        "schema": new.schema,
        "author_id": item.author_id,
        "device_id": item.device_id,
        "resident_id": new.resident_id,
        "household_id": item.record_id
        if item.kind == Kind.HOUSEHOLD
        else _text(body, "household_id"),
        "follow_up_id": _text(body, "follow_up_id")
        or _text(body, "voids")
        or _text(body, "amends")
        or None,
        "occurred_on": _day(body),
        "recorded_at": item.recorded_at,
        "received_at": now,
        "hash": new.hash,
        "body": item.body,
        "clocks": {name: [stamp.clock, stamp.revision] for name, stamp in new.stamps.items()},
        "removed": item.removed,
    }


def _todays(item: RecordWrite) -> Mapping[str, Any]:
    """What the row's columns are taken from; of a later version, as far as it can be read."""
    return item.body if item.schema is None else todays(item.kind, item.schema, item.body)


def _text(body: Mapping[str, Any], name: str) -> str | None:
    value = body.get(name)
    return value if isinstance(value, str) else None


def _day(body: Mapping[str, Any]) -> date | None:
    try:
        return date.fromisoformat(_text(body, "occurred_on") or "")
    except ValueError:
        return None


def _village_of(scope_id: str) -> str | None:
    """The village at whose desk a record is read; None of what no desk shows."""
    level, _, village_id = scope_id.partition(":")
    return village_id if level == "village" else None


def _count(sums: dict[str, int], held: Held) -> None:
    digest = record_digest(held.record_id, held.revision, held.hash)
    sums[held.scope_id] = sums.get(held.scope_id, 0) + digest


def _change_row(
    posting: Posting, item: RecordWrite, scope_id: str, new: Held, action: str
) -> dict[str, Any]:
    return {
        "county_id": posting.county_id,
        "scope_id": scope_id,
        "record_id": item.record_id,
        "kind": str(item.kind),
        "action": action,
        "revision": new.revision,
        "schema": new.schema,
        "hash": new.hash,
        "author_id": item.author_id,
        "received_at": posting.now,
    }


def _renewal_row(posting: Posting, held: Held) -> dict[str, Any]:
    return {
        "county_id": posting.county_id,
        "scope_id": held.scope_id,
        "record_id": held.record_id,
        "kind": held.kind,
        "action": "put",
        "revision": held.revision,
        "schema": held.schema,
        "hash": held.hash,
        "author_id": held.author_id,
        "received_at": posting.now,
    }


def _store(session: Session, posting: Posting) -> None:
    fresh = [row for key, row in posting.rows.items() if key not in posting.known]
    known = [
        {**row, "this_county": posting.county_id, "this_id": key}
        for key, row in posting.rows.items()
        if key in posting.known
    ]
    insert_rows(session, RecordRow, fresh)
    if known:
        session.connection().execute(_REPLACE_RECORD, known)


_REPLACE_RECORD = update(RecordRow).where(
    RecordRow.county_id == bindparam("this_county"), RecordRow.id == bindparam("this_id")
)
