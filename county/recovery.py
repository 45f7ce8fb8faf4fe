"""One-time recovery codes: issued by the office, traded by a tablet for its own data key.

The database holds a code's name and the data key locked under the code, so neither the
server nor a thief of its database can open a tablet with what it keeps.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.refusals import Refusal, Refused
from core.wire.custody import RecoverRequest, RecoverResponse
from county.tables import CountyRow, DeviceRow, RecoveryRow, UserRow
from sealing.envelope import RECOVERY, seal
from sealing.recovery_code import code_name, lock_with_code, new_code

HOURS = 24
WIPED = "wiped"
_NAME = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryCode:
    """A fresh code, shown once; the county keeps only its name."""

    code: str
    device_id: str
    expires_at: datetime


def tablet_of(session: Session, county_id: str, doctor_id: str, wanted: str = "") -> DeviceRow:
    """The doctor's tablet, `wanted` by id or by its beginning where there are several.

    Raises Refused `device.none`, `device.unknown`, `device.several` (which lists them).
    """
    rows = session.scalars(
        select(DeviceRow)
        .where(DeviceRow.county_id == county_id, DeviceRow.doctor_id == doctor_id)
        .where(DeviceRow.state != WIPED)
        .order_by(DeviceRow.enrolled_at.desc())
    ).all()
    if not rows:
        raise Refused(Refusal(code="device.none"))
    named = [row for row in rows if row.id.startswith(wanted)]
    if not named:
        raise Refused(Refusal(code="device.unknown", values={"device": wanted}))
    if len(named) > 1:
        known = ", ".join(f"{row.id} ({row.enrolled_at:%Y-%m-%d})" for row in named)
        raise Refused(Refusal(code="device.several", values={"known": known}))
    return named[0]


def issue(
    session: Session, device: DeviceRow, data_key: bytes, created_by: str, now: datetime
) -> RecoveryCode:
    """A code that lets the tablet's doctor in again, once, within a day."""
    code = new_code()
    expires_at = now + timedelta(hours=HOURS)
    session.add(
        RecoveryRow(
            county_id=device.county_id,
            code_name=code_name(code),
            device_id=device.id,
            doctor_id=device.doctor_id,
            locked_key=lock_with_code(data_key, code, device_id=device.id).hex(),
            created_by=created_by,
            created_at=now,
            expires_at=expires_at,
        )
    )
    session.flush()
    return RecoveryCode(code=code, device_id=device.id, expires_at=expires_at)


def recover(
    session: Session, county: CountyRow, asked: RecoverRequest, now: datetime
) -> RecoverResponse:
    """Hand a tablet what the code guards; the same call is answered again, another is not.

    Raises Refused `recovery.code_unknown` (also for another tablet's code),
    `recovery.code_expired`, `recovery.code_used`, `wire.malformed`.
    """
    public_key = _public_key(asked)
    row = session.scalars(
        select(RecoveryRow)
        .where(RecoveryRow.county_id == county.county_id, RecoveryRow.code_name == asked.code_name)
        .with_for_update()
    ).first()
    if row is None or row.device_id != asked.device_id:
        raise Refused(Refusal(code="recovery.code_unknown", place="code"))
    if row.expires_at <= now:
        raise Refused(Refusal(code="recovery.code_expired", place="code"))
    if row.used_at is not None and row.used_with != asked.public_key:
        raise Refused(Refusal(code="recovery.code_used", place="code"))
    row.used_at, row.used_with = row.used_at or now, asked.public_key
    doctor = session.get_one(UserRow, (county.county_id, row.doctor_id))
    return RecoverResponse(
        doctor_id=doctor.id,
        doctor_name=doctor.name,
        sealed_key=_sealed(bytes.fromhex(row.locked_key), public_key, row.device_id),
    )


def _sealed(locked: bytes, public_key: bytes, device_id: str) -> str:
    try:
        return seal(locked, public_key, RECOVERY, device_id).hex()
    except ValueError as error:  # a point of small order is no key
        raise Refused(Refusal(code="wire.malformed", place="public_key")) from error


def _public_key(asked: RecoverRequest) -> bytes:
    if not _NAME.fullmatch(asked.code_name) or not _NAME.fullmatch(asked.public_key):
        raise Refused(Refusal(code="wire.malformed"))
    return bytes.fromhex(asked.public_key)
