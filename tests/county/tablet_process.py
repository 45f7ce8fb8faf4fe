"""A tablet that synchronises in a process of its own, to be killed or left without room."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
from collections.abc import Callable
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path

from app.clock import SystemClock
from app.county_link import SyncProgress
from app.store.opening import Store
from app.sync.link import HttpCounty
from app.sync.pace import Pace, Paces
from tests.tablet_world import TabletHere

DATA_KEY = bytes(range(32))
PATIENCE_S = 60.0
# Children of a process that has imported all this already begin in a moment.
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload([__name__])


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One synchronisation: how many records travel together, and what becomes of the process.

    `most_bytes` is the size beyond which no file of its can grow, as on a disk or under a quota
    that is used up; `dies_at_step` has it kill itself at so many-th report of its progress.
    """

    store: Path
    batch: int = 20
    most_bytes: int | None = None
    dies_at_step: int | None = None


def _synchronise(run: Run, told: Connection) -> None:
    store = Store.open(run.store, DATA_KEY)
    link = HttpCounty(SystemClock(), portions=None)
    pace = Pace(size=run.batch, least=1, most=run.batch)
    link._paces = Paces(up=pace, down=pace)
    if run.most_bytes is not None:
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (run.most_bytes, hard))
    steps = 0

    def step(_: SyncProgress) -> None:
        nonlocal steps
        steps += 1
        if steps == run.dies_at_step:
            os.kill(os.getpid(), signal.SIGKILL)

    told.send(None)
    told.send(link.synchronise(store, step).failed)


class TabletProcess:
    """A synchronisation under way."""

    def __init__(self, run: Run) -> None:
        self._hears, tells = _processes.Pipe(duplex=False)
        self._process = _processes.Process(target=_synchronise, args=(run, tells))
        self._process.start()
        tells.close()
        assert self._hears.poll(PATIENCE_S)
        self._hears.recv()

    def killed_when(self, is_time: Callable[[], bool]) -> bool:
        """Kill it as soon as it is time; False where it had ended by then."""
        while self._process.exitcode is None and not is_time():
            self._process.join(0.001)
        self._process.kill()
        self._process.join(PATIENCE_S)
        return self._process.exitcode == -signal.SIGKILL

    def failure(self) -> str | None:
        """How it ended: None where it went through, else the trouble's code."""
        assert self._hears.poll(PATIENCE_S)
        failed: str | None = self._hears.recv()
        self._process.join(PATIENCE_S)
        assert self._process.exitcode == 0
        return failed


def reopened(tablet: TabletHere, store: Path) -> TabletHere:
    """The tablet with its store open in this process again."""
    return replace(tablet, store=Store.open(store, DATA_KEY))
