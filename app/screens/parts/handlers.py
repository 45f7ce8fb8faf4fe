"""Binding a handler to what was pressed, whether it is a coroutine or not."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

Bound = Callable[[Any], Awaitable[None]]


def on(handler: Callable[..., object], *arguments: object) -> Bound:
    """An event handler that calls `handler` with `arguments` and awaits it where it waits.

    Flet awaits only coroutine functions, so a lambda that calls one would drop it unawaited.
    """

    async def handle(_event: Any) -> None:
        outcome = handler(*arguments)
        if inspect.isawaitable(outcome):
            await outcome

    return handle
