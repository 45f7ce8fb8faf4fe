"""What is pressed or typed reaches its handler, and keeps the tablet from locking."""

from __future__ import annotations

import asyncio
import inspect
from types import SimpleNamespace
from typing import Any

import pytest

from app.screens.parts import chips, fields
from app.screens.parts.handlers import on


@pytest.fixture
def touches() -> list[str]:
    return []


@pytest.fixture
def event(touches: list[str]) -> Any:
    """An event of a field in which 少吃盐 was typed, on a page that counts its touches."""
    page = SimpleNamespace(data=SimpleNamespace(touch=lambda: touches.append("x")))
    return SimpleNamespace(page=page, control=SimpleNamespace(value="少吃盐"))


def happened(handler: Any, event: Any) -> None:
    """Flet waits only for a handler that is a coroutine function itself."""
    assert inspect.iscoroutinefunction(handler)
    asyncio.run(handler(event))


def test_a_field_waits_for_a_handler_that_keeps_what_was_typed(event: Any) -> None:
    kept: list[str] = []

    async def keep(text: str) -> None:
        await asyncio.sleep(0)
        kept.append(text)

    happened(fields.text_field("备注", "", keep, key="note").on_change, event)
    happened(fields.search("搜索", "", kept.append, key="search").on_change, event)
    assert kept == ["少吃盐", "少吃盐"]


def test_pressing_and_typing_keep_the_tablet_from_locking(event: Any, touches: list[str]) -> None:
    happened(on(lambda: None), event)
    chip: Any = chips.one_of((("yes", "是"),), None, lambda _: None, key="k").controls[0]
    happened(chip.content.on_click, event)
    happened(fields.text_field("备注", "", lambda _: None, key="note").on_change, event)
    assert touches == ["x", "x", "x"]
