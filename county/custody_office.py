"""What the office does at the console about tablets' keys: recover, revoke, wipe, take in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.refusals import Refusal, Refused
from core.wire.receipts import Receipt
from county.audit import CONSOLE, note_act
from county.config import CountyConfig, utc_now
from county.enrolment import revoke
from county.escrow import LeftBehind, data_key_of, key_in_force, rotate
from county.escrow_key import (
    new_escrow_key,
    private_key,
    read_key_file,
    write_key_file,
)
from county.hand_over import Key, accept, read_hand_over
from county.keys import the_county
from county.office import opened
from county.orders import order_wipe, set_keep_years, set_lease
from county.people import find_doctor
from county.recovery import RecoveryCode, issue, tablet_of
from county.tables import DeviceRow, UserRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """A recovery code and whose it is."""

    code: RecoveryCode
    doctor_id: str
    doctor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tablet:
    """A tablet and whose it is, after something was done about it."""

    device_id: str
    doctor: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """What became of a hand-over file: how many records, and what was said to some of them."""

    device_id: str
    doctor: str
    count: int
    receipts: tuple[Receipt, ...]
    resend_from: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotated:
    """The name of a new escrow key, how many data keys are sealed to it, and those that are not."""

    name: str
    count: int
    left_behind: tuple[LeftBehind, ...]


def recover_doctor(config: CountyConfig, doctor: str, wanted: str, key: Key) -> Recovery:
    """A one-time code for a doctor's tablet; `wanted` names it where the doctor has several."""
    now = utc_now()
    with opened(config) as database, database.writing() as session:
        county = the_county(session)
        user = find_doctor(session, county.county_id, doctor)
        device = tablet_of(session, county.county_id, user.id, wanted)
        data_key = data_key_of(session, county, device, key.passphrase, key.file)
        code = issue(session, device, data_key, CONSOLE, now)
        note_act(session, county.county_id, CONSOLE, "recover", "device", device.id, now)
        return Recovery(code=code, doctor_id=user.id, doctor=user.name)


def revoke_tablet(config: CountyConfig, device_id: str) -> Tablet:
    """Take a tablet's place away; refused `device.unknown`."""
    now = utc_now()
    with opened(config) as database, database.writing() as session:
        county_id = the_county(session).county_id
        revoke(session, county_id, device_id)
        note_act(session, county_id, CONSOLE, "revoke", "device", device_id, now)
        device = session.get_one(DeviceRow, (county_id, device_id))
        return _told(device, session.get_one(UserRow, (county_id, device.doctor_id)))


def wipe_tablet(config: CountyConfig, device_id: str, *, regardless: bool) -> Tablet:
    """Order a tablet to destroy what it holds at its next contact; refused `device.unknown`."""
    now = utc_now()
    with opened(config) as database, database.writing() as session:
        county_id = the_county(session).county_id
        device = session.get(DeviceRow, (county_id, device_id))
        if device is None:
            raise Refused(Refusal(code="device.unknown", values={"device": device_id}))
        order_wipe(device, regardless=regardless)
        detail = {"mode": device.wipe_order}
        note_act(session, county_id, CONSOLE, "wipe", "device", device_id, now, **detail)
        return _told(device, session.get_one(UserRow, (county_id, device.doctor_id)))


def accept_file(config: CountyConfig, path: Path, key: Key) -> Handed:
    """Take a hand-over file in; each record is answered as over the air."""
    now = utc_now()
    told = read_hand_over(path)
    with opened(config) as database, database.writing() as session:
        county = the_county(session)
        taken = accept(session, county, told, key, now)
        note_act(session, county.county_id, CONSOLE, "accept", "device", taken.device_id, now)
        doctor = session.get_one(UserRow, (county.county_id, taken.doctor_id))
        return Handed(
            device_id=taken.device_id,
            doctor=doctor.name,
            count=taken.count,
            receipts=taken.receipts,
            resend_from=taken.resend_from,
        )


def rotate_escrow_key(
    config: CountyConfig,
    key: Key,
    new_passphrase: str,
    tell: Callable[[Rotated], None] = lambda _: None,
) -> Rotated:
    """Put a new escrow key in force and seal every kept data key to it, as far as it opens.

    `tell` says so, with the passphrase, before it is done: where nobody can be told, and it
    raises, all stays as it was.
    """
    now = utc_now()
    new = new_escrow_key(new_passphrase)
    with opened(config) as database, database.writing() as session:
        county = the_county(session)
        old = read_key_file(key.file) if key.file else key_in_force(county)
        if old.name != key_in_force(county).name:
            raise Refused(Refusal(code="escrow.other_key"))
        count, left = rotate(session, county, private_key(old, key.passphrase), new, now)
        note_act(session, county.county_id, CONSOLE, "rotate", "escrow_key", new.name, now)
        rotated = Rotated(name=new.name, count=count, left_behind=tuple(left))
        tell(rotated)
    return rotated


def export_escrow_key(config: CountyConfig, path: Path, key: Key, *, remove: bool) -> str:
    """Write the escrow key, still locked, to a file, once the passphrase is proven; its name.

    With `remove` the private half then leaves the database and lives in the file alone.
    """
    now = utc_now()
    with opened(config) as database, database.writing() as session:
        county = the_county(session)
        held = key_in_force(county)
        private_key(held, key.passphrase)
        write_key_file(path, held)
        if remove:
            county.escrow_private_key_sealed = ""
        detail = {"removed": remove}
        note_act(
            session, county.county_id, CONSOLE, "export", "escrow_key", held.name, now, **detail
        )
    return held.name


def change_lease(config: CountyConfig, days: int) -> None:
    """Days a tablet works without contact; refused `lease.range`."""
    now = utc_now()
    with opened(config) as database, database.writing() as session:
        county = the_county(session)
        set_lease(county, days)
        note_act(session, county.county_id, CONSOLE, "lease", "county", county.county_id, now)


def change_keep_years(config: CountyConfig, years: int) -> None:
    """Years of facts that stay on the tablets; refused `keep.range`."""
    now = utc_now()
    with opened(config) as database, database.writing() as session:
        county = the_county(session)
        set_keep_years(county, years)
        note_act(session, county.county_id, CONSOLE, "keep", "county", county.county_id, now)


def _told(device: DeviceRow, doctor: UserRow) -> Tablet:
    return Tablet(device_id=device.id, doctor=doctor.name, state=device.state)
