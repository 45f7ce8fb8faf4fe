"""What the tests of rosters share: a county that takes them in, and what it has then."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from core.vocabulary import Kind
from county.db import Database
from county.people import Act, act_of
from county.roster.answers import RosterReport
from county.roster.importing import RosterOptions, import_roster
from county.tables import RecordRow
from tests.builders import COUNTY_ID
from tests.county.conftest import NOW
from tests.county.roster.sheets_of import a_roster, a_row

Import = Callable[..., RosterReport]


def act(now: datetime = NOW) -> Act:
    return act_of(COUNTY_ID, "office", now)


@pytest.fixture
def take(county: Database, tmp_path: Path) -> Import:
    """Imports rows, or a file, into a county that has two villages already."""

    def taken(*rows: dict[str, Any], now: datetime = NOW, **options: Any) -> RosterReport:
        path = a_roster(tmp_path / "roster.xlsx", *rows)
        return import_roster(county, act(now), path, RosterOptions(**options))

    return taken


def in_the_county(**cells: Any) -> dict[str, Any]:
    """A row in a village the county has."""
    return a_row(乡镇="云岭镇", 村="石门村", **cells)


def outcomes(report: RosterReport) -> list[str]:
    return [answer.outcome.value for answer in report.answers]


def codes(report: RosterReport) -> list[str]:
    return [refusal.code for answer in report.answers for refusal in answer.refusals]


def bodies(database: Database, kind: Kind) -> list[dict[str, Any]]:
    query = select(RecordRow.body).where(RecordRow.kind == kind).order_by(RecordRow.id)
    with database.reading() as session:
        return list(session.scalars(query))
