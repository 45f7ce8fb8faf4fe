"""Cards, sections, banners and what is shown where there is nothing to show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import flet as ft

from app import theme
from app.screens.parts import texts


def card(
    *controls: ft.Control,
    on_click: Callable[..., Any] | None = None,
    key: str | None = None,
    accent: str | None = None,
    spacing: int = theme.GAP,
    expand: bool | int | None = None,
) -> ft.Container:
    """A white card; `accent` names a tone for the bar on its left edge."""
    inner = ft.Container(
        content=_stretched(controls, spacing),
        padding=ft.Padding.symmetric(horizontal=20, vertical=theme.PAD),
        border=_edge(accent),
    )
    return ft.Container(
        content=inner,
        key=key,
        on_click=on_click,
        ink=on_click is not None,
        bgcolor=theme.CARD,
        clip_behavior=ft.ClipBehavior.ANTI_ALIAS,
        border_radius=theme.RADIUS,
        border=ft.Border.all(1, theme.LINE),
        expand=expand,
    )


def _stretched(controls: Sequence[ft.Control], spacing: int) -> ft.Column:
    return ft.Column(
        list(controls),
        spacing=spacing,
        tight=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )


def _edge(accent: str | None) -> ft.Border | None:
    # Flutter rounds only borders alike on all sides: the bar is an inner container's.
    return ft.Border(left=ft.BorderSide(6, theme.tone(accent).ink)) if accent else None


def list_card(rows: Sequence[ft.Control], accent: str | None = None) -> ft.Container:
    """A white card of lines with a hair between them, each line with padding of its own."""
    lines: list[ft.Control] = []
    for row in rows:
        if lines:
            lines.append(ft.Divider(height=1, thickness=1, color=theme.LINE))
        lines.append(row)
    return ft.Container(
        content=ft.Container(ft.Column(lines, spacing=0, tight=True), border=_edge(accent)),
        bgcolor=theme.CARD,
        clip_behavior=ft.ClipBehavior.ANTI_ALIAS,
        border_radius=theme.RADIUS,
        border=ft.Border.all(1, theme.LINE),
    )


def section(words: str, *controls: ft.Control, trailing: ft.Control | None = None) -> ft.Column:
    """A group of controls under a line that says what they are."""
    line: list[ft.Control] = [ft.Container(texts.subtitle(words), expand=True)]
    if trailing is not None:
        line.append(trailing)
    return _stretched([ft.Row(line), *controls], 12)


def banner(
    words: str, tone_name: str, *, detail: str = "", action: ft.Control | None = None
) -> ft.Container:
    """A finding or a message in its tone: an icon, the words, and what may be done."""
    tone = theme.tone(tone_name)
    lines: list[ft.Control] = [texts.strong(words, color=tone.ink)]
    if detail:
        lines.append(texts.body(detail, color=tone.ink))
    row: list[ft.Control] = [
        ft.Icon(tone.icon, color=tone.ink, size=28),
        ft.Column(lines, spacing=4, tight=True, expand=True),
    ]
    if action is not None:
        row.append(action)
    return ft.Container(
        content=ft.Row(row, spacing=14, vertical_alignment=ft.CrossAxisAlignment.START),
        bgcolor=tone.ground,
        padding=ft.Padding.symmetric(horizontal=18, vertical=14),
        border_radius=theme.RADIUS,
    )


def pill(words: str, tone_name: str = "plain", *, with_icon: bool = False) -> ft.Container:
    """A short word about something, in its tone."""
    tone = theme.tone(tone_name)
    row: list[ft.Control] = [texts.body(words, color=tone.ink)]
    if with_icon:
        row.insert(0, ft.Icon(tone.icon, color=tone.ink, size=20))
    return ft.Container(
        content=ft.Row(row, spacing=6, tight=True),
        bgcolor=tone.ground,
        padding=ft.Padding.symmetric(horizontal=12, vertical=3),
        border_radius=20,
    )


def pills(words: Sequence[tuple[str, str]]) -> ft.Row:
    """Short words with their tones, wrapping where the line is full."""
    return ft.Row([pill(text, tone) for text, tone in words], spacing=6, run_spacing=6, wrap=True)


def empty_state(
    words: str, advice: str, *, icon: ft.IconData, action: ft.Control | None = None
) -> ft.Container:
    """What stands where there is nothing: what is so, and what to do."""
    lines: list[ft.Control] = [
        ft.Container(
            ft.Icon(icon, size=44, color=theme.BRAND),
            bgcolor=theme.BRAND_PALE,
            padding=20,
            border_radius=44,
        ),
        ft.Text(words, theme_style=ft.TextThemeStyle.TITLE_LARGE, text_align=ft.TextAlign.CENTER),
        ft.Text(
            advice,
            theme_style=ft.TextThemeStyle.BODY_MEDIUM,
            color=theme.INK_SOFT,
            text_align=ft.TextAlign.CENTER,
        ),
    ]
    if action is not None:
        lines.append(action)
    return ft.Container(
        content=ft.Column(
            lines, spacing=14, tight=True, horizontal_alignment=ft.CrossAxisAlignment.CENTER
        ),
        alignment=ft.Alignment.CENTER,
        padding=40,
    )


def loading(words: str) -> ft.Container:
    """What stands until the first answer is here."""
    ring = ft.ProgressRing(width=28, height=28, stroke_width=3, color=theme.BRAND)
    return ft.Container(
        content=ft.Row(
            [ring, texts.soft(words)], alignment=ft.MainAxisAlignment.CENTER, spacing=14
        ),
        padding=40,
    )


def fact(label: str, value: str) -> ft.Row:
    """A labelled value on one line."""
    return ft.Row(
        [ft.Container(texts.soft(label), width=132), ft.Container(texts.body(value), expand=True)],
        vertical_alignment=ft.CrossAxisAlignment.START,
        spacing=theme.GAP,
    )
