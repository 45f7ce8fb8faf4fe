"""Whatever keeps a synchronisation from going through is kept for the page that tells of it."""

from __future__ import annotations

import pytest

from app.store.opening import Store
from app.store.queries.device import LAST_FAILURE, setting
from app.sync.link import HttpCounty
from app.sync.transport import HttpTransport, Transport
from app.sync.troubles import Trouble
from tests.app.sync.test_cycle import accepting, run
from tests.fakes import FakeClock

pytestmark = pytest.mark.usefixtures("known_county")


def noted(store: Store) -> str | None:
    with store.transaction() as session:
        return setting(session, LAST_FAILURE)


def test_a_county_without_a_safe_address_is_noted_until_something_goes_through(
    store: Store, clock: FakeClock
) -> None:
    run(store, clock, accepting)
    county = HttpCounty(clock, lambda _: HttpTransport("http://county.example"))
    assert county.synchronise(store, lambda _: None).failed == Trouble.UNSAFE
    assert noted(store) == Trouble.UNSAFE
    run(store, clock, accepting)
    assert noted(store) == ""


def test_an_error_nobody_expected_is_noted_and_raised(store: Store, clock: FakeClock) -> None:
    def connect(_: str) -> Transport:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        HttpCounty(clock, connect).synchronise(store, lambda _: None)
    assert noted(store) == Trouble.TABLET_TROUBLE


def test_a_store_that_was_closed_meanwhile_is_told_as_locked(
    store: Store, clock: FakeClock
) -> None:
    def connect(_: str) -> Transport:
        store.close()
        return HttpTransport("http://127.0.0.1:1")

    assert HttpCounty(clock, connect).synchronise(store, lambda _: None).failed == Trouble.LOCKED
