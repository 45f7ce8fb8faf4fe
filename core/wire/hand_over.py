"""The file in which a tablet without a link hands its records to the county, on a stick.

JSON; each batch is `{"operations": […]}` in gzip, sealed to the county's escrow key, in
base64. The operations are signed and numbered like those of a synchronisation, so the file
can be taken in twice, or after the same records have come over the air.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import TypeAdapter

HAND_OVER_FORMAT = 1
BATCH_OPERATIONS = 1_000
BATCH_BYTES = 6 << 20
"""The most a batch weighs before it is compressed; the county unpacks no more than 8 MiB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """Whose records these are, in the clear, and the records, sealed; `made_at` is ISO text."""

    county_id: str
    device_id: str
    made_at: str
    operations: int
    batches: tuple[str, ...]
    luyue_hand_over: int = HAND_OVER_FORMAT


HAND_OVERS: TypeAdapter[HandOver] = TypeAdapter(HandOver)
