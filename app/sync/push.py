"""What goes up next: the oldest operations without an answer, without what follows from others."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic_core import from_json
from sqlmodel import Session

from app.store import outbox
from app.store.outbox import Queued
from app.sync.troubles import SyncTrouble, Trouble
from core.wire.envelopes import SyncResponse
from core.wire.receipts import receipts_bytes

MOST_PLAIN_BYTES = 6 << 20
"""Below the county's bound of 8 MB, with room for cursors and names."""


def next_operations(session: Session, limit: int) -> list[Queued]:
    """The operations of the next round trip, in the order they were made, noted as sent."""
    queued = outbox.pending(session, limit, MOST_PLAIN_BYTES)
    if queued:
        outbox.mark_sent(session, queued[-1].device_seq)
    return queued


def envelopes(operations: Sequence[Queued]) -> list[dict[str, Any]]:
    """The operations as they travel: hashes only where they do not follow, one signature.

    The last one's hash covers all before it, and so does its signature.
    """
    said: list[dict[str, Any]] = [from_json(operation.envelope) for operation in operations]
    for before, after in reversed(list(pairwise(said))):
        if after["previous_hash"] == before["hash"]:
            del after["previous_hash"]
        del before["hash"], before["signature"]
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
