"""The frame every screen stands in: where one is, the way back, and the main places."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import flet as ft

from app import routes, theme
from app.routes import Place
from app.screens.parts import buttons, surfaces, texts
from app.screens.parts.handlers import on
from app.screens.reading import Answer
from app.state import AppState
from words import say

_ICONS = {
    routes.TODAY: (ft.Icons.TODAY_OUTLINED, ft.Icons.TODAY),
    routes.EDUCATION: (ft.Icons.MENU_BOOK_OUTLINED, ft.Icons.MENU_BOOK),
    routes.MONTH: (ft.Icons.BAR_CHART_OUTLINED, ft.Icons.BAR_CHART),
    routes.SYNC: (ft.Icons.CLOUD_SYNC_OUTLINED, ft.Icons.CLOUD_SYNC),
    routes.SETTINGS: (ft.Icons.SETTINGS_OUTLINED, ft.Icons.SETTINGS),
}


def page(
    app: AppState,
    heading: str,
    *controls: ft.Control,
    note: str = "",
    actions: Sequence[ft.Control] = (),
    foot: Sequence[ft.Control] = (),
    foot_words: str = "",
    trouble: str = "",
    on_back: Callable[[], object] | None = None,
) -> ft.Control:
    """A screen: its bar, its content in a scrolling column, and steps fixed at its foot.

    `trouble`, why a step was refused, stands beside the steps wherever one has scrolled.
    """
    parts: list[ft.Control] = [bar(app, heading, note=note, actions=actions, on_back=on_back)]
    parts.append(_content(app, controls))
    if foot:
        parts.append(_foot(app, foot, foot_words, trouble))
    middle = ft.Column(parts, spacing=0, expand=True)
    if app.place not in routes.ROOTS:
        return middle
    if app.is_compact:
        return ft.Column([middle, places_bar(app)], spacing=0, expand=True)
    return ft.Row([places_rail(app), middle], spacing=0, expand=True)


def waiting(answer: Answer[Any]) -> ft.Control:
    """What stands in a screen's place until its answer is here, or why there is none."""
    if answer.refusals:
        return surfaces.banner(answer.why_not, "warn")
    return surfaces.loading(say("app.loading"))


def bar(
    app: AppState,
    heading: str,
    *,
    note: str = "",
    actions: Sequence[ft.Control] = (),
    on_back: Callable[[], object] | None = None,
) -> ft.Container:
    """The top of a screen: back, where one is, and what may be done with the whole of it."""
    row: list[ft.Control] = []
    if len(app.stack) > 1:
        leave = on(on_back or app.back)
        row.append(buttons.icon(ft.Icons.ARROW_BACK, say("app.back"), leave, key="back"))
    most = 3 if app.is_compact else 1  # on a phone a long name is left little room by the buttons
    words: list[ft.Control] = [texts.heading(heading, lines=most)]
    if note:
        words.append(texts.soft(note, lines=most))
    row.append(ft.Column(words, spacing=0, tight=True, expand=True))
    row.extend(actions)
    return ft.Container(
        content=ft.Row(row, spacing=theme.GAP),
        bgcolor=theme.CARD,
        padding=ft.Padding.symmetric(horizontal=12 if app.is_compact else 20, vertical=10),
        border=ft.Border(bottom=ft.BorderSide(1, theme.LINE)),
    )


def _content(app: AppState, controls: Sequence[ft.Control]) -> ft.Control:
    return scrolling(controls, theme.PAD if app.is_compact else theme.PAGE_PAD)


def scrolling(controls: Sequence[ft.Control], padding: int, spacing: int = theme.PAD) -> ft.Control:
    """Controls one below the other, scrolled to the very edge of what is around them."""
    column = ft.Column(
        list(controls),
        spacing=spacing,
        tight=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )
    return ft.Column(
        [ft.Container(column, padding=padding)],
        scroll=ft.ScrollMode.AUTO,
        expand=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )


def _foot(app: AppState, foot: Sequence[ft.Control], words: str, trouble: str) -> ft.Container:
    """The steps at the foot, with what they are about beside or above them."""
    steps = ft.Row(
        list(foot), spacing=12, run_spacing=8, wrap=True, alignment=ft.MainAxisAlignment.END
    )
    line = texts.strong(words)
    content: ft.Control = steps
    if words and app.is_compact:
        content = ft.Column([line, steps], spacing=8, tight=True)
    elif words:
        content = ft.Row([ft.Container(line, expand=True), steps], spacing=12)
    if trouble:
        content = ft.Column(
            [surfaces.banner(trouble, "warn"), content],
            spacing=10,
            tight=True,
            horizontal_alignment=ft.CrossAxisAlignment.END,
        )
    return ft.Container(
        content=content,
        bgcolor=theme.CARD,
        padding=ft.Padding.symmetric(horizontal=theme.PAD, vertical=10),
        border=ft.Border(top=ft.BorderSide(1, theme.LINE)),
        alignment=ft.Alignment.CENTER_RIGHT,
    )


def places_rail(app: AppState) -> ft.Container:
    """The main places down the left edge, on a tablet."""
    column = ft.Column([_place_button(app, place) for place in routes.ROOTS], spacing=4)
    return ft.Container(
        content=column,
        width=theme.RAIL_WIDTH * app.font_scale,
        bgcolor=theme.CARD,
        padding=ft.Padding.symmetric(horizontal=10, vertical=16),
        border=ft.Border(right=ft.BorderSide(1, theme.LINE)),
    )


def places_bar(app: AppState) -> ft.Container:
    """The main places along the foot, on a phone."""
    row = ft.Row([_place_button(app, place) for place in routes.ROOTS], spacing=0)
    return ft.Container(
        content=row,
        bgcolor=theme.CARD,
        padding=ft.Padding.symmetric(horizontal=4, vertical=6),
        border=ft.Border(top=ft.BorderSide(1, theme.LINE)),
    )


def _place_button(app: AppState, place: Place) -> ft.Container:
    is_here = app.place == place
    ink = theme.BRAND if is_here else theme.INK_SOFT
    style = ft.TextThemeStyle.TITLE_SMALL if is_here else ft.TextThemeStyle.BODY_MEDIUM
    return ft.Container(
        content=ft.Column(
            [
                ft.Icon(_ICONS[place][is_here], color=ink, size=28),
                ft.Text(
                    say(f"place.{place.screen}"),
                    color=ink,
                    no_wrap=True,
                    theme_style=style,
                    # Five places side by side have no room for larger type.
                    size=theme.SMALLEST if app.is_compact else None,
                ),
            ],
            spacing=2,
            tight=True,
            horizontal_alignment=ft.CrossAxisAlignment.CENTER,
        ),
        key=f"place-{place.screen}",
        on_click=on(app.root, place),
        ink=True,
        bgcolor=theme.BRAND_PALE if is_here else None,
        border_radius=theme.RADIUS,
        padding=ft.Padding.symmetric(horizontal=4, vertical=10),
        alignment=ft.Alignment.CENTER,
        expand=app.is_compact,
    )
