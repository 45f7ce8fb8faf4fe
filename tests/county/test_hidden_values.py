"""What a tablet's own edit hides of what the county says has not been seen by the next one."""

from __future__ import annotations

from typing import Any

from sqlmodel import select as select_rows

from app.store.incoming import apply_answer
from app.store.tables import OutboxRow
from core.wire.envelopes import Change, SyncResponse
from core.wire.receipts import Receipt
from county.config import utc_now
from county.repair import change_of
from county.tables import RecordRow
from tests.builders import COUNTY_ID
from tests.county.disputes import RESIDENT, disputed, name_at, synchronise
from tests.county.standing import Standing
from tests.county_world import running
from tests.tablet_world import TabletHere


def as_it_stands(here: Standing) -> Change:
    with here.world.database.reading() as session:
        row = session.get_one(RecordRow, (COUNTY_ID, RESIDENT.id))
        return change_of(row, row.scope_id)


def hears(tablet: TabletHere, **said: Any) -> None:
    """The tablet stores an answer in which this is said and no cursor moves."""
    with tablet.store.transaction() as session:
        answer = SyncResponse(server_time="", county_version="", **said)
        apply_answer(session, answer, utc_now())


def test_a_second_edit_has_not_seen_what_the_first_one_hides(here: Standing) -> None:
    with running(here.world.county_dir, port=here.port) as url:
        tablet, other = (here.world.level_tablet(url) for _ in range(2))
        tablet.edit(RESIDENT.id, name="赵一")
        other.edit(RESIDENT.id, name="钱二")
        synchronise(other)
        hears(tablet, changes=(as_it_stands(here),))
        tablet.edit(RESIDENT.id, name="孙三")
        synchronise(tablet)
    assert name_at(here) == "钱二"
    assert set(disputed(here)) == {("钱二", "赵一"), ("钱二", "孙三")}


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
    assert name_at(here) == "钱二"
    assert ("钱二", "孙三") in disputed(here)


def test_once_the_record_has_come_down_an_edit_has_seen_it(here: Standing) -> None:
    with running(here.world.county_dir, port=here.port) as url:
        tablet, other = (here.world.level_tablet(url) for _ in range(2))
        tablet.edit(RESIDENT.id, name="赵一")
        other.edit(RESIDENT.id, name="钱二")
        synchronise(other, tablet)
        tablet.edit(RESIDENT.id, name="孙三")
        synchronise(tablet)
    assert (name_at(here), disputed(here)) == ("孙三", [("钱二", "赵一")])


def test_a_harmless_field_that_waits_hides_no_guarded_one(here: Standing) -> None:
    with running(here.world.county_dir, port=here.port) as url:
        tablet, other = (here.world.level_tablet(url) for _ in range(2))
        tablet.edit(RESIDENT.id, phone="13900000001")
        other.edit(RESIDENT.id, name="钱二")
        synchronise(other)
        hears(tablet, changes=(as_it_stands(here),))
        tablet.edit(RESIDENT.id, name="孙三")
        synchronise(tablet)
    assert (name_at(here), disputed(here)) == ("孙三", [])
