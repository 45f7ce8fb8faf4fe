"""Counts a running synchronisation and tells whoever watches how far it is."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.clock import Clock
from app.county_link import Progress, SyncProgress, SyncResult
from core.wire.envelopes import SyncResponse
from core.wire.receipts import REFUSED, answered_count


@dataclass(slots=True, kw_only=True)
class Tally:
    """What has gone up and come down so far; `to_send` is what waited at the beginning.

    `to_fetch` is the size in bytes of the scope that is being loaded whole, 0 while none is.
    """

    clock: Clock
    progress: Progress
    to_send: int = 0
    sent: int = 0
    receipted: int = 0
    refused: int = 0
    received: int = 0
    to_fetch: int = 0
    _fetched: int = 0
    _fetched_before: int = 0
    _fetching_since_s: float = 0.0
    _began_s: float = field(init=False)

    def __post_init__(self) -> None:
        self._began_s = self.clock.elapsed_s()

    def count(self, sent: int, answer: SyncResponse) -> None:
        """Note one round trip."""
        refused = sum(receipt.outcome == REFUSED for receipt in answer.receipts)
        self.sent += sent
        self.refused += refused
        self.receipted += answered_count(answer.taken, answer.receipts) - refused
        self.received += len(answer.changes) + sum(each.count for each in answer.numbered)

    def fetching(self, have: int, of: int) -> None:
        """A scope is loaded whole from here on; `have` of its bytes came at another time."""
        self._fetched = self._fetched_before = have
        self.to_fetch, self._fetching_since_s = of, self.clock.elapsed_s()

    def fetched(self, have: int, bytes_moved: int) -> None:
        """So many of its bytes are here now."""
        self._fetched = have
        self.tell("loading", bytes_moved)

    def tell(self, stage: str, bytes_moved: int) -> None:
        """Report the stage and, while that can be told, about how many seconds are left."""
        self.progress(
            SyncProgress(
                stage=stage,
                sent=self.sent,
                to_send=max(self.to_send, self.sent),
                received=self.received,
                bytes_moved=bytes_moved,
                fetched=self._fetched,
                to_fetch=self.to_fetch,
                seconds_left=self._seconds_left(),
            )
        )

    def result(self, failed: str | None = None, retry_after_s: float | None = None) -> SyncResult:
        """How it ended."""
        return SyncResult(
            finished_at=self.clock.now(),
            sent=self.sent,
            receipted=self.receipted,
            refused=self.refused,
            received=self.received,
            failed=failed,
            retry_after_s=retry_after_s,
        )

    def _seconds_left(self) -> float | None:
        if self._fetched_before < self._fetched < self.to_fetch:
            elapsed = self.clock.elapsed_s() - self._fetching_since_s
            came = self._fetched - self._fetched_before
            return elapsed / came * (self.to_fetch - self._fetched)
        if not self.sent or self.sent >= self.to_send:
            return None
        elapsed = self.clock.elapsed_s() - self._began_s
        return elapsed / self.sent * (self.to_send - self.sent)
