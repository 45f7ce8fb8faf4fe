"""Calls that come while others are worked on are then worked on together.

A transaction costs about as much for twenty tablets as for one. While it runs, those that
come wait; the next one takes all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from threading import Condition
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Together(Generic[Item, Result]):
    """A door through which calls go in the order in which they came, many at a time.

    `work` is given the calls of one turn and answers each, with an error where that is its
    answer; `turns` of them run at once. Calls of one `owner` never share a turn. A turn has
    `room`, of which a call takes one and its `weight`; what needs more goes alone.
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
        self._turns_left = turns
        self._waiting: list[_Call[Item, Result]] = []
        self._changed = Condition()

    def __call__(self, item: Item) -> Result:
        """What `work` answers to the item; raises what it answers as an error, or raises."""
        call = _Call[Item, Result](item)
        with self._changed:
            self._waiting.append(call)
        while (answer := self._answer_or_turn(call)) is None:
            pass
        if isinstance(answer, BaseException):
            raise answer
        return answer

    @property
    def waiting(self) -> int:
        """How many calls wait for a turn."""
        return len(self._waiting)

    def _answer_or_turn(self, call: _Call[Item, Result]) -> Result | BaseException | None:
        """The call's answer; None after a turn that whoever waited longest had through it."""
        with self._changed:
            self._changed.wait_for(
                lambda: call.answer is not None or (self._turns_left and call in self._waiting)
            )
            if call.answer is not None:
                return call.answer
            chosen = self._next()
            self._turns_left -= 1
        self._work_on(chosen)
        with self._changed:
            self._turns_left += 1
            self._changed.notify_all()
        return None

    def _next(self) -> list[_Call[Item, Result]]:
        """Who goes in this turn: those that have waited longest."""
        chosen: list[_Call[Item, Result]] = []
        owners: set[Hashable] = set()
        room = self._room
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
            call.answer = answer


class _Call(Generic[Item, Result]):
    """One call, and its answer once there is one."""

    def __init__(self, item: Item) -> None:
        self.item = item
        self.answer: Result | BaseException | None = None
