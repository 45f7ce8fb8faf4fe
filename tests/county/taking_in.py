"""Taking operations in as the county does, and looking at what it holds then."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select

from county.db import Database
from county.envelopes import opened
from county.ingest import Intake, take_in
from county.tables import DeviceRow, RecordRow
from tests.builders import COUNTY_ID
from tests.county.conftest import NOW
from tests.county_world import Enrolled


def take(county: Database, tablet: Enrolled, envelopes: Sequence[dict[str, Any]]) -> Intake:
    batch = opened(envelopes, tablet.device_id, tablet.public_key)
    with county.writing() as session:
        device = session.get_one(DeviceRow, (COUNTY_ID, tablet.device_id), with_for_update=True)
        return take_in(session, device, batch, NOW)


def stored(county: Database, record_id: str) -> RecordRow | None:
    with county.reading() as session:
        return session.get(RecordRow, (COUNTY_ID, record_id))


def count(county: Database, table: type[Any]) -> int:
    with county.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0
