"""The same ledger three times: in the tablet's store, in plain SQLite and in SQLCipher.

3,000 invented residents with five years of follow-ups, written through the same tables and the
same statements, so that only what lies beneath them differs.
"""

from __future__ import annotations

import json
import random
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from sqlite3 import complete_statement
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine, create_engine, event, insert
from sqlalchemy.pool import QueuePool
from sqlmodel import Session

from app.store.engine import close_store, open_store
from app.store.migrations import steps
from app.store.sql_functions import SQL_FUNCTIONS
from app.store.tables import DeviceRow, PersonRow, RecordRow
from core.vocabulary import Kind
from core.wire.envelopes import GENESIS

FIRST_DAY = date(2022, 1, 1)
DAYS = 5 * 365
SCOPE = "village:1"
DOCTOR = "doctor-1"
_SURNAMES, _GIVEN = "王李张刘陈杨赵黄周吴", "秀英建国桂兰玉明芳伟"
_CHUNK = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """One of the three, open."""

    name: str
    path: Path
    engine: Engine

    def close(self) -> None:
        """Fold the log in and close the file."""
        if self.name == "vault":
            close_store(self.engine)
        else:
            self.engine.dispose()


def open_ledgers(folder: Path, data_key: bytes) -> list[Ledger]:
    """Empty ledgers; SQLCipher's only where its package is installed."""
    vault, plain, sqlcipher = (folder / f"{name}.db" for name in ("vault", "plain", "sqlcipher"))
    ledgers = [
        Ledger(name="plain", path=plain, engine=_beside(import_module("sqlite3"), plain)),
        Ledger(name="vault", path=vault, engine=open_store(vault, data_key)),
    ]
    if find_spec("sqlcipher3"):
        module = import_module("sqlcipher3.dbapi2")
        ledgers.append(
            Ledger(name="sqlcipher", path=sqlcipher, engine=_beside(module, sqlcipher, data_key))
        )
    return ledgers


def _beside(module: Any, path: Path, data_key: bytes | None = None) -> Engine:
    """An engine as safe as the store's: write-ahead log, every commit synced, one connection."""
    engine = create_engine(
        "sqlite://",
        module=module,
        creator=lambda: module.connect(path, check_same_thread=False),
        poolclass=QueuePool,
        pool_size=1,
        max_overflow=0,
    )
    keyed = [f"key = \"x'{data_key.hex()}'\""] if data_key else []

    @event.listens_for(engine, "connect")
    def _set_up(connection: Any, _record: object) -> None:
        for pragma in (*keyed, "journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}").fetchall()
        for name, (arguments, function) in SQL_FUNCTIONS.items():
            connection.create_function(name, arguments, function, deterministic=True)

    return engine


def make_tables(ledger: Ledger) -> None:
    """The tablet's own tables, statement by statement: sqlite3 takes no script at once."""
    with ledger.engine.begin() as connection:
        for step in steps():
            for statement in _statements(step.sql):
                connection.exec_driver_sql(statement)
            connection.exec_driver_sql(f"PRAGMA user_version = {step.number:d}")


def _statements(script: str) -> Iterator[str]:
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if complete_statement(statement):
            yield statement
            statement = ""


def fill(ledger: Ledger, residents: int, follow_ups: int) -> None:
    """The device, the people and their follow-ups, the oldest first."""
    with Session(ledger.engine) as session, session.begin():
        session.add(_device())
        session.execute(insert(PersonRow), [person(number) for number in range(residents)])
    rows = rows_of(random.Random(1), residents, follow_ups, first=0)
    while chunk := [row for row, _ in zip(rows, range(_CHUNK), strict=False)]:
        with ledger.engine.begin() as connection:
            connection.execute(insert(RecordRow), chunk)


def rows_of(
    chance: random.Random, residents: int, follow_ups: int, first: int
) -> Iterator[dict[str, Any]]:
    """Follow-ups as rows of the record table, numbered from `first`."""
    for number in range(first, first + follow_ups):
        day = FIRST_DAY + timedelta(days=min(number * DAYS // follow_ups, DAYS - 1))
        yield row_of(chance, f"resident-{chance.randrange(residents):05d}", number, day)


def row_of(chance: random.Random, resident_id: str, number: int, day: date) -> dict[str, Any]:
    """One follow-up as a row; its id sorts by the time of making, as the tablet's do."""
    record_id = f"{number:016x}-{chance.getrandbits(64):016x}"
    body = json.dumps(body_of(chance, record_id, resident_id, day), ensure_ascii=False)
    return {
        "id": record_id,
        "kind": Kind.FOLLOW_UP,
        "scope_id": SCOPE,
        "revision": 1,
        "schema": 1,
        "hash": f"{chance.getrandbits(256):064x}",
        "author_id": DOCTOR,
        "resident_id": resident_id,
        "occurred_on": day,
        "recorded_at": f"{day}T02:00:00Z",
        "body": body,
    }


def body_of(chance: random.Random, record_id: str, resident_id: str, day: date) -> dict[str, Any]:
    """What a follow-up of a person with high blood pressure and diabetes says."""
    systolic = chance.randrange(110, 185)
    return {
        "id": record_id,
        "scope_id": SCOPE,
        "resident_id": resident_id,
        "author_id": DOCTOR,
        "occurred_on": day.isoformat(),
        "recorded_at": f"{day}T02:00:00Z",
        "mode": "home",
        "services": ["health_management"],
        "symptoms": ["none"],
        "readings": [
            {
                "kind": "blood_pressure",
                "systolic_mmhg": systolic,
                "diastolic_mmhg": systolic // 2 + 10,
            },
            {"kind": "heart_rate", "heart_rate_bpm": chance.randrange(55, 100)},
            {
                "kind": "glucose",
                "glucose_mmol_l": chance.randrange(45, 150) / 10,
                "timing": "fasting",
            },
        ],
        "guidance": {"diet": ["less_salt"], "exercise": ["walk"], "psychology": ["calm"]},
        "adherence": "regular",
        "adverse_reaction": False,
        "complication": "none",
        "visit_class": 1,
        "next_on": (day + timedelta(days=30)).isoformat(),
    }


def person(number: int) -> dict[str, Any]:
    """An invented resident."""
    name = _SURNAMES[number % 10] + _GIVEN[number // 10 % 10] + _GIVEN[number // 100 % 10]
    return {
        "resident_id": f"resident-{number:05d}",
        "household_id": f"household-{number // 3:05d}",
        "name": name,
        "pinyin": f"wang{number % 100}",
        "initials": f"w{number % 10}",
        "sex": "female",
        "birth_date": date(1950, 1, 1) + timedelta(days=number),
        "phone": f"1990000{number:04d}",
        "id_tail": f"{number:06d}",
        "head_name": name,
        "house_no": str(number // 3),
    }


def _device() -> DeviceRow:
    return DeviceRow(
        device_id="device-1",
        county_id="county-1",
        county_name="",
        county_url="",
        doctor_id=DOCTOR,
        doctor_name="",
        scopes="[]",
        private_key=Ed25519PrivateKey.generate().private_bytes_raw(),
        county_public_key="",
        county_escrow_key=secrets.token_hex(32),
        last_hash=GENESIS,
        enrolled_at=datetime(2022, 1, 1, tzinfo=UTC).isoformat(),
    )
