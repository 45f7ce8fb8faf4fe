"""When the tablet has lain untouched for too long; arithmetic on a clock nobody can set."""

from __future__ import annotations

from app.clock import Clock


def is_idle(touched_s: float, now_s: float, lock_minutes: int) -> bool:
    """Whether the minutes have passed since the last touch, the last second included."""
    return now_s - touched_s >= lock_minutes * 60


class IdleWatch:
    """Remembers the last touch and for how long the tablet may lie untouched."""

    def __init__(self, clock: Clock, lock_minutes: int) -> None:
        self._clock = clock
        self._touched_s = clock.elapsed_s()
        self.lock_minutes = lock_minutes

    def touch(self) -> None:
        """Somebody is at work."""
        self._touched_s = self._clock.elapsed_s()

    def rested_s(self) -> float:
        """Seconds since the last touch."""
        return self._clock.elapsed_s() - self._touched_s

    def is_over(self) -> bool:
        """Whether the tablet should lock."""
        return is_idle(self._touched_s, self._clock.elapsed_s(), self.lock_minutes)
