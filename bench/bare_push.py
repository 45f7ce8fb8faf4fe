"""What the push is held against: the same operations to a server that only keeps them.

FastAPI and SQLite as anybody would write them: a batch is decompressed, read, and each operation
stored under its id in one durable transaction. No proof, checks, chain, numbers, sums or accounts.
"""

from __future__ import annotations

import json
import multiprocessing
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path
from time import perf_counter

import requests
import uvicorn
import zstandard
from fastapi import FastAPI, Request

from app.store import outbox
from app.store.opening import Store
from app.sync.coding import zstd_of
from app.sync.pace import UP
from app.sync.push import envelopes
from demo.children import LOOPBACK, free_port_from

BENCH_PORT = 8740
START_S = 30


def bare_rate(store: Store, folder: Path) -> float:
    """Records a second for all operations of a tablet's outbox, in batches as large as its own."""
    with store.transaction() as session:
        operations = [outbox.queued(each) for each in outbox.from_seq(session, 1, 1 << 20)]
    with _served(folder / "bare.db") as url, requests.Session() as link:
        begun = perf_counter()
        for start in range(0, len(operations), UP.most):
            _push(link, url, operations[start : start + UP.most])
        return len(operations) / (perf_counter() - begun)


def _push(link: requests.Session, url: str, batch: Sequence[outbox.Queued]) -> None:
    plain = json.dumps({"operations": list(envelopes(batch))}, ensure_ascii=False).encode()
    body = zstd_of(plain)
    answer = link.post(url, data=body, timeout=60)
    if answer.json() != {"kept": len(batch)}:
        raise RuntimeError("the bare server has not kept everything")


@contextmanager
def _served(file: Path) -> Iterator[str]:
    port = free_port_from(BENCH_PORT)
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(file, port))
    process.start()
    url = f"http://{LOOPBACK}:{port}/push"
    try:
        _wait_until_up(url, process)
        yield url
    finally:
        process.terminate()
        process.join()


def _wait_until_up(url: str, process: BaseProcess) -> None:
    end = time.monotonic() + START_S
    while process.is_alive() and time.monotonic() < end:
        try:
            requests.get(url, timeout=5)
        except requests.ConnectionError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the bare server does not come up")


def _serve(file: Path, port: int) -> None:
    uvicorn.run(_app(file), host=LOOPBACK, port=port, log_level="error", access_log=False)


def _app(file: Path) -> FastAPI:
    database = sqlite3.connect(file, check_same_thread=False)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE operation (op_id TEXT PRIMARY KEY, envelope TEXT NOT NULL)")
    app = FastAPI()

    @app.post("/push")
    async def push(request: Request) -> dict[str, int]:
        plain = zstandard.ZstdDecompressor().decompressobj().decompress(await request.body())
        rows = [(each["op_id"], json.dumps(each)) for each in json.loads(plain)["operations"]]
        with database:
            kept = database.executemany("INSERT OR IGNORE INTO operation VALUES (?, ?)", rows)
        return {"kept": kept.rowcount}

    return app
