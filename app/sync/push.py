"""What goes up next: the oldest operations without an answer, without what follows from others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic_core import from_json, to_json
from sqlmodel import Session

from app.store import outbox
from app.store.outbox import Queued
from app.sync.troubles import SyncTrouble, Trouble
from core.wire.envelopes import SyncResponse
from core.wire.receipts import receipts_bytes

MOST_PLAIN_BYTES = 6 << 20
"""Below the county's bound of 8 MB, with room for cursors and names."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Operations that go up together; `is_full` where more of them may wait behind.

    `_told` are the operations as they travel where others follow them.
    """

    operations: Sequence[Queued] = ()
    is_full: bool = False
    _told: Sequence[bytes] = ()

    @classmethod
    def of(cls, operations: Sequence[Queued], most: int) -> Batch:
        """What has been read of a queue, of which `most` were asked for."""
        told = [to_json(envelope) for envelope in envelopes(operations)]
        return cls(operations, len(operations) >= most, told)

    @property
    def last_seq(self) -> int:
        """The number of the last operation; 0 where there is none."""
        return self.operations[-1].device_seq if self.operations else 0

    @property
    def last_hash(self) -> str:
        """The hash of the last operation, which covers all before it."""
        return str(from_json(self.operations[-1].envelope)["hash"])

    def first(self, most: int) -> Batch:
        """The first `most` of them."""
        if len(self.operations) < most:
            return replace(self, is_full=False)
        return Batch(self.operations[:most], True, self._told[:most])

    def said(self) -> bytes:
        """The operations as a JSON array, the last one with the signature for all."""
        *_, last = envelopes(self.operations[-2:])
        return b"[" + b",".join((*self._told[:-1], to_json(last))) + b"]"


def next_operations(session: Session, limit: int, after: int = 0) -> list[Queued]:
    """The operations of the next round trip behind a number, in the order they were made."""
    return outbox.pending(session, limit, MOST_PLAIN_BYTES, after)


def envelopes(operations: Sequence[Queued]) -> Iterator[dict[str, Any]]:
    """The operations as they travel: hashes only where they do not follow, one signature.

    The last one's hash covers all before it, and so does its signature.
    """
    before = ""
    for place, operation in enumerate(operations, 1):
        said: dict[str, Any] = from_json(operation.envelope)
        if before and said["previous_hash"] == before:
            del said["previous_hash"]
        before = said["hash"]
        if place < len(operations):
            del said["hash"], said["signature"]
        yield said


def check_answers(answer: SyncResponse, county_key: str) -> None:
    """Raises SyncTrouble `false_receipt` unless the county itself signed what it says it took."""
    if not answer.taken and not answer.receipts:
        return
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(county_key))
        message = receipts_bytes(answer.taken, answer.receipts)
        key.verify(bytes.fromhex(answer.receipts_signature), message)
    except (InvalidSignature, ValueError) as error:
        raise SyncTrouble(Trouble.FALSE_RECEIPT) from error
