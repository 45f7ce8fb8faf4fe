"""Binding a handler to what was pressed or typed, whether it is a coroutine or not."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

Bound = Callable[[Any], Awaitable[None]]


def on(handler: Callable[..., object], *arguments: object) -> Bound:
    """An event handler that calls `handler` with `arguments` and awaits it where it waits.

    Flet awaits only coroutine functions, so a lambda that calls one would drop it unawaited.
    Whatever is pressed, the idle time begins anew.
    """

    async def handle(event: Any) -> None:
        _touch(event)
        await _outcome(handler(*arguments))

    return handle


def on_text(handler: Callable[[str], object]) -> Bound:
    """An event handler that calls `handler` with a field's new text; typing is being at work."""

    async def handle(event: Any) -> None:
        _touch(event)
        await _outcome(handler(event.control.value or ""))

    return handle


def _touch(event: Any) -> None:
    """Tell the page's state, which hangs at the page, that somebody is at work."""
    event.page.data.touch()


async def _outcome(outcome: object) -> None:
    if inspect.isawaitable(outcome):
        await outcome
