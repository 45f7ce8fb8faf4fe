"""Counts wrong codes per address, so that nobody tries through the one-time codes."""

from __future__ import annotations

from collections import deque
from threading import Lock

from core.refusals import Refusal, Refused

MOST_TRIES = 20
WINDOW_S = 600.0
MOST_ADDRESSES = 10_000


class TryLimit:
    """At most `MOST_TRIES` wrong codes from one address within `WINDOW_S` seconds.

    Of more than `MOST_ADDRESSES` addresses those with the fewest are forgotten first.
    """

    def __init__(self) -> None:
        self._wrong: dict[str, deque[float]] = {}
        self._lock = Lock()

    def check(self, address: str, now_s: float) -> None:
        """Raises Refused `enrol.too_many_tries` while an address has used up its tries."""
        with self._lock:
            if self._recent(address, now_s) >= MOST_TRIES:
                raise Refused(Refusal(code="enrol.too_many_tries", place="code"))

    def count(self, address: str, now_s: float) -> None:
        """Note a wrong code."""
        with self._lock:
            if address not in self._wrong and len(self._wrong) >= MOST_ADDRESSES:
                self._make_room(now_s)
            self._wrong.setdefault(address, deque(maxlen=MOST_TRIES)).append(now_s)

    def __len__(self) -> int:
        """How many addresses are remembered."""
        return len(self._wrong)

    def _make_room(self, now_s: float) -> None:
        tries = {address: self._recent(address, now_s) for address in list(self._wrong)}
        if len(self._wrong) >= MOST_ADDRESSES:
            del self._wrong[min(tries, key=tries.__getitem__)]

    def _recent(self, address: str, now_s: float) -> int:
        """How many wrong codes there were within the window; without any it is forgotten."""
        wrong = self._wrong.get(address)
        while wrong and wrong[0] <= now_s - WINDOW_S:
            wrong.popleft()
        if not wrong:
            self._wrong.pop(address, None)
        return len(wrong or ())
