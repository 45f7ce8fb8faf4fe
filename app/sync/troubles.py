"""Why a synchronisation did not go through; each code has a sentence, `sync.failed.<code>`."""

from __future__ import annotations

from enum import StrEnum


class Trouble(StrEnum):
    """What can be wrong between the tablet and the county, in terms a doctor can act on."""

    OFFLINE = "offline"
    TIMEOUT = "timeout"
    NOT_THE_COUNTY = "not_the_county"
    UNSAFE = "unsafe"
    BUSY = "busy"
    COUNTY_TROUBLE = "county_trouble"
    CLOCK_OFF = "clock_off"
    REVOKED = "revoked"
    NOT_ENROLLED = "not_enrolled"
    TOO_LARGE = "too_large"
    NOT_UNDERSTOOD = "not_understood"
    FALSE_RECEIPT = "false_receipt"
    STUCK = "stuck"
    CANCELLED = "cancelled"
    LOCKED = "locked"
    DISK_FULL = "disk_full"
    STORE_FAILED = "store_failed"
    TABLET_TROUBLE = "tablet_trouble"


PASSING = frozenset({Trouble.OFFLINE, Trouble.TIMEOUT, Trouble.NOT_THE_COUNTY, Trouble.BUSY,
                     Trouble.COUNTY_TROUBLE, Trouble.TABLET_TROUBLE})  # fmt: skip
"""Troubles that go away by themselves: the worker tries again."""
CUT_OFF = frozenset({Trouble.OFFLINE, Trouble.TIMEOUT})
"""What a link does that carries less than it was given; without any link they say nothing of it."""


class SyncTrouble(Exception):
    """The synchronisation cannot go on; `retry_after_s` is how long the county asks to be left.

    It `is_under_way` where somebody had been reached before.
    """

    def __init__(
        self, code: Trouble, retry_after_s: float | None = None, *, is_under_way: bool = True
    ) -> None:
        super().__init__(code)
        self.code = code
        self.retry_after_s = retry_after_s
        self.is_under_way = is_under_way
