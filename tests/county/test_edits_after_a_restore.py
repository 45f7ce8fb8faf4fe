"""Edits that are offered again to a county set back: nobody's value is overwritten in silence."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete

from app.config import Config
from app.services import recording
from app.services.hand_over import HandOverService
from app.services.practice import Practice
from app.store.opening import Store
from app.store.outbox import OutboxState
from county import custody_office
from county.check_office import check_county
from county.config import utc_now
from county.hand_over import Key
from county.tables import RecordRow
from tests.builders import (
    COUNTY_ID,
    DOCTOR_ID,
    a_follow_up,
    a_resident,
)
from tests.county.disputes import HOUSEHOLD, RESIDENT, disputed, name_at, synchronise
from tests.county.standing import Standing
from tests.county_world import PASSPHRASE, running
from tests.fakes import FakeClock
from tests.tablet_world import TabletHere

TODAY = utc_now().date()


def save_visits(tablet: TabletHere, count: int) -> None:
    tablet.save(*(a_follow_up(RESIDENT.id, TODAY) for _ in range(count)))


def test_an_edit_whose_old_base_is_anothers_revision_now_waits_for_a_person(
    here: Standing, tmp_path: Path
) -> None:
    with running(here.world.county_dir, port=here.port) as url:
        first, second, away = (here.world.level_tablet(url) for _ in range(3))
        here.back_up(tmp_path / "night")
        second.edit(RESIDENT.id, phone="13900000001")  # revision 2 of a history that will be gone
        synchronise(second, first)
        first.edit(RESIDENT.id, name="赵一")
        synchronise(first)
        away.edit(RESIDENT.id, name="钱二")  # has seen revision 1
    here.restore(tmp_path / "night")
    with running(here.world.county_dir, port=here.port):
        synchronise(away, first, second, away, first, second)
    assert (name_at(here), disputed(here)) == ("钱二", [("钱二", "赵一")])


def test_an_edit_made_before_its_tablet_has_heard_of_the_restore_has_its_old_base(
    here: Standing, tmp_path: Path
) -> None:
    with running(here.world.county_dir, port=here.port) as url:
        first, second, other = (here.world.level_tablet(url) for _ in range(3))
        here.back_up(tmp_path / "night")
        second.edit(RESIDENT.id, phone="13900000001")
        synchronise(second, first)
    here.restore(tmp_path / "night")
    first.edit(RESIDENT.id, name="赵一")
    with running(here.world.county_dir, port=here.port):
        other.edit(RESIDENT.id, name="钱二")
        synchronise(other, first)
    assert (name_at(here), disputed(here)) == ("钱二", [("钱二", "赵一")])


def copy_of(here: Standing, tablet: TabletHere, path: Path) -> Path:
    """The tablet's disk as it is now."""
    for suffix in ("", "-wal"):
        file = here.world.folder / f"tablet0.db{suffix}"
        if file.exists():
            shutil.copyfile(file, f"{path}{suffix}")
    return path


def hand_over(here: Standing, tablet: TabletHere, folder: Path) -> list[str | None]:
    """Bring by file what waits on the tablet; the codes of what is refused of it."""
    practice = Practice(
        store=tablet.store,
        clock=tablet.clock,
        config=Config(data_dir=folder),
        doctor_id=DOCTOR_ID,
        doctor_name="周大夫",
        county_id=COUNTY_ID,
        county_name="青川县",
    )
    (folder / "file").write_bytes(HandOverService(practice).export().content)
    accepted = custody_office.accept_file(here.config, folder / "file", Key(passphrase=PASSPHRASE))
    return [receipt.code for receipt in accepted.receipts if receipt.code]


def test_a_correction_that_a_copy_came_before_at_a_restored_county_is_not_forgotten(
    here: Standing, tmp_path: Path
) -> None:
    with running(here.world.county_dir, port=here.port) as url:
        tablet = here.world.level_tablet(url)
        save_visits(tablet, 4)
        synchronise(tablet)
        here.back_up(tmp_path / "night-1")
        synchronise(tablet)
        disk = copy_of(here, tablet, tmp_path / "copy")
        tablet.edit(RESIDENT.id, name="赵一")
        synchronise(tablet)
        assert set(tablet.states()) == {OutboxState.RECEIPTED}
    here.restore(tmp_path / "night-1")
    with running(here.world.county_dir, port=here.port):
        copy = replace(tablet, store=Store.open(disk, bytes(range(32))))
        save_visits(copy, 1)  # under the number of the correction
        synchronise(copy)
        copy.store.close()
    save_visits(tablet, 2)
    assert "op.chain" in hand_over(here, tablet, tmp_path)  # by file: the tablet has no link yet
    here.back_up(tmp_path / "night-2")
    with running(here.world.county_dir, port=here.port):
        synchronise(tablet, tablet)
    assert name_at(here) == RESIDENT.name
    assert tablet.states()[4] == OutboxState.REFUSED


def test_a_clock_that_is_fast_sets_nothing_over_what_its_doctor_has_not_seen(
    here: Standing, tmp_path: Path
) -> None:
    with running(here.world.county_dir, port=here.port) as url:
        fast, second, other = (here.world.level_tablet(url) for _ in range(3))
        here.back_up(tmp_path / "night")
        second.edit(RESIDENT.id, phone="13900000001")  # revision 2 of a history that will be gone
        synchronise(second, fast)
    here.restore(tmp_path / "night")
    with running(here.world.county_dir, port=here.port):
        other.edit(RESIDENT.id, name="钱二")  # revision 2 of this one
        synchronise(other)
        ahead = replace(fast, clock=FakeClock(utc_now() + timedelta(hours=3)))
        ahead.edit(RESIDENT.id, name="赵一")
        synchronise(fast)
    assert (name_at(here), disputed(here)) == ("钱二", [("钱二", "赵一")])


def test_a_clock_that_is_slow_disputes_nothing_its_doctor_has_seen(
    here: Standing, tmp_path: Path
) -> None:
    with running(here.world.county_dir, port=here.port) as url:
        slow, other = (here.world.level_tablet(url) for _ in range(2))
    here.back_up(tmp_path / "night")
    here.restore(tmp_path / "night")
    with running(here.world.county_dir, port=here.port):
        other.edit(RESIDENT.id, name="钱二")
        synchronise(other, slow)
        behind = replace(slow, clock=FakeClock(utc_now() - timedelta(hours=3)))
        behind.edit(RESIDENT.id, name="赵一")
        synchronise(slow)
    assert (name_at(here), disputed(here)) == ("赵一", [])


def test_of_two_restores_the_first_bounds_what_an_edit_of_before_both_has_seen(
    here: Standing, tmp_path: Path
) -> None:
    with running(here.world.county_dir, port=here.port) as url:
        away, second, other = (here.world.level_tablet(url) for _ in range(3))
        here.back_up(tmp_path / "first")
        second.edit(RESIDENT.id, phone="13900000001")
        synchronise(second, away)
    here.restore(tmp_path / "first")
    with running(here.world.county_dir, port=here.port):
        other.edit(RESIDENT.id, name="钱二")
        synchronise(other)
        here.back_up(tmp_path / "second")
    here.restore(tmp_path / "second")
    away.edit(RESIDENT.id, name="赵一")
    with running(here.world.county_dir, port=here.port):
        synchronise(away)
    assert (name_at(here), disputed(here)) == ("钱二", [("钱二", "赵一")])


def test_an_edit_of_a_history_that_another_backup_has_overtaken_has_seen_nothing_of_that(
    here: Standing, tmp_path: Path
) -> None:
    with running(here.world.county_dir, port=here.port) as url:
        away, other = (here.world.level_tablet(url) for _ in range(2))
        here.back_up(tmp_path / "monday")
        other.edit(RESIDENT.id, name="钱二")
        synchronise(other)
        here.back_up(tmp_path / "tuesday")
    here.restore(tmp_path / "monday")
    with running(here.world.county_dir, port=here.port) as url:
        someone = here.world.level_tablet(url)
        someone.edit(RESIDENT.id, phone="13900000001")  # revision 2 of a history nothing is left of
        synchronise(someone, away)
        away.edit(RESIDENT.id, name="赵一")
    here.restore(tmp_path / "tuesday")
    with running(here.world.county_dir, port=here.port):
        synchronise(away)
    assert (name_at(here), disputed(here)) == ("钱二", [("钱二", "赵一")])


@pytest.mark.parametrize("slow_by", [timedelta(0), timedelta(minutes=10)], ids=["right", "slow"])
def test_what_a_restore_brings_back_was_seen_by_whoever_had_seen_it_before(
    here: Standing, tmp_path: Path, slow_by: timedelta
) -> None:
    with running(here.world.county_dir, port=here.port) as url:
        first, away = (here.world.level_tablet(url) for _ in range(2))
        first.edit(RESIDENT.id, name="钱二")
        synchronise(first, away)
        here.back_up(tmp_path / "night")
        replace(away, clock=FakeClock(utc_now() - slow_by)).edit(RESIDENT.id, name="赵一")
    here.restore(tmp_path / "night")
    with running(here.world.county_dir, port=here.port):
        synchronise(away)
    assert (name_at(here), disputed(here)) == ("赵一", [])


def test_an_edit_that_names_no_epoch_is_of_the_history_of_its_time(
    here: Standing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(here.world.county_dir, port=here.port) as url:
        first, second, other = (here.world.level_tablet(url) for _ in range(3))
        here.back_up(tmp_path / "night")
        second.edit(RESIDENT.id, phone="13900000001")
        synchronise(second, first)
        monkeypatch.setattr(recording, "base_epoch", lambda *_: "")
        first.edit(RESIDENT.id, name="赵一")
        synchronise(first)
    here.restore(tmp_path / "night")
    with running(here.world.county_dir, port=here.port):
        other.edit(RESIDENT.id, name="钱二")
        synchronise(other, first, second, other, first)
        assert (name_at(here), disputed(here)) == ("钱二", [("钱二", "赵一")])
        first.edit(RESIDENT.id, name="孙三")
        synchronise(first)
    assert name_at(here) == "孙三"


def test_what_a_restore_brings_back_was_not_seen_by_whoever_had_not_read_it(
    here: Standing, tmp_path: Path
) -> None:
    with running(here.world.county_dir, port=here.port) as url:
        away, other = (here.world.level_tablet(url) for _ in range(2))
        other.edit(RESIDENT.id, name="钱二")
        synchronise(other)
        here.back_up(tmp_path / "night")
    away.edit(RESIDENT.id, name="赵一")  # on revision 1
    here.restore(tmp_path / "night")
    with running(here.world.county_dir, port=here.port):
        synchronise(away)
    assert (name_at(here), disputed(here)) == ("钱二", [("钱二", "赵一")])


def test_a_record_edited_before_and_after_a_restore_is_mended_to_what_it_was(
    here: Standing, tmp_path: Path
) -> None:
    newcomer = a_resident(household_id=HOUSEHOLD.id)
    with running(here.world.county_dir, port=here.port) as url:
        first, second = (here.world.level_tablet(url) for _ in range(2))
        first.enter(newcomer)
        synchronise(first, second)
        first.edit(newcomer.id, phone="13900000001")
        synchronise(first, second)
        second.edit(newcomer.id, name="钱二")  # on revision 2, and behind the backup
        here.back_up(tmp_path / "night")
        first.edit(newcomer.id, name="赵一")
        synchronise(first)
    here.restore(tmp_path / "night")
    with running(here.world.county_dir, port=here.port):
        synchronise(second, first, second)
    here.back_up(tmp_path / "morning")
    here.restore(tmp_path / "morning")
    with here.world.database.writing() as session:
        stood = session.get_one(RecordRow, (COUNTY_ID, newcomer.id)).body
        session.execute(delete(RecordRow).where(RecordRow.id == newcomer.id))
    here.world.database.close()
    assert not check_county(here.config, mending=True).left
    with here.world.database.reading() as session:
        assert session.get_one(RecordRow, (COUNTY_ID, newcomer.id)).body == stood
    assert (stood["name"], disputed(here)) == ("钱二", [("钱二", "赵一")])
