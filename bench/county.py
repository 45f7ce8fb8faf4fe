"""A county under load: a month-end evening of all its tablets, and single visits one by one.

The tablets are a process of their own; each request is proven, checked and answered as always.
"""

from __future__ import annotations

import statistics
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.county_world import crowded
from bench.crowd import Heard, heard_by
from bench.figures import Figure, prefixed
from bench.sync import served_postgres

TABLETS = 200
EVENING_S_A_TABLET = 0.01
"""The evening's window for each tablet: a thousand come within ten seconds."""
VISITS = 6
SINGLE_TABLETS, SINGLES, SINGLES_OFFERED_PER_S = 500, 4, 290
SINGLES_MARK_PER_S, SINGLES_P95_MARK_MS = 250, 500


def run(tablets: int = TABLETS) -> list[Figure]:
    """The figures on both databases, for a county of so many tablets."""
    with tempfile.TemporaryDirectory(prefix="luyue-bench-") as name:
        folder = Path(name)
        figures = prefixed("sqlite", _figures(folder / "sqlite", "", tablets))
        with served_postgres(folder / "server") as url:
            figures += prefixed("postgres", _figures(folder / "postgres", url, tablets))
    return figures


def _figures(folder: Path, url: str, tablets: int) -> Iterator[Figure]:
    most = max(tablets, SINGLE_TABLETS)
    with crowded(folder, url, most) as (enrolled, port, county):
        crowd = [each.caller(1, VISITS) for each in enrolled[:tablets]]
        evening = heard_by(crowd, port, tablets * EVENING_S_A_TABLET, pull=True)
        yield Figure(
            name="evening_pushed", value=evening.receipts / evening.seconds, unit="records/s"
        )
        yield Figure(
            name="evening_pulled", value=evening.received / evening.seconds, unit="records/s"
        )
        yield from _told("evening", evening, tablets * VISITS)
        few = [each.caller(SINGLES, 1) for each in enrolled[:SINGLE_TABLETS]]
        count = len(few) * SINGLES
        singles = heard_by(few, port, count / SINGLES_OFFERED_PER_S, pull=False)
        yield Figure(
            name="singles", value=singles.receipts / singles.seconds, unit="requests/s",
            mark=SINGLES_MARK_PER_S, at_least=True,
        )  # fmt: skip
        yield from _told("singles", singles, count, SINGLES_P95_MARK_MS)
        yield Figure(name="memory", value=_memory_mb(county.process.pid), unit="MB")


def _told(name: str, heard: Heard, handed_in: int, p95_ms: float | None = None) -> Iterator[Figure]:
    parts = statistics.quantiles(heard.times, n=100)
    yield Figure(name=f"{name}_p50", value=parts[49] * 1000, unit="ms")
    yield Figure(name=f"{name}_p95", value=parts[94] * 1000, unit="ms", mark=p95_ms)
    yield Figure(name=f"{name}_p99", value=parts[98] * 1000, unit="ms")
    lost = handed_in - heard.receipts
    yield Figure(
        name=f"{name}_errors", value=heard.errors + heard.refused + lost, unit="errors", mark=0
    )
    yield Figure(name=f"{name}_retries", value=heard.retries, unit="requests")


def _memory_mb(pid: int) -> float:
    told = subprocess.run(
        ["ps", "-o", "rss=", "-p", str(pid)], stdout=subprocess.PIPE, text=True, check=True
    )
    return int(told.stdout) / 1024
