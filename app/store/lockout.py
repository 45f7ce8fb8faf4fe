"""How long a wrong PIN has to wait: five free tries, then 30 s doubling, and an end at ten."""

from __future__ import annotations

from datetime import datetime, timedelta

FREE_TRIES = 5
LAST_TRY = 10
FIRST_WAIT = timedelta(seconds=30)


def wait_after(failures: int) -> timedelta:
    """The wait that so many wrong tries in a row demand before the next."""
    if failures < FREE_TRIES:
        return timedelta(0)
    return FIRST_WAIT * (1 << failures - FREE_TRIES)


def wait_left(failures: int, counted_from: datetime | None, now: datetime) -> timedelta:
    """What is left of the wait at `now`.

    A clock set back before `counted_from` shortens nothing: the whole wait is left.
    """
    if counted_from is None:
        return timedelta(0)
    passed = max(now - counted_from, timedelta(0))
    return max(wait_after(failures) - passed, timedelta(0))


def is_exhausted(failures: int) -> bool:
    """Whether the device secret has to go."""
    return failures >= LAST_TRY
