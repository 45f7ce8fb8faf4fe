"""The doctors named for what is restricted in a village: entrusted with its special programmes.

Nobody is, until the office says so. A tablet learns of it at its next synchronisation; of an
end too, and then forgets what it held.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.refusals import Refusal, Refused
from county.audit import CONSOLE, note_act
from county.config import CountyConfig, utc_now
from county.keys import the_county
from county.office import opened, villages_named
from county.people import Act, Role, act_of, find_doctor, lock_user, village_names
from county.tables import UserRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrusted:
    """A doctor, and the villages whose special programmes they are named for, by name."""

    doctor_id: str
    doctor: str
    villages: tuple[str, ...]


def entrust(session: Session, act: Act, doctor: UserRow, village_ids: Collection[str]) -> None:
    """Name a doctor for these of their villages too.

    Raises Refused `entrust.not_their_village`.
    """
    lock_user(session, doctor)
    if not set(village_ids) <= set(doctor.village_ids):
        raise Refused(Refusal(code="entrust.not_their_village", values={"doctor": doctor.name}))
    _set(session, act, doctor, {*doctor.restricted_village_ids, *village_ids}, "entrust")


def entrust_no_more(
    session: Session, act: Act, doctor: UserRow, village_ids: Collection[str]
) -> None:
    """Name a doctor for these villages no longer; for those they were not named for, nothing."""
    lock_user(session, doctor)
    left = set(doctor.restricted_village_ids).difference(village_ids)
    _set(session, act, doctor, left, "entrust_no_more")


def _set(
    session: Session, act: Act, doctor: UserRow, village_ids: Collection[str], action: str
) -> None:
    before = set(doctor.restricted_village_ids)
    doctor.restricted_village_ids = sorted(village_ids)
    session.flush()
    differing = sorted(before.symmetric_difference(village_ids))
    if differing:
        note_act(
            session, act.county_id, act.by_user, action, "user", doctor.id, act.now,
            villages=differing,
        )  # fmt: skip


def name_doctor(
    config: CountyConfig, doctor: str, villages: tuple[str, ...], *, end: bool
) -> Entrusted:
    """What `luyue county entrust` does: by names, and the doctor's villages after it.

    Raises Refused as `find_doctor` and `entrust` do, and `place.unknown`.
    """
    now: datetime = utc_now()
    with opened(config) as database, database.writing() as session:
        county_id = the_county(session).county_id
        found = find_doctor(session, county_id, doctor)
        own = found.restricted_village_ids if end else found.village_ids
        named = villages_named(session, county_id, villages, among=own)
        change = entrust_no_more if end else entrust
        change(session, act_of(county_id, CONSOLE, now), found, [row.id for row in named])
        return _told(found, village_names(session, county_id))


def named_doctors(config: CountyConfig) -> tuple[Entrusted, ...]:
    """Every doctor who is named for a village, by name."""
    with opened(config) as database, database.reading() as session:
        county_id = the_county(session).county_id
        names = village_names(session, county_id)
        query = select(UserRow).where(UserRow.county_id == county_id, UserRow.role == Role.DOCTOR)
        doctors = session.scalars(query.order_by(UserRow.name, UserRow.id))
        told = (_told(doctor, names) for doctor in doctors)
        return tuple(each for each in told if each.villages)


def _told(doctor: UserRow, names: dict[str, str]) -> Entrusted:
    named = (names.get(village_id, village_id) for village_id in doctor.restricted_village_ids)
    return Entrusted(doctor_id=doctor.id, doctor=doctor.name, villages=tuple(named))
