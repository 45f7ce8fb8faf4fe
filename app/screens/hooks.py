"""Flet's state hooks with the types they have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import flet as ft

T = TypeVar("T")


def use_value(initial: T) -> tuple[T, Callable[[T], None]]:
    """A value this component remembers, and what changes it."""
    return cast("tuple[T, Callable[[T], None]]", ft.use_state(cast("Any", lambda: initial)))


def use_made(make: Callable[[], T]) -> T:
    """A thing made once for this component; an observable one shows its changes."""
    return cast("T", ft.use_state(cast("Any", make))[0])
