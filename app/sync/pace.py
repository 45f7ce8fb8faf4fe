"""How much goes into one round trip: about four seconds' worth of what the link has carried."""

from __future__ import annotations

from dataclasses import dataclass, replace

TARGET_S = 4.5
GROWTH = 1.5
MOST_SENT_BYTES = 256 * 1024
"""The most a batch weighs compressed; a single record larger than that is sent alone."""
RECORD_BYTES = 90
"""About what a record adds to a compressed batch."""


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

    def begun(self, moved_bytes: int, seconds: float) -> Pace:
        """The pace to begin with on a link that has just carried so many bytes; never a slower one.

        What carries little in a moment may carry much: a small exchange is mostly waiting.
        """
        carried = moved_bytes * TARGET_S / max(seconds, 0.001)
        return self._of(max(self.size, carried / RECORD_BYTES))

    @property
    def next_most(self) -> int:
        """The most the next round trip may carry, whatever this one shows."""
        return self._of(self.size * GROWTH).size

    def halved(self, records: int) -> Pace:
        """The pace after `records` timed out or were too large together."""
        return replace(self, size=max(1, min(self.size, records) // 2))

    def eased(self, records: int) -> Pace:
        """The pace after `records` were cut off together: half, where they are enough to tell."""
        if records <= self.least:
            return self
        return replace(self, size=min(self.size, max(self.least, records // 2)))

    def _of(self, size: float) -> Pace:
        return replace(self, size=int(max(self.least, min(size, self.most))))


UP = Pace(size=500, least=10, most=4_000)
DOWN = Pace(size=500, least=50, most=5_000)


@dataclass(slots=True)
class Paces:
    """What a county's link has shown so far; kept from one synchronisation to the next."""

    up: Pace = UP
    down: Pace = DOWN

    def went(self, sent: int, received: int, moved_bytes: int, seconds: float) -> None:
        """Note a round trip that brought so many records up and down."""
        if not sent and self.up == UP:
            self.up = UP.begun(moved_bytes, seconds)
        self.up = self.up.after(sent, seconds)
        self.down = self.down.after(received, seconds)

    def failed(self, sent: int) -> None:
        """Note a round trip that was too large, or took too long."""
        self.up = self.up.halved(sent)
        self.down = self.down.halved(self.down.size)

    def broke_off(self, sent: int) -> None:
        """Note a round trip that the link cut off, as it may have cut it for its length.

        It may as well have cut it for nothing: what the least is stays the least.
        """
        self.up = self.up.eased(sent)
        self.down = self.down.eased(self.down.size)
