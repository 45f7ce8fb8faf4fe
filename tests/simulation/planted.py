"""Bugs real systems have had, each laid over the product for as long as a test lasts."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy import orm, update
from sqlmodel import Session, col, select

from app.services.practice import Practice
from app.store import outbox, settling, snapshots
from app.store.cursor import set_cursors
from app.store.errors import StoreFull
from app.store.opening import Store
from app.store.tables import OutboxRow, RecordRow
from app.sync import cycle
from core import merging
from core.merging import Edit, Standing
from core.wire.clocks import node_of
from core.wire.envelopes import Change, Cursor, SyncResponse
from core.wire.receipts import Receipt, Taken, receipt_fields
from county import answers, edits, enrolment, exchange, feed, ingest, ledger
from county.answers import Answered
from county.envelopes import Opened
from county.tables import DeviceRow, QuarantineRow, UserRow
from simulation import tablet_end
from simulation.faults import Fault
from statements.made_once import run

Plant = Callable[[pytest.MonkeyPatch], None]


def blanket_acknowledgement(patch: pytest.MonkeyPatch) -> None:
    """Whatever has been sent counts as delivered once any answer comes."""

    def settle(
        session: Session, taken: Sequence[Taken], receipts: Sequence[Receipt], now: datetime
    ) -> None:
        sent = outbox.sent_through(session)
        queued = OutboxRow.state == "queued", OutboxRow.device_seq <= sent
        for row in session.exec(select(OutboxRow).where(*queued)):
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

    patch.setattr(settling, "settle", settle)


def timestamp_cursor(patch: pytest.MonkeyPatch) -> None:
    """A tablet is sent what the county has received since the time it last heard of."""

    def page(
        this: feed.Feed,
        scopes: Sequence[str],
        cursors: Mapping[str, Cursor],
        want: int,
        own: Mapping[str, int] = feed.NONE,
    ) -> feed.Page:
        changes: list[Change] = []
        reached: dict[str, Cursor] = {}
        heads = [this._heads[scope] for scope in scopes if scope in this._heads]
        for head in heads:
            before = cursors.get(head.scope_id)
            start = before.seq if before and before.epoch == head.epoch else 0
            values = {"county": this._county_id, "scope": head.scope_id, "start": 0}
            found = run(this._session, feed._AFTER, **values, end=head.head, most=10_000)
            rows = [dict(row) for row in found.mappings() if _micros(row["received_at"]) > start]
            changes += feed._with_bodies(this._session, this._county_id, rows)
            end = max([start, *(_micros(row["received_at"]) for row in rows)])
            reached[head.scope_id] = Cursor(epoch=head.epoch, seq=end)
        return feed.Page(
            changes=tuple(changes),
            cursors=reached,
            dropped_scopes=tuple(sorted(cursors.keys() - set(scopes))),
            roots={head.scope_id: head.root for head in heads},
        )

    patch.setattr(feed.Feed, "page", page)


_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def per_batch_idempotency(patch: pytest.MonkeyPatch) -> None:
    """The county knows a batch again, but not an operation that comes in another batch."""
    by_operation = ingest.kept_answers

    def by_batch(
        session: orm.Session, county_id: str, handed_in: Sequence[tuple[str, Sequence[Opened]]]
    ) -> list[dict[str, answers.Answer]]:
        known = by_operation(session, county_id, handed_in)
        batches = (batch for _, batch in handed_in)
        return [
            answered if len(answered) == len(batch) else {}
            for answered, batch in zip(known, batches, strict=True)
        ]

    patch.setattr(ingest, "kept_answers", by_batch)


def cursor_before_rows(patch: pytest.MonkeyPatch) -> None:
    """How far a tablet has read is committed before what it has read."""
    ordinary = cycle.store_answer

    def store_answer(store: Store, answer: SyncResponse, *rest: Any) -> bool:
        with store.transaction() as session:
            set_cursors(session, answer.cursors)
        return ordinary(store, answer, *rest)

    patch.setattr(cycle, "store_answer", store_answer)


def stored_past_a_failure(patch: pytest.MonkeyPatch) -> None:
    """An answer that finds no room is let go, and the one already asked for behind it is kept."""
    ordinary = cycle.store_answer

    def store_answer(store: Store, *rest: Any) -> bool:
        try:
            return ordinary(store, *rest)
        except StoreFull:
            return True

    patch.setattr(cycle, "store_answer", store_answer)


def stored_the_wrong_way_round(patch: pytest.MonkeyPatch) -> None:
    """An answer is laid aside while the next one is under way, and stored behind it."""
    ordinary, go_ahead = cycle.store_answer, cycle.Cycle._gone_ahead
    going: dict[Store, cycle.Cycle] = {}
    aside: dict[cycle.Cycle, SyncResponse] = {}

    def gone_ahead(run: cycle.Cycle, *rest: Any) -> Any:
        trip = go_ahead(run, *rest)
        going.pop(run._store, None)
        if trip is not None or run in aside:
            going[run._store] = run
        return trip

    def store_answer(store: Store, answer: SyncResponse, *rest: Any) -> bool:
        run = going.get(store)
        if run is not None and run not in aside:
            aside[run] = answer
            return True
        waits = ordinary(store, answer, *rest)
        return ordinary(store, aside.pop(run), *rest) if run is not None else waits

    patch.setattr(cycle.Cycle, "_gone_ahead", gone_ahead)
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


def unseen_base(patch: pytest.MonkeyPatch) -> None:
    """A second edit made offline passes for having seen what somebody else has set meanwhile."""
    ordinary = tablet_end.set_fields

    def set_fields(session: Session, practice: Practice, row: RecordRow, fields: Any) -> None:
        ordinary(session, practice, row, fields)
        grown = update(RecordRow).where(col(RecordRow.id) == row.id)
        session.execute(grown.values(revision=RecordRow.revision + 1))

    patch.setattr(tablet_end, "set_fields", set_fields)


def untold_judgement(patch: pytest.MonkeyPatch) -> None:
    """The county takes what it had refused, and the tablet goes on showing the refusal."""
    patch.setattr(exchange, "told_anew", lambda *_: ())


def unawaited_record(patch: pytest.MonkeyPatch) -> None:
    """What was set aside for want of a record stays there when the record comes."""
    patch.setattr(ingest, "waiting_for", lambda *_, **__: [])


def told_to_everybody(patch: pytest.MonkeyPatch) -> None:
    """Whoever has a village is sent what is restricted in it, named or not."""

    def scopes_of(doctor: UserRow) -> tuple[str, ...]:
        return enrolment.scopes_in(doctor.county_id, doctor.village_ids, doctor.village_ids)

    patch.setattr(exchange, "scopes_of", scopes_of)


def left_behind(patch: pytest.MonkeyPatch) -> None:
    """What is restricted stays in the village its resident has left."""
    patch.setattr(ledger.Posting, "_take_along", lambda *_: None)


def link_of_the_first_alone(patch: pytest.MonkeyPatch) -> None:
    """A batch's chain is looked at where its first operation is new, and nowhere else."""
    whole = ingest._check_chain

    def check(answered: Sequence[Answered], device: DeviceRow) -> None:
        if answered and answered[0].refusal is None:
            whole(answered, device)

    patch.setattr(ingest, "_check_chain", check)


def never_its_own_rival(patch: pytest.MonkeyPatch) -> None:
    """What a tablet has set is never a rival of what it sets: not a copy's either, nor a newer."""
    ordinary = merging._touched_elsewhere

    def touched_elsewhere(standing: Standing, name: str, edit: Edit) -> bool:
        stamp = standing.stamps.get(name)
        is_own = stamp is not None and node_of(stamp.clock) == node_of(edit.clock)
        return not is_own and ordinary(standing, name, edit)

    patch.setattr(merging, "_touched_elsewhere", touched_elsewhere)


def base_of_any_history(patch: pytest.MonkeyPatch) -> None:
    """A revision of a history that is gone passes for the one of that number there is now."""
    patch.setattr(edits.Histories, "seen_by", lambda _, edit, *__: edit.base_revision or 0)


PLANTED: Mapping[str, Plant] = {
    plant.__name__: plant
    for plant in (
        blanket_acknowledgement,
        timestamp_cursor,
        per_batch_idempotency,
        cursor_before_rows,
        stored_past_a_failure,
        stored_the_wrong_way_round,
        snapshot_cursor_before_rows,
        dropped_quarantine,
        unseen_base,
        untold_judgement,
        unawaited_record,
        told_to_everybody,
        left_behind,
        link_of_the_first_alone,
        never_its_own_rival,
        base_of_any_history,
    )
}

SPARED: Mapping[str, frozenset[Fault]] = {
    "never_its_own_rival": frozenset(Fault) - {Fault.COPIED},
    "base_of_any_history": frozenset(Fault) - {Fault.RESTORED, Fault.RIVALS, Fault.EDIT_IN_PUSH},
}
"""Faults left out of a bug's worlds: where much else happens, two of them rarely change the same
person at the moment it takes.
"""
