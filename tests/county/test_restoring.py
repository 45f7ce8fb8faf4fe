"""A county set back to yesterday's backup has everything again once its tablets have called."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar

from sqlalchemy import select

from app.store.opening import Store
from app.store.outbox import OutboxState
from app.store.queries.device import the_device
from app.sync.county_call import content_of
from app.sync.transport import Answer, HttpTransport
from app.sync.troubles import Trouble
from core.wire.bodies import body_of
from county.config import utc_now
from county.quarantine import TAKE, decide
from county.reviews import Reviewer
from county.tables import DeviceRow, OperationRow, QuarantineRow
from tests.builders import COUNTY_ID, VILLAGE_ID, a_contract
from tests.county.conftest import HOUSEHOLD, RESIDENT
from tests.county.standing import Standing
from tests.county.yesterday import Yesterday, epochs, held, visits
from tests.county_world import write_records
from tests.fakes import FakeClock
from tests.tablet_world import TabletHere


def durable(standing: Standing) -> set[int]:
    with standing.world.database.reading() as session:
        return set(session.scalars(select(DeviceRow.durable_seq)))


def quarantined(standing: Standing) -> list[str]:
    with standing.world.database.reading() as session:
        return list(session.scalars(select(QuarantineRow.code)))


def check_level(standing: Standing, tablet: TabletHere) -> None:
    """Every operation of the tablet is at the county once, with the receipt the tablet holds."""
    assert set(tablet.states()) == {OutboxState.RECEIPTED}
    assert tablet.is_level
    with tablet.store.transaction() as session:
        device_id = the_device(session).device_id
    with standing.world.database.reading() as session:
        rows = session.scalars(
            select(OperationRow)
            .where(OperationRow.device_id == device_id)
            .order_by(OperationRow.device_seq)
        ).all()
    receipts = tablet.receipts()
    assert [row.device_seq for row in rows] == list(range(1, len(receipts) + 1))
    for row, receipt in zip(rows, receipts, strict=True):
        assert receipt is not None
        assert (row.record_id, row.revision, row.outcome, row.code, row.told) == (
            receipt.record_id, receipt.revision, receipt.outcome, receipt.code, receipt.values
        )  # fmt: skip
        assert row.received_at == datetime.fromisoformat(receipt.received_at)


def test_a_county_restored_from_its_backup_has_every_record_again_after_the_next_sync(
    standing: Standing, yesterday: Yesterday
) -> None:
    later = visits(2)
    yesterday.share(later)
    standing.stop()
    standing.done("restore", str(yesterday.file), "--yes")
    assert held(standing).keys() == {visit.id for visit in yesterday.before}
    assert epochs(standing).isdisjoint(yesterday.former)
    assert durable(standing) == {3}

    standing.start()
    yesterday.synchronise()
    everything = [*yesterday.before, *yesterday.after, *later]
    assert held(standing) == {visit.id: body_of(visit) for visit in everything}
    assert quarantined(standing) == []
    # What the second tablet brought back reaches the first, and then all are level.
    yesterday.synchronise()
    for tablet in yesterday.tablets:
        check_level(standing, tablet)
        assert (tablet.body(RESIDENT.id) or {})["phone"] == "13900000001"
    standing.stop()


def disk_copy(standing: Standing, tablet: TabletHere, folder: Path) -> Callable[[], TabletHere]:
    """Copies the files of the first tablet as they are now; what it gives opens the copy."""
    for suffix in ("", "-wal"):
        shutil.copyfile(standing.world.folder / f"tablet0.db{suffix}", folder / f"copy{suffix}")
    return lambda: replace(tablet, store=Store.open(folder / "copy", bytes(range(32))))


def test_where_a_copy_of_a_tablet_calls_first_after_a_restore_nothing_goes_missing_unsaid(
    standing: Standing, tmp_path: Path
) -> None:
    write_records(standing.world.database, utc_now(), HOUSEHOLD, RESIDENT, a_contract(RESIDENT.id))
    tablet = standing.world.level_tablet(standing.start())
    standing.done("backup", str(tmp_path / "b"))
    copied = disk_copy(standing, tablet, tmp_path)
    tablet.edit(RESIDENT.id, phone="13900000001")
    assert tablet.synchronise().failed is None
    standing.stop()
    standing.done("restore", str(tmp_path / "b"), "--yes")
    standing.start()

    copy = copied()
    copy.save(*visits(2))
    assert copy.synchronise().failed is None
    assert copy.states() == [OutboxState.RECEIPTED] * 2
    assert tablet.synchronise().failed is None
    assert tablet.states() == [OutboxState.REFUSED]
    assert quarantined(standing) == ["op.number_taken"]
    copy.store.close()
    standing.stop()


def test_the_chain_says_what_a_county_restored_twice_has_of_a_copied_tablet(
    standing: Standing, tmp_path: Path
) -> None:
    write_records(standing.world.database, utc_now(), HOUSEHOLD, RESIDENT, a_contract(RESIDENT.id))
    tablet = standing.world.level_tablet(standing.start())
    standing.done("backup", str(tmp_path / "oldest"))
    copied = disk_copy(standing, tablet, tmp_path)
    tablet.edit(RESIDENT.id, phone="13900000001")
    assert tablet.synchronise().failed is None
    standing.done("backup", str(tmp_path / "unreadable"))
    assert tablet.synchronise().failed is None  # and is told that it is under a backup
    standing.stop()
    standing.done("restore", str(tmp_path / "oldest"), "--yes")
    standing.start()
    copy = copied()
    copy.save(*visits(2))
    assert copy.synchronise().failed is None
    standing.done("backup", str(tmp_path / "latest"))
    standing.stop()
    standing.done("restore", str(tmp_path / "latest"), "--yes")
    standing.start()
    assert tablet.synchronise().failed is None
    assert tablet.states() == [OutboxState.REFUSED]
    copy.store.close()
    standing.stop()


class Overheard(HttpTransport):
    """A link that keeps a copy of every exchange's request on the way."""

    copies: ClassVar[list[tuple[bytes, Mapping[str, str]]]] = []

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        self.copies.append((body, headers))
        return super().post(path, body, headers)


def test_a_request_that_comes_only_after_the_restore_is_not_answered_anew_to_nobody(
    standing: Standing, tmp_path: Path
) -> None:
    write_records(standing.world.database, utc_now(), HOUSEHOLD, RESIDENT, a_contract(RESIDENT.id))
    url = standing.start()
    tablet = standing.world.tablet(url)
    assert tablet.synchronise().failed is None
    standing.done("backup", str(tmp_path / "b"))
    Overheard.copies.clear()
    tablet.link._connect = Overheard
    tablet.save(*visits(2))
    assert tablet.synchronise().failed is None
    standing.stop()
    standing.done("restore", str(tmp_path / "b"), "--yes")
    standing.start()

    body, headers = Overheard.copies[0]
    late = json.loads(content_of(HttpTransport(url).post("/sync/v1", body, headers)))
    assert late["resend_from"] == 1
    assert late["history"] in epochs(standing)
    assert not {"taken", "receipts"} & late.keys()
    assert held(standing) == {}

    assert tablet.synchronise().failed is None
    check_level(standing, tablet)
    assert len(held(standing)) == 2
    standing.stop()


def test_what_a_person_has_taken_in_since_the_backup_is_set_aside_again_and_the_tablet_hears_so(
    standing: Standing, tmp_path: Path
) -> None:
    write_records(standing.world.database, utc_now(), HOUSEHOLD, RESIDENT, a_contract(RESIDENT.id))
    standing.start()
    tablet = standing.world.level_tablet(standing.running[-1].url)
    ahead = replace(tablet, clock=FakeClock(moment=utc_now() + timedelta(days=2)))
    ahead.edit(RESIDENT.id, phone="13900000001")
    tablet.save(*visits(1))
    assert tablet.synchronise().refused == 1
    standing.done("backup", str(tmp_path / "b"))
    take_in(standing, utc_now() + timedelta(days=1, hours=1))
    assert tablet.synchronise().failed is None
    assert set(tablet.states()) == {OutboxState.RECEIPTED}

    standing.stop()
    standing.done("restore", str(tmp_path / "b"), "--yes")
    standing.start()
    assert tablet.synchronise().failed is None
    assert tablet.states() == [OutboxState.REFUSED, OutboxState.RECEIPTED]
    assert tablet.is_level
    take_in(standing, utc_now() + timedelta(days=1, hours=1))
    assert tablet.synchronise().failed is None
    check_level(standing, tablet)
    assert (tablet.body(RESIDENT.id) or {})["phone"] == "13900000001"
    standing.stop()


def take_in(standing: Standing, now: datetime) -> None:
    """Let a reviewer take in what was set aside."""
    reviewer = Reviewer(county_id=COUNTY_ID, user_id="r", village_ids=frozenset({VILLAGE_ID}))
    with standing.world.database.writing() as session:
        for op_id in session.scalars(select(QuarantineRow.op_id)).all():
            decide(session, reviewer, op_id, TAKE, now)


def test_tablets_enrolled_or_revoked_since_the_backup_keep_their_places(
    standing: Standing, yesterday: Yesterday
) -> None:
    newcomer = standing.world.tablet(standing.running[-1].url)
    facts = visits(3)
    newcomer.save(*facts)
    assert newcomer.synchronise().failed is None
    with yesterday.tablets[0].store.transaction() as session:
        revoked = the_device(session).device_id
    standing.done("revoke", revoked)
    standing.stop()
    standing.done("restore", str(yesterday.file), "--yes")
    standing.start()
    assert newcomer.synchronise().failed is None
    assert {fact.id for fact in facts} <= held(standing).keys()
    assert set(newcomer.states()) == {OutboxState.RECEIPTED}
    assert yesterday.tablets[0].synchronise().failed == Trouble.REVOKED
    standing.stop()
