"""Puts right what `county.checking` has found, from what else is written down of it.

A fact is what the operation says by which it came. A standing record is replayed from its
operations, and taken only where that leads to the very hash the change that numbered it
names. What neither can give back is left for a person, and the newest backup.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Text, bindparam, cast, delete, select, update
from sqlalchemy.orm import Session, aliased

from core.merging import NOTHING, merged
from core.vocabulary import STANDING_KINDS
from core.wire.digests import body_hash
from core.wire.envelopes import OPERATIONS
from core.wire.schemas import schema_of
from county.audit import CONSOLE, note_act
from county.bulk import insert_rows
from county.checking import Damage, hash_of, is_whole, parsed
from county.config import local_date
from county.edits import edit_of, histories_behind
from county.held import Held, load
from county.ledger import RecordWrite, needed_ids, record_row, resident_of
from county.numbering import number_changes, open_scopes
from county.repair import settle_root
from county.rollups import refresh_residents
from county.tables import (
    ChangeRow,
    DeviceRow,
    OperationRow,
    QuarantineRow,
    RecordRow,
    ScopeHeadRow,
)

ORDER = ("vanished", "altered", "unnumbered", "numbers", "root", "account", "chain")
"""In this order damage is mended: accounts and sums follow from records."""
MENDED = "mended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A record as its operations have made it, and when the county had received that."""

    write: RecordWrite
    revision: int
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Taken:
    """An accepted operation as it was written, when it was taken, and what was known then.

    One that was judged anew had come before.
    """

    said: dict[str, Any]
    at: datetime
    came_at: datetime
    is_broken: bool


def mend(session: Session, county_id: str, damage: Damage, now: datetime) -> bool:
    """Put one thing right, in the caller's transaction; False where nothing can be done.

    A record that is put right gets a new number, so that every tablet reads it again.
    """
    if damage.code in {"vanished", "altered"}:
        done = _write_anew(session, county_id, damage, now)
    elif damage.code == "unnumbered":
        done = _number_anew(session, county_id, damage.object_id)
    elif damage.code == "numbers":
        done = _fill_numbers(session, county_id, damage.object_id)
    elif damage.code == "root":
        settle_root(session, county_id, damage.object_id, now)
        return True
    elif damage.code == "account":
        refresh_residents(session, county_id, [damage.object_id], local_date(now))
        return True
    else:
        return False
    if done:
        kind = damage.kind or "scope"
        note_act(session, county_id, CONSOLE, MENDED, kind, damage.object_id, now, was=damage.code)
    return done


# A record from its operations.


def _write_anew(session: Session, county_id: str, damage: Damage, now: datetime) -> bool:
    origin = _origin(session, county_id, damage)
    if origin is None:
        return _has_right_body(session, county_id, damage.object_id)
    write = origin.write
    others = needed_ids([write]) - {write.record_id}
    held = Held(
        kind=write.kind,
        record_id=write.record_id,
        scope_id=write.scope_id,
        revision=origin.revision,
        schema=write.schema or schema_of(write.kind),
        hash=body_hash(write.body),
        author_id=write.author_id,
        resident_id=resident_of(load(session, county_id, others), write),
        body=write.body,
        stamps=write.clocks or {},
        removed=write.removed,
    )
    session.execute(
        delete(RecordRow).where(RecordRow.county_id == county_id, RecordRow.id == write.record_id)
    )
    row = record_row(county_id, write, held, origin.received_at)
    insert_rows(session, RecordRow, [row])
    if held.resident_id is not None:
        refresh_residents(session, county_id, [held.resident_id], local_date(now))
    if not held.removed:
        _number(session, county_id, row)
    settle_root(session, county_id, write.scope_id, now)
    return True


def _has_right_body(session: Session, county_id: str, record_id: str) -> bool:
    """Put right what is said of a body that is itself just what was numbered."""
    place = _place(session, county_id, record_id)
    row = session.execute(
        select(cast(RecordRow.body, Text)).where(
            RecordRow.county_id == county_id, RecordRow.id == record_id
        )
    ).scalar_one_or_none()
    if place is None or place.action == "remove" or hash_of(parsed(row)) != place.hash:
        return False
    session.execute(
        update(RecordRow)
        .where(RecordRow.county_id == county_id, RecordRow.id == record_id)
        .values(scope_id=place.scope_id, revision=place.revision, hash=place.hash)
    )
    return True


def _origin(session: Session, county_id: str, damage: Damage) -> Origin | None:
    """What a record's operations make of it; None where they do not make all of it."""
    operations = _operations(session, county_id, damage.object_id)
    if not operations or not all(is_whole(taken.said) for taken in operations):
        return None
    place = _place(session, county_id, damage.object_id)
    if damage.kind in STANDING_KINDS:
        return None if place is None else _replayed(session, county_id, operations, place)
    said = operations[0].said
    scope_id = said["scope_id"] if place is None else place.scope_id
    is_removed = place is not None and place.action == "remove"
    write = _write(said, said["body"], scope_id, removed=is_removed)
    return Origin(write=write, revision=1, received_at=operations[0].at)


def _replayed(
    session: Session, county_id: str, operations: Sequence[_Taken], place: Any
) -> Origin | None:
    standing = NOTHING
    told = [OPERATIONS.validate_python(taken.said) for taken in operations]
    histories = histories_behind(session, county_id, told)
    for taken, operation in zip(operations, told, strict=True):
        edit = edit_of(
            operation, taken.came_at, histories, is_broken=taken.is_broken, taken_at=taken.at
        )
        standing = merged(operation.kind, standing, edit).standing
    if (standing.revision, body_hash(standing.body)) != (place.revision, place.hash):
        return None
    last = operations[-1]
    write = _write(
        last.said,
        standing.body,
        str(standing.body["scope_id"]),
        removed=place.action == "remove",
        author_id=place.author_id,
        clocks=standing.stamps,
    )
    return Origin(write=write, revision=standing.revision, received_at=last.at)


def _write(said: dict[str, Any], body: Any, scope_id: str, **more: Any) -> RecordWrite:
    told = {
        "kind": said["kind"],
        "record_id": said["record_id"],
        "scope_id": scope_id,
        "body": body,
        "author_id": said["author_id"],
        "recorded_at": datetime.fromisoformat(said["recorded_at"]),
        "device_id": said["device_id"],
        "schema": said.get("schema", 1),
    }
    return RecordWrite(**{**told, **more})


def _operations(session: Session, county_id: str, record_id: str) -> list[_Taken]:
    """The record's accepted operations as they were written, in the order they were taken."""
    rows = session.execute(_OF_RECORD, {"county": county_id, "record": record_id}).all()
    # One that was judged anew was received when it was taken.
    rows = sorted(rows, key=lambda row: (row.received_at, row.device_id, row.device_seq))
    told = [(row, parsed(row.envelope)) for row in rows]
    if not all(isinstance(said, dict) for _, said in told):
        return []
    return [
        _Taken(
            said=said,
            at=row.received_at,
            came_at=row.came_at or row.received_at,
            is_broken=row.broken_at is not None and row.broken_at <= row.received_at,
        )
        for row, said in told
    ]


_Break = aliased(OperationRow)
_OF_RECORD = (
    select(
        OperationRow.device_id,
        OperationRow.device_seq,
        OperationRow.received_at,
        cast(OperationRow.envelope, Text).label("envelope"),
        QuarantineRow.received_at.label("came_at"),
        _Break.received_at.label("broken_at"),
    )
    .outerjoin(
        QuarantineRow,
        (QuarantineRow.county_id == OperationRow.county_id)
        & (QuarantineRow.op_id == OperationRow.op_id),
    )
    .outerjoin(
        DeviceRow,
        (DeviceRow.county_id == OperationRow.county_id) & (DeviceRow.id == OperationRow.device_id),
    )
    .outerjoin(
        _Break,
        (_Break.county_id == DeviceRow.county_id)
        & (_Break.device_id == DeviceRow.id)
        & (_Break.device_seq == DeviceRow.broken_seq),
    )
    .where(
        OperationRow.county_id == bindparam("county"),
        OperationRow.record_id == bindparam("record"),
        OperationRow.outcome != "refused",
    )
)


def _place(session: Session, county_id: str, record_id: str) -> Any | None:
    """The change that says where the record stands, or where it was taken away last."""
    rows = session.scalars(
        select(ChangeRow)
        .where(ChangeRow.county_id == county_id, ChangeRow.record_id == record_id)
        .order_by(ChangeRow.seq)
    )
    last = {row.scope_id: row for row in rows}
    stands = [row for row in last.values() if row.action == "put"]
    return max(stands or last.values(), key=lambda row: row.received_at, default=None)


# Numbers.


def _number_anew(session: Session, county_id: str, record_id: str) -> bool:
    """A new number for a record that stands without one."""
    row = session.execute(
        select(*_NUMBERED).where(RecordRow.county_id == county_id, RecordRow.id == record_id)
    ).one_or_none()
    if row is None:
        return False
    _number(session, county_id, row._asdict())
    return True


_NUMBERED = (
    RecordRow.county_id,
    RecordRow.id,
    RecordRow.scope_id,
    RecordRow.kind,
    RecordRow.revision,
    RecordRow.schema,
    RecordRow.hash,
    RecordRow.author_id,
    RecordRow.received_at,
)


def _number(session: Session, county_id: str, row: dict[str, Any]) -> None:
    number_changes(session, county_id, [_change(row)], gained={}, lost={})


def _change(row: dict[str, Any]) -> dict[str, Any]:
    shared = ("county_id", "scope_id", "kind", "revision", "schema", "hash", "author_id")
    told = {name: row[name] for name in (*shared, "received_at")}
    return {**told, "record_id": row["id"], "action": "put"}


def _fill_numbers(session: Session, county_id: str, scope_id: str) -> bool:
    """A scope's head put behind its last number, and a record that stands put into each hole.

    What stood there was overtaken, or is numbered anew itself; a put that says again what
    stands does no harm.
    """
    head = _head(session, county_id, scope_id)
    held = set(
        session.scalars(
            select(ChangeRow.seq).where(
                ChangeRow.county_id == county_id, ChangeRow.scope_id == scope_id
            )
        )
    )
    head.head = max([head.head, *held])
    holes = [seq for seq in range(1, head.head + 1) if seq not in held]
    found = session.execute(
        select(*_NUMBERED)
        .where(
            RecordRow.county_id == county_id,
            RecordRow.scope_id == scope_id,
            RecordRow.removed.is_(False),
        )
        .limit(1)
    ).one_or_none()
    if holes and found is None:
        return False
    _fill(session, holes, found)
    return True


def _fill(session: Session, holes: Iterable[int], found: Any) -> None:
    rows = [{**_change(found._asdict()), "seq": seq} for seq in holes]
    insert_rows(session, ChangeRow, rows)


def _head(session: Session, county_id: str, scope_id: str) -> ScopeHeadRow:
    open_scopes(session, county_id, [scope_id])
    return session.get_one(ScopeHeadRow, (county_id, scope_id), with_for_update=True)
