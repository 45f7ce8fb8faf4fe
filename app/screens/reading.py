"""How a screen calls a service: off the event loop, with refusals caught as values."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import flet as ft

from app.screens.hooks import use_value
from app.screens.parts import wording
from app.state import AppState
from core.refusals import Refusal, Refused

_log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What a service answered: a value, or why not; neither while it is still asked."""

    value: T | None = None
    refusals: tuple[Refusal, ...] = ()
    is_here: bool = False

    @property
    def why_not(self) -> str:
        """The refusals as sentences of the user's language, one a line."""
        return "\n".join(wording.refused(refusal) for refusal in self.refusals)


async def ask(call: Callable[[], T]) -> Answer[T]:
    """Run a service call in a thread and answer with its value or its refusals.

    Anything else that goes wrong is logged and answered as `unexpected`: the form a
    doctor is filling in must survive it.
    """
    try:
        return Answer(await asyncio.to_thread(call), is_here=True)
    except Refused as refused:
        return Answer(refusals=refused.refusals, is_here=True)
    except Exception:
        _log.exception("a service call failed")
        return Answer(refusals=(Refusal(code="unexpected"),), is_here=True)


async def ask_or_tell(app: AppState, call: Callable[[], T]) -> Answer[T]:
    """As `ask`, and refusals are shown at the foot of the page."""
    answer = await ask(call)
    if answer.refusals:
        app.tell(answer.why_not, "warn")
    return answer


def use_answer(call: Callable[[], T], *depends_on: object) -> Answer[T]:
    """A hook: the answer to a reading call, asked again when `depends_on` changes.

    While it is asked again the former answer stays, so that nothing flickers; of two
    askings under way the later one counts.
    """
    nothing_yet: Answer[T] = Answer()
    answer, set_answer = use_value(nothing_yet)
    latest = ft.use_ref(0)

    async def read() -> None:
        latest.current = turn = (latest.current or 0) + 1
        fresh = await ask(call)
        if latest.current == turn:
            set_answer(fresh)

    ft.use_effect(read, list(depends_on))
    return answer
