"""Last year's tablets, which write the demo's history: enrolled, chained and signed for real."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from random import Random

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.orm import Session

from core.ids import RANDOM_BYTES, uuid7
from core.wire.bodies import Record, body_of, kind_of
from core.wire.envelopes import (
    GENESIS,
    EnrolRequest,
    Operation,
    bytes_to_sign,
    envelope_of,
    hashed,
)
from county.config import VERSION
from county.enrolment import enrol, invite, revoke
from county.envelopes import opened
from county.ingest import take_in
from county.tables import CountyRow, DeviceRow


class Pen:
    """One doctor's tablet of last year."""

    def __init__(
        self, session: Session, county: CountyRow, doctor_id: str, chance: Random, now: datetime
    ) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(chance.randbytes(32))
        self._chance = chance
        self._doctor_id = doctor_id
        self._county_id = county.county_id
        code = invite(session, county.county_id, doctor_id, created_by="demo", now=now).code
        public_key = self._key.public_key().public_bytes_raw().hex()
        request = EnrolRequest(
            code=code, device_public_key=public_key, device_name="去年的平板", app_version=VERSION
        )
        self._public_key = public_key
        self._device_id = enrol(session, county, request, now).device_id
        self._seq, self._hash = 0, GENESIS

    def hand_in(
        self, session: Session, records: Sequence[Record], policy_version: str, now: datetime
    ) -> None:
        """Sign facts in order and have the county take them in.

        Raises ValueError where it refuses one: the demo records nothing that is not in order.
        """
        batch = [envelope_of(self._signed(record, policy_version)) for record in records]
        device = session.get_one(DeviceRow, (self._county_id, self._device_id))
        device.last_seen_at = now
        receipts = take_in(
            session, device, opened(batch, device.id, self._public_key), now
        ).receipts
        refused = next((receipt for receipt in receipts if receipt.code is not None), None)
        if refused is not None:
            raise ValueError(f"the county refuses the demo's {refused.record_id}: {refused.code}")

    def retire(self, session: Session) -> None:
        """Take the tablet out of service: the doctor has another one now."""
        revoke(session, self._county_id, self._device_id)

    def _signed(self, record: Record, policy_version: str) -> Operation:
        body = body_of(record)
        recorded_at = body["recorded_at"]
        at_ms = int(datetime.fromisoformat(recorded_at).timestamp() * 1000)
        operation = hashed(
            Operation(
                op_id=uuid7(at_ms, self._chance.randbytes(RANDOM_BYTES)),
                device_id=self._device_id,
                device_seq=self._seq + 1,
                kind=kind_of(record),
                record_id=body["id"],
                revision=1,
                action="put",
                scope_id=body["scope_id"],
                author_id=self._doctor_id,
                occurred_at=recorded_at,
                recorded_at=recorded_at,
                policy_version=policy_version,
                body=body,
                previous_hash=self._hash,
            )
        )
        self._seq, self._hash = operation.device_seq, operation.hash
        return replace(operation, signature=self._key.sign(bytes_to_sign(operation)).hex())
