"""A tablet that calls for its key, and the county's answer, without a wire between."""

from __future__ import annotations

from datetime import timedelta

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy import select

from core.wire.custody import RecoverRequest, RecoverResponse
from county.config import utc_now
from county.keys import the_county
from county.recovery import recover
from county.tables import DeviceRow, EscrowRow
from sealing.recovery_code import code_name
from tests.builders import COUNTY_ID
from tests.county.conftest import World


def device_of(world: World) -> DeviceRow:
    """The only tablet there is."""
    with world.database.reading() as session:
        return session.scalars(select(DeviceRow)).one()


def escrow_of(world: World) -> EscrowRow:
    """The data key it handed in."""
    with world.database.reading() as session:
        return session.get_one(EscrowRow, (COUNTY_ID, device_of(world).id))


def asked(code: str, device_id: str) -> RecoverRequest:
    """A tablet's call for its key."""
    own = X25519PrivateKey.generate().public_key().public_bytes_raw().hex()
    return RecoverRequest(device_id=device_id, code_name=code_name(code), public_key=own)


def answered(world: World, request: RecoverRequest, hours: int = 0) -> RecoverResponse:
    """What the county says to it, so many hours later."""
    with world.database.writing() as session:
        county = the_county(session)
        return recover(session, county, request, utc_now() + timedelta(hours=hours))
