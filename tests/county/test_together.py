"""Calls that come while others are worked on are worked on together, each with its own answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier, Event
from time import sleep

import pytest

from county.together import Together

Work = Callable[[Sequence[str]], Sequence[str | Exception]]


class Held:
    """A door whose first call stays inside until it is let go, so that a crowd gathers."""

    def __init__(self, work: Work, room: int = 64) -> None:
        self._work = work
        self._inside, self._go_on = Event(), Event()
        self.turns: list[list[str]] = []
        self.door = Together[str, str](
            self._at_work, owner=lambda item: item[0], weight=lambda item: len(item) - 2, room=room
        )

    def _at_work(self, items: Sequence[str]) -> Sequence[str | Exception]:
        self.turns.append(list(items))
        self._inside.set()
        assert self._go_on.wait(20)
        return self._work(items)

    @contextmanager
    def gathered(self, *items: str) -> Iterator[list[Future[str]]]:
        """The calls of these items, all waiting behind one called `first`; let go at the end."""
        with ThreadPoolExecutor(len(items) + 1) as pool:
            first = pool.submit(self.door, "first")
            assert self._inside.wait(20)
            calls = []
            for count, item in enumerate(items, start=1):
                calls.append(pool.submit(self.door, item))
                while self.door.waiting < count:
                    sleep(0.001)
            yield calls
            self._go_on.set()
            first.exception()


def answered(items: Sequence[str]) -> Sequence[str | Exception]:
    return [f"{item}!" for item in items]


def test_those_that_came_meanwhile_share_one_turn_and_hear_their_own_answer() -> None:
    held = Held(answered)
    with held.gathered("a1", "b1", "c1") as calls:
        pass
    assert held.turns == [["first"], ["a1", "b1", "c1"]]
    assert [call.result() for call in calls] == ["a1!", "b1!", "c1!"]


def test_two_calls_of_one_owner_never_share_a_turn_and_keep_their_order() -> None:
    held = Held(answered)
    with held.gathered("a1", "a2", "b1", "a3") as calls:
        pass
    assert held.turns == [["first"], ["a1", "b1"], ["a2"], ["a3"]]
    assert [call.result() for call in calls] == ["a1!", "a2!", "b1!", "a3!"]


def test_what_is_heavy_goes_alone_and_is_not_overtaken() -> None:
    held = Held(answered, room=5)
    with held.gathered("a1", "b1", "c123456789", "d1"):
        pass
    assert held.turns == [["first"], ["a1", "b1"], ["c123456789"], ["d1"]]


def test_an_error_that_is_one_answer_is_raised_to_that_caller_alone() -> None:
    held = Held(lambda items: [ValueError(item) if item == "b1" else item for item in items])
    with held.gathered("a1", "b1") as calls:
        pass
    assert calls[0].result() == "a1"
    with pytest.raises(ValueError, match="b1"):
        calls[1].result()


def test_where_the_work_itself_breaks_everybody_of_that_turn_hears_it_and_the_next_goes_on() -> (
    None
):
    def work(items: Sequence[str]) -> Sequence[str | Exception]:
        if "b1" in items:
            raise RuntimeError("broken")
        return answered(items)

    held = Held(work)
    with held.gathered("a1", "b1", "b2") as calls:
        pass
    assert [type(call.exception()) for call in calls] == [RuntimeError, RuntimeError, type(None)]
    assert held.door("d1") == "d1!"


def test_as_many_turns_run_at_once_as_there_may_be() -> None:
    both_inside = Barrier(2)

    def work(items: Sequence[str]) -> Sequence[str | Exception]:
        both_inside.wait(20)
        return answered(items)

    door = Together[str, str](work, owner=str, weight=lambda _: 0, room=1, turns=2)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(door, ["a", "b", "c", "d"])) == ["a!", "b!", "c!", "d!"]
