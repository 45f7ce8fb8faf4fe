"""Eight writers at once and a reader who follows the numbers beside them: does any escape him?"""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from time import perf_counter

from bench.figures import Figure, prefixed
from bench.sync import served_postgres
from bench.visits import OFFICE, written
from core.ids import village_scope
from core.people import Household
from core.wire.envelopes import Cursor
from county import ledger
from county.config import CountyConfig, utc_now
from county.db import Database, open_database
from county.escrow_key import new_escrow_key
from county.feed import Feed
from county.keys import found_county
from county.people import act_of, add_township, add_village
from county.schema import upgrade

COUNTY_ID = "ordered-county"
WRITERS, ROUNDS, TOGETHER, PAGE = 8, 75, 40, 500
RECORDS = WRITERS * ROUNDS * TOGETHER


def run() -> list[Figure]:
    """The figures on both databases."""
    with tempfile.TemporaryDirectory(prefix="luyue-bench-") as name:
        folder = Path(name)
        figures = prefixed("sqlite", _figures(CountyConfig(data_dir=folder / "sqlite").url))
        with served_postgres(folder / "server") as url:
            config = CountyConfig(data_dir=folder, database_url=url)
            figures += prefixed("postgres", _figures(config.url))
    return figures


def _figures(url: str) -> list[Figure]:
    database = open_database(url)
    try:
        village = _founded(database)
        over = Event()
        begun = perf_counter()
        with ThreadPoolExecutor(WRITERS + 1) as pool:
            reading = pool.submit(_seen, database, village_scope(village), over)
            try:
                for writing in [
                    pool.submit(_write, database, village, number) for number in range(WRITERS)
                ]:
                    writing.result()
            finally:
                over.set()
            seen = reading.result()
        seconds = perf_counter() - begun
    finally:
        database.close()
    return [
        Figure(name="missed", value=RECORDS - len(set(seen)), unit="records", mark=0),
        Figure(name="seen_twice", value=len(seen) - len(set(seen)), unit="records", mark=0),
        Figure(name="written", value=RECORDS / seconds, unit="records/s"),
    ]


def _founded(database: Database) -> str:
    now = utc_now()
    upgrade(database)
    with database.writing() as session:
        found_county(session, COUNTY_ID, "序县", now, new_escrow_key("to be measured", cost=2))
        act = act_of(COUNTY_ID, OFFICE, now)
        return add_village(session, act, add_township(session, act, "云岭镇"), "石门村").id


def _write(database: Database, village: str, writer: int) -> None:
    scope = village_scope(village)
    for at in range(ROUNDS):
        now = utc_now()
        homes = (
            Household(
                id=f"home-{writer}-{at}-{number}", scope_id=scope, village_id=village,
                number=str(number), head_name="王建国",
            )
            for number in range(TOGETHER)
        )  # fmt: skip
        writes = [written(home, now) for home in homes]
        with database.writing() as session:
            ledger.write(session, COUNTY_ID, writes, now)


def _seen(database: Database, scope: str, over: Event) -> list[str]:
    """Every record the reader is given, until all has been written and he has read on once more."""
    cursors: dict[str, Cursor] = {}
    seen: list[str] = []
    last_look = False
    while True:
        with database.reading() as session:
            page = Feed(session, COUNTY_ID, (scope,)).page((scope,), cursors, PAGE)
        cursors.update(page.cursors)
        seen.extend(change.record_id for change in page.changes)
        if last_look and not page.has_more:
            return seen
        last_look = over.is_set()
