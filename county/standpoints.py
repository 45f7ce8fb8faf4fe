"""From where a tablet's operations are judged: its doctor, where they may write, today's rules."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from county.checks import Standpoint
from county.config import local_date
from county.enrolment import writable_scopes_of
from county.policies import rules_of
from county.tables import DeviceRow, UserRow


def standpoints_of(
    session: Session, county_id: str, devices: Iterable[DeviceRow], now: datetime
) -> dict[str, Standpoint]:
    """What the county knows of whoever writes from these tablets, as it is now; by tablet."""
    rules, today = rules_of(session, county_id), local_date(now)
    return {
        device.id: Standpoint(
            doctor_id=device.doctor_id,
            device_id=device.id,
            scopes=frozenset(
                writable_scopes_of(session.get_one(UserRow, (device.county_id, device.doctor_id)))
            ),
            rules=rules,
            today=today,
            now=now,
            is_broken=device.broken_seq is not None,
        )
        for device in devices
    }
