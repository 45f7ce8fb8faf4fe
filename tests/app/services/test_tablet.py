"""Enrolling, unlocking and locking: one workplace at a time, and no code lost in silence."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from stat import S_ISDIR

import pytest

from app.config import Config
from app.services import enrolling
from app.services.tablet import Tablet
from app.services.workplace import Workplace
from app.store.device_secret import FileDeviceSecret
from core.refusals import Refused
from tests.app.services.conftest import CHEAP, PIN, a_populated_village, come_down
from tests.app.services.visits import save
from tests.fakes import GOOD_CODE, FakeClock, FakeCounty

URL = "http://127.0.0.1:1"


def codes(refused: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [refusal.code for refusal in refused.value.refusals]


def test_a_fresh_tablet_is_new_and_knows_nobody(tablet: Tablet) -> None:
    assert tablet.state() == "new"
    assert tablet.doctors() == ()
    assert tablet.interrupted_enrolment() is None


def test_an_enrolled_tablet_is_locked_and_names_its_doctor(tablet: Tablet, work: Workplace) -> None:
    tablet.lock()
    assert tablet.state() == "locked"
    assert [doctor.name for doctor in tablet.doctors()] == ["周大夫"]
    assert work.doctor.name == "周大夫"


def test_the_right_pin_opens_the_workplace_again(tablet: Tablet, work: Workplace) -> None:
    tablet.lock()
    again = tablet.unlock(work.doctor.id, PIN)
    assert again.today.list().residents == 0


def test_a_wrong_pin_is_refused_with_the_tries_left(tablet: Tablet, work: Workplace) -> None:
    tablet.lock()
    with pytest.raises(Refused) as refused:
        tablet.unlock(work.doctor.id, "999123")
    (refusal,) = refused.value.refusals
    assert refusal.code == "unlock.wrong_pin"
    assert refusal.values["tries"] == 9


def test_a_code_of_no_shape_is_refused_before_the_county_is_asked(
    tablet: Tablet, county: FakeCounty
) -> None:
    county.reachable = False
    with pytest.raises(Refused) as refused:
        tablet.enrol(URL, "??")
    assert codes(refused) == ["enrol.code_shape"]


def test_spaces_and_dashes_in_a_code_do_not_matter(tablet: Tablet, county: FakeCounty) -> None:
    tablet.enrol(URL, f" {GOOD_CODE[:4]}-{GOOD_CODE[4:]} ")
    assert county.enrolled[0].code == GOOD_CODE


def test_a_county_out_of_reach_leaves_the_tablet_new(tablet: Tablet, county: FakeCounty) -> None:
    county.reachable = False
    with pytest.raises(Refused) as refused:
        tablet.enrol(URL, GOOD_CODE)
    assert codes(refused) == ["county.unreachable"]
    assert tablet.state() == "new"
    assert tablet.interrupted_enrolment() is None


def test_a_weak_pin_is_refused_and_the_enrolment_can_go_on(tablet: Tablet) -> None:
    pending = tablet.enrol(URL, GOOD_CODE)
    with pytest.raises(Refused) as refused:
        tablet.finish_enrolment(pending, "123456")
    assert codes(refused) == ["pin.sequence"]
    assert tablet.finish_enrolment(pending, PIN).doctor.name == "周大夫"
    tablet.lock()


def test_an_app_that_dies_before_the_pin_is_set_says_the_code_is_spent(
    tablet: Tablet, config: Config, clock: FakeClock, county: FakeCounty, tmp_path: Path
) -> None:
    tablet.enrol(URL, GOOD_CODE)
    reborn = Tablet(config, clock, county, FileDeviceSecret(tmp_path / "secret"), kdf=CHEAP)
    interrupted = reborn.interrupted_enrolment()
    assert reborn.state() == "new"
    assert interrupted is not None
    assert interrupted.county_url == URL
    assert interrupted.begun_at == clock.now()
    reborn.finish_enrolment(reborn.enrol(URL, GOOD_CODE), PIN)
    assert reborn.interrupted_enrolment() is None
    assert reborn.state() == "locked"
    reborn.lock()


def test_the_marker_of_an_enrolment_is_gone_for_good_before_work_begins(
    tablet: Tablet, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    real_fsync, real_unlink = os.fsync, Path.unlink

    def fsync(descriptor: int) -> None:
        steps.append("folder" if S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        real_fsync(descriptor)

    def unlink(path: Path, missing_ok: bool = False) -> None:
        if path == config.enrolling_path:
            steps.append("marker")
        real_unlink(path, missing_ok=missing_ok)

    pending = tablet.enrol(URL, GOOD_CODE)
    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "unlink", unlink)
    tablet.finish_enrolment(pending, PIN)
    assert steps[steps.index("marker") :] == ["marker", "folder"]
    tablet.lock()


def test_a_marker_that_a_power_cut_brings_back_costs_no_visit(
    tablet: Tablet, config: Config
) -> None:
    pending = tablet.enrol(URL, GOOD_CODE)
    marker = config.enrolling_path.read_bytes()
    work = tablet.finish_enrolment(pending, PIN)
    village = a_populated_village()
    come_down(work.store, *village.records())
    save(work, village.wang.id)
    tablet.lock()
    config.enrolling_path.write_bytes(marker)
    assert tablet.state() == "locked"
    assert tablet.interrupted_enrolment() is None
    with pytest.raises(FileNotFoundError):
        enrolling.clear_leftovers(config)
    assert tablet.unlock(pending.answer.doctor_id, PIN).sync.status().unsent == 1
    tablet.lock()


def test_the_names_of_an_earlier_life_do_not_stand_for_a_finished_enrolment(
    tablet: Tablet, work: Workplace, config: Config
) -> None:
    tablet.lock()
    for path in (config.ring_path, config.store_path):
        path.unlink()
    assert tablet.state() == "new"
    pending = tablet.enrol(URL, GOOD_CODE)
    assert tablet.interrupted_enrolment() is not None
    tablet.finish_enrolment(pending, PIN)
    assert tablet.state() == "locked"
    tablet.lock()


def test_an_enrolled_tablet_is_not_enrolled_again(tablet: Tablet, work: Workplace) -> None:
    with pytest.raises(Refused) as refused:
        tablet.enrol(URL, GOOD_CODE)
    assert codes(refused) == ["enrol.already"]


def test_a_tablet_that_lost_its_key_ring_is_locked_and_keeps_its_store(
    tablet: Tablet, work: Workplace, config: Config
) -> None:
    tablet.lock()
    config.ring_path.unlink()
    assert tablet.state() == "locked"
    with pytest.raises(Refused) as refused:
        tablet.unlock(work.doctor.id, PIN)
    assert codes(refused) == ["ring.damaged"]
    assert config.store_path.exists()


def test_unlocking_in_a_second_tab_locks_the_first(tablet: Tablet, work: Workplace) -> None:
    second = tablet.unlock(work.doctor.id, PIN)
    with pytest.raises(Refused) as refused:
        work.today.list()
    assert codes(refused) == ["store.closed"]
    assert second.today.list().residents == 0


def test_a_locked_workplace_refuses_everything_and_may_be_locked_again(work: Workplace) -> None:
    work.lock()
    work.lock()
    with pytest.raises(Refused) as refused:
        work.sync.status()
    assert codes(refused) == ["store.closed"]


def test_a_new_pin_opens_and_the_old_one_does_not(tablet: Tablet, work: Workplace) -> None:
    work.settings.change_pin(PIN, "830264")
    tablet.lock()
    with pytest.raises(Refused):
        tablet.unlock(work.doctor.id, PIN)
    tablet.unlock(work.doctor.id, "830264")


def test_a_tablet_left_alone_for_the_minutes_set_should_lock(
    work: Workplace, clock: FakeClock
) -> None:
    clock.forward(minutes=5, seconds=-1)
    assert not work.idle_too_long()
    clock.forward(seconds=1)
    assert work.idle_too_long()
    work.touch()
    assert not work.idle_too_long()


def test_setting_the_clock_back_does_not_keep_the_tablet_open(
    work: Workplace, clock: FakeClock
) -> None:
    clock.moment = clock.moment.replace(year=2020)
    clock.elapsed += 5 * 60
    assert work.idle_too_long()


def test_minutes_to_lock_are_kept_over_unlocking(
    tablet: Tablet, work: Workplace, clock: FakeClock
) -> None:
    work.settings.set_lock_minutes(1)
    again = tablet.unlock(work.doctor.id, PIN)
    clock.forward(minutes=1)
    assert again.idle_too_long()
    assert again.settings.get().lock_minutes == 1


def test_tabs_that_unlock_at_once_take_turns_and_the_last_one_works(
    tablet: Tablet, work: Workplace
) -> None:
    with ThreadPoolExecutor(4) as threads:
        opened = list(threads.map(lambda _: tablet.unlock(work.doctor.id, PIN), range(4)))
    assert sum(each.store.is_open for each in opened) == 1


def test_unlocking_waits_for_a_lock_that_is_still_closing_the_store(
    tablet: Tablet, work: Workplace
) -> None:
    with ThreadPoolExecutor(2) as threads:
        with work.store.transaction():
            closing = threads.submit(work.lock)
            again = threads.submit(tablet.unlock, work.doctor.id, PIN)
        closing.result()
        assert again.result().today.list().residents == 0
