"""Many tablets at once, as a county sees them: signed requests from a process of their own.

They speak HTTP over connections of their own and keep no store, so that what is measured is
the county.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import random
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

from app.sync.county_call import Signer
from app.sync.cycle import PATH
from demo.children import LOOPBACK

TRIES = 5
PATIENCE_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """One tablet: who it is, and the operations it has to hand in, batch by batch."""

    signer: Signer
    batches: tuple[tuple[dict[str, Any], ...], ...]
    cursors: dict[str, Any] = field(default_factory=dict)

    def body(self, operations: Sequence[Any] = ()) -> bytes:
        """A request with these operations, for what is new since the last answer."""
        said = {
            "device_id": self.signer.device_id,
            "app_version": "bench",
            "cursors": self.cursors,
            "operations": operations,
        }
        return json.dumps(said, ensure_ascii=False).encode()


@dataclass(slots=True)
class Heard:
    """What all of them have heard: seconds a request, and what went wrong."""

    times: list[float] = field(default_factory=list)
    receipts: int = 0
    refused: int = 0
    received: int = 0
    retries: int = 0
    errors: int = 0
    seconds: float = 0.0


def heard_by(callers: Sequence[Caller], port: int, window_s: float, *, pull: bool) -> Heard:
    """Lets each hand in its batches at chance moments of the window, then read what is new.

    All are level before the window begins, as tablets in daily use are; that is not counted.
    """
    spawning = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawning) as pool:
        return pool.submit(_heard, callers, port, window_s, pull).result()


def _heard(callers: Sequence[Caller], port: int, window_s: float, pull: bool) -> Heard:
    return asyncio.run(_all(callers, port, window_s, pull))


async def _all(callers: Sequence[Caller], port: int, window_s: float, pull: bool) -> Heard:
    heard, chance = Heard(), random.Random(1)
    for caller in callers:
        await _levelled(caller, await _asked(caller, (), port, Heard()), port, Heard())
    begun = perf_counter()
    async with asyncio.TaskGroup() as group:
        for caller in callers:
            moments = sorted(chance.uniform(0, window_s) for _ in caller.batches)
            group.create_task(_evening(caller, moments, port, pull, heard))
    heard.seconds = perf_counter() - begun
    return heard


async def _evening(
    caller: Caller, moments: Sequence[float], port: int, pull: bool, heard: Heard
) -> None:
    begun, said = perf_counter(), {}
    for moment, batch in zip(moments, caller.batches, strict=True):
        await asyncio.sleep(max(begun + moment - perf_counter(), 0))
        said = await _asked(caller, batch, port, heard)
    if pull:
        await _levelled(caller, said, port, heard)


async def _levelled(caller: Caller, said: dict[str, Any], port: int, heard: Heard) -> None:
    while said.get("has_more"):
        said = await _asked(caller, (), port, heard)


async def _asked(caller: Caller, batch: Sequence[Any], port: int, heard: Heard) -> dict[str, Any]:
    """The county's answer; one that is busy or gone is asked again after a while."""
    for attempt in range(TRIES):
        begun = perf_counter()
        try:
            status, content = await asyncio.wait_for(
                _posted(caller, caller.body(batch), port), PATIENCE_S
            )
        except (OSError, EOFError, TimeoutError):
            status, content = 0, b""
        if status == 200:
            heard.times.append(perf_counter() - begun)
            said: dict[str, Any] = json.loads(content)
            caller.cursors.update(said.get("cursors", {}))
            receipts = said.get("receipts", [])
            taken = sum(run["last_seq"] - run["first_seq"] + 1 for run in said.get("taken", []))
            heard.receipts += taken + len(receipts)
            heard.refused += sum(each["outcome"] == "refused" for each in receipts)
            heard.received += len(said.get("changes", []))
            return said
        if attempt < TRIES - 1:
            heard.retries += 1
            await asyncio.sleep(2**attempt * 0.1)
    heard.errors += 1
    return {}


async def _posted(caller: Caller, body: bytes, port: int) -> tuple[int, bytes]:
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    try:
        proof = caller.signer.headers(PATH, body, datetime.now(UTC), os.urandom(16).hex())
        headers = {
            **proof,
            "Host": LOOPBACK,
            "Content-Length": str(len(body)),
            "Connection": "close",
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        writer.write(f"POST {PATH} HTTP/1.1\r\n{lines}\r\n".encode() + body)
        head, _, content = (await reader.read()).partition(b"\r\n\r\n")
        return int(head.split(b" ", 2)[1]) if head else 0, content
    finally:
        writer.close()
