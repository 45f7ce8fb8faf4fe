"""Making tablet and county equal where their sums differ: ask, compare, fetch only what differs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from app.clock import Clock
from app.store import proof
from app.store.opening import Store
from app.sync.troubles import SyncTrouble, Trouble
from core.wire.digests import body_hash
from core.wire.envelopes import Change, SyncResponse
from core.wire.repair import (
    MOST_DIGESTS,
    MOST_FETCHED,
    Bucket,
    Question,
    Told,
    bucket_name,
)

Ask = Callable[[Question], SyncResponse]
"""One round trip with a question; its answer has been stored."""
MOST_PAGES = 10_000
"""No county has so much to tell of one question; one that goes on for ever is given up on."""
MOST_NAMED = 50
"""Buckets asked about at a time."""


class Repair:
    """The repair of one scope; `changed` counts the records it put right."""

    def __init__(self, store: Store, clock: Clock, scope_id: str, ask: Ask) -> None:
        self._store = store
        self._clock = clock
        self._scope_id = scope_id
        self._ask = ask
        self._named: set[str] = set()
        self.changed = 0

    def run(self) -> bool:
        """Go down from the scope's buckets to single records; raises SyncTrouble.

        False where the county is of a version that cannot be asked.
        """
        theirs = self._buckets()
        if theirs is None:
            return False
        today = self._clock.today()
        with self._store.transaction() as session:
            wanted = proof.differing(session, self._scope_id, theirs, today)
            has_old = any(proof.is_old(session, bucket, today) for bucket in wanted)
        for portion in _portions(wanted):
            self._level(portion)
        if has_old:
            with self._store.transaction() as session:
                gone = proof.unnamed_retired(session, self._scope_id, self._named)
            self._fetch(gone)
        return True

    def _buckets(self) -> list[Bucket] | None:
        """All of the county's buckets; None where it does not understand the question."""
        found: list[Bucket] = []
        for _ in range(MOST_PAGES):
            after = bucket_name(found[-1]) if found else ""
            told = self._ask(Question(scope_id=self._scope_id, after=after)).told
            if told is None:
                return None
            found += told.buckets
            if not (told.has_more and told.buckets):
                return found
        raise SyncTrouble(Trouble.STUCK)

    def _level(self, portion: Sequence[Bucket]) -> None:
        names = {(bucket.kind, bucket.month) for bucket in portion}
        digests: dict[str, str] = {}
        for told in self._pages(tuple(sorted(names))):
            digests.update(told.digests)
        self._named.update(digests)
        with self._store.transaction() as session:
            found = proof.differences(session, self._scope_id, names, digests)
        self._fetch((*found.lacking, *found.extra))

    def _pages(self, names: tuple[tuple[str, str], ...]) -> Iterator[Told]:
        after = ""
        for _ in range(MOST_PAGES):
            question = Question(scope_id=self._scope_id, buckets=names, after=after)
            told = self._told(question)
            yield told
            if not (told.has_more and told.digests):
                return
            after = max(told.digests)
        raise SyncTrouble(Trouble.STUCK)

    def _fetch(self, ids: Sequence[str]) -> None:
        for start in range(0, len(ids), MOST_FETCHED):
            asked = tuple(ids[start : start + MOST_FETCHED])
            answer = self._ask(Question(scope_id=self._scope_id, fetch=asked))
            if answer.told is None:
                raise SyncTrouble(Trouble.NOT_UNDERSTOOD)
            # Nothing but what was asked for may come or go by this door, and no damage.
            unknown = set(answer.told.unknown) & set(asked)
            repairs = [item for item in answer.repairs if item.record_id in asked and _sound(item)]
            with self._store.transaction() as session:
                self.changed += proof.level(session, self._scope_id, repairs, unknown)

    def _told(self, question: Question) -> Told:
        told = self._ask(question).told
        if told is None:
            raise SyncTrouble(Trouble.NOT_UNDERSTOOD)
        return told


def _sound(change: Change) -> bool:
    """Whether a record that comes is what its hash says."""
    if change.action == "remove":
        return True
    return change.body is not None and body_hash(change.body) == change.hash


def _portions(buckets: Sequence[Bucket]) -> Iterator[list[Bucket]]:
    """The buckets, as many at a time as the county tells of in about one answer."""
    portion: list[Bucket] = []
    records = 0
    for bucket in buckets:
        full = records + bucket.count > MOST_DIGESTS or len(portion) == MOST_NAMED
        if portion and full:
            yield portion
            portion, records = [], 0
        portion.append(bucket)
        records += bucket.count
    if portion:
        yield portion
