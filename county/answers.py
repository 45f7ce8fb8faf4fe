"""What became of each operation: its receipt, and what the county keeps of it for good."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from core.ids import RANDOM_BYTES, uuid7
from core.refusals import Refusal
from core.wire.envelopes import Receipt, receipt_fields
from county.checks import Accepted
from county.db import insert_or_leave
from county.envelopes import Opened
from county.tables import ConflictRow, DeviceRow, OperationRow, QuarantineRow


@dataclass(slots=True)
class Answered:
    """One operation with what became of it."""

    opened: Opened
    accepted: Accepted | None = None
    refusal: Refusal | None = None
    numbered: bool = True


def receipt_of(item: Answered, now: datetime) -> Receipt:
    """The county's answer to one operation, of the moment it was taken in."""
    opened, accepted, refusal = item.opened, item.accepted, item.refusal
    if refusal is not None:
        place = {} if refusal.place is None else {"place": refusal.place}
        outcome, values = "refused", {**_plain(refusal.values), **place}
    elif accepted is not None:
        outcome, values = accepted.outcome, _told(accepted)
    return Receipt(
        op_id=opened.op_id,
        device_seq=opened.device_seq,
        record_id=opened.record_id,
        revision=opened.revision,
        outcome=outcome,
        received_at=now.isoformat(),
        code=None if refusal is None else refusal.code,
        values=values,
    )


def _plain(values: Mapping[str, object]) -> dict[str, Any]:
    """The gaps of a refusal's sentence as JSON can say them."""
    return {name: value if _is_json(value) else str(value) for name, value in values.items()}


def _is_json(value: object) -> bool:
    return value is None or isinstance(value, str | int | float)


def _told(accepted: Accepted) -> dict[str, Any]:
    told = {
        "conflicts": [conflict.field for conflict in accepted.conflicts],
        "overruled": list(accepted.overruled),
    }
    return {name: fields for name, fields in told.items() if fields}


def keep(
    session: Session,
    device: DeviceRow,
    answered: Sequence[tuple[Answered, Receipt]],
    now: datetime,
) -> None:
    """Note what came and what was answered, and how far the tablet's chain now reaches."""
    numbered = [(item, receipt) for item, receipt in answered if item.numbered]
    connection = session.connection()
    if numbered:
        rows = [_operation_row(device, item, receipt, now) for item, receipt in numbered]
        connection.execute(insert(OperationRow), rows)
        last, _ = numbered[-1]
        device.last_seq, device.last_hash = last.opened.device_seq, last.opened.envelope["hash"]
    refused = [
        _quarantine_row(device, item, receipt, now)
        for item, receipt in answered
        if item.refusal is not None
    ]
    if refused:
        connection.execute(insert_or_leave(session, QuarantineRow), refused)
    conflicts = [row for item, _ in answered for row in _conflict_rows(device, item, now)]
    if conflicts:
        connection.execute(insert(ConflictRow), conflicts)


def _operation_row(
    device: DeviceRow, item: Answered, receipt: Receipt, now: datetime
) -> dict[str, Any]:
    return {
        "county_id": device.county_id,
        "op_id": receipt.op_id,
        "device_id": device.id,
        "device_seq": receipt.device_seq,
        "record_id": receipt.record_id,
        "kind": item.opened.kind,
        "revision": receipt.revision,
        "outcome": receipt.outcome,
        "code": receipt.code,
        "receipt": receipt_fields(receipt),
        "envelope": item.opened.envelope,
        "received_at": now,
    }


def _quarantine_row(
    device: DeviceRow, item: Answered, receipt: Receipt, now: datetime
) -> dict[str, Any]:
    return {
        "county_id": device.county_id,
        "op_id": receipt.op_id,
        "device_id": device.id,
        "code": receipt.code,
        "values": receipt.values,
        "envelope": item.opened.envelope,
        "received_at": now,
        "settled_at": None,
        "settled_by": None,
    }


def _conflict_rows(device: DeviceRow, item: Answered, now: datetime) -> Iterable[dict[str, Any]]:
    if item.accepted is None or item.refusal is not None:
        return
    for conflict in item.accepted.conflicts:
        yield {
            "county_id": device.county_id,
            "id": uuid7(int(now.timestamp() * 1000), os.urandom(RANDOM_BYTES)),
            "record_id": item.opened.record_id,
            "field": conflict.field,
            "ours": conflict.ours,
            "theirs": conflict.theirs,
            "op_id": item.opened.op_id,
            "raised_at": now,
            "settled_at": None,
            "settled_by": None,
        }
