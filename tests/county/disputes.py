"""One resident about whom doctors differ, and what the county makes of it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from county.config import utc_now
from county.db import Database
from county.tables import ConflictRow, RecordRow
from tests.builders import COUNTY_ID, a_contract, a_household, a_resident
from tests.county.standing import Standing
from tests.county_world import write_records
from tests.tablet_world import TabletHere

HOUSEHOLD = a_household()
RESIDENT = a_resident(household_id=HOUSEHOLD.id)


def settle_in(database: Database) -> None:
    """Write the resident's records, as a roster brings them."""
    write_records(database, utc_now(), HOUSEHOLD, RESIDENT, a_contract(RESIDENT.id))


def synchronise(*tablets: TabletHere) -> None:
    for tablet in tablets:
        assert tablet.synchronise().failed is None


def name_at(standing: Standing) -> str:
    with standing.world.database.reading() as session:
        return str(session.get_one(RecordRow, (COUNTY_ID, RESIDENT.id)).body["name"])


def disputed(standing: Standing) -> list[tuple[Any, Any]]:
    """The two values of each conflict about the name."""
    with standing.world.database.reading() as session:
        rows = session.scalars(select(ConflictRow).where(ConflictRow.field == "name"))
        return [(row.ours, row.theirs) for row in rows]
