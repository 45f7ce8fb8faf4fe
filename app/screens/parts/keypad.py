"""The large keypad, for PINs and for readings, so that no keyboard is needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import flet as ft

from app import theme
from app.screens.parts import texts
from app.screens.parts.handlers import on
from words import say

ERASE = "erase"
NEXT = "next"
POINT = "."

PIN_KEYS = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "", "0", ERASE)
READING_KEYS = ("1", "2", "3", "4", "5", "6", "7", "8", "9", POINT, "0", ERASE)

OnKey = Callable[[str], object]


def pad(keys: Sequence[str], on_key: OnKey, *, key_height: int = theme.KEY_HEIGHT) -> ft.Column:
    """Keys in rows of three; an empty string leaves its place free."""
    rows = [keys[i : i + 3] for i in range(0, len(keys), 3)]
    return ft.Column(
        [ft.Row([_key(name, on_key, key_height) for name in row], spacing=10) for row in rows],
        spacing=10,
        tight=True,
    )


def _key(name: str, on_key: OnKey, height: int) -> ft.Container:
    if not name:
        return ft.Container(height=height, expand=True)
    face = (
        ft.Icon(
            ft.Icons.BACKSPACE_OUTLINED,
            size=30,
            color=theme.INK,
            semantics_label=say("keypad.erase"),
        )
        if name == ERASE
        else texts.number(name)
    )
    return ft.Container(
        content=face,
        key=f"key-{name}",
        on_click=on(on_key, name),
        ink=True,
        height=height,
        expand=True,
        bgcolor=theme.CARD if name.isdigit() else "#E4EAE7",
        border=ft.Border.all(1, theme.LINE),
        border_radius=theme.RADIUS,
        alignment=ft.Alignment.CENTER,
    )


def pin_dots(filled: int, length: int) -> ft.Row:
    """How many digits of the PIN are in, without which; read aloud as a number."""
    dots: list[ft.Control] = [
        ft.Container(
            width=20,
            height=20,
            border_radius=10,
            bgcolor=theme.BRAND if place < filled else theme.CARD,
            border=ft.Border.all(2, theme.BRAND),
        )
        for place in range(length)
    ]
    return ft.Row(dots, spacing=16, alignment=ft.MainAxisAlignment.CENTER, tight=True)
