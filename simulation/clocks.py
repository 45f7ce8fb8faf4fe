"""A world's time, moved only by hand, and tablets' clocks that may be wrong about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from app.clock import local_day

BEGIN = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
"""The first morning of every world."""


@dataclass(slots=True)
class WorldClock:
    """What time it really is."""

    now: datetime = BEGIN
    elapsed_s: float = 0.0

    def forward(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)
        self.elapsed_s += seconds

    def until(self, moment: datetime) -> None:
        """Let time pass up to a moment; nothing where it has passed already."""
        self.forward(max(0.0, (moment - self.now).total_seconds()))


@dataclass(slots=True)
class TabletClock:
    """Stands behind `app.clock.Clock`; `off` is how wrong it is."""

    world: WorldClock
    off: timedelta = field(default_factory=timedelta)

    def now(self) -> datetime:
        """The instant this tablet believes in."""
        return self.world.now + self.off

    def today(self) -> date:
        """The day this tablet believes in."""
        return local_day(self.now())

    def elapsed_s(self) -> float:
        """Seconds nobody can set."""
        return self.world.elapsed_s

    def set_to(self, moment: datetime) -> None:
        """Be wrong from now on as if it were this moment."""
        self.off = moment - self.world.now

    def put_right(self) -> None:
        """Be right again."""
        self.off = timedelta()
