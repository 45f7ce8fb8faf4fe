"""Makes the golden store of a version: run once before that version ships, then kept for ever.

`python -m tests.app.store.golden tests/golden/store-1.db`
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.store.opening import Store
from app.store.outbox import OperationDraft, append
from app.store.queries.device import set_setting
from app.store.rows import store_records, write_of
from app.store.tables import DeviceRow
from core.wire.envelopes import GENESIS
from tests.builders import DOCTOR_ID, a_follow_up, a_household, a_resident

DATA_KEY = bytes(range(32))
NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)
RESIDENT_NAME = "王建国"


def make_golden(path: Path) -> None:
    """A store with a household, a resident, a follow-up that waits to be sent, a setting."""
    store = Store.open(path, DATA_KEY)
    house = a_household()
    resident = a_resident(household_id=house.id, name=RESIDENT_NAME)
    visit = write_of(a_follow_up(resident.id), author_id=DOCTOR_ID)
    with store.transaction() as session:
        session.add(a_device())
        session.flush()
        people = [write_of(record, author_id="county") for record in (house, resident)]
        store_records(session, [*people, visit])
        draft = OperationDraft(
            kind=visit.kind,
            record_id=visit.id,
            revision=1,
            action="put",
            scope_id=visit.scope_id,
            author_id=DOCTOR_ID,
            occurred_at=NOW.isoformat(),
            policy_version="1",
            body=visit.body,
        )
        append(session, draft, NOW)
        set_setting(session, "lock_minutes", "3")
    store.close()


def a_device() -> DeviceRow:
    return DeviceRow(
        device_id="device-1",
        county_id="county-1",
        county_name="青川县",
        county_url="http://127.0.0.1:1",
        doctor_id=DOCTOR_ID,
        doctor_name="周大夫",
        scopes="[]",
        private_key=Ed25519PrivateKey.generate().private_bytes_raw(),
        county_public_key="11" * 32,
        county_escrow_key="22" * 32,
        last_hash=GENESIS,
        enrolled_at=NOW.isoformat(),
    )


if __name__ == "__main__":
    make_golden(Path(sys.argv[1]))
