"""Makes the demo: a county founded, its roster imported, its users added, a year recorded."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.calendar import age_on
from core.ids import RANDOM_BYTES, restricted_scope, uuid7
from core.people import SpecialProgramme, TagSpan
from core.vocabulary import SPECIAL_TAGS, Kind
from county.config import CountyConfig, local_date
from county.db import Database
from county.entrusting import entrust
from county.escrow_key import new_escrow_key
from county.keys import found_county
from county.office import opened
from county.people import Act, NewUser, Role, add_user, easy_password, townships_of, village_names
from county.roster.importing import import_roster
from county.roster.invented import InventedCounty
from county.roster.sample import write_roster
from county.roster.typists import CarefulTypist
from county.special_programmes import write_programmes
from county.tables import RecordRow, UserRow
from demo.work_year import WorkYear

COUNTY_NAME = "青山县"
DEMO_FILE = "demo.json"
PASSPHRASE = "demo-passphrase"
"""Opens the demo's escrow key; a real county makes up its own and keeps it apart."""
DEFAULT_PORT = 8600
GROWN = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How large the invented county is, and how many days of history it has."""

    townships: int = 2
    villages: int = 6
    doctors: int = 8
    residents: int = 900
    households: int = 320
    history_days: int = 400


FULL_SIZE = Size()

Tell = Callable[[str, int, int], None]
"""Told how far it is: a step's code, how much of it is done, how much there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoUser:
    """A user of the demo; a doctor has no password but a tablet."""

    user_id: str
    role: str
    name: str
    login: str
    password: str
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoCounty:
    """What the demo remembers of its making."""

    made_on: str
    seed: int
    county_port: int
    users: tuple[DemoUser, ...]
    doctors: tuple[DemoUser, ...]

    @property
    def county_url(self) -> str:
        """Where its tablets look for the county."""
        return f"http://127.0.0.1:{self.county_port}"


def read_demo(folder: Path) -> DemoCounty | None:
    """The demo made in this folder; None where there is none or it was never finished."""
    try:
        told = json.loads((folder / DEMO_FILE).read_text("utf-8"))
    except FileNotFoundError:
        return None
    users = tuple(DemoUser(**user) for user in told.pop("users"))
    doctors = tuple(DemoUser(**doctor) for doctor in told.pop("doctors"))
    return DemoCounty(**told, users=users, doctors=doctors)


def county_config(folder: Path) -> CountyConfig:
    """The settings of the demo's county, whatever the environment says of another one."""
    demo = read_demo(folder)
    return CountyConfig(data_dir=folder / "county", port=demo.county_port if demo else DEFAULT_PORT)


def make_demo(
    folder: Path,
    seed: int,
    now: datetime,
    tell: Tell,
    county_port: int = DEFAULT_PORT,
    size: Size = FULL_SIZE,
) -> DemoCounty:
    """Make the demo in `folder`; what an earlier or interrupted one left there goes first.

    `county_port` is where its tablets will look for the county ever after.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with opened(county_config(folder)) as database:
        founding = _Founding(database, folder, seed, now, tell, size)
        users, doctors = founding.found()
        founding.live()
        founding.keep_in_confidence(doctors[0])
    demo = DemoCounty(
        made_on=local_date(now).isoformat(),
        seed=seed,
        county_port=county_port,
        users=users,
        doctors=doctors,
    )
    _write_last(folder / DEMO_FILE, json.dumps(asdict(demo), ensure_ascii=False, indent=2))
    return demo


def _write_last(path: Path, text: str) -> None:
    """Written when everything else is there, and readable by its owner only."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


class _Founding:
    """The steps from an empty folder to a county at work."""

    def __init__(
        self, database: Database, folder: Path, seed: int, now: datetime, tell: Tell, size: Size
    ) -> None:
        self._database = database
        self._folder = folder
        self._seed = seed
        self._now = now
        self._tell = tell
        self._size = size
        self._chance = Random(seed)
        self._begin = now - timedelta(days=size.history_days)
        self._county_id = self._id()

    def found(self) -> tuple[tuple[DemoUser, ...], tuple[DemoUser, ...]]:
        """Found the county and import its roster; its desk users and its doctors."""
        key = new_escrow_key(PASSPHRASE)
        with self._database.writing() as session:
            found_county(session, self._county_id, COUNTY_NAME, self._begin, key)
        self._import_roster()
        with self._database.writing() as session:
            return self._desk_users(session), self._doctors(session)

    def live(self) -> None:
        """Let a year of work happen."""
        year = WorkYear(self._database, self._county_id, self._chance, self._begin, self._now)
        year.run(lambda done, total: self._tell("year", done, total))

    def keep_in_confidence(self, doctor: DemoUser) -> None:
        """Name a doctor for their villages, and put grown-ups there into special programmes."""
        act = replace(self._act(), now=self._now)
        with self._database.writing() as session:
            row = session.get_one(UserRow, (self._county_id, doctor.user_id))
            entrust(session, act, row, row.village_ids)
            people = session.execute(
                select(RecordRow.id, RecordRow.village_id, RecordRow.body)
                .where(
                    RecordRow.county_id == self._county_id,
                    RecordRow.kind == Kind.RESIDENT,
                    RecordRow.village_id.in_(row.village_ids),
                )
                .order_by(RecordRow.id)
            ).all()
            begin = local_date(self._begin)
            grown = [
                each
                for each in people
                if age_on(date.fromisoformat(each.body["birth_date"]), begin) >= GROWN
            ]
            chosen = self._chance.sample(grown, min(len(grown), len(SPECIAL_TAGS)))
            programmes = [
                SpecialProgramme(
                    id=self._id(),
                    scope_id=restricted_scope(village_id),
                    resident_id=resident_id,
                    tags=(TagSpan(tag=tag, from_on=begin),),
                )
                for tag, (resident_id, village_id, _) in zip(
                    sorted(SPECIAL_TAGS), chosen, strict=False
                )
            ]
            write_programmes(session, act, programmes)

    def _import_roster(self) -> None:
        today = local_date(self._now)
        invented = InventedCounty(self._seed, today)
        size = self._size
        places = invented.places(size.townships, size.villages, size.doctors)
        homes = invented.households(places, size.residents, size.households)
        path = self._folder / "roster.xlsx"
        self._tell("roster", 0, size.residents)
        write_roster(path, homes, CarefulTypist(), today.year)
        import_roster(self._database, self._act(), path)
        self._tell("roster", size.residents, size.residents)

    def _desk_users(self, session: Session) -> tuple[DemoUser, ...]:
        administrator = self._add(
            session, Role.COUNTY, "县卫健委管理员", "admin", None, COUNTY_NAME
        )
        reviewers = [
            self._add(
                session, Role.TOWNSHIP, f"{row.name}审核员", f"town{number}", row.id, row.name
            )
            for number, row in enumerate(townships_of(session, self._county_id), start=1)
        ]
        return administrator, *reviewers

    def _add(
        self, session: Session, role: Role, name: str, login: str, township: str | None, place: str
    ) -> DemoUser:
        password = easy_password()
        user = NewUser(name=name, role=role, login=login, password=password, township_id=township)
        row = add_user(session, self._act(), user)
        return DemoUser(
            user_id=row.id, role=role, name=name, login=login, password=password, place=place
        )

    def _doctors(self, session: Session) -> tuple[DemoUser, ...]:
        villages = village_names(session, self._county_id)
        query = select(UserRow).where(
            UserRow.county_id == self._county_id, UserRow.role == Role.DOCTOR
        )
        return tuple(
            DemoUser(
                user_id=row.id,
                role=row.role,
                name=row.name,
                login=row.login,
                password="",
                place="、".join(villages[village] for village in row.village_ids),
            )
            for row in session.scalars(query.order_by(UserRow.id))
        )

    def _act(self) -> Act:
        return Act(county_id=self._county_id, by_user="demo", now=self._begin, make_id=self._id)

    def _id(self) -> str:
        return uuid7(int(self._begin.timestamp() * 1000), self._chance.randbytes(RANDOM_BYTES))
