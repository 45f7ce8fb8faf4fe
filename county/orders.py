"""What the county demands of a tablet with each answer: its lease, its keys, to be wiped."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from core.refusals import Refusal, Refused
from core.wire.custody import WIPE_AFTER_HAND_IN, WIPE_REGARDLESS, Orders, orders_bytes
from county.escrow import key_in_force, keys_to_seal_to
from county.keys import sign
from county.recovery import WIPED
from county.tables import CountyRow, DeviceRow

MIN_LEASE_DAYS, MAX_LEASE_DAYS = 1, 365
MIN_KEEP_YEARS, MAX_KEEP_YEARS = 2, 30
"""Two at least: what is owed this year looks back into the last."""


def orders_for(
    session: Session,
    county: CountyRow,
    devices: Sequence[DeviceRow],
    strangers: Collection[str] = (),
) -> list[Orders | None]:
    """The signed orders of each tablet; None where all is as it is by default.

    `strangers` are tablets that know the county by another history: in it another escrow key
    may have been in force, so they are told today's.
    """
    keys = keys_to_seal_to(session, county, [device.id for device in devices])
    keys |= dict.fromkeys(strangers, key_in_force(county).public)
    return [_signed(county, device, keys.get(device.id, "")) for device in devices]


def _signed(county: CountyRow, device: DeviceRow, escrow_key: str) -> Orders | None:
    orders = Orders(
        lease_days=county.lease_days,
        keep_years=county.keep_years,
        wipe=device.wipe_order,
        escrow_key=escrow_key,
    )
    if orders == Orders():
        return None
    signature = sign(county.signing_private_key, orders_bytes(device.id, orders))
    return replace(orders, signature=signature)


def order_wipe(device: DeviceRow, *, regardless: bool) -> None:
    """Have the tablet destroy what it holds, after it has handed its work in, or regardless.

    It is also revoked: what it still hands in goes into quarantine, and it is sent nothing.
    """
    device.wipe_order = WIPE_REGARDLESS if regardless else WIPE_AFTER_HAND_IN
    device.state = "revoked"


def note_wiped(device: DeviceRow, now: datetime) -> None:
    """The tablet has destroyed its keys. Raises Refused `wipe.not_ordered`."""
    if not device.wipe_order:
        raise Refused(Refusal(code="wipe.not_ordered"))
    device.state, device.wiped_at = WIPED, device.wiped_at or now


def set_lease(county: CountyRow, days: int) -> None:
    """Days a tablet works without contact. Raises Refused `lease.range`."""
    if not MIN_LEASE_DAYS <= days <= MAX_LEASE_DAYS:
        values = {"least": MIN_LEASE_DAYS, "most": MAX_LEASE_DAYS}
        raise Refused(Refusal(code="lease.range", values=values))
    county.lease_days = days


def set_keep_years(county: CountyRow, years: int) -> None:
    """Years of facts that stay on the tablets. Raises Refused `keep.range`."""
    if not MIN_KEEP_YEARS <= years <= MAX_KEEP_YEARS:
        values = {"least": MIN_KEEP_YEARS, "most": MAX_KEEP_YEARS}
        raise Refused(Refusal(code="keep.range", values=values))
    county.keep_years = years
