"""Obligation slots as dots: each state has a shape, a tone and a word of its own."""

from __future__ import annotations

from collections.abc import Sequence

import flet as ft

from app import theme
from words import say

FILLED = frozenset({"met", "met_late_entry"})

_FACES = {
    "met": (ft.Icons.CHECK_CIRCLE, "good"),
    "met_late_entry": (ft.Icons.WATCH_LATER, "good"),
    "open": (ft.Icons.RADIO_BUTTON_UNCHECKED, "info"),
    "upcoming": (ft.Icons.CIRCLE_OUTLINED, "faint"),
    "missed": (ft.Icons.CANCEL, "emergency"),
    "disputed": (ft.Icons.ERROR, "warn"),
    "excused": (ft.Icons.REMOVE_CIRCLE_OUTLINE, "plain"),
    "excuse_pending": (ft.Icons.PENDING_OUTLINED, "warn"),
    "void": (ft.Icons.BLOCK, "faint"),
}

_FAINT = "#7B8A84"


def dot(state: str, size: int = 22) -> ft.Icon:
    """The dot of a state; a state a newer county invents is shown as not yet known."""
    icon, tone_name = _FACES.get(state, (ft.Icons.HELP_OUTLINE, "plain"))
    color = _FAINT if tone_name == "faint" else theme.tone(tone_name).ink
    return ft.Icon(icon, color=color, size=size)


def dots(states: Sequence[str], size: int = 22) -> ft.Control:
    """A year's slots in a line, with how many are filled in words beside them."""
    return ft.Row(
        [
            ft.Row([dot(state, size) for state in states], spacing=2, tight=True),
            ft.Text(filled_words(states), theme_style=ft.TextThemeStyle.BODY_MEDIUM),
        ],
        spacing=8,
        run_spacing=0,
        wrap=True,
    )


def filled_words(states: Sequence[str]) -> str:
    """How many of the year's slots are filled, as words."""
    done = sum(state in FILLED for state in states)
    return say("slots.filled", done=done, owed=len(states))
