"""The tablet's clock as a seam: what time it is, what day it is here, how much has passed."""

from __future__ import annotations

import os
import time
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Protocol

from core.ids import RANDOM_BYTES, uuid7

CHINA = timezone(timedelta(hours=8), "UTC+8")
"""The time of every county, whatever time zone a tablet was left in."""


class Clock(Protocol):
    """Where the time comes from; everything below the screens takes it from here."""

    def now(self) -> datetime:
        """The instant, aware and in UTC."""

    def today(self) -> date:
        """The day in China."""

    def elapsed_s(self) -> float:
        """Seconds on a clock that nobody can set; only differences mean anything."""


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def today(self) -> date:
        return local_day(self.now())

    def elapsed_s(self) -> float:
        return time.monotonic()


def local_day(instant: datetime) -> date:
    """The day of an instant in China."""
    return instant.astimezone(CHINA).date()


def new_id(now: datetime) -> str:
    """A fresh UUIDv7 of the instant."""
    return uuid7(max(0, int(now.timestamp() * 1000)), os.urandom(RANDOM_BYTES))
