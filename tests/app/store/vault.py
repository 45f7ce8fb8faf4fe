"""A store in a folder of its own, and the ways a test looks at it or damages it from outside."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine

from app.store.ciphers import AES_256_GCM, Cipher
from app.store.engine import close_store, open_store
from app.store.file_header import StoreKeys, prove_key
from app.store.page_seal import PAGE_BYTES
from app.store.pagevfs import log_of

DATA_KEY = bytes(range(32))
OTHER_KEY = bytes(range(1, 33))
SCHEMA = (
    "CREATE TABLE visit (id INTEGER PRIMARY KEY, doctor TEXT NOT NULL, note TEXT)",
    "CREATE TABLE reading (visit INTEGER NOT NULL REFERENCES visit, kind TEXT, value INTEGER)",
)
KINDS = ("systolic", "diastolic", "pulse")


class Vault:
    """One store file and its log."""

    def __init__(self, folder: Path, cipher: Cipher = AES_256_GCM) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "store.db"
        self.log = log_of(self.path)
        self.cipher = cipher

    def engine(self, base_vfs: str = "") -> Engine:
        """The store, opened by the test, to be closed by the test."""
        return open_store(self.path, DATA_KEY, cipher=self.cipher, base_vfs=base_vfs)

    @contextmanager
    def opened(self) -> Iterator[Engine]:
        """The store for the length of a block."""
        engine = self.engine()
        try:
            yield engine
        finally:
            close_store(engine)

    def keys(self) -> StoreKeys:
        """The keys of the store as it lies on disk."""
        return prove_key(self.path.read_bytes()[:PAGE_BYTES], DATA_KEY, PAGE_BYTES)

    def fingerprint(self) -> dict[str, str]:
        """A digest of every file in the folder."""
        return {
            file.name: hashlib.sha256(file.read_bytes()).hexdigest()
            for file in self.path.parent.iterdir()
        }

    def crashed(self, visits: int, folder: Path, *, folded: int = 0) -> Vault:
        """Another store, as a crash after so many visits leaves it: its log not folded in.

        Before them `folded` others, numbered from 1000, have found their way into the store.
        """
        with self.opened() as engine:
            make_tables(engine)
            for number in range(1000, 1000 + folded):
                save_visit(engine, number)
            keep_log(engine)
            for number in range(1, visits + 1):
                save_visit(engine, number)
            copy = Vault(folder)
            copy.path.write_bytes(self.path.read_bytes())
            copy.log.write_bytes(self.log.read_bytes())
        return copy


def make_tables(engine: Engine) -> None:
    """Two tables: a visit, and its readings."""
    with engine.begin() as connection:
        for statement in SCHEMA:
            connection.exec_driver_sql(statement)


def keep_log(engine: Engine) -> None:
    """Fold the tables into the store now, and nothing more from here on."""
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("PRAGMA wal_autocheckpoint=0")


def save_visit(engine: Engine, number: int, note: str = "低盐饮食，按时服药") -> None:
    """One visit with its readings, in one transaction."""
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO visit VALUES (?, ?, ?)", (number, "李医生", note))
        for value, kind in enumerate(KINDS):
            connection.exec_driver_sql(
                "INSERT INTO reading VALUES (?, ?, ?)", (number, kind, number + value)
            )


def visits(engine: Engine, ignoring: int | None = None) -> list[int]:
    """The numbers of the visits in the store, after checking that each is whole, but one."""
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").all() == [("ok",)]
        rows = connection.exec_driver_sql(
            "SELECT visit.id, count(reading.visit) FROM visit"
            " LEFT JOIN reading ON reading.visit = visit.id GROUP BY visit.id ORDER BY visit.id"
        ).all()
    assert {count for number, count in rows if number != ignoring} <= {len(KINDS)}
    return [number for number, _ in rows]


def flip_bit(path: Path, offset: int) -> None:
    """Turn one bit over."""
    content = bytearray(path.read_bytes())
    content[offset] ^= 1
    path.write_bytes(content)
