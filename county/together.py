"""Calls that come while others are worked on are then worked on together.

A transaction costs about as much for twenty tablets as for one. While it runs, those that
come wait; the next one takes all of them.
"""

from __future__ import annotations

import asyncio
from asyncio import Future, Task
from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import Generic, TypeVar

from anyio import CapacityLimiter
from anyio.to_thread import run_sync

Item = TypeVar("Item")
Result = TypeVar("Result")


class Together(Generic[Item, Result]):
    """A door through which calls go in the order in which they came, many at a time.

    `work` is given the calls of one turn, in a thread, and answers each, with an error where
    that is its answer; `turns` of them run at once. Calls of one `owner` never share a turn.
    A turn has `room`, of which a call takes one and its `weight`; what needs more goes alone.
    To be used by one event loop.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Item]], Sequence[Result | Exception]],
        *,
        owner: Callable[[Item], Hashable],
        weight: Callable[[Item], int],
        room: int,
        turns: int = 1,
    ) -> None:
        self._work = work
        self._owner = owner
        self._weight = weight
        self._room = room
        self._turns = turns
        self._threads = CapacityLimiter(turns)
        self._waiting: list[tuple[Item, Future[Result]]] = []
        self._under_way: set[Task[None]] = set()

    async def __call__(self, item: Item) -> Result:
        """What `work` answers to the item; raises what it answers as an error, or raises."""
        answer: Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, answer))
        self._begin()
        return await answer

    def _begin(self) -> None:
        """Let those in who have waited longest, if there is a turn to be had."""
        if self._waiting and len(self._under_way) < self._turns:
            turn = asyncio.create_task(self._turn(self._next()))
            self._under_way.add(turn)
            turn.add_done_callback(self._ended)

    def _ended(self, turn: Task[None]) -> None:
        self._under_way.discard(turn)
        self._begin()

    def _next(self) -> list[tuple[Item, Future[Result]]]:
        chosen: list[tuple[Item, Future[Result]]] = []
        left: list[tuple[Item, Future[Result]]] = []
        owners: set[Hashable] = set()
        room = self._room
        for item, answer in self._waiting:
            weight = 1 + self._weight(item)
            if chosen and weight > room:
                room = 0  # nobody overtakes it
            if room <= 0 or self._owner(item) in owners:
                left.append((item, answer))
            else:
                owners.add(self._owner(item))
                chosen.append((item, answer))
                room -= weight
        self._waiting = left
        return chosen

    async def _turn(self, calls: Sequence[tuple[Item, Future[Result]]]) -> None:
        work = partial(self._work, [item for item, _ in calls])
        try:
            answers: Sequence[Result | BaseException] = await run_sync(work, limiter=self._threads)
        except BaseException as error:
            answers = [error] * len(calls)
        for (_, waiting), answer in zip(calls, answers, strict=True):
            if waiting.done():
                continue  # whoever asked has gone
            if isinstance(answer, BaseException):
                waiting.set_exception(answer)
            else:
                waiting.set_result(answer)
