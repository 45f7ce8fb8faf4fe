"""One synchronisation: round trips until nothing waits here and nothing new waits there.

The store is never held while the network is waited for: what goes up is read in one short
transaction, what came down is written in another, together with its cursors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from app.clock import Clock
from app.config import APP_VERSION
from app.county_link import Progress, SyncResult
from app.store import outbox
from app.store.cursor import cursors
from app.store.incoming import acknowledged_seq, different_scopes
from app.store.opening import Store
from app.store.outbox import iso
from app.store.queries.device import (
    LAST_FAILURE,
    LAST_SYNCED,
    PROOF,
    set_setting,
    the_device,
)
from app.sync.county_call import CountyCall
from app.sync.first_load import FirstLoad, Portions
from app.sync.pace import MOST_SENT_BYTES, Paces
from app.sync.progress import Tally
from app.sync.pull import read_answer, store_answer
from app.sync.push import envelopes, next_operations
from app.sync.repair import Repair
from app.sync.troubles import SyncTrouble, Trouble
from core.wire.canonical import canonical_bytes
from core.wire.envelopes import PROTOCOL, Cursor, Operation, SyncResponse
from core.wire.repair import Question

PATH = "/sync/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """What one round trip says: the operations, and how far this tablet has read and been heard."""

    device_id: str
    county_key: str
    operations: tuple[Operation, ...]
    cursors: dict[str, Cursor]
    acknowledged_seq: int
    takes_snapshots: bool
    refused: tuple[tuple[int, str], ...] = ()
    question: Question | None = None

    def content(self, want: int) -> bytes:
        """The request's JSON, with what has its default value left out."""
        said = {
            "device_id": self.device_id,
            "app_version": APP_VERSION,
            "protocol": PROTOCOL,
            "want": want,
            "acknowledged_seq": self.acknowledged_seq,
            "takes_snapshots": self.takes_snapshots,
            "cursors": {
                scope: {"epoch": cursor.epoch, "seq": cursor.seq}
                for scope, cursor in self.cursors.items()
            },
            "operations": envelopes(self.operations),
            "refused": self.refused,
            "question": asdict(self.question) if self.question else None,
        }
        return canonical_bytes({name: value for name, value in said.items() if value})


class Cycle:
    """One run; made anew for each synchronisation, with the pace the last one found."""

    def __init__(
        self,
        store: Store,
        call: CountyCall,
        clock: Clock,
        progress: Progress,
        is_cancelled: Callable[[], bool],
        portions: Portions | None,
        paces: Paces,
    ) -> None:
        self._store = store
        self._call = call
        self._clock = clock
        self._is_cancelled = is_cancelled
        self._tally = Tally(clock=clock, progress=progress)
        self._first_load = FirstLoad(store, call, self._tally, is_cancelled, portions)
        self._paces = paces
        self._resend_from: int | None = None

    def run(self) -> SyncResult:
        """Go on until both sides are level; raises nothing a link or a county can cause."""
        try:
            self._begin()
            wrong = self._compared(self._level_roots())
            if self._repaired(wrong or ()):
                wrong = self._compared(self._level_roots())
            self._finish(wrong)
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

    def _compared(self, theirs: Mapping[str, str]) -> Sequence[str] | None:
        """The scopes whose sums differ; None while something waits here, as they must then."""
        self._tally.tell("proving", self._call.bytes_moved)
        with self._store.transaction() as session:
            return None if outbox.pending(session, 1) else different_scopes(session, theirs)

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
        if self._is_cancelled():
            raise SyncTrouble(Trouble.CANCELLED)
        self._tally.tell("proving", self._call.bytes_moved)
        outgoing = replace(self._outgoing(()), question=question)
        answer = read_answer(self._call.post(PATH, outgoing.content(self._paces.down.size)))
        store_answer(self._store, answer, outgoing.county_key, self._clock.now())
        self._tally.count(0, answer)
        return answer

    def _begin(self) -> None:
        with self._store.transaction() as session:
            self._tally.to_send = outbox.summary(session).unsent
        self._tally.tell("connecting", 0)

    def _last_answer(self) -> SyncResponse | None:
        """One round trip; its answer if it was the last, None if there is more to say."""
        if self._is_cancelled():
            raise SyncTrouble(Trouble.CANCELLED)
        outgoing = self._outgoing(self._next())
        answer = self._exchanged(outgoing)
        if answer is None:
            return None
        now = self._clock.now()
        store_answer(self._store, answer, outgoing.county_key, now)
        self._tally.count(len(outgoing.operations), answer)
        more_to_send = self._more_to_send(outgoing.operations, answer)
        if answer.revoked and not more_to_send:
            raise SyncTrouble(Trouble.REVOKED)
        if answer.has_more and not (answer.changes or answer.cursors or answer.snapshots):
            raise SyncTrouble(Trouble.STUCK)
        if not more_to_send:
            self._first_load.take(answer.snapshots)
        self._tally.tell("sending" if more_to_send else "receiving", self._call.bytes_moved)
        return None if more_to_send or answer.has_more else answer

    def _next(self) -> Sequence[Operation]:
        with self._store.transaction() as session:
            operations = next_operations(session, self._paces.up.size)
            if operations:
                op_ids = [operation.op_id for operation in operations]
                outbox.mark_sent(session, op_ids, self._clock.now())
        return operations

    def _outgoing(self, operations: Sequence[Operation]) -> Outgoing:
        with self._store.transaction() as session:
            device = the_device(session)
            return Outgoing(
                device_id=device.device_id,
                county_key=device.county_public_key,
                operations=tuple(operations),
                cursors=cursors(session),
                acknowledged_seq=acknowledged_seq(session),
                takes_snapshots=self._first_load.is_wanted,
                refused=outbox.refusals(session),
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

    def _more_to_send(self, sent: Sequence[Operation], answer: SyncResponse) -> bool:
        """Whether operations are left; raises SyncTrouble where the county gets no further."""
        if answer.resend_from is not None:
            if self._resend_from is not None and answer.resend_from <= self._resend_from:
                raise SyncTrouble(Trouble.STUCK)
            self._resend_from = answer.resend_from
            return True
        if sent and not answer.taken and not answer.receipts:
            raise SyncTrouble(Trouble.STUCK)
        with self._store.transaction() as session:
            return bool(outbox.pending(session, 1))

    def _finish(self, wrong: Sequence[str] | None) -> None:
        now = iso(self._clock.now())
        with self._store.transaction() as session:
            set_setting(session, LAST_SYNCED, now)
            set_setting(session, LAST_FAILURE, "")
            if wrong is not None:
                set_setting(session, PROOF, f"{'different' if wrong else 'equal'} {now}")

    def _note_failure(self, code: Trouble) -> None:
        with self._store.transaction() as session:
            set_setting(session, LAST_FAILURE, code)
