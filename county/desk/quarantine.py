"""Records the county could not take, with the reason in the reader's words."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.refusals import Refusal
from county.desk.lookups import doctors_in_sight, waiting_for
from county.desk.render import page
from county.desk.visitor import Desk, SignedIn, Visitor, desk_of
from county.desk.wording import label, local
from county.tables import DeviceRow, QuarantineRow, UserRow
from words import sentence_for

router = APIRouter()

SHOWN = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One record that was set aside."""

    received: str
    doctor: str
    tablet: str
    kind: str
    reason: str
    code: str
    op_id: str
    settled: str


@router.get("/quarantine")
def quarantine(request: Request, visitor: SignedIn) -> Response:
    """What was set aside from the tablets of doctors in sight, latest first."""
    desk = desk_of(request)
    with desk.database.reading() as session:
        rows = present(session, desk, visitor)
        waiting = waiting_for(session, desk, visitor)
    return page(request, "quarantine.html", visitor, "quarantine", waiting=waiting, rows=rows)


def present(session: Session, desk: Desk, visitor: Visitor) -> tuple[Row, ...]:
    """The rows, worded."""
    doctors = doctors_in_sight(session, desk, visitor)
    found = session.execute(
        select(QuarantineRow, DeviceRow)
        .join(
            DeviceRow,
            (DeviceRow.county_id == QuarantineRow.county_id)
            & (DeviceRow.id == QuarantineRow.device_id),
        )
        .where(QuarantineRow.county_id == desk.county_id, DeviceRow.doctor_id.in_(doctors))
        .order_by(QuarantineRow.received_at.desc(), QuarantineRow.op_id)
        .limit(SHOWN)
    )
    return tuple(_row(aside, device, doctors[device.doctor_id], visitor) for aside, device in found)


def _row(aside: QuarantineRow, device: DeviceRow, doctor: UserRow, visitor: Visitor) -> Row:
    lang = visitor.language
    refusal = Refusal(code=aside.code, values=aside.values)
    return Row(
        received=local(aside.received_at),
        doctor=doctor.name,
        tablet=device.name,
        kind=label("desk.kind", aside.envelope.get("kind", ""), lang),
        reason=sentence_for(refusal, lang),
        code=aside.code,
        op_id=aside.op_id,
        settled=local(aside.settled_at) if aside.settled_at else "",
    )
