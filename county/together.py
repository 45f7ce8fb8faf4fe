"""Calls that come while others are worked on are then worked on together.

A transaction costs about as much for twenty tablets as for one. While it runs, those that
come wait; the next one takes all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from threading import Lock
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Together(Generic[Item, Result]):
    """A door through which calls go in the order in which they came, many at a time.

    `work` is given the calls of one turn and answers each, with an error where that is its
    answer; it is never entered twice at once. Calls of one `owner` never share a turn, nor
    do more than `most` calls, nor, unless one is heavier alone, more than `most` of weight.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Item]], Sequence[Result | Exception]],
        *,
        owner: Callable[[Item], Hashable],
        weight: Callable[[Item], int],
        most: int,
    ) -> None:
        self._work = work
        self._owner = owner
        self._weight = weight
        self._most = most
        self._waiting: list[_Call[Item, Result]] = []
        self._list = Lock()
        self._turn = Lock()

    def __call__(self, item: Item) -> Result:
        """What `work` answers to the item; raises what it answers as an error, or raises."""
        call = _Call[Item, Result](item)
        with self._list:
            self._waiting.append(call)
        while not call.answers:
            with self._turn:
                if not call.answers:
                    self._work_on(self._next())
        (answer,) = call.answers
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def _next(self) -> list[_Call[Item, Result]]:
        """Who goes in this turn: those that have waited longest."""
        chosen: list[_Call[Item, Result]] = []
        owners: set[Hashable] = set()
        with self._list:
            room = self._most
            for call in self._waiting:
                weight = 1 + self._weight(call.item)
                if chosen and weight > room:
                    break
                if self._owner(call.item) not in owners:
                    owners.add(self._owner(call.item))
                    chosen.append(call)
                    room -= weight
            self._waiting = [call for call in self._waiting if call not in chosen]
        return chosen

    def _work_on(self, calls: Sequence[_Call[Item, Result]]) -> None:
        try:
            answers: Sequence[Result | BaseException] = self._work([call.item for call in calls])
        except BaseException as error:
            answers = [error] * len(calls)
        for call, answer in zip(calls, answers, strict=True):
            call.answers = (answer,)


class _Call(Generic[Item, Result]):
    """One call, and its answer once there is one."""

    def __init__(self, item: Item) -> None:
        self.item = item
        self.answers: tuple[Result | BaseException, ...] = ()
