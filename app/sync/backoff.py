"""How long to leave a bad link alone: exponential, with full jitter, never less than was asked."""

from __future__ import annotations

from collections.abc import Callable

FIRST_S = 5.0
LONGEST_S = 15 * 60.0


def wait_s(failures: int, retry_after_s: float | None, random: Callable[[], float]) -> float:
    """Seconds until the next try after `failures` in a row.

    `random` gives numbers from 0 to 1. Full jitter keeps a thousand tablets that lost the
    county together from coming back together.
    """
    ceiling = min(LONGEST_S, FIRST_S * 2.0 ** max(0, min(failures, 32) - 1))
    return max(retry_after_s or 0.0, random() * ceiling)
