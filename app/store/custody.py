"""What the county holds of this tablet and demands of it: escrow, lease, orders to wipe."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, update
from sqlmodel import Session, col

from app.store import outbox
from app.store.outbox import iso
from app.store.queries.device import (
    set_setting,
    set_settings,
    setting,
    settings,
    the_device,
)
from app.store.retention import COUNTY_TIME, KEEP_YEARS
from app.store.tables import DeviceRow
from core.wire.custody import (
    DEFAULT_LEASE_DAYS,
    WIPE_AFTER_HAND_IN,
    WIPE_REGARDLESS,
    Orders,
)
from sealing.envelope import key_name, recipient_of, seal_data_key
from statements.made_once import run

SEALED_KEY = "escrow.sealed_key"
CONFIRMED = "escrow.confirmed"
LAST_CONTACT = "lease.last_contact_at"
LATEST_SEEN = "lease.latest_seen_at"
LEASE_DAYS = "lease.days"
WIPE = "wipe"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """How long the county has not been heard of, and how long that may be."""

    days_silent: int
    days_allowed: int

    @property
    def is_over(self) -> bool:
        """Whether the tablet has to stay locked until it has had contact."""
        return self.days_silent >= self.days_allowed


def seal_for_county(session: Session, data_key: bytes) -> None:
    """Lay the data key ready for the county, sealed to its escrow key, unless it lies so."""
    device = the_device(session)
    public_key = bytes.fromhex(device.county_escrow_key)
    laid = setting(session, SEALED_KEY)
    if laid and recipient_of(bytes.fromhex(laid)) == key_name(public_key):
        return
    sealed = seal_data_key(data_key, public_key, device_id=device.device_id)
    set_setting(session, SEALED_KEY, sealed.hex())


def key_to_hand_in(session: Session) -> str:
    """The sealed data key in hexadecimal; "" once the county has confirmed that it holds it.

    "" also while it lies sealed to a key the county has no more, until it is laid anew.
    """
    kept = settings(session, (SEALED_KEY, CONFIRMED))
    laid = kept.get(SEALED_KEY, "")
    sealed_to = recipient_of(bytes.fromhex(laid)) if laid else b""
    in_force = key_name(bytes.fromhex(the_device(session).county_escrow_key))
    return laid if sealed_to == in_force and sealed_to.hex() != kept.get(CONFIRMED) else ""


def confirm_key(session: Session, sealed_to: str) -> None:
    """The county holds the data key, sealed to the escrow key of this name."""
    set_setting(session, CONFIRMED, sealed_to)


def doubt_key(session: Session) -> None:
    """Hand the data key in once more: a restored county may have lost it, or cannot open it."""
    set_setting(session, CONFIRMED, "")


def keep_orders(
    session: Session,
    orders: Orders | None,
    now: datetime,
    *,
    durable_seq: int = 0,
    county_time: str = "",
    renews_lease: bool = True,
) -> None:
    """The county has answered: what it demands is kept, and the lease begins anew.

    A revoked tablet is answered too, but its lease runs out. `durable_seq` is how far this
    tablet's operations are under the county's backup, `county_time` its clock as it said it.
    """
    demanded = orders or Orders()
    told = {
        LEASE_DAYS: str(demanded.lease_days),
        WIPE: demanded.wipe,
        KEEP_YEARS: str(demanded.keep_years),
        COUNTY_TIME: county_time,
    }
    contact = {LAST_CONTACT: iso(now), LATEST_SEEN: iso(now)} if renews_lease else {}
    set_settings(session, {**told, **contact})
    run(session, _TOLD, durable=durable_seq, key=demanded.escrow_key)


_KEY = func.coalesce(func.nullif(bindparam("key"), ""), DeviceRow.county_escrow_key)
_TOLD = (
    update(DeviceRow)
    .where(
        (col(DeviceRow.durable_seq) != bindparam("durable"))
        | (col(DeviceRow.county_escrow_key) != _KEY)
    )
    .values(durable_seq=bindparam("durable"), county_escrow_key=_KEY)
)


def wipe_is_due(session: Session) -> bool:
    """Whether the tablet shall destroy what it holds now: its work handed in, or regardless."""
    order = setting(session, WIPE)
    if order == WIPE_REGARDLESS:
        return True
    return order == WIPE_AFTER_HAND_IN and not outbox.is_waiting(session)


def lease_at(session: Session, now: datetime) -> Lease:
    """The lease as of now; a clock that was set back does not lengthen it."""
    contact = setting(session, LAST_CONTACT) or the_device(session).enrolled_at
    since = datetime.fromisoformat(contact)
    seen = setting(session, LATEST_SEEN)
    latest = max(now, datetime.fromisoformat(seen)) if seen else now
    set_setting(session, LATEST_SEEN, iso(latest))
    silent = max(latest - since, timedelta(0))
    allowed = int(setting(session, LEASE_DAYS) or DEFAULT_LEASE_DAYS)
    return Lease(days_silent=silent.days, days_allowed=allowed)
