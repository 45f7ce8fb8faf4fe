"""A tablet's records carried in on a file: opened, checked and answered like a push."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from sqlalchemy.orm import Session

from core.refusals import Refusal, Refused
from core.wire.hand_over import HAND_OVER_FORMAT, HAND_OVERS, HandOver
from core.wire.receipts import Receipt
from county.coding import BadCoding, TooLarge, decoded
from county.envelopes import opened
from county.escrow import opening_key
from county.escrow_key import private_key
from county.ingest import take_in
from county.tables import CountyRow, DeviceRow
from sealing.envelope import HAND_OVER, open_sealed
from sealing.hpke import CannotOpen

MOST_FILE_BYTES = 64 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenIn:
    """What became of a file: how many records were answered, those that not just as they came,
    and the first number still missing.
    """

    device_id: str
    doctor_id: str
    count: int
    receipts: tuple[Receipt, ...]
    resend_from: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What opens the file: the passphrase, and the key's file where it is kept off-line."""

    passphrase: str
    file: Path | None = None


def read_hand_over(path: Path) -> HandOver:
    """The file as written. Raises Refused `hand_over.not_one`, `hand_over.too_new`."""
    try:
        if path.stat().st_size > MOST_FILE_BYTES:
            raise Refused(Refusal(code="hand_over.not_one"))
        told = HAND_OVERS.validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise Refused(Refusal(code="hand_over.not_one")) from error
    if told.luyue_hand_over > HAND_OVER_FORMAT:
        raise Refused(Refusal(code="hand_over.too_new"))
    return told


def accept(session: Session, county: CountyRow, told: HandOver, key: Key, now: datetime) -> TakenIn:
    """Take the records in, in the caller's transaction; a second time gives the same answers.

    Raises Refused `hand_over.other_county`, `device.unknown`, `hand_over.cannot_open`,
    `hand_over.not_the_tablets` where one is not proven to be, and what opening the escrow key
    raises.
    """
    if told.county_id != county.county_id:
        raise Refused(Refusal(code="hand_over.other_county"))
    # Unlocking a key takes a third of a second: once for all the batches that are sealed to it.
    unlocked = cache(lambda held: private_key(held, key.passphrase))

    def private_for(sealed: bytes) -> bytes:
        return unlocked(opening_key(session, county, sealed, key.file))

    batches = [_opened(text, told.device_id, private_for) for text in told.batches]
    device = session.get(DeviceRow, (county.county_id, told.device_id), with_for_update=True)
    if device is None:
        raise Refused(Refusal(code="device.unknown", values={"device": told.device_id}))
    # All at once: numbers are taken last, and nothing may wait for a record behind them.
    together = [envelope for envelopes in batches for envelope in envelopes]
    # Whoever has the county's public key can seal a file: only the chain proves whose it is.
    batch = opened(together, device.id, device.public_key, in_request=False)
    if not all(item.is_proven for item in batch):
        raise Refused(Refusal(code="hand_over.not_the_tablets"))
    intake = take_in(session, device, batch, now, by_hand=True)
    return TakenIn(
        device_id=device.id,
        doctor_id=device.doctor_id,
        count=intake.count,
        receipts=intake.receipts,
        resend_from=intake.resend_from,
    )


def _opened(text: str, device_id: str, private_for: Callable[[bytes], bytes]) -> Sequence[Any]:
    """The operations of one batch as they were made."""
    try:
        sealed = base64.b64decode(text, validate=True)
        plain = decoded(open_sealed(sealed, private_for(sealed), HAND_OVER, device_id), "gzip")
        operations = json.loads(plain)["operations"]
    except (CannotOpen, BadCoding, TooLarge, ValueError, KeyError, TypeError) as error:
        raise Refused(Refusal(code="hand_over.cannot_open")) from error
    if not isinstance(operations, list):
        raise Refused(Refusal(code="hand_over.cannot_open"))
    return operations
