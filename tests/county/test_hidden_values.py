"""What a tablet's own edit hides of what the county says has not been seen by the next one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import select as select_rows

from app.store.incoming import apply_answer
from app.store.tables import OutboxRow
from core.wire.envelopes import Change, SyncResponse
from core.wire.receipts import Receipt
from county.config import utc_now
from county.tables import ConflictRow, RecordRow
from tests.builders import COUNTY_ID, a_contract, a_household, a_resident
from tests.county.standing import Standing
from tests.county.test_edits_after_a_restore import synchronise
from tests.county_world import running, write_records
from tests.tablet_world import TabletHere

HOUSEHOLD = a_household()
RESIDENT = a_resident(household_id=HOUSEHOLD.id)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Standing]:
    made = Standing(tmp_path)
    write_records(made.world.database, utc_now(), HOUSEHOLD, RESIDENT, a_contract(RESIDENT.id))
    yield made
    made.world.close()


def as_it_stands(here: Standing) -> Change:
    with here.world.database.reading() as session:
        row = session.get_one(RecordRow, (COUNTY_ID, RESIDENT.id))
        return Change(
            scope_id=row.scope_id,
            seq=9,
            kind=row.kind,
            record_id=row.id,
            revision=row.revision,
            action="put",
            schema=row.schema,
            hash=row.hash,
            author_id=row.author_id,
            received_at=row.received_at.isoformat(),
            body=row.body,
        )


def hears(tablet: TabletHere, **said: Any) -> None:
    """The tablet stores an answer in which this is said and no cursor moves."""
    with tablet.store.transaction() as session:
        answer = SyncResponse(server_time="", county_version="", **said)
        apply_answer(session, answer, utc_now())


def names(here: Standing) -> tuple[str, set[str]]:
    with here.world.database.reading() as session:
        stands = str(session.get_one(RecordRow, (COUNTY_ID, RESIDENT.id)).body["name"])
        rows = session.scalars(select(ConflictRow).where(ConflictRow.field == "name"))
        return stands, {str(row.theirs) for row in rows}


def test_a_second_edit_has_not_seen_what_the_first_one_hides(here: Standing) -> None:
    with running(here.world.county_dir, port=here.port) as url:
        tablet, other = (here.world.level_tablet(url) for _ in range(2))
        tablet.edit(RESIDENT.id, name="赵一")
        other.edit(RESIDENT.id, name="钱二")
        synchronise(other)
        hears(tablet, changes=(as_it_stands(here),))
        tablet.edit(RESIDENT.id, name="孙三")
        synchronise(tablet)
    assert names(here) == ("钱二", {"赵一", "孙三"})


def test_nor_has_one_made_between_the_answer_to_the_first_and_the_record(here: Standing) -> None:
    with running(here.world.county_dir, port=here.port) as url:
        tablet, other = (here.world.level_tablet(url) for _ in range(2))
        tablet.edit(RESIDENT.id, name="赵一")
        other.edit(RESIDENT.id, name="钱二")
        synchronise(other)
        before = as_it_stands(here)
        hears(tablet, changes=(before,))
        with tablet.store.transaction() as session:
            waiting = session.exec(select_rows(OutboxRow)).one()
        receipt = Receipt(
            op_id=waiting.op_id,
            device_seq=waiting.device_seq,
            record_id=RESIDENT.id,
            revision=waiting.revision,
            outcome="conflict",
            received_at=before.received_at,
        )
        hears(tablet, receipts=(receipt,))
        tablet.edit(RESIDENT.id, name="孙三")
        synchronise(tablet)
    stands, disputed = names(here)
    assert (stands, "孙三" in disputed) == ("钱二", True)


def test_once_the_record_has_come_down_an_edit_has_seen_it(here: Standing) -> None:
    with running(here.world.county_dir, port=here.port) as url:
        tablet, other = (here.world.level_tablet(url) for _ in range(2))
        tablet.edit(RESIDENT.id, name="赵一")
        other.edit(RESIDENT.id, name="钱二")
        synchronise(other, tablet)
        tablet.edit(RESIDENT.id, name="孙三")
        synchronise(tablet)
    assert names(here) == ("孙三", {"赵一"})


def test_a_harmless_field_that_waits_hides_no_guarded_one(here: Standing) -> None:
    with running(here.world.county_dir, port=here.port) as url:
        tablet, other = (here.world.level_tablet(url) for _ in range(2))
        tablet.edit(RESIDENT.id, phone="13900000001")
        other.edit(RESIDENT.id, name="钱二")
        synchronise(other)
        hears(tablet, changes=(as_it_stands(here),))
        tablet.edit(RESIDENT.id, name="孙三")
        synchronise(tablet)
    assert names(here) == ("孙三", set())
