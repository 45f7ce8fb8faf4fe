"""How much goes into one round trip: about four seconds' worth of what the link has carried."""

from __future__ import annotations

from dataclasses import dataclass, replace

TARGET_S = 4.5
GROWTH = 1.5
MOST_SENT_BYTES = 256 * 1024
"""The most a batch weighs compressed; a single record larger than that is sent alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """`size` records a round trip, kept between `least` and `most`."""

    size: int
    least: int
    most: int

    def after(self, records: int, seconds: float) -> Pace:
        """The pace after `records` went through in `seconds`; a small batch says little."""
        if records < self.size:
            return self
        wanted = records * TARGET_S / max(seconds, 0.001)
        return self._of(min(wanted, self.size * GROWTH))

    def halved(self, records: int) -> Pace:
        """The pace after `records` timed out or were too large together."""
        return replace(self, size=max(1, min(self.size, records) // 2))

    def _of(self, size: float) -> Pace:
        return replace(self, size=int(max(self.least, min(size, self.most))))


UP = Pace(size=500, least=10, most=5_000)
DOWN = Pace(size=500, least=50, most=5_000)
