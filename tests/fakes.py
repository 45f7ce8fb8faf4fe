"""Stand-ins for the seams: a clock that is set by hand, and a county made of memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from app.clock import local_day
from app.county_link import Progress, SyncResult
from app.store import outbox, settling
from app.store.custody import keep_orders
from app.store.opening import Store
from core.ids import county_scope, village_scope
from core.refusals import Refusal, Refused
from core.wire.custody import Orders, RecoverRequest, RecoverResponse
from core.wire.envelopes import OPERATIONS, EnrolRequest, EnrolResponse, Operation
from core.wire.receipts import Receipt

GOOD_CODE = "24680135"


@dataclass
class FakeClock:
    """A clock that stands still until it is moved; its day is that of China."""

    moment: datetime = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
    elapsed: float = 0.0

    def now(self) -> datetime:
        return self.moment

    def today(self) -> date:
        return local_day(self.moment)

    def elapsed_s(self) -> float:
        return self.elapsed

    def forward(self, **by: float) -> None:
        """Moves the clock on by a timedelta's arguments."""
        step = timedelta(**by)
        self.moment += step
        self.elapsed += step.total_seconds()


def _accept(operation: Operation) -> Receipt:
    return Receipt(
        op_id=operation.op_id,
        device_seq=operation.device_seq,
        record_id=operation.record_id,
        revision=operation.revision,
        outcome="accepted",
        received_at="2026-11-22T02:00:01.000+00:00",
    )


@dataclass
class FakeCounty:
    """A county without a network: knows one code, answers every operation as `answer` says."""

    clock: FakeClock
    answer: Callable[[Operation], Receipt] = _accept
    reachable: bool = True
    enrolled: list[EnrolRequest] = field(default_factory=list)
    received: list[Operation] = field(default_factory=list)
    orders: Orders | None = None
    farewells: int = 0
    recovery: Callable[[RecoverRequest], RecoverResponse] | None = None

    def enrol(self, county_url: str, request: EnrolRequest) -> EnrolResponse:
        if not self.reachable:
            raise Refused(Refusal(code="county.unreachable"))
        if request.code != GOOD_CODE:
            raise Refused(Refusal(code="enrol.code_unknown"))
        self.enrolled.append(request)
        return EnrolResponse(
            device_id="device-1",
            county_id="county-1",
            county_name="青川县",
            doctor_id="doctor-1",
            doctor_name="周大夫",
            scopes=(county_scope("county-1"), village_scope("village-1")),
            county_public_key="11" * 32,
            county_escrow_key="22" * 32,
            server_time=self.clock.now().isoformat(),
        )

    def synchronise(self, store: Store, progress: Progress) -> SyncResult:
        if not self.reachable:
            return SyncResult(finished_at=self.clock.now(), failed="unreachable")
        with store.transaction() as session:
            queued = outbox.pending(session)
        operations = [OPERATIONS.validate_json(item.envelope) for item in queued]
        self.received += operations
        receipts = [self.answer(operation) for operation in operations]
        with store.transaction() as session:
            settling.settle(session, (), receipts, self.clock.now())
            keep_orders(session, self.orders, self.clock.now())
        refused = sum(receipt.outcome == "refused" for receipt in receipts)
        return SyncResult(
            finished_at=self.clock.now(),
            sent=len(operations),
            receipted=len(receipts) - refused,
            refused=refused,
        )

    def recover(self, county_url: str, request: RecoverRequest) -> RecoverResponse:
        if not self.reachable:
            raise Refused(Refusal(code="county.unreachable"))
        if self.recovery is None:
            raise Refused(Refusal(code="recovery.code_unknown"))
        return self.recovery(request)

    def farewell(self, store: Store) -> Callable[[], None]:
        def tell() -> None:
            self.farewells += 1

        return tell
