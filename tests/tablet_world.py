"""A tablet for tests: a real encrypted store that saves, edits and synchronises."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlmodel import col, select

from app.clock import Clock
from app.config import Config
from app.county_link import SyncResult
from app.services.practice import Practice
from app.services.recording import set_fields
from app.store import outbox
from app.store.opening import Store
from app.store.outbox import OperationDraft, iso
from app.store.place import take_place
from app.store.queries.device import PROOF, setting
from app.store.rows import RecordWrite, store_records, write_of
from app.store.tables import OutboxRow, RecordRow
from app.sync.link import HttpCounty
from core.wire.bodies import Record
from core.wire.envelopes import EnrolRequest
from core.wire.receipts import Receipt
from tests.builders import COUNTY_ID, DOCTOR_ID

POLICY_VERSION = "test"


@dataclass(frozen=True, kw_only=True)
class TabletHere:
    """One tablet with its store open, on which this doctor writes."""

    store: Store
    link: HttpCounty
    clock: Clock
    doctor_id: str = DOCTOR_ID

    def synchronise(self) -> SyncResult:
        return self.link.synchronise(self.store, lambda _: None)

    def save(self, *facts: Record) -> None:
        """Store facts and queue them, as the services do, but all in one transaction."""
        writes = [write_of(fact, author_id=self.doctor_id) for fact in facts]
        with self.store.transaction() as session:
            store_records(session, writes)
            for write in writes:
                outbox.append(session, self._draft(write, "put", write.body), self.clock.now())

    def enter(self, record: Record) -> None:
        """Store a new standing record here, and queue it."""
        with self.store.transaction() as session:
            write = write_of(record, author_id=self.doctor_id)
            store_records(session, [write])
            draft = self._draft(write, "set", write.body, base_revision=0)
            outbox.append(session, draft, self.clock.now())

    def edit(self, record_id: str, **fields: Any) -> None:
        """Change fields of a standing record here, and queue the change, as the services do."""
        with self.store.transaction() as session:
            set_fields(session, self._practice, session.get_one(RecordRow, record_id), fields)

    @property
    def _practice(self) -> Practice:
        return Practice(
            store=self.store,
            clock=self.clock,
            config=Config(data_dir=Path()),
            doctor_id=self.doctor_id,
            doctor_name="",
            county_id=COUNTY_ID,
            county_name="",
        )

    def _draft(
        self, write: RecordWrite, action: str, body: Any, base_revision: int | None = None
    ) -> OperationDraft:
        return OperationDraft(
            kind=write.kind,
            record_id=write.id,
            revision=1 if not base_revision else base_revision + 1,
            action=action,
            scope_id=write.scope_id,
            author_id=self.doctor_id,
            occurred_at=iso(self.clock.now()),
            policy_version=POLICY_VERSION,
            body=body,
            base_revision=base_revision,
        )

    def body(self, record_id: str) -> dict[str, Any] | None:
        """A record's body as it lies here; None where it is not here."""
        with self.store.transaction() as session:
            row = session.get(RecordRow, record_id)
            return None if row is None else dict(json.loads(row.body))

    def states(self) -> list[str]:
        """What became of every operation, in order."""
        with self.store.transaction() as session:
            rows = session.exec(select(OutboxRow).order_by(col(OutboxRow.device_seq)))
            return [row.state for row in rows]

    def receipts(self) -> list[Receipt | None]:
        """The county's answers, in order."""
        with self.store.transaction() as session:
            rows = session.exec(select(OutboxRow).order_by(col(OutboxRow.device_seq)))
            return [outbox.receipt_in(row) for row in rows]

    @property
    def is_level(self) -> bool:
        """Whether the sums were equal when they were last compared with the county's."""
        return (self.setting(PROOF) or "").startswith("equal")

    def setting(self, name: str) -> str | None:
        with self.store.transaction() as session:
            return setting(session, name)


def enrolled_tablet(
    folder: Path,
    link: HttpCounty,
    clock: Clock,
    county_url: str,
    code: str,
    name: str = "tablet",
    data_key: Callable[[], bytes] = lambda: bytes(range(32)),
) -> TabletHere:
    """A tablet that has traded a code for its place, with an empty store."""
    key = Ed25519PrivateKey.generate()
    asked = EnrolRequest(
        code=code,
        device_public_key=key.public_key().public_bytes_raw().hex(),
        device_name=name,
        app_version="0.1.0",
    )
    answer = link.enrol(county_url, asked)
    store = Store.open(folder / f"{name}.db", data_key())
    with store.transaction() as session:
        take_place(
            session,
            answer,
            county_url=county_url,
            private_key=key.private_bytes_raw(),
            at=answer.server_time,
        )
    return TabletHere(store=store, link=link, clock=clock)
