"""Where every record is on its way to the county, and bringing both sides level on demand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from threading import Lock

from sqlmodel import Session

from app.county_link import CountyLink, Progress, SyncResult
from app.logs import note
from app.services.accounts import renew_everybody
from app.services.deliveries import delivery_of, not_taken, returned_to, standing_reviews
from app.services.practice import Practice, worded
from app.services.views import Delivery, NotTaken, ReturnedView
from app.store import outbox, tables
from app.store.queries import delivery, people, records
from app.store.queries.device import LAST_FAILURE, LAST_SYNCED, PROOF, setting
from app.store.tables import OutboxRow

EQUAL = "equal"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRow:
    """One record this tablet made; `receipt_no` is its number in the tablet's gapless series."""

    record_id: str
    kind: str
    resident_id: str | None
    name: str | None
    on: date | None
    delivery: Delivery
    receipt_no: int
    queued_at: datetime
    received_at: datetime | None
    not_taken: NotTaken = field(default_factory=NotTaken)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedRow:
    """A record the county set aside: why (`refusal.<code>`) and what to do (`remedy.<code>`).

    `can_amend` is False where a correction of the doctor's would be set aside like the record.
    """

    record_id: str
    kind: str
    resident_id: str | None
    name: str | None
    code: str
    can_amend: bool = True
    values: Mapping[str, object] = field(default_factory=dict)
    refused_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncView:
    """The synchronisation page.

    `proof` is whether both sides were found equal at `proved_at`, None where never compared.
    `last_failure` is the code of `sync.failed.<code>`, also where the disk had no room to keep it.
    """

    unsent: int
    unsent_bytes: int
    oldest_unsent_at: datetime | None
    last_synced_at: datetime | None
    proof: bool | None
    proved_at: datetime | None
    last_failure: str | None
    running: bool
    records: tuple[RecordRow, ...]
    refused: tuple[RefusedRow, ...]
    returned: tuple[ReturnedView, ...]


class SyncService:
    """Looking at the outbox, and emptying it."""

    def __init__(self, practice: Practice, county: CountyLink) -> None:
        self._practice = practice
        self._county = county
        self._turn = Lock()
        self._last: SyncResult | None = None

    def status(self, limit: int = 200) -> SyncView:
        """Where the latest records are, newest first; refused and returned ones apart."""
        renew_everybody(self._practice)
        with self._practice.transaction() as session:
            counts = outbox.summary(session)
            last = setting(session, LAST_SYNCED)
            failure = self._last.failed if self._last else setting(session, LAST_FAILURE)
            proof, proved_at = (setting(session, PROOF) or " ").split(" ", 1)
            return SyncView(
                unsent=counts.unsent,
                unsent_bytes=counts.unsent_bytes,
                oldest_unsent_at=counts.oldest_unsent_at,
                last_synced_at=_instant(last),
                proof=proof == EQUAL if proof else None,
                proved_at=_instant(proved_at),
                last_failure=failure or None,
                running=self._turn.locked(),
                records=_record_rows(session, delivery.latest(session, limit)),
                refused=_refused_rows(session, delivery.set_aside(session)),
                returned=returned_to(session, self._practice),
            )

    def run_now(self, progress: Progress = lambda _: None) -> SyncResult:
        """Sends and receives until both sides are level or the link gives out; never raises for it.

        A second call while one is running waits for its turn.
        """
        with self._turn, worded():
            self._last = None
            self._last = result = self._county.synchronise(self._practice.store, progress)
        note("sync.finished", sent=result.sent, received=result.received, failed=result.failed)
        return result


def _record_rows(session: Session, operations: Sequence[OutboxRow]) -> tuple[RecordRow, ...]:
    reviews = standing_reviews(session, [operation.record_id for operation in operations])
    sent = outbox.sent_through(session)
    rows = []
    for operation in operations:
        kept, name = _about(session, operation.record_id)
        receipt = outbox.receipt_in(operation)
        rows.append(
            RecordRow(
                record_id=operation.record_id,
                kind=operation.kind,
                resident_id=kept.resident_id if kept else None,
                name=name,
                on=kept.occurred_on if kept else None,
                delivery=delivery_of(operation, reviews.get(operation.record_id), sent),
                receipt_no=operation.device_seq,
                queued_at=datetime.fromisoformat(operation.queued_at),
                received_at=_instant(receipt.received_at) if receipt else None,
                not_taken=not_taken(operation),
            )
        )
    return tuple(rows)


def _refused_rows(session: Session, operations: Sequence[OutboxRow]) -> tuple[RefusedRow, ...]:
    rows = []
    for operation in operations:
        kept, name = _about(session, operation.record_id)
        receipt = outbox.receipt_in(operation)
        code = (receipt.code if receipt else None) or "op.malformed"
        rows.append(
            RefusedRow(
                record_id=operation.record_id,
                kind=operation.kind,
                resident_id=kept.resident_id if kept else None,
                name=name,
                code=code,
                can_amend=code not in _FOR_THE_COUNTY,
                values=_told(receipt.values) if receipt else {},
                refused_at=_instant(operation.settled_at),
            )
        )
    return tuple(rows)


_FOR_THE_COUNTY = frozenset(
    {
        "body.unknown_kind",
        "device.revoked",
        "op.chain",
        "op.kind_not_yours",
        "op.not_the_author",
        "op.number_taken",
        "op.other_device",
        "op.signature",
        "scope.not_yours",
    }
)
"""Refusals of the tablet or of who may write, not of what was written."""


def _told(values: Mapping[str, object]) -> Mapping[str, object]:
    """What a receipt tells of a refusal, its days as days."""
    return {name: _day(value) if name.endswith("_on") else value for name, value in values.items()}


def _day(value: object) -> object:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        return value  # a newer county's own way of telling it


def _about(session: Session, record_id: str) -> tuple[tables.RecordRow | None, str | None]:
    kept = records.row(session, record_id)
    person = people.person(session, kept.resident_id) if kept and kept.resident_id else None
    return kept, person.name if person else None


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
