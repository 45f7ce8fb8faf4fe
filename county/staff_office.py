"""What the office does at the console about those with an account: their places, their leaving."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.refusals import Refusal, Refused
from county.audit import CONSOLE, note_act
from county.config import CountyConfig, utc_now
from county.enrolment import end_invites, revoke
from county.keys import the_county
from county.office import opened, villages_named
from county.people import (
    Act,
    Role,
    act_of,
    close_account,
    find_doctor,
    find_user,
    give_village,
    lock_user,
    set_villages,
    townships_of,
    village_names,
)
from county.sessions import close_sessions_of
from county.tables import DeviceRow, UserRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Somebody with an account, with the names of their places."""

    user_id: str
    name: str
    login: str
    role: str
    township: str
    villages: tuple[str, ...]
    is_closed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A doctor after their villages have changed, and those that nobody is responsible for now."""

    doctor: Member
    left_alone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """A closed account, how many tablets lost their place, and the villages left alone."""

    member: Member
    tablets: int
    left_alone: tuple[str, ...]


def members(config: CountyConfig) -> tuple[Member, ...]:
    """Everybody who has an account, or had one: by role, then by login."""
    with opened(config) as database, database.reading() as session:
        county_id = the_county(session).county_id
        roles = tuple(Role)
        found = session.scalars(select(UserRow).where(UserRow.county_id == county_id))
        told = _told(session, county_id, found)
        return tuple(sorted(told, key=lambda one: (roles.index(Role(one.role)), one.login)))


def change_villages(
    config: CountyConfig, doctor: str, villages: tuple[str, ...], *, end: bool
) -> Changed:
    """Make a doctor responsible for these villages too, or for these no longer.

    With a village goes what they were named for in it. Raises Refused as `find_doctor` and
    `villages_named` do, and `villages.not_theirs` where one that is to end is not theirs.
    """
    with opened(config) as database, database.writing() as session:
        act = act_of(the_county(session).county_id, CONSOLE, utc_now())
        found = find_doctor(session, act.county_id, doctor)
        lock_user(session, found)
        among = found.village_ids if end else ()
        named = villages_named(
            session, act.county_id, villages, among=among, township_id=found.township_id
        )
        ids = [row.id for row in named]
        if end:
            _take_away(session, act, found, ids)
        else:
            for village_id in ids:
                give_village(session, act, found, village_id)
        note_act(
            session, act.county_id, CONSOLE, "villages_end" if end else "villages", "user",
            found.id, act.now, villages=ids,
        )  # fmt: skip
        (member,) = _told(session, act.county_id, [found])
        return Changed(doctor=member, left_alone=_left_alone(session, act, ids))


def close_member(config: CountyConfig, wanted: str) -> Closed:
    """Close the account with this login, or of the only one of this name.

    What they decided or entered stays. They sign in no more; a doctor's villages and namings
    end, a code that was not used is good no longer, and each of their tablets may only hand in.
    Raises Refused as `find_user` and `close_account` do.
    """
    with opened(config) as database, database.writing() as session:
        act = act_of(the_county(session).county_id, CONSOLE, utc_now())
        user = find_user(session, act.county_id, wanted)
        end_invites(session, act.county_id, user.id, act.now)  # held before the user, as to enrol
        lock_user(session, user)
        close_account(session, user)
        close_sessions_of(session, act.county_id, user.id)
        had = list(user.village_ids)
        if had:
            set_villages(session, act, user, ())
        active = select(DeviceRow.id).where(
            DeviceRow.county_id == act.county_id,
            DeviceRow.doctor_id == user.id,
            DeviceRow.state == "active",
        )
        tablets = session.scalars(active).all()
        for device_id in tablets:
            revoke(session, act.county_id, device_id)
            note_act(session, act.county_id, CONSOLE, "revoke", "device", device_id, act.now)
        note_act(session, act.county_id, CONSOLE, "close_user", "user", user.id, act.now)
        (member,) = _told(session, act.county_id, [user])
        left_alone = _left_alone(session, act, had)
        return Closed(member=member, tablets=len(tablets), left_alone=left_alone)


def _take_away(session: Session, act: Act, doctor: UserRow, ids: list[str]) -> None:
    if not set(ids) <= set(doctor.village_ids):
        raise Refused(Refusal(code="villages.not_theirs", values={"doctor": doctor.name}))
    left = [village_id for village_id in doctor.village_ids if village_id not in ids]
    set_villages(session, act, doctor, left)


def _left_alone(session: Session, act: Act, village_ids: list[str]) -> tuple[str, ...]:
    """The names of those of these villages that no doctor is responsible for."""
    query = select(UserRow.village_ids).where(
        UserRow.county_id == act.county_id, UserRow.role == Role.DOCTOR, UserRow.active.is_(True)
    )
    cared_for = {village_id for held in session.scalars(query) for village_id in held}
    names = village_names(session, act.county_id)
    return tuple(names[one] for one in village_ids if one not in cared_for)


def _told(session: Session, county_id: str, users: Iterable[UserRow]) -> list[Member]:
    townships = {row.id: row.name for row in townships_of(session, county_id)}
    names = village_names(session, county_id)
    return [
        Member(
            user_id=user.id,
            name=user.name,
            login=user.login,
            role=user.role,
            township=townships.get(user.township_id or "", ""),
            villages=tuple(names.get(one, one) for one in user.village_ids),
            is_closed=not user.active,
        )
        for user in users
    ]
