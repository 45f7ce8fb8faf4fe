"""Operations as a tablet makes them: numbered, chained and signed, whole or spoiled on purpose."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from operator import itemgetter
from typing import Any

from core.wire.bodies import Record, body_of, kind_of
from core.wire.clocks import clock_at
from core.wire.envelopes import (
    GENESIS,
    Operation,
    bytes_to_sign,
    envelope_of,
    hashed,
)
from tests.builders import DOCTOR_ID, SCOPE, fresh_id
from tests.county_world import Enrolled


@dataclass
class Chain:
    """A tablet's series of operations."""

    tablet: Enrolled
    now: datetime
    author_id: str = DOCTOR_ID
    last_seq: int = 0
    last_hash: str = GENESIS
    made: list[Operation] = field(default_factory=list)

    def put(self, record: Record, **changed: Any) -> Operation:
        """The operation that hands in a fact; `changed` are fields to differ from the rule."""
        said = {
            "kind": kind_of(record),
            "record_id": record.id,
            "scope_id": getattr(record, "scope_id", ""),
            "body": body_of(record),
        }
        return self.make(**{**said, **changed})

    def set(
        self, kind: str, record_id: str, base_revision: int, fields: dict[str, Any]
    ) -> Operation:
        """The operation that changes fields of a standing record."""
        return self.make(
            kind=kind,
            record_id=record_id,
            action="set",
            scope_id=SCOPE,
            body=fields,
            revision=base_revision + 1,
            base_revision=base_revision,
            clock=clock_at(self.now, self.tablet.device_id),
        )

    def make(self, **fields: Any) -> Operation:
        """The next operation with these fields, whatever they are."""
        blank = Operation(
            op_id=fresh_id(),
            device_id=self.tablet.device_id,
            device_seq=self.last_seq + 1,
            kind="",
            record_id="",
            revision=1,
            action="put",
            scope_id="",
            author_id=self.author_id,
            occurred_at=self.now.isoformat(),
            recorded_at=self.now.isoformat(),
            policy_version="test",
            body={},
            previous_hash=self.last_hash,
        )
        operation = self.signed(hashed(replace(blank, **fields)))
        self.last_seq, self.last_hash = operation.device_seq, operation.hash
        self.made.append(operation)
        return operation

    def signed(self, operation: Operation) -> Operation:
        """The operation with this tablet's signature."""
        signature = self.tablet.private_key.sign(bytes_to_sign(operation)).hex()
        return replace(operation, signature=signature)


def travelling(*operations: Operation) -> list[dict[str, Any]]:
    """The operations as JSON objects, every field written out."""
    return [envelope_of(operation) for operation in operations]


def outcomes(answer: Any) -> list[str]:
    """What became of each operation, by number: `accepted`, another outcome, or its refusal's code.

    `answer` is an intake, or an answer as JSON.
    """
    said = answer if isinstance(answer, dict) else asdict(answer)
    told = [
        (seq, "accepted")
        for run in said.get("taken", ())
        for seq in range(run["first_seq"], run["last_seq"] + 1)
    ]
    told += [
        (receipt["device_seq"], receipt.get("code") or receipt["outcome"])
        for receipt in said.get("receipts", ())
    ]
    return [outcome for _, outcome in sorted(told, key=itemgetter(0))]
