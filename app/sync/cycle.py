"""One synchronisation: round trips until nothing waits here and nothing new waits there.

The store is never held while the network is waited for: what goes up is read in one short
transaction, what came down is written in another, together with its cursors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pydantic_core import to_json
from sqlmodel import Session

from app.config import APP_VERSION
from app.county_link import SyncResult
from app.store import outbox
from app.store.cursor import cursors
from app.store.opening import Store
from app.store.outbox import Queued, acknowledged_seq, iso
from app.store.queries.device import (
    LAST_FAILURE,
    LAST_SYNCED,
    PROOF,
    set_setting,
    set_settings,
)
from app.store.sums import different_scopes
from app.sync.county_call import CountyCall
from app.sync.first_load import FirstLoad, Portions
from app.sync.pace import MOST_SENT_BYTES, Paces
from app.sync.progress import Tally
from app.sync.pull import Parties, read_answer, store_answer
from app.sync.push import envelopes, next_operations
from app.sync.repair import Repair
from app.sync.troubles import SyncTrouble, Trouble
from core.wire.envelopes import PROTOCOL, Cursor, SyncResponse
from core.wire.repair import Question

PATH = "/sync/v1"
EQUAL, DIFFERENT = "equal", "different"
"""What a comparison of the sums finds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """What one round trip says: the operations, and how far this tablet has read and been heard."""

    device_id: str
    operations: Sequence[Queued]
    cursors: Mapping[str, Cursor]
    acknowledged_seq: int
    takes_snapshots: bool
    refused: tuple[tuple[int, str], ...] = ()
    question: Question | None = None

    def content(self, want: int) -> bytes:
        """The request's JSON, with what has its default value left out."""
        said = {
            "acknowledged_seq": self.acknowledged_seq,
            "app_version": APP_VERSION,
            "cursors": self.cursors,
            "device_id": self.device_id,
            "operations": envelopes(self.operations),
            "protocol": PROTOCOL,
            "question": self.question,
            "refused": self.refused,
            "takes_snapshots": self.takes_snapshots,
            "want": want,
        }
        return to_json({name: value for name, value in said.items() if value})


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
    ) -> None:
        self._store = store
        self._call = call
        self._parties = parties
        self._tally = tally
        self._clock = tally.clock
        self._is_cancelled = is_cancelled
        self._first_load = FirstLoad(store, call, tally, is_cancelled, portions)
        self._paces = paces
        self._resend_from: int | None = None

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
            self._note_failure(trouble.code)
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
        outgoing = self._outgoing(question)
        answer = read_answer(self._call.post(PATH, outgoing.content(self._paces.down.size)))
        store_answer(self._store, answer, self._parties, self._clock.now())
        self._tally.count(0, answer)
        return answer

    def _last_answer(self) -> SyncResponse | None:
        """One round trip; its answer if it was the last, None if there is more to say."""
        self._stop_if_cancelled()
        outgoing = self._outgoing()
        answer = self._exchanged(outgoing)
        if answer is None:
            return None
        waits = store_answer(self._store, answer, self._parties, self._clock.now())
        self._tally.count(len(outgoing.operations), answer)
        more_to_send = self._gets_on(outgoing.operations, answer) and waits
        if answer.revoked and not more_to_send:
            raise SyncTrouble(Trouble.REVOKED)
        if answer.has_more and not (answer.changes or answer.cursors or answer.snapshots):
            raise SyncTrouble(Trouble.STUCK)
        if not more_to_send:
            self._first_load.take(answer.snapshots)
        self._tally.tell("sending" if more_to_send else "receiving", self._call.bytes_moved)
        return None if more_to_send or answer.has_more else answer

    def _stop_if_cancelled(self) -> None:
        if self._is_cancelled():
            raise SyncTrouble(Trouble.CANCELLED)

    def _outgoing(self, question: Question | None = None) -> Outgoing:
        """What the next round trip says; with a question, no operations."""
        with self._store.transaction() as session:
            return Outgoing(
                device_id=self._parties.device_id,
                operations=() if question else next_operations(session, self._paces.up.size),
                cursors=cursors(session),
                acknowledged_seq=acknowledged_seq(session),
                takes_snapshots=self._first_load.is_wanted,
                refused=outbox.refusals(session),
                question=question,
            )

    def _exchanged(self, outgoing: Outgoing) -> SyncResponse | None:
        """The county's answer; None where the trip was too large and a smaller one is next."""
        began_s, moved_before = self._clock.elapsed_s(), self._call.bytes_moved
        try:
            most_bytes = MOST_SENT_BYTES if len(outgoing.operations) > 1 else None
            content = self._call.post(PATH, outgoing.content(self._paces.down.size), most_bytes)
        except SyncTrouble as trouble:
            if not self._may_shrink(trouble, len(outgoing.operations)):
                raise
            self._paces.failed(len(outgoing.operations))
            return None
        answer = read_answer(content)
        seconds = self._clock.elapsed_s() - began_s
        moved = self._call.bytes_moved - moved_before
        self._paces.went(len(outgoing.operations), len(answer.changes), moved, seconds)
        return answer

    def _may_shrink(self, trouble: SyncTrouble, operations: int) -> bool:
        if trouble.code == Trouble.TOO_LARGE:
            return operations > 1
        return trouble.code == Trouble.TIMEOUT and operations > self._paces.up.least

    def _gets_on(self, sent: Sequence[Queued], answer: SyncResponse) -> bool:
        """True; raises SyncTrouble where the county gets no further with what it is sent."""
        if answer.resend_from is not None:
            if self._resend_from is not None and answer.resend_from <= self._resend_from:
                raise SyncTrouble(Trouble.STUCK)
            self._resend_from = answer.resend_from
        elif sent and not answer.taken and not answer.receipts:
            raise SyncTrouble(Trouble.STUCK)
        return True

    def _finish(self, proof: str) -> None:
        with self._store.transaction() as session:
            self._note_finish(session, proof)

    def _note_finish(self, session: Session, proof: str) -> None:
        now = iso(self._clock.now())
        proven = {PROOF: f"{proof} {now}"} if proof else {}
        set_settings(session, {LAST_SYNCED: now, LAST_FAILURE: "", **proven})

    def _note_failure(self, code: Trouble) -> None:
        with self._store.transaction() as session:
            set_setting(session, LAST_FAILURE, code)
