"""From where a tablet's operations are judged: its doctor, the scopes and the rules of now."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from county.checks import Standpoint
from county.config import local_date
from county.enrolment import scopes_of
from county.policies import rules_of
from county.tables import DeviceRow, UserRow


def standpoint_of(session: Session, device: DeviceRow, now: datetime) -> Standpoint:
    """What the county knows of whoever writes from this tablet, as it is now."""
    doctor = session.get_one(UserRow, (device.county_id, device.doctor_id))
    return Standpoint(
        doctor_id=device.doctor_id,
        device_id=device.id,
        scopes=frozenset(scopes_of(doctor)),
        rules=rules_of(session, device.county_id),
        today=local_date(now),
        now=now,
    )
