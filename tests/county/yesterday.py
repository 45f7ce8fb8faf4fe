"""A county with yesterday's backup and a day's work since, to be set back to it."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from core.wire.bodies import Record
from county.config import utc_now
from county.tables import RecordRow, ScopeHeadRow
from tests.builders import a_contract, a_follow_up
from tests.county.conftest import HOUSEHOLD, RESIDENT
from tests.county.standing import Standing
from tests.county_world import write_records

TODAY = utc_now().date()


def visits(count: int) -> list[Record]:
    return [a_follow_up(RESIDENT.id, TODAY) for _ in range(count)]


def epochs(standing: Standing) -> set[str]:
    with standing.world.database.reading() as session:
        return set(session.scalars(select(ScopeHeadRow.epoch)))


def held(standing: Standing) -> dict[str, object]:
    """The bodies of all follow-ups at the county."""
    with standing.world.database.reading() as session:
        rows = session.scalars(select(RecordRow).where(RecordRow.kind == "follow_up"))
        return {row.id: row.body for row in rows}


class Yesterday:
    """A county with two tablets, a backup, and a day's work since, all of it acknowledged."""

    def __init__(self, standing: Standing, folder: Path) -> None:
        self.standing = standing
        self.file = folder / "yesterday.backup"
        write_records(
            standing.world.database, utc_now(), HOUSEHOLD, RESIDENT, a_contract(RESIDENT.id)
        )
        url = standing.start()
        self.tablets = [standing.world.tablet(url), standing.world.tablet(url)]
        self.before, self.after = visits(6), visits(80)
        self.share(self.before)
        self.synchronise()
        self.told = standing.done("backup", str(self.file))
        self.share(self.after)
        for number, tablet in enumerate(self.tablets):
            tablet.edit(RESIDENT.id, phone=f"1390000000{number}")
        self.synchronise()
        self.former = epochs(standing)

    def share(self, facts: list[Record]) -> None:
        """Let the tablets save these in turns."""
        for number, tablet in enumerate(self.tablets):
            tablet.save(*facts[number::2])

    def synchronise(self) -> None:
        """Let each tablet call once."""
        for tablet in self.tablets:
            assert tablet.synchronise().failed is None
