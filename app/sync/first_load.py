"""Loads a scope whole that this tablet has nothing of: in pieces, resumed where it broke.

Pieces are kept in the encrypted store. Nothing is made of them before all are there and
their SHA-256 is the one that was offered; then records go in by portions, the cursor last.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import RawIOBase

from app.store import snapshots
from app.store.opening import Store
from app.sync.county_call import CountyCall, Gone
from app.sync.pace import Pace
from app.sync.progress import Tally
from app.sync.snapshot_lines import NotASnapshot, changes_in
from app.sync.troubles import SyncTrouble, Trouble
from core.wire.snapshots import SnapshotOffer, snapshot_etag, snapshot_path


@dataclass(frozen=True, slots=True, kw_only=True)
class Portions:
    """What is done at once: bytes asked for, and records stored in one transaction.

    The doctor may write between two of them.
    """

    piece: Pace
    records: int


PORTIONS = Portions(piece=Pace(size=64 << 10, least=8 << 10, most=1 << 20), records=500)
_LESS = frozenset({Trouble.TIMEOUT, Trouble.TOO_LARGE})


class FirstLoad:
    """The whole scopes of one synchronisation; `is_wanted` until one proves of no use."""

    def __init__(
        self,
        store: Store,
        call: CountyCall,
        tally: Tally,
        is_cancelled: Callable[[], bool],
        portions: Portions | None,
    ) -> None:
        self._store = store
        self._call = call
        self._tally = tally
        self._is_cancelled = is_cancelled
        self._records = (portions or PORTIONS).records
        self._piece = (portions or PORTIONS).piece
        self._loaded: set[str] = set()
        self.is_wanted = portions is not None

    def take(self, offers: Mapping[str, SnapshotOffer]) -> None:
        """Load what is offered.

        Where a snapshot is gone, or not what was offered, the scopes come by pages from
        then on. Raises SyncTrouble; what has come so far is kept.
        """
        for scope_id, offer in sorted(offers.items()):
            self.is_wanted = scope_id not in self._loaded and self._load(scope_id, offer)
            if not self.is_wanted:
                return
            self._loaded.add(scope_id)

    def _load(self, scope_id: str, offer: SnapshotOffer) -> bool:
        """Whether the scope is here now, from the snapshot that was begun or from the offer."""
        with self._store.transaction() as session:
            ours = snapshots.begun(session, scope_id)
        known = [ours] if ours is not None and ours.epoch == offer.epoch else []
        for wanted in dict.fromkeys([*known, offer]):
            try:
                self._fetch(scope_id, wanted)
                self._check(scope_id, wanted)
                self._store_records(scope_id, wanted)
            except (Gone, NotASnapshot):
                with self._store.transaction() as session:
                    snapshots.drop(session, scope_id)
            else:
                return True
        return False

    def _fetch(self, scope_id: str, offer: SnapshotOffer) -> None:
        with self._store.transaction() as session:
            if snapshots.begun(session, scope_id) != offer:
                snapshots.begin(session, scope_id, offer)
            have = snapshots.fetched(session, scope_id)
        self._tally.fetching(have, offer.bytes)
        path = snapshot_path(scope_id, offer.epoch, offer.seq)
        while have < offer.bytes:
            self._stop_if_cancelled()
            content = self._next_piece(path, offer, have)
            with self._store.transaction() as session:
                snapshots.add_piece(session, scope_id, have, content)
            have += len(content)
            self._tally.fetched(have, self._call.bytes_moved)

    def _next_piece(self, path: str, offer: SnapshotOffer, start: int) -> bytes:
        """The bytes from `start` on, as many as came; a smaller piece is asked for where
        this one was too much.

        Raises Gone where the county has them no longer.
        """
        while True:
            began_s = self._tally.clock.elapsed_s()
            end = min(start + self._piece.size, offer.bytes)
            try:
                content = self._call.part(path, snapshot_etag(offer.sha256), start, end)
            except SyncTrouble as trouble:
                if trouble.code not in _LESS or self._piece.size <= self._piece.least:
                    raise
                self._piece = self._piece.halved(self._piece.size)
                continue
            seconds = self._tally.clock.elapsed_s() - began_s
            self._piece = self._piece.after(len(content), seconds)
            return content

    def _check(self, scope_id: str, offer: SnapshotOffer) -> None:
        digest = hashlib.sha256()
        start = 0
        while content := self._kept(scope_id, start):
            digest.update(content)
            start += len(content)
        if digest.hexdigest() != offer.sha256:
            raise NotASnapshot

    def _store_records(self, scope_id: str, offer: SnapshotOffer) -> None:
        with self._store.transaction() as session:
            snapshots.begin_records(session, scope_id, offer.epoch)
        pieces = _Pieces(lambda start: self._kept(scope_id, start))
        for changes in changes_in(pieces, scope_id, self._records):
            self._stop_if_cancelled()
            with self._store.transaction() as session:
                snapshots.store_records_of(session, changes)
            self._tally.received += len(changes)
            self._tally.tell("receiving", self._call.bytes_moved)
        with self._store.transaction() as session:
            snapshots.end_records(session, scope_id, offer)

    def _kept(self, scope_id: str, start: int) -> bytes:
        with self._store.transaction() as session:
            return snapshots.piece(session, scope_id, start)

    def _stop_if_cancelled(self) -> None:
        if self._is_cancelled():
            raise SyncTrouble(Trouble.CANCELLED)


class _Pieces(RawIOBase):
    """The pieces of a snapshot as one stream, one of them in memory at a time."""

    def __init__(self, kept: Callable[[int], bytes]) -> None:
        super().__init__()
        self._kept = kept
        self._next = 0
        self._rest = b""

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes; empty at the end."""
        if not self._rest:
            self._rest = self._kept(self._next)
            self._next += len(self._rest)
        wanted = len(self._rest) if size < 0 else size
        content, self._rest = self._rest[:wanted], self._rest[wanted:]
        return content
