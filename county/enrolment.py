"""One-time codes by which a doctor's tablet joins the county."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.ids import RANDOM_BYTES, county_scope, restricted_scope, uuid7, village_scope
from core.refusals import Refusal, Refused
from core.wire.envelopes import GENESIS, EnrolRequest, EnrolResponse
from county.numbering import history_of
from county.tables import CountyRow, DeviceRow, InviteRow, UserRow

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Without the characters a reader takes for another: 0 O, 1 I L."""
CODE_LENGTH = 10
KEY_HEX_DIGITS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """A fresh code, shown once; the county keeps only its hash."""

    code: str
    doctor_id: str
    expires_at: datetime


def invite(
    session: Session,
    county_id: str,
    doctor_id: str,
    *,
    created_by: str,
    now: datetime,
    hours: int = 72,
) -> Invitation:
    """Issue a one-time code for a doctor; refused `enrol.not_a_doctor` for anybody else."""
    user = session.get(UserRow, (county_id, doctor_id))
    if user is None or user.role != "doctor" or not user.active:
        raise Refused(Refusal(code="enrol.not_a_doctor", values={"doctor": doctor_id}))
    code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
    expires_at = now + timedelta(hours=hours)
    session.add(
        InviteRow(
            county_id=county_id,
            code_hash=code_hash(code),
            doctor_id=doctor_id,
            created_by=created_by,
            created_at=now,
            expires_at=expires_at,
        )
    )
    session.flush()
    return Invitation(code=f"{code[:5]}-{code[5:]}", doctor_id=doctor_id, expires_at=expires_at)


def code_hash(code: str) -> str:
    """What the county keeps of a code; case, spaces and hyphens as typed make no difference."""
    plain = "".join(sign for sign in code.upper() if sign.isalnum())
    return hashlib.sha256(f"luyue-invite:{plain}".encode()).hexdigest()


def enrol(
    session: Session, county: CountyRow, request: EnrolRequest, now: datetime
) -> EnrolResponse:
    """Trade a code for a place in the county.

    Raises Refused `enrol.code_unknown`, `enrol.code_expired` (also where the doctor's account has
    been closed), `enrol.code_used` or `enrol.bad_key`. The same code with the same key is answered
    again as the first time, for the tablet that lost the answer on the way.
    """
    _check_key(request.device_public_key)
    found = session.scalars(
        select(InviteRow)
        .where(
            InviteRow.county_id == county.county_id,
            InviteRow.code_hash == code_hash(request.code),
        )
        .with_for_update()
    ).first()
    if found is None:
        raise Refused(Refusal(code="enrol.code_unknown", place="code"))
    # Held, so that an account is closed either before this or with this tablet as well.
    key = (county.county_id, found.doctor_id)
    doctor = session.get_one(UserRow, key, with_for_update=True, populate_existing=True)
    device = _device_of(session, found, doctor, request, now)
    return EnrolResponse(
        device_id=device.id,
        county_id=county.county_id,
        county_name=county.name,
        doctor_id=doctor.id,
        doctor_name=doctor.name,
        scopes=scopes_of(doctor),
        county_public_key=county.signing_public_key,
        county_escrow_key=county.escrow_public_key,
        server_time=now.isoformat(),
        history=history_of(session, county.county_id),
    )


def scopes_of(doctor: UserRow) -> tuple[str, ...]:
    """What a doctor's tablet is sent: the county's scope, each of their villages, and then what is
    restricted in the villages they are named for.
    """
    return scopes_in(doctor.county_id, doctor.village_ids, doctor.restricted_village_ids)


def writable_scopes_of(doctor: UserRow) -> tuple[str, ...]:
    """Where a doctor's tablet may write: in their villages.

    What is restricted, and what goes to every tablet of the county, is the office's alone to say.
    """
    return tuple(sorted(village_scope(village_id) for village_id in doctor.village_ids))


def scopes_in(
    county_id: str, village_ids: Collection[str], restricted_village_ids: Collection[str] = ()
) -> tuple[str, ...]:
    """The scopes of a county that belong to these villages.

    Of those in `restricted_village_ids` the restricted ones too, if the village is among them.
    """
    villages = sorted(village_scope(village_id) for village_id in village_ids)
    named = set(restricted_village_ids).intersection(village_ids)
    restricted = sorted(restricted_scope(village_id) for village_id in named)
    return (county_scope(county_id), *villages, *restricted)


def end_invites(session: Session, county_id: str, doctor_id: str, now: datetime) -> None:
    """Let the codes of a doctor that nobody has used be good no longer."""
    session.execute(
        update(InviteRow)
        .where(
            InviteRow.county_id == county_id,
            InviteRow.doctor_id == doctor_id,
            InviteRow.used_at.is_(None),
            InviteRow.expires_at > now,
        )
        .values(expires_at=now)
    )


def revoke(session: Session, county_id: str, device_id: str) -> None:
    """Take a tablet's place away: it may still hand in, into quarantine, and is sent nothing."""
    device = session.get(DeviceRow, (county_id, device_id))
    if device is None:
        raise Refused(Refusal(code="device.unknown", values={"device": device_id}))
    device.state = "revoked"
    session.flush()


def _check_key(public_key: str) -> None:
    try:
        usable = len(bytes.fromhex(public_key)) * 2 == KEY_HEX_DIGITS
    except ValueError:
        usable = False
    if not usable:
        raise Refused(Refusal(code="enrol.bad_key", place="device_public_key"))


def _device_of(
    session: Session, found: InviteRow, doctor: UserRow, request: EnrolRequest, now: datetime
) -> DeviceRow:
    if found.used_at is not None:
        device = session.get_one(DeviceRow, (found.county_id, found.device_id))
        if device.public_key == request.device_public_key:
            return device
        raise Refused(Refusal(code="enrol.code_used", place="code"))
    if found.expires_at <= now or not doctor.active:
        raise Refused(Refusal(code="enrol.code_expired", place="code"))
    device = _new_device(found, request, now)
    session.add(device)
    found.used_at, found.device_id = now, device.id
    session.flush()
    return device


def _new_device(found: InviteRow, request: EnrolRequest, now: datetime) -> DeviceRow:
    return DeviceRow(
        county_id=found.county_id,
        id=uuid7(int(now.timestamp() * 1000), os.urandom(RANDOM_BYTES)),
        doctor_id=found.doctor_id,
        name=request.device_name[:100],
        public_key=request.device_public_key,
        state="active",
        enrolled_at=now,
        last_seq=0,
        last_hash=GENESIS,
        durable_seq=0,
        app_version=request.app_version[:40],
    )
