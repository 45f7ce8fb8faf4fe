"""Things to press: never lower than 56 px, always with a key and words on them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flet as ft

from app import theme

Handler = Callable[..., Any]

_SHAPE = ft.RoundedRectangleBorder(radius=14)
_PADDING = ft.Padding.symmetric(horizontal=24, vertical=8)


def primary(
    label: str,
    on_click: Handler,
    *,
    key: str,
    icon: ft.IconData | None = None,
    disabled: bool = False,
    expand: bool | None = None,
) -> ft.FilledButton:
    """The one thing a screen is for."""
    return ft.FilledButton(
        label,
        icon=icon,
        key=key,
        on_click=on_click,
        disabled=disabled,
        expand=expand,
        height=theme.TARGET + 4,
        style=ft.ButtonStyle(shape=_SHAPE, padding=_PADDING, icon_size=24),
    )


def danger(label: str, on_click: Handler, *, key: str) -> ft.FilledButton:
    """A step that cannot be taken back, or the way out of an emergency."""
    ink = theme.tone("emergency").ink
    return ft.FilledButton(
        label,
        key=key,
        on_click=on_click,
        height=theme.TARGET + 4,
        style=ft.ButtonStyle(shape=_SHAPE, padding=_PADDING, bgcolor=ink, color=theme.ON_BRAND),
    )


def secondary(
    label: str,
    on_click: Handler,
    *,
    key: str,
    icon: ft.IconData | None = None,
    disabled: bool = False,
    expand: bool | None = None,
) -> ft.OutlinedButton:
    """Something else that may be done here."""
    return ft.OutlinedButton(
        label,
        icon=icon,
        key=key,
        on_click=on_click,
        disabled=disabled,
        expand=expand,
        height=theme.TARGET + 4,
        style=ft.ButtonStyle(
            shape=_SHAPE,
            padding=_PADDING,
            icon_size=24,
            bgcolor=theme.CARD,
            side=ft.BorderSide(1.5, theme.BRAND),
        ),
    )


def plain(
    words: str, on_click: Handler, *, key: str, icon: ft.IconData | None = None, label: str = ""
) -> ft.Control:
    """A quiet way on or out; `label` says more to a screen reader than the words do."""
    button = ft.TextButton(
        words,
        icon=icon,
        key=key,
        on_click=on_click,
        height=theme.TARGET,
        style=ft.ButtonStyle(shape=_SHAPE, padding=ft.Padding.symmetric(horizontal=12)),
    )
    return ft.Semantics(label=label, content=button) if label else button


def icon(symbol: ft.IconData, label: str, on_click: Handler, *, key: str) -> ft.IconButton:
    """A symbol to press; its words are read aloud and shown on a long press."""
    return ft.IconButton(
        icon=symbol,
        tooltip=label,
        key=key,
        on_click=on_click,
        icon_size=28,
        icon_color=theme.INK,
        width=theme.TARGET,
        height=theme.TARGET,
    )
