"""The vault against plain SQLite and SQLCipher, on the same data in the same run."""

from __future__ import annotations

import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from time import perf_counter

from sqlalchemy import insert, select
from sqlmodel import Session, col

from app.store import outbox
from app.store.device_secret import FileDeviceSecret
from app.store.engine import close_store, open_store
from app.store.keyring import KeyRing
from app.store.outbox import OperationDraft
from app.store.queries import people
from app.store.rows import RecordWrite, store_records
from app.store.tables import RecordRow
from bench.figures import Figure
from bench.ledgers import (
    DOCTOR,
    FIRST_DAY,
    SCOPE,
    Ledger,
    body_of,
    fill,
    make_tables,
    open_ledgers,
    rows_of,
)
from bench.tablet_pages import page_figures, settle_in
from core.vocabulary import Kind
from core.wire.canonical import canonical_bytes, sha256_hex

REPOSITORY = Path(__file__).parent.parent
RESIDENTS = 3_000
FOLLOW_UPS = 180_000
ROUNDS = 5
SAVES_A_ROUND = 40
BULK_ROWS = 10_000
NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)
DATA_KEY = bytes(range(32))
PIN = "384756"
TYPED = ("w", "wa", "wan", "wang1", "王", "王秀", "12", "0042")

Work = Callable[[Ledger, int], None]


def figures(residents: int = RESIDENTS, follow_ups: int = FOLLOW_UPS) -> list[Figure]:
    """All of them; takes a minute or two."""
    with tempfile.TemporaryDirectory(prefix="luyue-bench-") as folder:
        ledgers = open_ledgers(Path(folder), DATA_KEY)
        for ledger in ledgers:
            make_tables(ledger)
            fill(ledger, residents, follow_ups)
        found = [
            *_compared("a follow-up saved, durable", ledgers, save, SAVES_A_ROUND, mark=1.5),
            *_compared("10,000 rows in one transaction", ledgers, bulk, 1, mark=1.6),
            *_compared("one year read through", ledgers, scan, 1, mark=1.8),
            *_search(ledgers),
        ]
        for ledger in ledgers:
            ledger.close()
        sizes, unlocking = _sizes(ledgers), _unlock(ledgers, Path(folder))
        return [*found, *sizes, *unlocking, _memory(ledgers), *_pages(ledgers, residents)]


def _compared(
    name: str, ledgers: list[Ledger], work: Work, per_round: int, mark: float
) -> list[Figure]:
    """Medians of rounds in which every ledger has its turn, and each against the plain one."""
    taken: dict[str, list[float]] = {ledger.name: [] for ledger in ledgers}
    for turn in range(-1, ROUNDS):
        for ledger in ledgers:
            begun = perf_counter()
            work(ledger, turn)
            if turn >= 0:  # the first one warms up
                taken[ledger.name].append((perf_counter() - begun) / per_round * 1000)
    medians = {name: statistics.median(times) for name, times in taken.items()}
    times = [Figure(name=f"{name}, {who}", value=ms, unit="ms") for who, ms in medians.items()]
    return [*times, *_ratios(name, medians, mark)]


def _ratios(name: str, values: dict[str, float], mark: float) -> list[Figure]:
    return [
        Figure(
            name=f"{name}, {who} against plain",
            value=value / values["plain"],
            unit="times",
            mark=mark if who == "vault" else None,
        )
        for who, value in values.items()
        if who != "plain"
    ]


def save(ledger: Ledger, turn: int) -> None:
    """Record, derived rows, outbox, chain and signature, as the services save a follow-up."""
    chance = random.Random(f"save {turn}")
    for number in range(SAVES_A_ROUND):
        record_id = f"f{turn + 1:07x}{number:08x}-{chance.getrandbits(64):016x}"
        resident_id = f"resident-{chance.randrange(RESIDENTS):05d}"
        body = body_of(chance, record_id, resident_id, NOW.date())
        write = RecordWrite(
            id=record_id,
            kind=Kind.FOLLOW_UP,
            scope_id=SCOPE,
            revision=1,
            author_id=DOCTOR,
            body=body,
            hash=sha256_hex(canonical_bytes(body)),
        )
        draft = OperationDraft(
            kind=write.kind,
            record_id=record_id,
            revision=1,
            action="put",
            scope_id=SCOPE,
            author_id=DOCTOR,
            occurred_at=NOW.isoformat(),
            policy_version="1",
            body=body,
        )
        with Session(ledger.engine) as session, session.begin():
            store_records(session, [write])
            outbox.append(session, draft, NOW)


def bulk(ledger: Ledger, turn: int) -> None:
    """10,000 records in one transaction."""
    first = (1 << 40) + (turn + 1) * BULK_ROWS
    rows = list(rows_of(random.Random(turn), RESIDENTS, BULK_ROWS, first))
    with ledger.engine.begin() as connection:
        connection.execute(insert(RecordRow), rows)


def scan(ledger: Ledger, _turn: int) -> None:
    """Every follow-up of one year, row by row."""
    year = (date(FIRST_DAY.year + 3, 1, 1), date(FIRST_DAY.year + 3, 12, 31))
    wanted = (
        select(col(RecordRow.id), col(RecordRow.resident_id), col(RecordRow.body))
        .where(col(RecordRow.kind) == Kind.FOLLOW_UP)
        .where(col(RecordRow.occurred_on).between(*year))
    )
    with ledger.engine.connect() as connection:
        for _ in connection.execute(wanted):
            pass


def _search(ledgers: list[Ledger]) -> list[Figure]:
    (vault,) = (ledger for ledger in ledgers if ledger.name == "vault")
    taken: list[float] = []
    for text in TYPED * ROUNDS:
        with Session(vault.engine) as session:
            begun = perf_counter()
            people.search(session, text)
            taken.append((perf_counter() - begun) * 1000)
    return [Figure(name="search, slowest keystroke", value=max(taken), unit="ms", mark=30)]


def _sizes(ledgers: list[Ledger]) -> list[Figure]:
    sizes = {ledger.name: ledger.path.stat().st_size / 1e6 for ledger in ledgers}
    told = [Figure(name=f"file, {who}", value=size, unit="MB") for who, size in sizes.items()]
    return [*told, *_ratios("file", sizes, 1.05)]


def _unlock(ledgers: list[Ledger], folder: Path) -> list[Figure]:
    """PIN stretched at full strength, key unwrapped, store opened."""
    (vault,) = (ledger for ledger in ledgers if ledger.name == "vault")
    secret = FileDeviceSecret(folder / "secret")
    ring = KeyRing.create(folder / "ring.json", DATA_KEY, secret)
    ring.add_doctor(DOCTOR, PIN, secret, data_key=DATA_KEY)
    taken: list[float] = []
    for _ in range(ROUNDS):
        begun = perf_counter()
        engine = open_store(vault.path, ring.unlock(DOCTOR, PIN, secret, NOW))
        taken.append(perf_counter() - begun)
        close_store(engine)
    return [Figure(name="unlock", value=statistics.median(taken), unit="s", mark=1)]


def _memory(ledgers: list[Ledger]) -> Figure:
    """The most a process ever held that saved, imported and read a year in the vault alone."""
    (vault,) = (ledger for ledger in ledgers if ledger.name == "vault")
    command = [sys.executable, "-m", "bench.alone", str(vault.path)]
    told = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, check=True)
    return Figure(name="peak memory", value=float(told.stdout), unit="MB", mark=200)


def _pages(ledgers: list[Ledger], residents: int) -> list[Figure]:
    """What the tablet's services take on the vault, once its follow-ups have their people."""
    (vault,) = (ledger for ledger in ledgers if ledger.name == "vault")
    settle_in(vault.path, DATA_KEY, residents)
    return page_figures(vault.path, DATA_KEY, residents)
