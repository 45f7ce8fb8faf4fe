"""A county with its doctors and enrolled tablets, made once and copied for every seed."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import count
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.orm import Session

from app.store.opening import Store
from app.store.outbox import iso
from app.store.place import take_place
from core.contracts import Contract
from core.ids import restricted_scope, village_scope
from core.people import Household, Resident, SpecialProgramme, TagSpan
from core.vocabulary import GroupTag
from core.wire.bodies import Record, body_of, kind_of
from core.wire.envelopes import EnrolRequest
from county import ledger
from county.db import open_database
from county.enrolment import enrol, invite
from county.entrusting import entrust
from county.escrow_key import new_escrow_key
from county.keys import found_county
from county.people import Act, NewUser, add_township, add_user, add_village
from county.schema import upgrade
from county.tables import CountyRow
from simulation.chance import bytes_from
from simulation.clocks import BEGIN

COUNTY_ID = "county-of-seeds"
COUNTY_FILE = "county.db"
OFFICE = "office"
RESIDENTS = 3
"""How many live in each village: few, so that tablets meet at the same ones."""
DATA_KEY = bytes(range(32))


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """A tablet's place in the county, and its store as it was right after enrolment."""

    name: str
    doctor_id: str
    device_id: str
    village_id: str
    store_file: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Founded:
    """The files to begin with; `residents` are the ids of those of each village."""

    county_file: Path
    seats: tuple[Seat, ...]
    residents: dict[str, tuple[str, ...]]


def in_memory_folder() -> Path:
    """A folder for one process, in memory where the machine has such a place."""
    shared = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="luyue-", dir=shared if shared.is_dir() else None))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@lru_cache(maxsize=4)
def founded(tablets: int) -> Founded:
    """A county for so many tablets: two share a village, and one village is nobody's.

    The first doctor of each village is named for what is restricted there, the others are not.
    """
    folder = in_memory_folder()
    database = open_database(f"sqlite:///{folder / COUNTY_FILE}")
    try:
        upgrade(database)
        with bytes_from(tablets), database.writing() as session:
            seats, residents = _people(session, tablets, folder)
    finally:
        database.close()
    return Founded(county_file=folder / COUNTY_FILE, seats=seats, residents=residents)


def _people(
    session: Session, tablets: int, folder: Path
) -> tuple[tuple[Seat, ...], dict[str, tuple[str, ...]]]:
    county = found_county(
        session, COUNTY_ID, "种子县", BEGIN, new_escrow_key("a county grown from seeds", cost=2)
    )
    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    county.signing_private_key = key.private_bytes_raw().hex()
    county.signing_public_key = key.public_key().public_bytes_raw().hex()
    numbers = count(1)
    act = Act(
        county_id=COUNTY_ID,
        by_user=OFFICE,
        now=BEGIN,
        make_id=lambda: f"place-{next(numbers):03d}",
    )
    township = add_township(session, act, "云岭镇")
    villages = [
        add_village(session, act, township, f"{number}村").id
        for number in range(max(1, tablets // 2) + 1)
    ]
    residents = {village: _village_people(session, village) for village in villages}
    seats = []
    for number in range(tablets):
        village = villages[number % (len(villages) - 1)]
        new = NewUser(name=f"{number}大夫", role="doctor", village_ids=(village,))
        doctor = add_user(session, act, new)
        if number < len(villages) - 1:
            entrust(session, act, doctor, [village])
        seats.append(_seat(session, county, doctor.id, village, folder / f"tablet-{number}.db"))
    return tuple(seats), residents


def special_of(resident_id: str) -> str:
    """The id of what a resident of the founding is cared for in confidence."""
    return f"{resident_id}-special"


def _village_people(session: Session, village_id: str) -> tuple[str, ...]:
    scope, home = village_scope(village_id), f"{village_id}-home"
    records: list[Record] = [
        Household(id=home, scope_id=scope, village_id=village_id, number="1", head_name="王建国")
    ]
    ids = tuple(f"{village_id}-person-{number}" for number in range(RESIDENTS))
    for resident_id in ids:
        records += [
            Resident(
                id=resident_id,
                scope_id=scope,
                household_id=home,
                name="王建国",
                sex="male",
                birth_date=date(1955, 4, 2),
            ),
            SpecialProgramme(
                id=special_of(resident_id),
                scope_id=restricted_scope(village_id),
                resident_id=resident_id,
                tags=(TagSpan(tag=GroupTag.TB),),
            ),
            Contract(
                id=f"{resident_id}-contract",
                scope_id=scope,
                resident_id=resident_id,
                start_on=date(BEGIN.year, 1, 1),
                end_on=date(BEGIN.year, 12, 31),
            ),
        ]
    ledger.write(session, COUNTY_ID, [office_write(record) for record in records], BEGIN)
    return ids


def office_write(record: Record) -> ledger.RecordWrite:
    """A record as the county's office puts it in."""
    return ledger.RecordWrite(
        kind=kind_of(record),
        record_id=record.id,
        scope_id=getattr(record, "scope_id", ""),
        body=body_of(record),
        author_id=OFFICE,
        recorded_at=BEGIN,
    )


def _seat(
    session: Session, county: CountyRow, doctor_id: str, village_id: str, store_file: Path
) -> Seat:
    name = store_file.stem
    key = Ed25519PrivateKey.from_private_bytes(name.encode().ljust(32))
    code = invite(session, COUNTY_ID, doctor_id, created_by=OFFICE, now=BEGIN).code
    request = EnrolRequest(
        code=code,
        device_public_key=key.public_key().public_bytes_raw().hex(),
        device_name=name,
        app_version="0.1.0",
    )
    answer = enrol(session, county, request, BEGIN)
    store = Store.open(store_file, DATA_KEY)
    with store.transaction() as tablet:
        take_place(
            tablet,
            answer,
            county_url="https://county.invalid",
            private_key=key.private_bytes_raw(),
            at=iso(BEGIN),
        )
    store.close()
    return Seat(
        name=name,
        doctor_id=doctor_id,
        device_id=answer.device_id,
        village_id=village_id,
        store_file=store_file,
    )
