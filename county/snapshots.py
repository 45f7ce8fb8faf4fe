"""A scope whole: made once, offered to every tablet that has nothing of it yet."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Any, NamedTuple

from sqlalchemy import Text, bindparam, cast, select
from sqlalchemy.orm import Session

from core.wire.digests import record_digest, root_text
from core.wire.envelopes import Cursor
from core.wire.snapshots import SnapshotLine, SnapshotOffer
from county.db import Database
from county.enrolment import scopes_in
from county.feed import STANDS
from county.snapshot_files import KeptSnapshot, SnapshotFiles
from county.tables import ITS_DOCTOR, ChangeRow, DeviceRow, RecordRow, ScopeHeadRow, UserRow
from statements.made_once import run

LEAST_NUMBERS = 1_000
"""A scope that has given out fewer numbers is sent in pages: no page would be spared."""
PATIENCE_S = 10.0
"""How long a request waits for another that makes a snapshot, before it is sent pages."""
_ROWS_AT_ONCE = 500


class _Head(NamedTuple):
    """How far a scope has come."""

    county_id: str
    scope_id: str
    epoch: str
    head: int
    root: str


_HEADS = (
    select(*(getattr(ScopeHeadRow, name) for name in _Head._fields))
    .where(
        ScopeHeadRow.county_id == bindparam("county"),
        ScopeHeadRow.scope_id.in_(bindparam("scopes", expanding=True)),
        ScopeHeadRow.head >= bindparam("least"),
    )
    .order_by(ScopeHeadRow.scope_id)
)
_VILLAGES = (
    select(UserRow.village_ids, UserRow.restricted_village_ids)
    .join(DeviceRow, ITS_DOCTOR)
    .where(
        DeviceRow.county_id == bindparam("county"),
        DeviceRow.id == bindparam("device"),
        DeviceRow.state == "active",
    )
)


class MustBeMade(Exception):
    """A snapshot that is to be offered is not there yet; to make it takes a while."""


class _NotTheRoot(Exception):
    """What was read does not add up to the scope's root: it must not be given to anybody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshots:
    """The snapshots of one county process; `note` hears of each that is made, or could not be."""

    database: Database
    files: SnapshotFiles
    note: Callable[..., object]
    least: int = LEAST_NUMBERS
    _making: Lock = field(default_factory=Lock)

    def offered(
        self, county_id: str, device_id: str, cursors: Mapping[str, Cursor], now: datetime
    ) -> dict[str, SnapshotOffer]:
        """What a tablet with these cursors may load whole, by scope; made where it is lacking.

        Reads only, and holds no lock of the database: call it before the transaction.
        """
        heads = self._lacking(county_id, device_id, cursors)
        return _offers((head, self._kept_or_made(head, now)) for head in heads)

    def kept(
        self, county_id: str, device_id: str, cursors: Mapping[str, Cursor], _now: datetime
    ) -> dict[str, SnapshotOffer]:
        """What `offered` gives, but for what would have to be made."""
        return _offers(self._at_hand(county_id, device_id, cursors))

    def at_hand(
        self, county_id: str, device_id: str, cursors: Mapping[str, Cursor], _now: datetime
    ) -> dict[str, SnapshotOffer]:
        """What `offered` gives; raises MustBeMade where something would have to be made."""
        found = self._at_hand(county_id, device_id, cursors)
        if any(kept is None for _, kept in found):
            raise MustBeMade
        return _offers(found)

    def find(self, county_id: str, scope_id: str, cursor: Cursor) -> KeptSnapshot | None:
        """The snapshot of that very cursor, if it is still kept."""
        for kept in self.files.of_scope(county_id, scope_id):
            if (kept.offer.epoch, kept.offer.seq) == (cursor.epoch, cursor.seq):
                return kept
        return None

    def _lacking(
        self, county_id: str, device_id: str, cursors: Mapping[str, Cursor]
    ) -> list[_Head]:
        # Every synchronisation asks: one light query where nothing is lacking.
        with self.database.reading() as session:
            theirs = run(session, _VILLAGES, county=county_id, device=device_id).first()
            scopes = () if theirs is None else scopes_in(county_id, *theirs)
            lacking = [name for name in scopes if name not in cursors or cursors[name].seq <= 0]
            if not lacking:
                return []
            found = run(session, _HEADS, county=county_id, scopes=lacking, least=self.least)
            return [_Head(*row) for row in found]

    def _at_hand(
        self, county_id: str, device_id: str, cursors: Mapping[str, Cursor]
    ) -> list[tuple[_Head, KeptSnapshot | None]]:
        heads = self._lacking(county_id, device_id, cursors)
        return [(head, self._recent(head)) for head in heads]

    def _kept_or_made(self, head: _Head, now: datetime) -> KeptSnapshot | None:
        kept = self._recent(head)
        if kept is not None or not self._making.acquire(timeout=PATIENCE_S):
            return kept
        try:
            return self._recent(head) or self._made(head.county_id, head.scope_id, now)
        finally:
            self._making.release()

    def _recent(self, head: _Head) -> KeptSnapshot | None:
        """The newest that is kept; None where following it up would take a snapshot's worth."""
        kept = [
            item
            for item in self.files.of_scope(head.county_id, head.scope_id)
            if item.offer.epoch == head.epoch and head.head - item.offer.seq < self.least
        ]
        return kept[-1] if kept else None

    def _made(self, county_id: str, scope_id: str, now: datetime) -> KeptSnapshot | None:
        try:
            with self.database.one_moment() as session:
                (found,) = run(session, _HEADS, county=county_id, scopes=[scope_id], least=0)
                head = _Head(*found)
                kept = self.files.keep(
                    county_id, scope_id, (head.epoch, head.head), _lines(session, head)
                )
            self.files.clear_out(now)
        except (_NotTheRoot, OSError) as error:
            # The tablet is sent pages instead; the comparison at their end tells the rest.
            self.note("snapshot_not_made", scope=scope_id, error=type(error).__name__)
            return None
        self.note("snapshot_made", scope=scope_id, seq=kept.offer.seq, bytes=kept.offer.bytes)
        return kept


def _offers(found: Iterable[tuple[_Head, KeptSnapshot | None]]) -> dict[str, SnapshotOffer]:
    return {head.scope_id: kept.offer for head, kept in found if kept is not None}


def _lines(session: Session, head: _Head) -> Iterator[bytes]:
    """Every record that stands in the scope, in the order of its numbers, one a line.

    Raises _NotTheRoot at the end where they are not what the scope's root says.
    """
    total = 0
    told: set[str] = set()
    for row in session.execute(_standing(head)):
        if row.record_id in told:  # an edit that lost is answered with the same revision once more
            continue
        told.add(row.record_id)
        total += record_digest(row.record_id, row.revision, row.hash)
        yield _line(row)
    if root_text(total) != head.root:
        raise _NotTheRoot


def _standing(head: _Head) -> Any:
    query = (
        # The body as text, as it is stored: it goes into a line without being read.
        select(*_COLUMNS, cast(RecordRow.body, Text).label("text"))
        .join(RecordRow, STANDS)
        .where(
            ChangeRow.county_id == head.county_id,
            ChangeRow.scope_id == head.scope_id,
            ChangeRow.seq <= head.head,
            ChangeRow.action == "put",
        )
        .order_by(ChangeRow.seq)
    )
    return query.execution_options(yield_per=_ROWS_AT_ONCE)


_COLUMNS = (
    ChangeRow.seq,
    ChangeRow.kind,
    ChangeRow.record_id,
    ChangeRow.revision,
    ChangeRow.schema,
    ChangeRow.hash,
    ChangeRow.author_id,
    ChangeRow.received_at,
)
_DEFAULTS = {"schema": SnapshotLine.__dataclass_fields__["schema"].default}


def _line(row: Any) -> bytes:
    said = {
        "seq": row.seq,
        "kind": row.kind,
        "record_id": row.record_id,
        "revision": row.revision,
        "author_id": row.author_id,
        "received_at": row.received_at.isoformat(),
    }
    if row.schema != _DEFAULTS["schema"]:
        said["schema"] = row.schema
    shared = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
    return f'{shared[:-1]},"body":{row.text}}}\n'.encode()
