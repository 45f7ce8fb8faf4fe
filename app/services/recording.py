"""Writing what a doctor did: the record and its signed operation, in one transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

from sqlmodel import Session

from app.clock import CHINA
from app.services.policies import rules_in
from app.services.practice import Practice
from app.store import outbox
from app.store.outbox import OperationDraft, iso
from app.store.restored import base_epoch
from app.store.rows import RecordWrite, store_records, write_of
from app.store.tables import RecordRow
from core.merging import GUARDED_FIELDS
from core.wire.bodies import Record
from core.wire.canonical import canonical_bytes, sha256_hex
from core.wire.schemas import schema_of, todays

CORRECTION_REASON = "correction_reason"
"""The field of a standing record that says why another was corrected last."""


def put_fact(session: Session, practice: Practice, record: Record) -> None:
    """Stores a fact made now and queues it for the county."""
    write = write_of(record, author_id=practice.doctor_id)
    store_records(session, [write])
    occurred_on: date | None = getattr(record, "occurred_on", None)
    outbox.append(
        session,
        OperationDraft(
            kind=write.kind,
            record_id=write.id,
            revision=write.revision,
            action="put",
            scope_id=write.scope_id,
            author_id=write.author_id,
            occurred_at=_occurred_at(occurred_on, practice),
            policy_version=rules_in(session).on(practice.today).version,
            body=write.body,
        ),
        practice.clock.now(),
    )


def set_fields(
    session: Session, practice: Practice, row: RecordRow, fields: Mapping[str, Any]
) -> None:
    """Changes fields of a standing record here at once, and queues the change; None takes one away.

    The row keeps the revision it has from the county: a second change names what was seen of
    the others' work as its base, and never passes for having seen more. Where an earlier change
    of a guarded field still stands before what the county has sent since, that has not been
    shown: the base is that change's.
    """
    body = {**todays(row.kind, row.schema_version, json.loads(row.body)), **fields}
    body = {name: value for name, value in body.items() if value is not None}
    author_id = practice.doctor_id
    guarded = GUARDED_FIELDS.get(row.kind, frozenset()) & fields.keys()
    base = outbox.hidden_base(session, row, guarded) or outbox.Base(
        revision=row.revision, epoch=base_epoch(session, row)
    )
    write = RecordWrite(
        id=row.id,
        kind=row.kind,
        scope_id=row.scope_id,
        revision=row.revision,
        author_id=author_id,
        body=body,
        hash=sha256_hex(canonical_bytes(body)),
        schema=max(row.schema_version, schema_of(row.kind)),
        received_at=row.received_at,
    )
    draft = OperationDraft(
        kind=row.kind,
        record_id=row.id,
        revision=base.revision + 1,
        action="set",
        scope_id=row.scope_id,
        author_id=author_id,
        occurred_at=iso(practice.clock.now()),
        policy_version=rules_in(session).on(practice.today).version,
        body=fields,
        base_revision=base.revision,
        base_epoch=base.epoch,
    )
    session.expunge(row)
    store_records(session, [write])
    outbox.append(session, draft, practice.clock.now())


def _occurred_at(occurred_on: date | None, practice: Practice) -> str:
    """The moment of entry for what happened today, else noon of its day."""
    if occurred_on is None or occurred_on == practice.today:
        return iso(practice.clock.now())
    return iso(datetime.combine(occurred_on, time(12), CHINA))
