"""The county's townships, villages and users: added, found, and known by their passwords."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from core.ids import county_scope
from core.people import User, Village
from core.refusals import Refusal, Refused
from core.vocabulary import Kind
from core.wire.bodies import body_of
from county.audit import new_id
from county.ledger import RecordWrite, write
from county.rollups import age_accounts
from county.tables import TownshipRow, UserRow, VillageRow

MIN_PASSWORD_LENGTH = 8
WRONG_PASSWORD = "user.wrong_password"
_COST, _BLOCK, _LANES = 2**14, 8, 1
_SCRYPT_MEMORY_BYTES = 64 * 1024 * 1024
_SALT_BYTES = 16
_EASY = "23456789abcdefghjkmnpqrstuvwxyz"


class Role(StrEnum):
    """What a user may do: record, review a township, run the county, or only look."""

    DOCTOR = "doctor"
    TOWNSHIP = "township"
    COUNTY = "county"
    AUDITOR = "auditor"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    """Someone to be added; no login: one made from the name; no password: no desk."""

    name: str
    role: str
    login: str = ""
    password: str = ""
    township_id: str | None = None
    village_ids: tuple[str, ...] = ()
    phone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Who does something at the county, when, and how new ids are made."""

    county_id: str
    by_user: str
    now: datetime
    make_id: Callable[[], str]


def act_of(county_id: str, by_user: str, now: datetime) -> Act:
    """An act at a moment, with ordinary ids."""
    return Act(county_id=county_id, by_user=by_user, now=now, make_id=lambda: new_id(now))


def add_township(session: Session, act: Act, name: str) -> TownshipRow:
    """A new township."""
    township = TownshipRow(county_id=act.county_id, id=act.make_id(), name=name)
    session.add(township)
    session.flush()
    return township


def add_village(session: Session, act: Act, township: TownshipRow, name: str) -> VillageRow:
    """A new village of a township; the tablets are told of it."""
    row = VillageRow(
        county_id=act.county_id,
        id=act.make_id(),
        township_id=township.id,
        name=name,
        division_code="",
    )
    session.add(row)
    session.flush()
    record = Village(id=row.id, township_id=township.id, name=name, township_name=township.name)
    _tell_tablets(session, act, Kind.VILLAGE, row.id, record)
    return row


def add_user(session: Session, act: Act, user: NewUser) -> UserRow:
    """A new user.

    Raises Refused: `user.unknown_role`, `user.login_taken`, `user.password_short`,
    `user.needs_township` for a reviewer without a township.
    """
    _check_new(session, act.county_id, user)
    row = UserRow(
        county_id=act.county_id,
        id=act.make_id(),
        login=user.login or free_login(session, act.county_id, user.name),
        name=user.name,
        role=user.role,
        password_hash=hash_password(user.password) if user.password else "",
        township_id=user.township_id,
        village_ids=list(user.village_ids),
        phone=user.phone,
        active=True,
        created_at=act.now,
    )
    session.add(row)
    session.flush()
    age_accounts(session, act.county_id, row.village_ids)
    tell_of_user(session, act, row)
    return row


def give_village(session: Session, act: Act, doctor: UserRow, village_id: str) -> None:
    """Make a doctor responsible for one more village."""
    if village_id in doctor.village_ids:
        return
    lock_user(session, doctor)
    if village_id not in doctor.village_ids:
        set_villages(session, act, doctor, (*doctor.village_ids, village_id))


def set_villages(session: Session, act: Act, doctor: UserRow, village_ids: Iterable[str]) -> None:
    """Make a doctor responsible for exactly these villages.

    What they were named for in a village that goes is over; it does not come back with the
    village. The accounts of villages that come or go name their doctor and are reckoned anew.
    """
    lock_user(session, doctor)
    before, now = set(doctor.village_ids), list(village_ids)
    doctor.village_ids = now
    doctor.restricted_village_ids = [name for name in doctor.restricted_village_ids if name in now]
    session.flush()
    age_accounts(session, act.county_id, before.symmetric_difference(now))
    tell_of_user(session, act, doctor)


def lock_user(session: Session, user: UserRow) -> None:
    """Read a user again and hold the row until the transaction ends, before it is changed.

    Whoever changes it at the same moment waits; what they change is not overwritten.
    """
    session.flush()
    session.refresh(user, with_for_update=True)


def tell_of_user(session: Session, act: Act, row: UserRow) -> None:
    """Send a user's name, role and villages to the tablets; never a credential."""
    record = User(
        id=row.id,
        name=row.name,
        role=row.role,
        village_ids=tuple(row.village_ids),
        township_id=row.township_id,
        phone=row.phone,
    )
    _tell_tablets(session, act, Kind.USER, row.id, record)


def _tell_tablets(
    session: Session, act: Act, kind: Kind, record_id: str, record: User | Village
) -> None:
    item = RecordWrite(
        kind=kind,
        record_id=record_id,
        scope_id=county_scope(act.county_id),
        body=body_of(record),
        author_id=act.by_user,
        recorded_at=act.now,
    )
    write(session, act.county_id, [item], act.now)


def _check_new(session: Session, county_id: str, user: NewUser) -> None:
    if user.role not in tuple(Role):
        raise Refused(Refusal(code="user.unknown_role", values={"role": user.role}))
    if user.role == Role.TOWNSHIP and user.township_id is None:
        raise Refused(Refusal(code="user.needs_township"))
    if user.password:
        _check_password_length(user.password)
    if user.login and _is_taken(session, county_id, user.login):
        raise Refused(Refusal(code="user.login_taken", values={"login": user.login}))


def _check_password_length(password: str) -> None:
    if len(password) < MIN_PASSWORD_LENGTH:
        values = {"length": MIN_PASSWORD_LENGTH}
        raise Refused(Refusal(code="user.password_short", values=values))


def _is_taken(session: Session, county_id: str, login: str) -> bool:
    query = select(UserRow.id).where(UserRow.county_id == county_id, UserRow.login == login)
    return session.scalars(query.limit(1)).first() is not None


def free_login(session: Session, county_id: str, name: str) -> str:
    """A login nobody has: the name in pinyin, numbered where that is taken."""
    plain = re.sub(r"[^a-z0-9]", "", _pinyin(name)) or "user"
    query = select(UserRow.login).where(
        UserRow.county_id == county_id, UserRow.login.startswith(plain, autoescape=True)
    )
    taken = set(session.scalars(query))
    candidates = (plain, *(f"{plain}{number}" for number in range(2, len(taken) + 3)))
    return next(login for login in candidates if login not in taken)


def _pinyin(name: str) -> str:
    # Characters are enough for a login; the dictionary of phrases would cost 45 MB.
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
    from pypinyin import lazy_pinyin

    return "".join(lazy_pinyin(name)).lower()


def find_doctor(session: Session, county_id: str, wanted: str) -> UserRow:
    """The active doctor with this id, login or name.

    Raises Refused `doctor.unknown` (with the doctors there are) or `doctor.ambiguous`
    (with the logins that tell them apart).
    """
    query = select(UserRow).where(
        UserRow.county_id == county_id, UserRow.role == Role.DOCTOR, UserRow.active.is_(True)
    )
    named = or_(UserRow.id == wanted, UserRow.login == wanted, UserRow.name == wanted)
    found = session.scalars(query.where(named).order_by(UserRow.login)).all()
    if not found:
        known = session.scalars(query.order_by(UserRow.login).limit(12)).all()
        raise Refused(Refusal(code="doctor.unknown", values=_listed(wanted, known)))
    if len(found) > 1:
        raise Refused(Refusal(code="doctor.ambiguous", values=_listed(wanted, found)))
    return found[0]


def _listed(wanted: str, users: Iterable[UserRow]) -> dict[str, str]:
    return {"doctor": wanted, "known": logins_of(users)}


def logins_of(users: Iterable[UserRow]) -> str:
    """The logins that tell users apart, each with the name."""
    return ", ".join(f"{user.login}({user.name})" for user in users)


def find_user(session: Session, county_id: str, wanted: str) -> UserRow:
    """The active user with this login, else the only one with this id or name.

    Raises Refused `user.unknown`, or `user.ambiguous` with the logins that tell them apart.
    """
    query = select(UserRow).where(UserRow.county_id == county_id, UserRow.active.is_(True))
    named = or_(UserRow.id == wanted, UserRow.login == wanted, UserRow.name == wanted)
    found = session.scalars(query.where(named).order_by(UserRow.login)).all()
    found = [user for user in found if user.login == wanted] or found
    if not found:
        raise Refused(Refusal(code="user.unknown", values={"login": wanted}))
    if len(found) > 1:
        values = {"name": wanted, "known": logins_of(found)}
        raise Refused(Refusal(code="user.ambiguous", values=values))
    return found[0]


def find_desk_user(session: Session, county_id: str, login: str) -> UserRow:
    """The active user with this login who signs in at the desk; refused `user.unknown`."""
    query = select(UserRow).where(
        UserRow.county_id == county_id, UserRow.login == login, UserRow.active.is_(True)
    )
    user = session.scalars(query).first()
    if user is None or not user.password_hash:
        raise Refused(Refusal(code="user.unknown", values={"login": login}))
    return user


def set_password(user: UserRow, password: str) -> None:
    """Give a user another password; refused `user.password_short`."""
    _check_password_length(password)
    user.password_hash = hash_password(password)


def close_account(session: Session, user: UserRow) -> None:
    """Let a user sign in no more; what they decided stays theirs.

    Refused `user.last_administrator`: somebody has to be able to run the county.
    """
    others = select(UserRow.id).where(
        UserRow.county_id == user.county_id,
        UserRow.role == Role.COUNTY,
        UserRow.active.is_(True),
        UserRow.id != user.id,
    )
    if user.role == Role.COUNTY and session.scalars(others.limit(1)).first() is None:
        raise Refused(Refusal(code="user.last_administrator"))
    user.active = False


def townships_of(session: Session, county_id: str) -> Sequence[TownshipRow]:
    """The county's townships by name."""
    query = select(TownshipRow).where(TownshipRow.county_id == county_id)
    return session.scalars(query.order_by(TownshipRow.name)).all()


def villages_of(session: Session, county_id: str) -> Sequence[VillageRow]:
    """The county's villages by name."""
    query = select(VillageRow).where(VillageRow.county_id == county_id)
    return session.scalars(query.order_by(VillageRow.name)).all()


def village_names(session: Session, county_id: str) -> dict[str, str]:
    """The names of the county's villages by id; its township first where two are called alike."""
    villages = villages_of(session, county_id)
    townships = {row.id: row.name for row in townships_of(session, county_id)}
    alike = Counter(row.name for row in villages)
    return {
        row.id: row.name
        if alike[row.name] == 1
        else f"{townships.get(row.township_id, row.township_id)}/{row.name}"
        for row in villages
    }


def hash_password(password: str) -> str:
    """What is kept of a password: scrypt with its numbers and a salt of its own."""
    salt = secrets.token_bytes(_SALT_BYTES)
    digest = _scrypt(password, salt, _COST, _BLOCK, _LANES)
    return f"scrypt${_COST}${_BLOCK}${_LANES}${salt.hex()}${digest.hex()}"


def check_password(session: Session, county_id: str, login: str, password: str) -> UserRow:
    """The active user with this login and password.

    Raises Refused `user.wrong_password`, the same and as slowly for an unknown login.
    """
    query = select(UserRow).where(
        UserRow.county_id == county_id, UserRow.login == login, UserRow.active.is_(True)
    )
    user = session.scalars(query).first()
    kept = user.password_hash if user is not None and user.password_hash else _NOBODYS
    matches = _matches(password, kept)
    if user is None or not user.password_hash or not matches:
        raise Refused(Refusal(code=WRONG_PASSWORD))
    return user


def _matches(password: str, kept: str) -> bool:
    _, cost, block, lanes, salt, digest = kept.split("$")
    tried = _scrypt(password, bytes.fromhex(salt), int(cost), int(block), int(lanes))
    return hmac.compare_digest(tried, bytes.fromhex(digest))


def _scrypt(password: str, salt: bytes, cost: int, block: int, lanes: int) -> bytes:
    return hashlib.scrypt(
        password.encode(), salt=salt, n=cost, r=block, p=lanes, maxmem=_SCRYPT_MEMORY_BYTES
    )


# Checked where there is no such user, so that the time of the answer tells nothing.
_NOBODYS = f"scrypt${_COST}${_BLOCK}${_LANES}${'00' * _SALT_BYTES}${'00' * 64}"


def easy_password() -> str:
    """A password that can be read out over the telephone: three groups of four."""
    return "-".join("".join(secrets.choice(_EASY) for _ in range(4)) for _ in range(3))
