"""Calls that come while others are worked on are worked on together, each with its own answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from threading import Barrier, Event

import pytest

from county.together import Together

Work = Callable[[Sequence[str]], Sequence[str | Exception]]


def answered(items: Sequence[str]) -> Sequence[str | Exception]:
    return [f"{item}!" for item in items]


class Crowd:
    """A door whose first turn stays under way until all of a crowd stand before it."""

    def __init__(self, work: Work = answered, room: int = 64) -> None:
        self._work = work
        self._go_on = Event()
        self.turns: list[list[str]] = []
        self._door = Together[str, str](
            self._at_work, owner=lambda item: item[0], weight=lambda item: len(item) - 2, room=room
        )

    def _at_work(self, items: Sequence[str]) -> Sequence[str | Exception]:
        self.turns.append(list(items))
        assert self._go_on.wait(20)
        return self._work(items)

    def hears(self, *items: str) -> list[str | BaseException]:
        """What each of these hears that come while one called `first` is worked on."""
        return asyncio.run(self._hear(items))

    async def _hear(self, items: Sequence[str]) -> list[str | BaseException]:
        async with asyncio.TaskGroup() as group:
            group.create_task(_outcome(self._door("first")))
            heard = [group.create_task(_outcome(self._door(item))) for item in items]
            await asyncio.sleep(0.01)
            self._go_on.set()
        return [each.result() for each in heard]


async def _outcome(call: Awaitable[str]) -> str | BaseException:
    try:
        return await call
    except Exception as error:
        return error


def test_those_that_came_meanwhile_share_one_turn_and_hear_their_own_answer() -> None:
    crowd = Crowd()
    assert crowd.hears("a1", "b1", "c1") == ["a1!", "b1!", "c1!"]
    assert crowd.turns == [["first"], ["a1", "b1", "c1"]]


def test_two_calls_of_one_owner_never_share_a_turn_and_keep_their_order() -> None:
    crowd = Crowd()
    assert crowd.hears("a1", "a2", "b1", "a3") == ["a1!", "a2!", "b1!", "a3!"]
    assert crowd.turns == [["first"], ["a1", "b1"], ["a2"], ["a3"]]


def test_what_is_heavy_goes_alone_and_is_not_overtaken() -> None:
    crowd = Crowd(room=5)
    crowd.hears("a1", "b1", "c123456789", "d1")
    assert crowd.turns == [["first"], ["a1", "b1"], ["c123456789"], ["d1"]]


def test_an_error_that_is_one_answer_is_raised_to_that_caller_alone() -> None:
    crowd = Crowd(lambda items: [ValueError(item) if item == "b1" else item for item in items])
    first, second = crowd.hears("a1", "b1")
    assert first == "a1"
    assert isinstance(second, ValueError)


def test_where_the_work_itself_breaks_everybody_of_that_turn_hears_it_and_the_next_goes_on() -> (
    None
):
    def work(items: Sequence[str]) -> Sequence[str | Exception]:
        if "b1" in items:
            raise RuntimeError("broken")
        return answered(items)

    heard = Crowd(work).hears("a1", "b1", "b2")
    assert [type(each) for each in heard] == [RuntimeError, RuntimeError, str]


def test_whoever_has_gone_away_costs_the_others_nothing() -> None:
    async def one_leaves() -> tuple[list[str], str]:
        go_on, turns = Event(), list[str]()

        def work(items: Sequence[str]) -> Sequence[str | Exception]:
            turns.extend(items)
            assert go_on.wait(20)
            return answered(items)

        door = Together[str, str](work, owner=str, weight=lambda _: 0, room=8)
        calls = [asyncio.create_task(_outcome(door(item))) for item in ("first", "a", "b")]
        await asyncio.sleep(0.01)
        calls[1].cancel()
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await calls[1]
        return turns, str(await calls[2])

    assert asyncio.run(one_leaves()) == (["first", "a", "b"], "b!")


def test_as_many_turns_run_at_once_as_there_may_be() -> None:
    both_inside = Barrier(2)

    def work(items: Sequence[str]) -> Sequence[str | Exception]:
        both_inside.wait(20)
        return answered(items)

    async def four() -> list[str]:
        door = Together[str, str](work, owner=str, weight=lambda _: 0, room=1, turns=2)
        return await asyncio.gather(*(door(item) for item in "abcd"))

    assert asyncio.run(four()) == ["a!", "b!", "c!", "d!"]
