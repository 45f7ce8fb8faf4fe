"""One synchronisation: round trips until nothing waits here and nothing new waits there.

The store is never held while the network is waited for: what goes up is read in one short
transaction, what came down is written in another, together with its cursors. While an answer
is stored the next round trip is under way, where what it says needs no storing to be known;
while that is waited for, what waits behind it is read (docs/adr/0013-one-trip-ahead.md).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from sqlmodel import Session

from app.county_link import SyncResult
from app.store import outbox
from app.store.cursor import cursors
from app.store.opening import Store
from app.store.outbox import Queued, acknowledged_seq, iso
from app.store.queries.device import (
    HISTORY,
    LAST_FAILURE,
    LAST_SYNCED,
    PROOF,
    set_setting,
    set_settings,
    setting,
)
from app.store.sums import different_scopes
from app.sync.beside import Beside
from app.sync.county_call import Carried, CountyCall
from app.sync.first_load import FirstLoad, Portions
from app.sync.pace import MOST_SENT_BYTES, Paces
from app.sync.progress import Tally
from app.sync.pull import Parties, read_answer, store_answer
from app.sync.push import Batch, next_operations
from app.sync.repair import Repair
from app.sync.trip import Outgoing, Trip, gets_on
from app.sync.troubles import CUT_OFF, SyncTrouble, Trouble
from core.wire.envelopes import SyncResponse
from core.wire.repair import Question

PATH = "/sync/v1"
EQUAL, DIFFERENT = "equal", "different"
"""What a comparison of the sums finds."""


class Cycle:
    """One run; made anew for each synchronisation, with the pace the last one found."""

    def __init__(
        self,
        store: Store,
        call: CountyCall,
        parties: Parties,
        tally: Tally,
        is_cancelled: Callable[[], bool],
        portions: Portions | None,
        paces: Paces,
        beside: Beside,
    ) -> None:
        self._store = store
        self._call = call
        self._parties = parties
        self._tally = tally
        self._clock = tally.clock
        self._is_cancelled = is_cancelled
        self._first_load = FirstLoad(store, call, tally, is_cancelled, portions)
        self._paces = paces
        self._beside = beside
        self._resend_from: int | None = None
        self._under_way: Trip | None = None

    def run(self) -> SyncResult:
        """Go on until both sides are level; raises nothing a link or a county can cause."""
        try:
            self._tally.tell("connecting", 0)
            wrong = self._compared(self._level_roots())
            if wrong and self._repaired(wrong):
                wrong = self._compared(self._level_roots())
            if wrong:
                self._finish(DIFFERENT)
        except SyncTrouble as trouble:
            note_failure(self._store, trouble.code)
            return self._tally.result(trouble.code, trouble.retry_after_s)
        return self._tally.result()

    def _level_roots(self) -> Mapping[str, str]:
        """Round trips until nothing waits and nothing is new; the county's sums then."""
        last: SyncResponse | None = None
        while last is None:
            last = self._last_answer()
        return last.roots

    def _compared(self, theirs: Mapping[str, str]) -> Sequence[str]:
        """The scopes whose sums differ; where none does, the synchronisation is through.

        While something waits here the sums must differ, and are not compared.
        """
        self._tally.tell("proving", self._call.bytes_moved)
        with self._store.transaction() as session:
            waits = outbox.is_waiting(session)
            wrong = () if waits else different_scopes(session, theirs, self._clock.today())
            if not wrong:
                self._note_finish(session, "" if waits else EQUAL)
        return wrong

    def _repaired(self, wrong: Sequence[str]) -> bool:
        """Put right what has another sum here; whether the sums are to be compared again."""
        understood = False
        for scope_id in wrong:
            repair = Repair(self._store, self._clock, scope_id, self._asked)
            understood = repair.run() or understood
            self._tally.received += repair.changed
        return understood

    def _asked(self, question: Question) -> SyncResponse:
        """One round trip with a question and no operations; what else came of it is stored."""
        self._stop_if_cancelled()
        self._tally.tell("proving", self._call.bytes_moved)
        content = self._outgoing(question).content(self._paces.down.size)
        answer = read_answer(self._call.post(PATH, content), self._parties)
        store_answer(self._store, answer, self._clock.now())
        self._tally.count(0, answer)
        return answer

    def _last_answer(self) -> SyncResponse | None:
        """One round trip; its answer if it was the last, None if there is more to say."""
        trip = self._under_way or self._begun()
        self._under_way = None
        behind = self._read_behind(trip.outgoing.batch)
        answer = self._answer(trip)
        if answer is None:
            return None
        self._under_way = self._gone_ahead(trip.outgoing, answer, behind)
        waits = store_answer(self._store, answer, self._clock.now(), self._sent_through())
        sent = trip.outgoing.batch.operations
        self._tally.count(len(sent), answer)
        more_to_send = self._gets_on(sent, answer) and waits
        if answer.revoked and not more_to_send:
            raise SyncTrouble(Trouble.REVOKED)
        if not gets_on(answer):
            raise SyncTrouble(Trouble.STUCK)
        if not more_to_send:
            self._first_load.take(answer.snapshots)
        self._tally.tell("sending" if more_to_send else "receiving", self._call.bytes_moved)
        return None if more_to_send or answer.has_more else answer

    def _stop_if_cancelled(self) -> None:
        if self._is_cancelled():
            raise SyncTrouble(Trouble.CANCELLED)

    def _begun(self) -> Trip:
        """The next round trip as the store has it, under way if there is more to read meanwhile."""
        self._stop_if_cancelled()
        outgoing = self._outgoing()
        carry = self._carrying(outgoing)
        has_more = outgoing.batch.is_full
        return Trip(outgoing=outgoing, carried=self._beside.begin(carry) if has_more else carry)

    def _outgoing(self, question: Question | None = None) -> Outgoing:
        """What the next round trip says; with a question, no operations."""
        most = self._paces.up.size
        with self._store.transaction() as session:
            queued = [] if question else next_operations(session, most)
            if queued:
                outbox.mark_sent(session, queued[-1].device_seq)
            read, heard = cursors(session), acknowledged_seq(session)
            refused = outbox.refusals(session)
            history = setting(session, HISTORY)
        return Outgoing(
            device_id=self._parties.device_id,
            batch=Batch.of(queued, most),
            cursors=read,
            acknowledged_seq=heard,
            takes_snapshots=self._first_load.is_wanted,
            history=history or "",
            refused=refused,
            question=question,
        )

    def _read_behind(self, batch: Batch) -> Batch:
        """What waits behind a batch that is under way, as much as the next trip may carry."""
        if not batch.is_full:
            return Batch()
        most = self._paces.up.next_most
        with self._store.transaction() as session:
            queued = next_operations(session, most, batch.last_seq)
        return Batch.of(queued, most)

    def _gone_ahead(self, outgoing: Outgoing, answer: SyncResponse, behind: Batch) -> Trip | None:
        """The next round trip, under way before this answer is stored; None if it has to wait."""
        following = outgoing.after(answer, behind.first(self._paces.up.size))
        if following is None or self._is_cancelled():
            return None
        return Trip(outgoing=following, carried=self._beside.begin(self._carrying(following)))

    def _sent_through(self) -> int:
        return self._under_way.outgoing.batch.last_seq if self._under_way else 0

    def _carrying(self, outgoing: Outgoing) -> Callable[[], Carried]:
        most_bytes = MOST_SENT_BYTES if len(outgoing.batch.operations) > 1 else None
        content = outgoing.content(self._paces.down.size)
        return partial(self._call.carried, PATH, content, most_bytes)

    def _answer(self, trip: Trip) -> SyncResponse | None:
        """The county's answer; None where the trip was too large and a smaller one is next."""
        sent = len(trip.outgoing.batch.operations)
        try:
            carried = trip.carried()
        except SyncTrouble as trouble:
            if not self._may_shrink(trouble, sent):
                if trouble.code in CUT_OFF and trouble.is_under_way:
                    self._paces.broke_off(sent)
                raise
            self._paces.failed(sent)
            return None
        answer = read_answer(carried.content, self._parties)
        self._paces.went(sent, len(answer.changes), carried.moved_bytes, carried.seconds)
        return answer

    def _may_shrink(self, trouble: SyncTrouble, operations: int) -> bool:
        if trouble.code == Trouble.TOO_LARGE:
            return operations > 1
        is_slow = trouble.code == Trouble.TIMEOUT and trouble.is_under_way
        return is_slow and operations > self._paces.up.least

    def _gets_on(self, sent: Sequence[Queued], answer: SyncResponse) -> bool:
        """True; raises SyncTrouble where the county gets no further with what it is sent."""
        if answer.resend_from is not None:
            if self._resend_from is not None and answer.resend_from <= self._resend_from:
                raise SyncTrouble(Trouble.STUCK)
            self._resend_from = answer.resend_from
        elif sent and not answer.taken and not answer.receipts:
            raise SyncTrouble(Trouble.REVOKED if answer.revoked else Trouble.STUCK)
        return True

    def _finish(self, proof: str) -> None:
        with self._store.transaction() as session:
            self._note_finish(session, proof)

    def _note_finish(self, session: Session, proof: str) -> None:
        now = iso(self._clock.now())
        proven = {PROOF: f"{proof} {now}"} if proof else {}
        set_settings(session, {LAST_SYNCED: now, LAST_FAILURE: "", **proven})


def note_failure(store: Store, code: Trouble) -> None:
    """Keep why nothing went through, for whoever looks; the next success takes it away."""
    with store.transaction() as session:
        set_setting(session, LAST_FAILURE, code)
