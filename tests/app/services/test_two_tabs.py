"""One tablet in two tabs of a browser: what one does half way costs the other no visit."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest

from app.config import Config
from app.services.tablet import Tablet
from app.services.workplace import Workplace
from app.store.keyring import KeyRing
from core.refusals import Refused
from core.wire.custody import Orders
from core.wire.envelopes import EnrolRequest
from tests.app.services.conftest import PIN, a_populated_village, come_down
from tests.app.services.visits import save
from tests.fakes import GOOD_CODE, FakeCounty

COUNTY_URL = "http://127.0.0.1:1"


def in_another_tab(act: Callable[[], Any]) -> Thread:
    """Something begun elsewhere, and given the time to be through unless it has to wait."""
    thread = Thread(target=act)
    thread.start()
    thread.join(1)
    return thread


def refused(act: Callable[[], Any]) -> list[str]:
    """The codes an act is refused with."""
    with pytest.raises(Refused) as error:
        act()
    return [refusal.code for refusal in error.value.refusals]


def a_visit_saved(work: Workplace) -> None:
    village = a_populated_village()
    come_down(work.store, *village.records())
    save(work, village.wang.id)


def test_an_enrolment_finished_twice_at_once_keeps_the_first(
    tablet: Tablet, monkeypatch: pytest.MonkeyPatch
) -> None:
    pending = tablet.enrol(COUNTY_URL, GOOD_CODE)
    take_up, told, threads = Tablet._take_up, [], []

    def again() -> None:
        told.extend(refused(lambda: tablet.finish_enrolment(pending, PIN)))

    def meanwhile(self: Tablet, *what: Any) -> None:
        monkeypatch.setattr(Tablet, "_take_up", take_up)
        threads.append(in_another_tab(again))
        take_up(self, *what)

    monkeypatch.setattr(Tablet, "_take_up", meanwhile)
    work = tablet.finish_enrolment(pending, PIN)
    threads[0].join()
    assert told == ["enrol.already"]
    a_visit_saved(work)
    assert tablet.unlock("doctor-1", PIN).sync.status().unsent == 1


def test_an_enrolment_finished_while_another_asks_the_county_stands(
    tablet: Tablet, county: FakeCounty, monkeypatch: pytest.MonkeyPatch
) -> None:
    pending = tablet.enrol(COUNTY_URL, GOOD_CODE)
    ask, finished = county.enrol, []

    def meanwhile(url: str, request: EnrolRequest) -> Any:
        finished.append(tablet.finish_enrolment(pending, PIN))
        return ask(url, request)

    monkeypatch.setattr(county, "enrol", meanwhile)
    assert refused(lambda: tablet.enrol(COUNTY_URL, GOOD_CODE)) == ["enrol.already"]
    a_visit_saved(finished[0])
    assert (tablet.state(), [doctor.id for doctor in tablet.doctors()]) == ("locked", ["doctor-1"])
    assert tablet.unlock("doctor-1", PIN).sync.status().unsent == 1


def test_a_wipe_waits_while_somebody_is_being_let_in(
    tablet: Tablet,
    work: Workplace,
    county: FakeCounty,
    config: Config,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unlock = KeyRing.unlock

    def meanwhile(self: KeyRing, *what: Any) -> bytes:
        key = unlock(self, *what)
        monkeypatch.setattr(KeyRing, "unlock", unlock)
        county.orders = Orders(wipe="after_hand_in")
        in_another_tab(work.sync.run_now).join()
        return key

    monkeypatch.setattr(KeyRing, "unlock", meanwhile)
    let_in = tablet.unlock("doctor-1", PIN)
    assert (let_in.store.is_open, tablet.state()) == (True, "locked")
    let_in.sync.run_now()
    assert (let_in.store.is_open, tablet.state()) == (False, "new")
    assert not config.store_path.exists()
