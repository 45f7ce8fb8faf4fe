"""The one seam between the use cases and the county: enrol this tablet, bring both sides level.

`app.sync` stands behind it; `app.boot` puts the two together, so that services know
nothing of HTTP and can be tested with a county made of memory.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.store.opening import Store
from core.wire.custody import RecoverRequest, RecoverResponse
from core.wire.envelopes import EnrolRequest, EnrolResponse


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncProgress:
    """How far a running synchronisation is.

    `stage` is connecting, sending, receiving, loading, proving: while it is loading, `fetched`
    of `to_fetch` bytes are here of a scope that comes whole.
    """

    stage: str
    sent: int = 0
    to_send: int = 0
    received: int = 0
    bytes_moved: int = 0
    fetched: int = 0
    to_fetch: int = 0
    seconds_left: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncResult:
    """How a synchronisation ended.

    `failed` is None where it went through, else the code of the sentence `sync.failed.<code>`
    that says why and what to do; whatever was received before the failure is kept.
    `retry_after_s` is how long the county asked to be left alone.
    """

    finished_at: datetime
    sent: int = 0
    receipted: int = 0
    refused: int = 0
    received: int = 0
    failed: str | None = None
    retry_after_s: float | None = None


Progress = Callable[[SyncProgress], None]


class CountyLink(Protocol):
    """What the tablet asks of the county."""

    def enrol(self, county_url: str, request: EnrolRequest) -> EnrolResponse:
        """Trades the one-time code for a place in the county.

        Raises Refused: `enrol.code_unknown`, `enrol.code_used`, `enrol.code_expired`,
        `county.unreachable`, `county.not_a_county`.
        """

    def synchronise(self, store: Store, progress: Progress) -> SyncResult:
        """Sends what is unsent, receives what is new; never raises for a bad link."""

    def recover(self, county_url: str, request: RecoverRequest) -> RecoverResponse:
        """Trades a recovery code for the tablet's data key, locked with that code.

        Raises Refused: `recovery.code_unknown`, `recovery.code_used`, `recovery.code_expired`,
        `county.unreachable`, `county.not_a_county`.
        """

    def farewell(self, store: Store) -> Callable[[], None]:
        """What tells the county that the keys are destroyed: made while the store is open,
        called when it is gone; never raises for a bad link.
        """
