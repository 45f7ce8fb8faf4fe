"""What goes up next: the oldest operations without an answer, without what follows from others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlmodel import Session

from app.store import outbox
from app.sync.troubles import SyncTrouble, Trouble
from core.wire.envelopes import OPERATION_DEFAULTS, Operation, SyncResponse, envelope_of
from core.wire.receipts import receipts_bytes

MOST_PLAIN_BYTES = 6 << 20
"""Below the county's bound of 8 MB, with room for cursors and names."""


def next_operations(session: Session, limit: int) -> list[Operation]:
    """The operations of the next round trip, in the order they were made, without a gap."""
    return outbox.pending(session, limit, MOST_PLAIN_BYTES)


def envelopes(operations: Sequence[Operation]) -> list[dict[str, Any]]:
    """The operations as they travel: hashes only where they do not follow, one signature.

    The last one's hash covers all before it, and so does its signature.
    """
    return [
        _envelope(operation, operations[at - 1] if at else None, at == len(operations) - 1)
        for at, operation in enumerate(operations)
    ]


def _envelope(operation: Operation, before: Operation | None, is_last: bool) -> dict[str, Any]:
    said = {
        name: value
        for name, value in envelope_of(operation).items()
        if name not in OPERATION_DEFAULTS or value != OPERATION_DEFAULTS[name]
    }
    if before is not None and operation.previous_hash == before.hash:
        del said["previous_hash"]
    if not is_last:
        del said["hash"], said["signature"]
    return said


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
