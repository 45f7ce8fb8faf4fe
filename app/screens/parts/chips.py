"""Chips: short answers to press, one of several or any number of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import flet as ft

from app import theme
from app.screens.parts import texts
from app.screens.parts.handlers import Bound, on

Choice = tuple[str, str]
"""A code and the words for it."""


def chip(words: str, is_on: bool, on_click: Bound, *, key: str, tone_name: str = "") -> ft.Control:
    """One chip; a pressed one is filled, ticked and read aloud as checked."""
    tone = theme.tone(tone_name) if tone_name else None
    ground = (tone.ink if tone else theme.BRAND) if is_on else theme.CARD
    ink = theme.ON_BRAND if is_on else (tone.ink if tone else theme.INK)
    row: list[ft.Control] = [texts.strong(words, color=ink)]
    if is_on:
        row.insert(0, ft.Icon(ft.Icons.CHECK, color=ink, size=22))
    return ft.Semantics(
        checked=is_on,
        content=ft.Container(
            content=ft.Row(row, spacing=8, tight=True),
            key=key,
            on_click=on_click,
            ink=True,
            bgcolor=ground,
            border=ft.Border.all(1.5, ground if is_on else "#8A9893"),
            border_radius=28,
            height=theme.TARGET,
            padding=ft.Padding.symmetric(horizontal=24 if len(words) < 3 else 18),
        ),
    )


def one_of(
    choices: Sequence[Choice],
    chosen: str | None,
    on_choose: Callable[[str], object],
    *,
    key: str,
) -> ft.Row:
    """Chips of which one is on."""
    return _wrapped(
        [
            chip(words, code == chosen, on(on_choose, code), key=f"{key}-{code}")
            for code, words in choices
        ]
    )


def any_of(
    choices: Sequence[Choice],
    chosen: Collection[str],
    on_toggle: Callable[[str], object],
    *,
    key: str,
    tone_name: str = "",
) -> ft.Row:
    """Chips of which any number are on."""
    return _wrapped(
        [
            chip(
                words,
                code in chosen,
                on(on_toggle, code),
                key=f"{key}-{code}",
                tone_name=tone_name,
            )
            for code, words in choices
        ]
    )


def _wrapped(chips: list[ft.Control]) -> ft.Row:
    return ft.Row(chips, spacing=10, run_spacing=10, wrap=True)
