"""One record of the county, found for a visitor or not at all."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.people import Household
from core.vocabulary import Kind
from core.wire.envelopes import GENESIS
from county.desk.visitor import Desk, NotFound, Visitor
from county.histories import readable
from county.tables import DeviceRow, OperationRow, RecordRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """How a record came: its operation, its tablet, and whether the chain holds before it."""

    operation: OperationRow | None
    device: DeviceRow | None
    chain: str


def record_in_sight(
    session: Session, desk: Desk, visitor: Visitor, kind: Kind, record_id: str
) -> RecordRow:
    """The record; raises NotFound where there is none or it is not the visitor's to see."""
    row = session.get(RecordRow, (desk.county_id, record_id))
    if row is None or row.kind != kind or row.removed:
        raise NotFound
    visitor.sees(row.village_id)
    return row


def household_of(session: Session, county_id: str, household_id: str) -> Household | None:
    """The household of an id, where the county holds it."""
    row = session.get(RecordRow, (county_id, household_id))
    return readable(Kind.HOUSEHOLD, row.schema, row.body) if row else None


def origin_of(session: Session, county_id: str, record_id: str) -> Origin:
    """Where a record came from, with the chain checked against the tablet's previous operation."""
    operation = session.scalar(
        select(OperationRow)
        .where(OperationRow.county_id == county_id, OperationRow.record_id == record_id)
        .order_by(OperationRow.received_at.desc())
        .limit(1)
    )
    if operation is None:
        return Origin(operation=None, device=None, chain="desk")
    return Origin(
        operation=operation,
        device=session.get(DeviceRow, (county_id, operation.device_id)),
        chain=_chain(session, operation),
    )


def _chain(session: Session, operation: OperationRow) -> str:
    previous_hash = operation.envelope.get("previous_hash", "")
    if operation.device_seq == 1:
        return "first" if previous_hash == GENESIS else "broken"
    before = session.scalar(
        select(OperationRow).where(
            OperationRow.county_id == operation.county_id,
            OperationRow.device_id == operation.device_id,
            OperationRow.device_seq == operation.device_seq - 1,
        )
    )
    joined = before is not None and before.envelope.get("hash") == previous_hash
    return "holds" if joined else "broken"
