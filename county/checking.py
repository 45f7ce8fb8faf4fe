"""Damage at the county itself: what a hand or a failing disk has altered or taken away.

Everything is written down more than once: a record in its row, in the change that numbered
it and in the operation it came by; a chain in every operation and in the tablet's row. Here
they are held against one another. Nothing is changed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Text, cast, distinct, select
from sqlalchemy.orm import Session

from core.vocabulary import Kind
from core.wire.canonical import sha256_hex
from core.wire.digests import EMPTY_ROOT, body_hash, record_digest, root_text
from core.wire.envelopes import GENESIS, hashed_content
from county.histories import BATCH, batches
from county.rollups import recount
from county.tables import ChangeRow, DeviceRow, OperationRow, RecordRow, ScopeHeadRow

PORTION = 1_000
"""Rows read at a time."""
UNLINKED, UNHASHED = {"op.chain"}, {"op.hash", "op.malformed"}
"""Refusals of operations that came without a link to the one before, or a hash of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """One thing that is not as it was written: `code` says how, under `check.<code>`.

    `altered`, `vanished` and `unnumbered` are of a record, `root` and `numbers` of a scope,
    `chain` of a tablet's operation, `account` of a resident.
    """

    code: str
    kind: str = ""
    object_id: str
    values: Mapping[str, Any] = field(default_factory=dict)


def damages(session: Session, county_id: str, today: date) -> Iterator[Damage]:
    """Everything that is damaged; the session sees one moment of a county whose rows are fresh."""
    found: dict[str, Damage] = {}
    for scope_id in _scopes(session, county_id):
        for damage in _in_scope(session, county_id, scope_id):
            found.setdefault(f"{damage.code} {damage.object_id}", damage)
    named = {damage.object_id for damage in found.values()}
    for damage in (*_removed(session, county_id), *_operations(session, county_id)):
        if damage.object_id not in named:
            named.add(damage.object_id)
            found[f"{damage.code} {damage.object_id}"] = damage
    yield from found.values()
    yield from _accounts(session, county_id, today)


def parsed(text: str | None) -> Any:
    """What a column's JSON says; None where it can no longer be read."""
    try:
        return json.loads(text or "")
    except ValueError:
        return None


def hash_of(body: Any) -> str:
    """The hash of a body as it lies there; "" of what is no body."""
    try:
        return body_hash(body) if isinstance(body, dict) else ""
    except (ValueError, TypeError, RecursionError):
        return ""


# Scopes: the records that stand in one, the changes that numbered them, and the sum of both.


def _scopes(session: Session, county_id: str) -> list[str]:
    return sorted(
        {
            scope_id
            for table in (ScopeHeadRow, RecordRow, ChangeRow)
            for scope_id in session.scalars(
                select(distinct(table.scope_id)).where(table.county_id == county_id)
            )
        }
    )


def _in_scope(session: Session, county_id: str, scope_id: str) -> Iterator[Damage]:
    head = session.get(ScopeHeadRow, (county_id, scope_id))
    seqs, last = _changes(session, county_id, scope_id)
    yield from _numbers(scope_id, seqs, head.head if head is not None else 0)
    total = 0
    for row in _standing(session, county_id, scope_id):
        total += record_digest(row.id, row.revision, row.hash)
        code = _wrong(row, last.pop(row.id, None))
        if code:
            yield Damage(code=code, kind=row.kind, object_id=row.id)
    for change in last.values():
        if change.action == "put":
            yield Damage(code="vanished", kind=change.kind, object_id=change.record_id)
    if root_text(total) != (head.root if head is not None else EMPTY_ROOT):
        yield Damage(code="root", object_id=scope_id)


def _numbers(scope_id: str, seqs: Set[int], end: int) -> Iterator[Damage]:
    last = max(seqs, default=0)
    missing = [seq for seq in range(1, max(end, last) + 1) if seq not in seqs]
    if missing or end < last:
        values = {"count": len(missing), "first": missing[0] if missing else end + 1}
        yield Damage(code="numbers", object_id=scope_id, values=values)


def _wrong(row: Any, change: Any | None) -> str:
    """How a record that stands in a scope is damaged; "" where it is as its last change says."""
    if hash_of(parsed(row.body)) != row.hash:
        return "altered"
    if change is None or change.action == "remove":
        return "unnumbered"
    is_the_same = (change.revision, change.hash) == (row.revision, row.hash)
    return "" if is_the_same else "altered"


def _changes(session: Session, county_id: str, scope_id: str) -> tuple[set[int], dict[str, Any]]:
    """The numbers of a scope, and the last change of each of its records."""
    rows = session.execute(
        select(
            ChangeRow.seq,
            ChangeRow.record_id,
            ChangeRow.kind,
            ChangeRow.action,
            ChangeRow.revision,
            ChangeRow.hash,
        )
        .where(ChangeRow.county_id == county_id, ChangeRow.scope_id == scope_id)
        .order_by(ChangeRow.seq)
        .execution_options(yield_per=PORTION)
    )
    seqs: set[int] = set()
    last: dict[str, Any] = {}
    for row in rows:
        seqs.add(row.seq)
        last[row.record_id] = row
    return seqs, last


def _standing(session: Session, county_id: str, scope_id: str) -> Iterator[Any]:
    yield from session.execute(
        select(*_COLUMNS)
        .where(
            RecordRow.county_id == county_id,
            RecordRow.scope_id == scope_id,
            RecordRow.removed.is_(False),
        )
        .execution_options(yield_per=PORTION)
    )


_COLUMNS = (
    RecordRow.id,
    RecordRow.kind,
    RecordRow.revision,
    RecordRow.hash,
    # As text: a body that is no JSON any more must be found and not stop the search.
    cast(RecordRow.body, Text).label("body"),
)


def _removed(session: Session, county_id: str) -> Iterator[Damage]:
    """Records that are on no tablet any more, but kept."""
    rows = session.execute(
        select(*_COLUMNS)
        .where(RecordRow.county_id == county_id, RecordRow.removed.is_(True))
        .execution_options(yield_per=PORTION)
    )
    for row in rows:
        if hash_of(parsed(row.body)) != row.hash:
            yield Damage(code="altered", kind=row.kind, object_id=row.id)


# Operations: each tablet's chain, and the record each accepted one has made.


def _operations(session: Session, county_id: str) -> Iterator[Damage]:
    devices = session.execute(
        select(DeviceRow.id, DeviceRow.last_seq, DeviceRow.last_hash)
        .where(DeviceRow.county_id == county_id)
        .order_by(DeviceRow.id)
    ).all()
    for device in devices:
        expected, before = 1, GENESIS
        for row in _chain(session, county_id, device.id):
            envelope = parsed(row.envelope)
            if row.device_seq != expected or not _follows(row, envelope, before):
                yield _broken(device.id, row.device_seq if envelope else expected)
            elif row.outcome != "refused":
                yield from _made(row, envelope)
            expected = row.device_seq + 1
            before = envelope.get("hash", "") if isinstance(envelope, dict) else ""
        if (expected - 1, before) != (device.last_seq, device.last_hash):
            yield _broken(device.id, expected)


def _chain(session: Session, county_id: str, device_id: str) -> Iterator[Any]:
    yield from session.execute(
        select(
            OperationRow.device_seq,
            OperationRow.record_id,
            OperationRow.kind,
            OperationRow.outcome,
            OperationRow.code,
            cast(OperationRow.envelope, Text).label("envelope"),
            RecordRow.hash.label("held"),
        )
        .outerjoin(
            RecordRow,
            (RecordRow.county_id == OperationRow.county_id)
            & (RecordRow.id == OperationRow.record_id),
        )
        .where(OperationRow.county_id == county_id, OperationRow.device_id == device_id)
        .order_by(OperationRow.device_seq)
        .execution_options(yield_per=PORTION)
    )


def _follows(row: Any, envelope: Any, before: str) -> bool:
    """Whether an operation is what its hash says and is chained to the one before."""
    if not isinstance(envelope, dict):
        return False
    if row.code not in UNLINKED and before and envelope.get("previous_hash") != before:
        return bool(row.outcome == "refused")
    return row.code in UNHASHED or is_whole(envelope)


def is_whole(envelope: Mapping[str, Any]) -> bool:
    """Whether an operation's envelope is what its hash says."""
    try:
        return sha256_hex(hashed_content(envelope)) == str(envelope.get("hash"))
    except (ValueError, TypeError, RecursionError):
        return False


def _made(row: Any, envelope: Mapping[str, Any]) -> Iterator[Damage]:
    """The record of an accepted operation: there, and a fact just as it came."""
    if row.held is None:
        yield Damage(code="vanished", kind=row.kind, object_id=row.record_id)
    elif envelope.get("action") == "put" and row.held != hash_of(envelope.get("body")):
        yield Damage(code="altered", kind=row.kind, object_id=row.record_id)


def _broken(device_id: str, seq: int) -> Damage:
    return Damage(
        code="chain", object_id=f"{device_id} {seq}", values={"tablet": device_id, "seq": seq}
    )


def _accounts(session: Session, county_id: str, today: date) -> Iterator[Damage]:
    residents = session.scalars(
        select(RecordRow.id)
        .where(RecordRow.county_id == county_id, RecordRow.kind == Kind.RESIDENT)
        .order_by(RecordRow.id)
    ).all()
    for some in batches(residents, BATCH):
        for resident_id in recount(session, county_id, today, some):
            yield Damage(code="account", kind=Kind.RESIDENT, object_id=resident_id)
