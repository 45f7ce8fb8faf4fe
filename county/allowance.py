"""How much a tablet without a place may have set aside: an honest one's work, and no flood."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Text, bindparam, cast, func, select
from sqlalchemy.orm import Session

from county.envelopes import Opened
from county.tables import DeviceRow, QuarantineRow
from statements.made_once import run

REVOKED = "device.revoked"
"""What is said to a tablet without a place, of all it brings."""
MOST_SET_ASIDE = 20_000
"""Operations: more than a tablet makes in years without a link."""
MOST_SIGNS_SET_ASIDE = 64 << 20
"""Signs of JSON they are written in: three kilobytes for each of so many."""


def has_room(session: Session, device: DeviceRow, line: Sequence[Opened]) -> bool:
    """Whether these are no more than is kept for this tablet, with what is kept already.

    Where they are, it keeps them itself, and the office can still take them from a file.
    """
    count, signs = run(session, _SET_ASIDE, county=device.county_id, device=device.id).one()
    count += len(line)
    signs += sum(len(item.text) for item in line)
    return bool(count <= MOST_SET_ASIDE and signs <= MOST_SIGNS_SET_ASIDE)


_SET_ASIDE = select(
    func.count(), func.coalesce(func.sum(func.length(cast(QuarantineRow.envelope, Text))), 0)
).where(
    QuarantineRow.county_id == bindparam("county"), QuarantineRow.device_id == bindparam("device")
)
