"""What the county may demand: contact now and then, and that a tablet be wiped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from app.config import Config
from app.services import obeying
from app.services.enrolling import STORE_SUFFIXES
from app.services.tablet import Tablet
from app.services.workplace import Workplace
from app.store.device_secret import FileDeviceSecret
from app.store.errors import StoreFull
from app.store.opening import Store
from core.refusals import Refused
from core.wire.custody import WIPE_AFTER_HAND_IN, WIPE_REGARDLESS, Orders
from core.wire.envelopes import Operation
from core.wire.receipts import Receipt
from tests.app.services.conftest import PIN, Village
from tests.app.services.test_tablet import codes
from tests.app.services.visits import save
from tests.fakes import FakeClock, FakeCounty


def refused_to(tablet: Tablet, doctor_id: str) -> list[str]:
    with pytest.raises(Refused) as refused:
        tablet.unlock(doctor_id, PIN)
    return codes(refused)


def leftovers(config: Config, tmp_path: Path) -> set[str]:
    store = [config.store_path.name + suffix for suffix in STORE_SUFFIXES]
    there = {path.name for path in (*config.data_dir.iterdir(), *(tmp_path / "secret").iterdir())}
    return there & {*store, "ring.json", "doctors.json", "origin.json", "device.secret"}


def answer_another(_: Operation) -> Receipt:
    """An answer to some other operation, so that what was sent goes on waiting."""
    return Receipt(
        op_id="another",
        device_seq=1,
        record_id="another",
        revision=1,
        outcome="accepted",
        received_at="2026-11-22T02:00:01.000+00:00",
    )


def test_a_tablet_out_of_contact_for_its_lease_is_locked(
    tablet: Tablet, work: Workplace, clock: FakeClock, county: FakeCounty
) -> None:
    county.reachable = False
    clock.forward(days=13, hours=23)
    tablet.unlock(work.doctor.id, PIN)
    clock.forward(hours=1)
    assert refused_to(tablet, work.doctor.id) == ["lease.over"]


def test_contact_at_the_door_renews_the_lease(
    tablet: Tablet, work: Workplace, clock: FakeClock, county: FakeCounty
) -> None:
    clock.forward(days=30)
    tablet.unlock(work.doctor.id, PIN)
    county.reachable = False
    clock.forward(days=13)
    tablet.unlock(work.doctor.id, PIN)


def test_a_clock_set_back_does_not_lengthen_the_lease(
    tablet: Tablet, work: Workplace, clock: FakeClock, county: FakeCounty
) -> None:
    county.reachable = False
    clock.forward(days=14)
    assert refused_to(tablet, work.doctor.id) == ["lease.over"]
    clock.forward(days=-13)
    assert refused_to(tablet, work.doctor.id) == ["lease.over"]


def test_the_county_sets_the_length_of_the_lease(
    tablet: Tablet, work: Workplace, clock: FakeClock, county: FakeCounty
) -> None:
    county.orders = Orders(lease_days=30)
    work.sync.run_now()
    county.reachable = False
    clock.forward(days=29)
    tablet.unlock(work.doctor.id, PIN)


def test_a_wipe_waits_until_unsent_work_has_been_handed_in(
    work: Workplace,
    village: Village,
    tablet: Tablet,
    county: FakeCounty,
    config: Config,
    tmp_path: Path,
) -> None:
    save(work, village.wang.id)
    county.orders = Orders(wipe=WIPE_AFTER_HAND_IN)
    work.sync.run_now()
    assert [operation.kind for operation in county.received] == ["follow_up"]
    assert county.farewells == 1
    assert leftovers(config, tmp_path) == set()
    assert work.idle_too_long()
    assert tablet.state() == "new"


def test_work_the_county_does_not_answer_keeps_the_wipe_waiting(
    work: Workplace, village: Village, tablet: Tablet, county: FakeCounty
) -> None:
    save(work, village.wang.id)
    county.answer = answer_another
    county.orders = Orders(wipe=WIPE_AFTER_HAND_IN)
    work.sync.run_now()
    assert county.farewells == 0
    assert work.sync.status().unsent == 1


def test_a_visit_saved_while_a_wipe_begins_is_handed_in_first(
    work: Workplace, village: Village, county: FakeCounty, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = county.farewell

    def farewell(store: Store) -> Callable[[], None]:
        """The wipe has been found due; the doctor, at the screen, saves a visit."""
        if not county.received:
            save(work, village.wang.id)
        return told(store)

    monkeypatch.setattr(county, "farewell", farewell)
    county.orders = Orders(wipe=WIPE_AFTER_HAND_IN)
    work.sync.run_now()
    assert (work.sync.status().unsent, county.farewells) == (1, 0)
    work.sync.run_now()
    assert [operation.kind for operation in county.received] == ["follow_up"]
    assert county.farewells == 1


def test_a_visit_that_comes_after_the_wipe_has_begun_is_refused(
    work: Workplace, village: Village, county: FakeCounty
) -> None:
    county.orders = Orders(wipe=WIPE_AFTER_HAND_IN)
    work.sync.run_now()
    with pytest.raises(Refused) as refused:
        save(work, village.wang.id)
    assert codes(refused) == ["store.closed"]


def test_a_wipe_regardless_waits_for_nothing(
    work: Workplace, village: Village, county: FakeCounty, config: Config, tmp_path: Path
) -> None:
    save(work, village.wang.id)
    county.answer = answer_another
    county.orders = Orders(wipe=WIPE_REGARDLESS)
    work.sync.run_now()
    assert leftovers(config, tmp_path) == set()


def test_a_wipe_cut_short_is_finished_at_the_next_start(
    tablet: Tablet,
    work: Workplace,
    config: Config,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tablet.lock()

    class Stubborn(FileDeviceSecret):
        def erase(self) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        obeying.destroy(config, Stubborn(tmp_path / "secret"))
    assert config.store_path.exists()
    assert not config.ring_path.exists()
    assert tablet.state() == "new"
    assert leftovers(config, tmp_path) == set()


def test_a_wipe_is_carried_out_on_a_full_disk(
    tablet: Tablet,
    work: Workplace,
    county: FakeCounty,
    config: Config,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_room(path: Path, _: bytes) -> None:
        raise StoreFull(f"no room for {path.name}")

    monkeypatch.setattr(obeying, "write_atomically", no_room)
    county.orders = Orders(wipe=WIPE_AFTER_HAND_IN)
    work.sync.run_now()
    assert leftovers(config, tmp_path) == set()
    assert (tablet.state(), county.farewells) == ("new", 1)
