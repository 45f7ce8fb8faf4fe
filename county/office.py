"""What the county office does at the console: found the county, add users, invite tablets."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.refusals import Refusal, Refused
from county.audit import CONSOLE, new_id, note_act
from county.config import CountyConfig, local_date, utc_now
from county.db import Database, open_database
from county.enrolment import Invitation, invite
from county.escrow_key import new_escrow_key
from county.keys import found_county, the_county
from county.people import (
    NewUser,
    Role,
    act_of,
    add_user,
    easy_password,
    find_desk_user,
    find_doctor,
    set_password,
    townships_of,
    villages_of,
)
from county.roster.answers import RosterReport
from county.roster.cells import township_among, village_key
from county.roster.importing import RosterOptions, import_roster
from county.schema import upgrade
from county.sessions import close_sessions_of
from county.stats import county_stats
from county.tables import CountyRow, UserRow, VillageRow

ADMINISTRATOR = "admin"
LOGIN = re.compile(r"[\w.@-]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A user's way in, shown once: the password is kept only as a hash."""

    user_id: str
    name: str
    login: str
    role: str
    password: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRequest:
    """A user as an office names them: places by name, an empty password to be made up."""

    name: str
    role: str
    login: str = ""
    password: str = ""
    township: str = ""
    villages: tuple[str, ...] = ()
    phone: str = ""


@contextmanager
def opened(config: CountyConfig) -> Iterator[Database]:
    """The county's database, brought up to this version's tables."""
    database = open_database(config.url)
    try:
        upgrade(database)
        yield database
    finally:
        database.close()


def init_county(
    config: CountyConfig,
    name: str,
    county_id: str,
    password: str,
    passphrase: str,
    tell: Callable[[Account], None],
) -> None:
    """Found the county with its keys and its first administrator.

    `passphrase` guards the escrow key, by which tablets are recovered. `tell` says both before
    it is done: where nobody can be told, and it raises, no county is founded.

    Raises Refused `county.founded_already` where the database has a county, `founding.no_name`.
    """
    now = utc_now()
    if not name.strip():
        raise Refused(Refusal(code="founding.no_name", place="name"))
    with opened(config) as database, database.writing() as session:
        existing = session.scalars(select(CountyRow).limit(1)).first()
        if existing is not None:
            raise Refused(Refusal(code="county.founded_already", values={"name": existing.name}))
        escrow = new_escrow_key(passphrase)
        county = found_county(session, county_id or new_id(now), name, now, escrow)
        request = UserRequest(name=name, role=Role.COUNTY, login=ADMINISTRATOR, password=password)
        tell(_add(session, county, request))


def check_founded(config: CountyConfig) -> None:
    """Raises Refused `county.not_founded` before `luyue county init`."""
    with opened(config) as database, database.reading() as session:
        the_county(session)


def take_roster(config: CountyConfig, path: Path, options: RosterOptions) -> RosterReport:
    """Import a roster on behalf of the console; raises Refused as `import_roster` does."""
    with opened(config) as database:
        with database.reading() as session:
            county_id = the_county(session).county_id
        return import_roster(database, act_of(county_id, CONSOLE, utc_now()), path, options)


def invite_doctor(config: CountyConfig, doctor: str) -> tuple[Invitation, str]:
    """A fresh one-time code for a doctor named by name, login or id, and the doctor's name."""
    now = utc_now()
    with opened(config) as database, database.writing() as session:
        county_id = the_county(session).county_id
        row = find_doctor(session, county_id, doctor)
        hours = config.invite_hours
        code = invite(session, county_id, row.id, created_by=CONSOLE, now=now, hours=hours)
        note_act(session, county_id, CONSOLE, "invite", "user", row.id, now)
        return code, row.name


def register_user(config: CountyConfig, request: UserRequest) -> Account:
    """Add a user.

    Raises Refused as `add_user` does, `place.unknown` for a place not there, `user.no_name`,
    `user.login_unusable`, and `user.exists` where somebody of this name does the same already
    and no login says that they are two.
    """
    with opened(config) as database, database.writing() as session:
        return _add(session, the_county(session), request)


def renew_password(config: CountyConfig, login: str, password: str) -> Account:
    """Give a user of the desk another password, made up if empty, and end their sessions.

    Raises Refused as `find_desk_user` and `set_password` do.
    """
    now, given = utc_now(), password or easy_password()
    with opened(config) as database, database.writing() as session:
        county_id = the_county(session).county_id
        user = find_desk_user(session, county_id, login)
        set_password(user, given)
        close_sessions_of(session, county_id, user.id)
        note_act(session, county_id, CONSOLE, "new_password", "user", user.id, now)
        return _account(user, given)


def stats(config: CountyConfig) -> dict[str, Any]:
    """The county in numbers."""
    with opened(config) as database, database.reading() as session:
        return county_stats(session, the_county(session), local_date(utc_now()))


def _add(session: Session, county: CountyRow, request: UserRequest) -> Account:
    now = utc_now()
    county_id = county.county_id
    needs_password = request.role != Role.DOCTOR
    password = request.password or (easy_password() if needs_password else "")
    township_id = _township(session, county_id, request.township)
    villages = villages_named(session, county_id, request.villages, township_id=township_id)
    elsewhere = [row.name for row in villages if township_id not in (None, row.township_id)]
    if elsewhere:
        values = {"place": elsewhere[0], "township": request.township}
        raise Refused(Refusal(code="place.elsewhere", values=values))
    _check_named(session, county_id, request, township_id)
    user = add_user(
        session,
        act_of(county_id, CONSOLE, now),
        NewUser(
            name=request.name,
            role=request.role,
            login=request.login,
            password=password,
            township_id=township_id or next((row.township_id for row in villages), None),
            village_ids=tuple(row.id for row in villages),
            phone=request.phone,
        ),
    )
    note_act(session, county_id, CONSOLE, "add_user", "user", user.id, now)
    return _account(user, password)


def _check_named(
    session: Session, county_id: str, request: UserRequest, township_id: str | None
) -> None:
    if not request.name.strip():
        raise Refused(Refusal(code="user.no_name", place="name"))
    if request.login:
        if not LOGIN.fullmatch(request.login):
            values = {"login": request.login}
            raise Refused(Refusal(code="user.login_unusable", place="login", values=values))
        return
    alike = select(UserRow).where(
        UserRow.county_id == county_id,
        UserRow.name == request.name,
        UserRow.role == request.role,
        UserRow.active.is_(True),
    )
    if request.role == Role.TOWNSHIP:
        alike = alike.where(UserRow.township_id == township_id)
    there = session.scalars(alike.limit(1)).first()
    if there is not None:
        values = {"name": there.name, "login": there.login}
        raise Refused(Refusal(code="user.exists", place="name", values=values))


def _account(user: UserRow, password: str) -> Account:
    return Account(
        user_id=user.id, name=user.name, login=user.login, role=user.role, password=password
    )


def villages_named(
    session: Session,
    county_id: str,
    names: tuple[str, ...],
    among: Collection[str] = (),
    township_id: str | None = None,
) -> tuple[VillageRow, ...]:
    """The villages of these names, ids, or names behind their township's (云岭镇/石门村).

    Of several called alike it is the one `among` these ids, or in this township. Raises Refused
    `place.unknown`, and `place.ambiguous` with the names that tell them apart.
    """
    villages = villages_of(session, county_id)
    townships = {row.id: row.name for row in townships_of(session, county_id)}
    return tuple(_village(name, villages, townships, among, township_id) for name in names)


def _village(
    name: str,
    villages: Sequence[VillageRow],
    townships: Mapping[str, str],
    among: Collection[str],
    township_id: str | None,
) -> VillageRow:
    township, _, plain = name.rpartition("/")
    its_township = township_among(townships.values(), township) if township else None
    found = [row for row in villages if name in (row.id, row.name)] or [
        row
        for row in villages
        if village_key(row.name) == village_key(plain)
        and (not township or townships[row.township_id] == its_township)
    ]
    nearer = [row for row in found if row.id in among or row.township_id == township_id]
    found = nearer if len(found) > 1 and nearer else found
    if not found:
        raise Refused(Refusal(code="place.unknown", values={"place": name}))
    if len(found) > 1:
        known = ", ".join(sorted(f"{townships[row.township_id]}/{row.name}" for row in found))
        raise Refused(Refusal(code="place.ambiguous", values={"place": name, "known": known}))
    return found[0]


def _township(session: Session, county_id: str, name: str) -> str | None:
    if not name:
        return None
    known = {row.name: row.id for row in townships_of(session, county_id)}
    found = township_among(known, name)
    if found is None:
        raise Refused(Refusal(code="place.unknown", values={"place": name}))
    return known[found]
