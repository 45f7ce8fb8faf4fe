"""The tablet's records as an encrypted file for the county, for when no link will come."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.clock import CHINA
from app.services.practice import Practice
from app.store import outbox
from app.store.outbox import iso
from app.store.queries.device import Device, the_device
from core.refusals import Refusal, Refused
from core.wire.canonical import canonical_bytes
from core.wire.envelopes import Operation, envelope_of
from core.wire.hand_over import BATCH_BYTES, BATCH_OPERATIONS, HAND_OVERS, HandOver
from sealing.envelope import HAND_OVER, seal


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOverFile:
    """A file to be saved; its name tells when it was made, and of nobody."""

    name: str
    content: bytes
    operations: int


class HandOverService:
    """Exporting what this tablet has done, whatever the county has of it."""

    def __init__(self, practice: Practice) -> None:
        self._practice = practice

    def export(self) -> HandOverFile:
        """Everything that was ever done here, oldest first, sealed to the county.

        Whoever has no link does not hear what a restored county lacks; what it has, it
        recognises, in a file as over the air. Raises Refused `hand_over.nothing`.
        """
        now = self._practice.clock.now()
        with self._practice.transaction() as session:
            device = the_device(session)
        count = 0
        sealed: list[str] = []
        for batch in self._batches():
            count += len(batch)
            sealed += _sealed(batch, device)
        if not sealed:
            raise Refused(Refusal(code="hand_over.nothing"))
        told = HandOver(
            county_id=device.county_id,
            device_id=device.device_id,
            made_at=iso(now),
            operations=count,
            batches=tuple(sealed),
        )
        name = f"luyue-{now.astimezone(CHINA):%Y%m%d-%H%M%S}.handover"
        return HandOverFile(name=name, content=HAND_OVERS.dump_json(told), operations=count)

    def _batches(self) -> Iterator[Sequence[Operation]]:
        """All there is, each batch in a transaction of its own: a save waits for one of them."""
        first = 1
        while batch := self._from(first):
            yield batch
            first = batch[-1].device_seq + 1

    def _from(self, first: int) -> Sequence[Operation]:
        with self._practice.transaction() as session:
            return outbox.from_seq(session, first, BATCH_OPERATIONS)


def _sealed(batch: Sequence[Operation], device: Device) -> Iterator[str]:
    """The batch, in parts where it is too heavy for one."""
    plain = canonical_bytes({"operations": [envelope_of(operation) for operation in batch]})
    if len(plain) > BATCH_BYTES and len(batch) > 1:
        half = len(batch) // 2
        yield from _sealed(batch[:half], device)
        yield from _sealed(batch[half:], device)
        return
    public_key = bytes.fromhex(device.county_escrow_key)
    sealed = seal(gzip.compress(plain), public_key, HAND_OVER, device.device_id)
    yield base64.b64encode(sealed).decode()
