"""A small county for tests: founded, with two villages, a doctor in each, and real processes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from core.ids import restricted_scope, village_scope
from core.wire.bodies import Record, body_of, kind_of
from core.wire.envelopes import EnrolRequest
from county import enrolment, keys, ledger
from county.checking import damages
from county.config import CountyConfig, local_date
from county.db import Database
from county.entrusting import entrust, entrust_no_more
from county.escrow_key import new_escrow_key
from county.people import act_of
from county.server import create_app, http_options
from county.tables import CountyRow, DeviceRow, TownshipRow, UserRow, VillageRow
from tests.builders import COUNTY_ID, DOCTOR_ID, VILLAGE_ID

OTHER_VILLAGE_ID = "village-2"
OTHER_SCOPE = village_scope(OTHER_VILLAGE_ID)
OTHER_RESTRICTED_SCOPE = restricted_scope(OTHER_VILLAGE_ID)
OTHER_DOCTOR_ID = "doctor-2"
PASSPHRASE = "a test passphrase"
ESCROW_KEY = new_escrow_key(PASSPHRASE, cost=2)


def found(database: Database, now: datetime) -> CountyRow:
    """A county with a township, two villages and their doctors."""
    with database.writing() as session:
        county = keys.found_county(session, COUNTY_ID, "青川县", now, ESCROW_KEY)
        session.add(TownshipRow(county_id=COUNTY_ID, id="township-1", name="云岭镇"))
        for village_id, name in ((VILLAGE_ID, "石门村"), (OTHER_VILLAGE_ID, "柳树村")):
            session.add(
                VillageRow(county_id=COUNTY_ID, id=village_id, township_id="township-1", name=name)
            )
        for doctor_id, name, village_id in (
            (DOCTOR_ID, "周大夫", VILLAGE_ID),
            (OTHER_DOCTOR_ID, "吴大夫", OTHER_VILLAGE_ID),
        ):
            session.add(_doctor(doctor_id, name, village_id, now))
    return county


def _doctor(doctor_id: str, name: str, village_id: str, now: datetime) -> UserRow:
    return UserRow(
        county_id=COUNTY_ID,
        id=doctor_id,
        login=doctor_id,
        name=name,
        role="doctor",
        village_ids=[village_id],
        created_at=now,
    )


def write_records(database: Database, now: datetime, *records: Record) -> None:
    """Let the county itself put records into the ledger."""
    writes = [
        ledger.RecordWrite(
            kind=kind_of(record),
            record_id=record.id,
            scope_id=getattr(record, "scope_id", f"county:{COUNTY_ID}"),
            body=body_of(record),
            author_id="office",
            recorded_at=now,
        )
        for record in records
    ]
    with database.writing() as session:
        ledger.write(session, COUNTY_ID, writes, now)


def entrusted(database: Database, now: datetime, *villages: str, doctor: str = DOCTOR_ID) -> None:
    """Name a doctor for the special programmes of these villages, and of no others."""
    act = act_of(COUNTY_ID, "office", now)
    with database.writing() as session:
        row = session.get_one(UserRow, (COUNTY_ID, doctor))
        entrust_no_more(session, act, row, row.restricted_village_ids)
        entrust(session, act, row, villages)


def is_sound(database: Database, now: datetime) -> bool:
    """Whether `luyue county check` would find nothing in this county."""
    with database.reading() as session:
        return not list(damages(session, COUNTY_ID, local_date(now)))


@dataclass(frozen=True, kw_only=True)
class Enrolled:
    """A tablet of the county, with the private key only it should have."""

    device_id: str
    private_key: Ed25519PrivateKey

    @property
    def public_key(self) -> str:
        return self.private_key.public_key().public_bytes_raw().hex()


def enrol_tablet(database: Database, now: datetime, doctor_id: str = DOCTOR_ID) -> Enrolled:
    """A tablet of a doctor, enrolled by a code."""
    key = Ed25519PrivateKey.generate()
    with database.writing() as session:
        invitation = enrolment.invite(session, COUNTY_ID, doctor_id, created_by="office", now=now)
        county = keys.the_county(session)
        request = EnrolRequest(
            code=invitation.code,
            device_public_key=key.public_key().public_bytes_raw().hex(),
            device_name="test tablet",
            app_version="0.1.0",
        )
        answer = enrolment.enrol(session, county, request, now)
    return Enrolled(device_id=answer.device_id, private_key=key)


def locked_device(database_session: object, device_id: str) -> DeviceRow:
    """The tablet's row as ingest is given it."""
    from sqlalchemy.orm import Session

    assert isinstance(database_session, Session)
    return database_session.get_one(DeviceRow, (COUNTY_ID, device_id), with_for_update=True)


@contextmanager
def running(
    data_dir: Path, database_url: str = "", port: int = 0, **settings: Any
) -> Iterator[str]:
    """A county answering over HTTP in a thread of this process; gives its address."""
    config = CountyConfig(data_dir=data_dir, database_url=database_url, port=port, **settings)
    server = uvicorn.Server(uvicorn.Config(create_app(config), **http_options(config)))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
