"""How much a tablet without a place may have set aside: an honest one's work, and no flood."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Text, bindparam, cast, func, select
from sqlalchemy.orm import Session

from core.refusals import Refusal, Refused
from county.envelopes import Opened
from county.tables import DeviceRow, QuarantineRow
from statements.made_once import run

REVOKED = "device.revoked"
MOST_SET_ASIDE = 20_000
"""Operations: more than a tablet makes in years without a link."""
MOST_SIGNS_SET_ASIDE = 64 << 20
"""Signs of JSON they are written in: three kilobytes for each of so many."""


def check_allowance(session: Session, device: DeviceRow, line: Sequence[Opened]) -> None:
    """Raises Refused `device.revoked` where these would be more than is kept for this tablet.

    It then keeps them itself, and the office can still take them from a file.
    """
    count, signs = run(session, _SET_ASIDE, county=device.county_id, device=device.id).one()
    count += len(line)
    signs += sum(len(item.text) for item in line)
    if count > MOST_SET_ASIDE or signs > MOST_SIGNS_SET_ASIDE:
        raise Refused(Refusal(code=REVOKED))


_SET_ASIDE = select(
    func.count(), func.coalesce(func.sum(func.length(cast(QuarantineRow.envelope, Text))), 0)
).where(
    QuarantineRow.county_id == bindparam("county"), QuarantineRow.device_id == bindparam("device")
)
