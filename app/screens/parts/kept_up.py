"""A screen that cannot be drawn says so: an error while drawing would freeze the page for good."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

import flet as ft

from app.logs import code_of, note
from app.screens.parts import frame, surfaces
from app.state import AppState
from words import say

P = ParamSpec("P")
Draw = Callable[Concatenate[AppState, P], ft.Control]


def kept_up(draw: Draw[P]) -> Draw[P]:
    """Draws a sentence and the way to the other screens where `draw` itself fails."""

    @wraps(draw)
    def drawn(app: AppState, /, *args: P.args, **kwargs: P.kwargs) -> ft.Control:
        try:
            return draw(app, *args, **kwargs)
        except Exception as error:
            note("screen.error", type=code_of(error))
            sorry = surfaces.banner(say("refusal.unexpected"), "warn")
            return frame.page(app, say("app.name"), sorry)

    return drawn
