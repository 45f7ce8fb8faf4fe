"""Counts wrong codes per address, so that nobody tries through the one-time codes."""

from __future__ import annotations

from collections import defaultdict, deque
from threading import Lock

from core.refusals import Refusal, Refused

MOST_TRIES = 20
WINDOW_S = 600.0
MOST_ADDRESSES = 10_000


class TryLimit:
    """At most `MOST_TRIES` wrong codes from one address within `WINDOW_S` seconds."""

    def __init__(self) -> None:
        self._wrong: defaultdict[str, deque[float]] = defaultdict(deque)
        self._lock = Lock()

    def check(self, address: str, now_s: float) -> None:
        """Raises Refused `enrol.too_many_tries` while an address has used up its tries."""
        with self._lock:
            if len(self._recent(address, now_s)) >= MOST_TRIES:
                raise Refused(Refusal(code="enrol.too_many_tries", place="code"))

    def count(self, address: str, now_s: float) -> None:
        """Note a wrong code."""
        with self._lock:
            if len(self._wrong) >= MOST_ADDRESSES:
                self._wrong.clear()
            self._recent(address, now_s).append(now_s)

    def _recent(self, address: str, now_s: float) -> deque[float]:
        wrong = self._wrong[address]
        while wrong and wrong[0] <= now_s - WINDOW_S:
            wrong.popleft()
        return wrong
