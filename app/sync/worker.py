"""Synchronises in the background: soon after a save, every quarter of an hour, after failure."""

from __future__ import annotations

from collections.abc import Callable
from threading import Condition, Thread

from app.clock import Clock
from app.county_link import SyncResult
from app.logs import code_of, note
from app.sync.backoff import wait_s
from app.sync.troubles import PASSING, Trouble

EVERY_S = 15 * 60.0
SETTLE_S = 2.0
"""A save waits this long for the next one, so that a form's records travel together."""


class Schedule:
    """When the next synchronisation is due, in seconds of a clock nobody can set."""

    def __init__(self, random: Callable[[], float]) -> None:
        self._random = random
        self._failures = 0
        self._due_s = 0.0
        self._not_before_s = 0.0
        self._nudged = False

    @property
    def due_s(self) -> float:
        """The second from which the next one may run."""
        return self._due_s

    def nudged(self, now_s: float) -> None:
        """Something was saved, or the network may be back: soon, but not before a back-off ends."""
        self._nudged = True
        self._due_s = min(self._due_s, max(now_s + SETTLE_S, self._not_before_s))

    def began(self) -> None:
        """One is under way: what is saved from now on may come too late for it."""
        self._nudged = False

    def ended(self, now_s: float, failed: str | None, retry_after_s: float | None = None) -> None:
        """One has run: the next in a quarter of an hour, or sooner after a passing trouble."""
        if failed not in PASSING:
            self._failures = 0
            self._not_before_s = now_s
            soon = self._nudged or failed == Trouble.CANCELLED
            self._due_s = now_s + (SETTLE_S if soon else EVERY_S)
            return
        self._failures += 1
        self._not_before_s = now_s + wait_s(self._failures, retry_after_s, self._random)
        self._due_s = self._not_before_s


class SyncWorker:
    """One thread that synchronises when it is due; it never holds up whoever saves."""

    def __init__(
        self,
        synchronise: Callable[[], SyncResult],
        cancel: Callable[[], None],
        clock: Clock,
        random: Callable[[], float],
    ) -> None:
        self._synchronise = synchronise
        self._cancel = cancel
        self._clock = clock
        self._schedule = Schedule(random)
        self._changed = Condition()
        self._stopping = False
        self._thread = Thread(target=self._work, name="sync", daemon=True)

    def start(self) -> None:
        """Begin with a synchronisation at once."""
        self._thread.start()

    def nudge(self) -> None:
        """Something was saved or the network may be back; returns at once."""
        with self._changed:
            self._schedule.nudged(self._clock.elapsed_s())
            self._changed.notify_all()

    def stop(self) -> None:
        """Begin nothing more and cancel what runs; returns at once.

        A round trip under way may wait for the network a while yet. It finds the store
        closed if the tablet has been locked meanwhile, and what it brought comes again.
        """
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._cancel()

    def join(self, timeout_s: float) -> None:
        """Wait for the thread to end, at most so long; for leaving the app in good order."""
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _work(self) -> None:
        while self._is_due():
            failed, retry_after_s = self._run()
            with self._changed:
                self._schedule.ended(self._clock.elapsed_s(), failed, retry_after_s)

    def _run(self) -> tuple[str | None, float | None]:
        """How one ended; whatever is raised is a passing trouble, for the day's work must travel.

        The log is told the error's type and nothing of its text, which may quote a record.
        """
        try:
            result = self._synchronise()
        except Exception as error:
            note("sync.worker_error", type=code_of(error))
            return Trouble.TABLET_TROUBLE, None
        return result.failed, result.retry_after_s

    def _is_due(self) -> bool:
        """Wait until it is time; False when the worker is to end."""
        with self._changed:
            while not self._stopping:
                left_s = self._schedule.due_s - self._clock.elapsed_s()
                if left_s <= 0:
                    self._schedule.began()
                    return True
                self._changed.wait(left_s)
            return False
