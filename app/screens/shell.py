"""The whole page: locked or at work, the screen of the place one is at, notices, idle lock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import flet as ft

from app import theme
from app.routes import Place
from app.screens import (
    correction,
    education,
    enrol,
    household,
    month,
    record,
    recovery,
    referral,
    resident,
    saved,
    settings,
    sync,
    today,
    unlock,
)
from app.screens.follow_up import screen as follow_up
from app.screens.hooks import use_value
from app.screens.reading import use_answer
from app.state import AppState

Screen = Callable[..., ft.Control]

SCREENS: Mapping[str, Screen] = {
    "today": today.Screen,
    "education": education.Screen,
    "month": month.Screen,
    "sync": sync.Screen,
    "settings": settings.Screen,
    "household": household.Screen,
    "household_education": education.Screen,
    "resident": resident.Screen,
    "correction": correction.Screen,
    "follow_up": follow_up.Screen,
    "amendment": follow_up.Amendment,
    "saved": saved.Screen,
    "record": record.Screen,
    "referral": referral.Screen,
}

IDLE_CHECK_S = 10
NOTICE_MS = 5000
ABOVE_THE_FOOT = 96


@ft.component
def App(app: AppState) -> list[ft.View]:
    """The page's views: one to step back to where there is one, and the one shown."""
    ft.use_effect(lambda: _apply_theme(app.font_scale), [app.font_scale])
    ft.use_effect(lambda: _show_notice(app), [app.notice])

    async def lock_when_idle() -> None:
        while app.workplace is not None:
            await asyncio.sleep(IDLE_CHECK_S)
            if app.workplace is not None and app.workplace.idle_too_long():
                app.close()
            elif app.workplace is not None:
                await asyncio.to_thread(app.workplace.use_rest)

    ft.use_effect(lock_when_idle, [app.workplace is None])
    if app.workplace is None:
        return [_view("/locked", _DOOR(app, key="door"))]
    below = [_view("/", ft.Container())] if len(app.stack) > 1 else []
    return [*below, _view(app.place.path, _screen(app, app.place))]


@ft.component
def Door(app: AppState) -> ft.Control:
    """Enrolment on a new tablet; on any other the lock screen, or the county's code."""
    state = use_answer(app.tablet.state).value
    is_recovering, set_recovering = use_value(False)
    if state is None:
        return ft.Container()
    if state == "new":
        return enrol.Screen(app)
    if is_recovering:
        return recovery.Screen(app, lambda: set_recovering(False))
    return unlock.Screen(app, lambda: set_recovering(True))


_DOOR: Screen = Door


def _view(route: str, content: ft.Control) -> ft.View:
    area = ft.SafeArea(ft.Container(content, expand=True), expand=True)
    return ft.View(route=route, controls=[area], bgcolor=theme.GROUND, padding=0)


def _screen(app: AppState, place: Place) -> ft.Control:
    arguments = (place.subject_id,) if place.subject_id else ()
    return SCREENS[place.screen](app, *arguments, key=place.path)


def _apply_theme(scale: float) -> None:
    page = ft.context.page
    page.theme = theme.build(scale)
    page.update()


def _show_notice(app: AppState) -> None:
    if app.notice is None:
        return
    tone = theme.tone(app.notice.tone)
    words = ft.Text(
        app.notice.text, color=theme.ON_BRAND, theme_style=ft.TextThemeStyle.TITLE_SMALL
    )
    ft.context.page.show_dialog(
        ft.SnackBar(
            words,
            bgcolor=tone.ink,
            duration=NOTICE_MS,
            behavior=ft.SnackBarBehavior.FLOATING,
            margin=ft.Margin.only(left=16, right=16, bottom=ABOVE_THE_FOOT),
        )
    )
