"""Hybrid logical clocks: texts that sort by when a field was set, even on a slow clock."""

from __future__ import annotations

import re
from datetime import datetime

COUNTER_LIMIT = 1 << 16
_STAMP = re.compile(r"[0-9]{13}-[0-9a-f]{4}-")


def clock_text(unix_ms: int, counter: int, node: str) -> str:
    """The clock of a millisecond, a counter within it and the tablet or county that set it."""
    return f"{unix_ms:013d}-{counter:04x}-{node}"


def clock_at(moment: datetime, node: str) -> str:
    """The first clock of a moment at a node."""
    return clock_text(int(moment.timestamp() * 1000), 0, node)


def next_clock(previous: str | None, unix_ms: int, node: str) -> str:
    """A clock later than `previous`, the latest seen here, and not earlier than `unix_ms`."""
    if previous is None:
        return clock_text(unix_ms, 0, node)
    last_ms, counter = int(previous[:13]), int(previous[14:18], 16) + 1
    if unix_ms > last_ms:
        return clock_text(unix_ms, 0, node)
    if counter == COUNTER_LIMIT:
        return clock_text(last_ms + 1, 0, node)
    return clock_text(last_ms, counter, node)


def is_clock_of(clock: str, node: str) -> bool:
    """Whether a text is a clock, and this node's own."""
    return _STAMP.match(clock) is not None and node_of(clock) == node


def not_after(clock: str, moment: datetime, counter: int = 0) -> str:
    """The clock, or that of the moment where it is ahead of it: nobody has set a field later.

    `counter` keeps those of one moment in their order.
    """
    unix_ms = int(moment.timestamp() * 1000)
    return min(clock, clock_text(unix_ms, counter % COUNTER_LIMIT, node_of(clock)))


def signed_by(node: str, clock: str) -> str:
    """The clock of the same moment at another node."""
    return clock[:19] + node


def node_of(clock: str) -> str:
    """The tablet or county that set a clock."""
    return clock[19:]
