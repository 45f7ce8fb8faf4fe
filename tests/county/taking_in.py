"""Taking operations in as the county does, and looking at what it holds then."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from core.wire.envelopes import Operation
from county.db import Database
from county.envelopes import opened
from county.ingest import Intake, take_in
from county.tables import RecordRow
from tests.builders import COUNTY_ID
from tests.county.conftest import NOW
from tests.county_world import Enrolled, locked_device
from tests.operations import Chain, outcomes, travelling


def take(
    county: Database,
    tablet: Enrolled,
    envelopes: Sequence[dict[str, Any]],
    now: datetime = NOW,
    **how: bool,
) -> Intake:
    batch = opened(envelopes, tablet.device_id, tablet.public_key)
    with county.writing() as session:
        return take_in(session, locked_device(session, tablet.device_id), batch, now, **how)


def outcomes_of(
    county: Database, chain: Chain, *operations: Operation, now: datetime = NOW, **how: bool
) -> list[str]:
    """How the county answers these, as far as it does: each an outcome, or a refusal's code."""
    return outcomes(take(county, chain.tablet, travelling(*operations), now, **how))


def stored(county: Database, record_id: str) -> RecordRow | None:
    with county.reading() as session:
        return session.get(RecordRow, (COUNTY_ID, record_id))


def count(county: Database, table: type[Any]) -> int:
    with county.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0
