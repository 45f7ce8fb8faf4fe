"""A link that cuts off whatever takes long: what waits gets through in the end, in small pieces."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.store import outbox
from app.store.opening import Store
from app.sync.link import HttpCounty
from app.sync.pace import DOWN, UP
from app.sync.transport import Answer
from app.sync.troubles import SyncTrouble, Trouble
from tests.app.sync.scripted_county import Asked, ScriptedTransport
from tests.app.sync.test_cycle import accepting, queue
from tests.fakes import FakeClock

pytestmark = pytest.mark.usefixtures("known_county")

RUNS = 30


def cutting(trouble: SyncTrouble, is_too_much: Callable[[Asked], bool]) -> ScriptedTransport:
    """A county behind a link that fails where something is too much for it."""

    def answer(request: Asked) -> Answer:
        if is_too_much(request):
            raise trouble
        return accepting(request)

    return ScriptedTransport([answer] * 1_000)


def synchronised(store: Store, clock: FakeClock, link: ScriptedTransport) -> list[str | None]:
    """How each of many synchronisations ended."""
    county = HttpCounty(clock, lambda _: link)
    return [county.synchronise(store, lambda _: None).failed for _ in range(RUNS)]


def sent(request: Asked) -> int:
    return len(request.said.get("operations", ()))


def test_a_link_that_breaks_off_what_is_long_is_given_less_each_time(
    store: Store, clock: FakeClock
) -> None:
    queue(store, clock, 400)
    link = cutting(SyncTrouble(Trouble.OFFLINE), lambda request: len(request.body) > 3_000)
    assert synchronised(store, clock, link)[-1] is None
    with store.transaction() as session:
        assert outbox.waiting(session) == 0


@pytest.mark.parametrize("trouble", [Trouble.TIMEOUT, Trouble.OFFLINE])
def test_a_page_that_never_comes_through_is_asked_for_smaller(
    store: Store, clock: FakeClock, trouble: Trouble
) -> None:
    link = cutting(SyncTrouble(trouble), lambda request: request.said["want"] > 100)
    assert synchronised(store, clock, link)[-1] is None
    wants = [request.said["want"] for request in link.asked]
    assert wants[:4] == [DOWN.size, DOWN.size // 2, DOWN.size // 4, DOWN.size // 8]


def test_a_link_that_breaks_off_is_asked_once_each_time_and_never_for_less_than_the_least(
    store: Store, clock: FakeClock
) -> None:
    queue(store, clock, 100)
    link = cutting(SyncTrouble(Trouble.OFFLINE), lambda _: True)
    assert set(synchronised(store, clock, link)) == {Trouble.OFFLINE}
    assert len(link.asked) == RUNS
    assert (sent(link.asked[-1]), link.asked[-1].said["want"]) == (UP.least, DOWN.least)


@pytest.mark.parametrize("trouble", [Trouble.TIMEOUT, Trouble.OFFLINE])
def test_without_any_network_the_pace_stays_as_it_was(
    store: Store, clock: FakeClock, trouble: Trouble
) -> None:
    queue(store, clock, 100)
    link = cutting(SyncTrouble(trouble, is_under_way=False), lambda _: True)
    assert set(synchronised(store, clock, link)) == {trouble}
    assert len(link.asked) == RUNS
    assert (sent(link.asked[-1]), link.asked[-1].said["want"]) == (100, DOWN.size)
