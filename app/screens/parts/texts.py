"""Words on the screen in the few sizes there are."""

from __future__ import annotations

import flet as ft

from app import theme

Style = ft.TextThemeStyle


def heading(text: str, *, color: str = theme.INK, lines: int | None = None) -> ft.Text:
    """The largest words: what a screen or a sheet is about."""
    return _text(text, Style.HEADLINE_SMALL, color, lines)


def title(text: str, *, color: str = theme.INK, lines: int | None = None) -> ft.Text:
    """The name of a card: a person, a household, a section."""
    return _text(text, Style.TITLE_LARGE, color, lines)


def subtitle(text: str, *, color: str = theme.INK) -> ft.Text:
    """A line above a group of things."""
    return _text(text, Style.TITLE_MEDIUM, color, None)


def body(text: str, *, color: str = theme.INK, lines: int | None = None) -> ft.Text:
    """Ordinary words."""
    return _text(text, Style.BODY_MEDIUM, color, lines)


def strong(text: str, *, color: str = theme.INK, lines: int | None = None) -> ft.Text:
    """Ordinary words that must be read first."""
    return _text(text, Style.TITLE_SMALL, color, lines)


def soft(text: str, *, lines: int | None = None) -> ft.Text:
    """Ordinary words that may be read last."""
    return _text(text, Style.BODY_MEDIUM, theme.INK_SOFT, lines)


def number(text: str, *, color: str = theme.INK) -> ft.Text:
    """A number that matters: at least 32 px."""
    return _text(text, Style.DISPLAY_SMALL, color, 1)


def large_number(text: str, *, color: str = theme.INK) -> ft.Text:
    """A reading as it is being typed."""
    return _text(text, Style.DISPLAY_MEDIUM, color, 1)


def _text(text: str, style: Style, color: str, lines: int | None) -> ft.Text:
    overflow = ft.TextOverflow.ELLIPSIS if lines else ft.TextOverflow.CLIP
    return ft.Text(text, theme_style=style, color=color, max_lines=lines, overflow=overflow)
