"""Fields for words; numbers have the keypad."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flet as ft

from app import theme
from app.screens.parts.handlers import on_text

OnText = Callable[[str], object]


def text_field(
    label: str,
    value: str,
    on_change: OnText,
    *,
    key: str,
    hint: str = "",
    error: str = "",
    lines: int = 1,
    digits_only: bool = False,
    hidden: bool = False,
    on_submit: Callable[..., Any] | None = None,
) -> ft.TextField:
    """A labelled field that hands over its text at every change."""
    return ft.TextField(
        label=label,
        value=value,
        hint_text=hint or None,
        error=error or None,
        key=key,
        multiline=lines > 1,
        min_lines=lines,
        max_lines=max(lines, 1),
        password=hidden,
        keyboard_type=ft.KeyboardType.NUMBER if digits_only else ft.KeyboardType.TEXT,
        on_change=on_text(on_change),
        on_submit=on_submit,
        bgcolor=theme.CARD,
        border_radius=14,
        border_color="#8A9893",
        focused_border_color=theme.BRAND,
        content_padding=ft.Padding.symmetric(horizontal=18, vertical=16),
    )


def search(label: str, value: str, on_change: OnText, *, key: str) -> ft.TextField:
    """A field that looks things up as one types."""
    field = text_field(label, value, on_change, key=key)
    field.prefix_icon = ft.Icons.SEARCH
    return field
