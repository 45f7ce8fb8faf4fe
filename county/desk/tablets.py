"""The tablets of the doctors in sight, and when each was last heard of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from county.desk.lookups import doctors_in_sight, waiting_for
from county.desk.render import page
from county.desk.visitor import Desk, SignedIn, Visitor, desk_of
from county.desk.wording import label, local
from county.tables import DeviceRow, UserRow
from words import say

router = APIRouter()

SILENT_AFTER = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One tablet; `silence` is empty while it keeps in touch."""

    id: str
    name: str
    doctor: str
    villages: str
    state: str
    active: bool
    enrolled: str
    last_seen: str
    silence: str
    records: int
    durable: int
    version: str


@router.get("/tablets")
def tablets(request: Request, visitor: SignedIn) -> Response:
    """Every tablet of a doctor in sight, the one silent for longest first."""
    desk = desk_of(request)
    with desk.database.reading() as session:
        rows = present(session, desk, visitor)
        waiting = waiting_for(session, desk, visitor)
    return page(request, "tablets.html", visitor, "tablets", waiting=waiting, rows=rows)


def present(session: Session, desk: Desk, visitor: Visitor) -> tuple[Row, ...]:
    """The rows, worded."""
    doctors = doctors_in_sight(session, desk, visitor)
    found = session.scalars(
        select(DeviceRow)
        .where(DeviceRow.county_id == desk.county_id, DeviceRow.doctor_id.in_(doctors))
        .order_by(DeviceRow.state, DeviceRow.last_seen_at, DeviceRow.id)
    )
    now = desk.clock()
    return tuple(_row(device, doctors[device.doctor_id], visitor, now) for device in found)


def _row(device: DeviceRow, doctor: UserRow, visitor: Visitor, now: datetime) -> Row:
    lang = visitor.language
    villages = [visitor.village_name(v) for v in doctor.village_ids if v in visitor.village_ids]
    active = device.state == "active"
    return Row(
        id=device.id,
        name=device.name,
        doctor=doctor.name,
        villages=say("desk.comma", lang).join(villages),
        state=label("desk.device_state", device.state, lang),
        active=active,
        enrolled=local(device.enrolled_at),
        last_seen=local(device.last_seen_at)
        if device.last_seen_at
        else say("desk.tablets.never", lang),
        silence=_silence(device, now, lang) if active else "",
        records=device.last_seq,
        durable=device.durable_seq,
        version=device.app_version,
    )


def _silence(device: DeviceRow, now: datetime, lang: str) -> str:
    since = now - (device.last_seen_at or device.enrolled_at)
    return say("desk.tablets.silent", lang, days=since.days) if since > SILENT_AFTER else ""
