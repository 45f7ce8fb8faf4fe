"""What no code of the tablet does to its own store: a record vanishes, is altered, or appears."""

from __future__ import annotations

import json
from random import Random

from sqlmodel import col, select

from app.store.opening import Store
from app.store.rows import RecordWrite, remove_records, store_records
from app.store.tables import RecordRow
from core.vocabulary import STANDING_KINDS
from core.wire.digests import body_hash


def decay(store: Store, chance: Random, strange_id: str) -> str:
    """Spoil one record the county has confirmed, behind everybody's back; what was done."""
    with store.transaction() as session:
        rows = session.exec(
            select(RecordRow)
            .where(col(RecordRow.received_at).is_not(None))
            .order_by(col(RecordRow.id))
        ).all()
        if not rows:
            return "nothing here"
        row = chance.choice(rows)
        how = chance.choice(("vanished", "altered", "appeared"))
        if how == "appeared" and row.kind in STANDING_KINDS:
            how = "vanished"
        if how == "vanished":
            remove_records(session, [row.id])
        else:
            body = json.loads(row.body)
            body["note"] = "ink that ran"
            record_id = row.id
            if how == "appeared":
                record_id = body["id"] = strange_id
            store_records(session, [_write(row, record_id, body)])
        return f"{row.kind} {how}"


def _write(row: RecordRow, record_id: str, body: dict[str, object]) -> RecordWrite:
    return RecordWrite(
        id=record_id,
        kind=row.kind,
        scope_id=row.scope_id,
        revision=row.revision,
        schema=row.schema_version,
        author_id=row.author_id,
        received_at=row.received_at,
        body=body,
        hash=body_hash(body),
    )
