"""A resident with a special programme, a tablet of that village, and what is held and told."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from core.wire.envelopes import SyncResponse
from county.db import Database
from county.tables import RecordRow
from tests.builders import COUNTY_ID, a_contract, a_household, a_resident, a_special_programme
from tests.county.conftest import NOW
from tests.county_world import Enrolled, enrol_tablet, write_records

HOUSEHOLD = a_household()
RESIDENT = a_resident(household_id=HOUSEHOLD.id)
SPECIAL = a_special_programme(RESIDENT.id)


def a_tablet_beside(county: Database) -> Enrolled:
    """A tablet of the village in which the resident lives."""
    write_records(county, NOW, HOUSEHOLD, RESIDENT, a_contract(RESIDENT.id), SPECIAL)
    return enrol_tablet(county, NOW)


def told(answer: SyncResponse) -> set[str]:
    return {change.record_id for change in answer.changes}


def held(county: Database, record_id: str) -> RecordRow:
    with county.reading() as session:
        return session.get_one(RecordRow, (COUNTY_ID, record_id))


def cursors_of(answer: SyncResponse) -> dict[str, Any]:
    return {scope: asdict(cursor) for scope, cursor in answer.cursors.items()}
