"""A second tap on a button that was pressed already: answered again, not done again."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, TypeVar

from app.clock import Clock

SECONDS = 5.0
"""Nobody fills in the same form twice, word for word, within this time."""

Done = TypeVar("Done")


class OnlyOnce:
    """Remembers the last thing done and what came of it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._turn = Lock()
        self._last: tuple[Hashable, float, Any] | None = None

    def do(self, asked: Hashable, deed: Callable[[], Done]) -> Done:
        """Does what is asked, unless the very same was done a moment ago; failures do not count."""
        with self._turn:
            now_s = self._clock.elapsed_s()
            if self._last is not None and self._last[0] == asked:
                _, done_s, answer = self._last
                if now_s - done_s < SECONDS:
                    done: Done = answer
                    return done
            done = deed()
            self._last = (asked, now_s, done)
            return done
