"""Six bugs real systems have had, each laid over the product for as long as a test lasts."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy import orm
from sqlmodel import Session, select

from app.store import outbox, snapshots
from app.store.cursor import set_cursors
from app.store.opening import Store
from app.store.tables import OutboxRow
from app.sync import cycle
from core.wire.envelopes import Change, Cursor, Receipt, SyncResponse, receipt_fields
from county import answers, feed, ingest
from county.envelopes import Opened
from county.tables import ChangeRow, DeviceRow, QuarantineRow, RecordRow, ScopeHeadRow

Plant = Callable[[pytest.MonkeyPatch], None]


def blanket_acknowledgement(patch: pytest.MonkeyPatch) -> None:
    """Whatever has been sent counts as delivered once any answer comes."""

    def settle(session: Session, receipts: Sequence[Receipt], now: datetime) -> None:
        for row in session.exec(select(OutboxRow).where(OutboxRow.state == "queued")):
            if row.sent_at is None:
                continue
            receipt = Receipt(
                op_id=row.op_id,
                device_seq=row.device_seq,
                record_id=row.record_id,
                revision=row.revision,
                outcome="accepted",
                received_at=now.isoformat(),
            )
            row.state, row.receipt = "receipted", json.dumps(receipt_fields(receipt))
            session.add(row)

    patch.setattr(outbox, "settle", settle)


def timestamp_cursor(patch: pytest.MonkeyPatch) -> None:
    """A tablet is sent what the county has received since the time it last heard of."""

    def page(
        session: orm.Session,
        county_id: str,
        scopes: Sequence[str],
        cursors: Mapping[str, Cursor],
        want: int,
        known: frozenset[str] = frozenset(),
    ) -> feed.Page:
        changes: list[Change] = []
        reached: dict[str, Cursor] = {}
        for head in feed._heads(session, county_id, scopes):
            before = cursors.get(head.scope_id)
            start = before.seq if before and before.epoch == head.epoch else 0
            rows = session.execute(_since(head, start)).all()
            changes += feed._with_bodies(session, county_id, rows, known)
            end = max([start, *(_micros(row.received_at) for row in rows)])
            reached[head.scope_id] = Cursor(epoch=head.epoch, seq=end)
        return feed.Page(
            changes=tuple(changes),
            cursors=reached,
            dropped_scopes=tuple(sorted(cursors.keys() - set(scopes))),
            roots={head.scope_id: head.root for head in feed._heads(session, county_id, scopes)},
        )

    patch.setattr(feed, "page", page)


def _since(head: ScopeHeadRow, start: int) -> sqlalchemy.Select[Any]:
    stands = sqlalchemy.and_(
        RecordRow.county_id == ChangeRow.county_id,
        RecordRow.id == ChangeRow.record_id,
        RecordRow.revision == ChangeRow.revision,
        RecordRow.scope_id == ChangeRow.scope_id,
        RecordRow.removed.is_(False),
    )
    return (
        sqlalchemy.select(*feed._COLUMNS)
        .outerjoin(RecordRow, stands)
        .where(
            ChangeRow.county_id == head.county_id,
            ChangeRow.scope_id == head.scope_id,
            ChangeRow.received_at > _EPOCH + timedelta(microseconds=start),
            sqlalchemy.or_(ChangeRow.action == "remove", RecordRow.id.is_not(None)),
        )
        .order_by(ChangeRow.seq)
    )


_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def per_batch_idempotency(patch: pytest.MonkeyPatch) -> None:
    """The county knows a batch again, but not an operation that comes in another batch."""
    by_operation = ingest._answers

    def by_batch(
        session: orm.Session, device: DeviceRow, batch: Sequence[Opened]
    ) -> dict[str, Receipt]:
        known = by_operation(session, device, batch)
        return known if len(known) == len(batch) else {}

    patch.setattr(ingest, "_answers", by_batch)


def cursor_before_rows(patch: pytest.MonkeyPatch) -> None:
    """How far a tablet has read is committed before what it has read."""
    ordinary = cycle.store_answer

    def store_answer(store: Store, answer: SyncResponse, county_key: str, now: datetime) -> None:
        with store.transaction() as session:
            set_cursors(session, answer.cursors)
        ordinary(store, answer, county_key, now)

    patch.setattr(cycle, "store_answer", store_answer)


def snapshot_cursor_before_rows(patch: pytest.MonkeyPatch) -> None:
    """A scope that comes whole counts as read when its first record is stored."""

    def begin_records(session: Session, scope_id: str, epoch: str) -> None:
        offer = snapshots.begun(session, scope_id)
        assert offer is not None
        set_cursors(session, {scope_id: Cursor(epoch=epoch, seq=offer.seq)})

    patch.setattr(snapshots, "begin_records", begin_records)


def dropped_quarantine(patch: pytest.MonkeyPatch) -> None:
    """The county refuses a record and keeps nothing of it."""
    ordinary = answers.keep

    def keep(session: orm.Session, *rest: Any) -> None:
        ordinary(session, *rest)
        session.execute(sqlalchemy.delete(QuarantineRow))

    patch.setattr(ingest, "keep", keep)


PLANTED: Mapping[str, Plant] = {
    plant.__name__: plant
    for plant in (
        blanket_acknowledgement,
        timestamp_cursor,
        per_batch_idempotency,
        cursor_before_rows,
        snapshot_cursor_before_rows,
        dropped_quarantine,
    )
}
