"""The lock screen: who is at work here, and a PIN pad that waits after wrong tries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import flet as ft

from app import theme
from app.screens.hooks import use_made
from app.screens.parts import buttons, chips, keypad, surfaces, texts
from app.screens.parts.handlers import on
from app.screens.reading import ask, use_answer
from app.state import AppState
from words import say

if TYPE_CHECKING:
    from app.services.enrolling import DoctorOnTablet

PIN_LENGTH = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What the lock screen shows."""

    doctors: tuple[chips.Choice, ...]
    chosen: str | None
    hint: str
    filled: int
    trouble: str
    shows_help: bool


@ft.observable
@dataclass
class Attempt:
    """What has been pressed on the lock screen so far."""

    chosen: str | None = None
    pin: str = ""
    trouble: str = ""
    is_checking: bool = False
    shows_help: bool = False


def present(doctors: Sequence[DoctorOnTablet], attempt: Attempt) -> View:
    """The lock screen for the doctors of this tablet; one alone needs no choosing."""
    chosen = chosen_doctor(doctors, attempt)
    hint = "checking" if attempt.is_checking else "enter_pin" if chosen else "choose_name"
    return View(
        doctors=tuple((doctor.id, doctor.name) for doctor in doctors),
        chosen=chosen,
        hint=say(f"unlock.{hint}"),
        filled=len(attempt.pin),
        trouble=attempt.trouble,
        shows_help=attempt.shows_help,
    )


def chosen_doctor(doctors: Sequence[DoctorOnTablet], attempt: Attempt) -> str | None:
    """The doctor at work: the one pressed, or the only one there is."""
    return doctors[0].id if len(doctors) == 1 else attempt.chosen


def after_key(pin: str, key: str) -> str:
    """The PIN after a key of the pad."""
    return pin[:-1] if key == keypad.ERASE else (pin + key)[:PIN_LENGTH]


@ft.component
def Screen(app: AppState, recover: Callable[[], object]) -> ft.Control:
    """The lock screen; the sixth digit unlocks by itself, `recover` asks for the county's code."""
    doctors = use_answer(app.tablet.doctors).value or ()
    attempt = use_made(Attempt)

    async def on_key(key: str) -> None:
        if attempt.is_checking or chosen_doctor(doctors, attempt) is None:
            return
        attempt.trouble = ""
        attempt.pin = after_key(attempt.pin, key)
        if len(attempt.pin) == PIN_LENGTH:
            await unlock()

    async def unlock() -> None:
        attempt.is_checking = True
        doctor_id, pin = chosen_doctor(doctors, attempt) or "", attempt.pin
        answer = await ask(lambda: app.tablet.unlock(doctor_id, pin))
        attempt.pin, attempt.is_checking, attempt.trouble = "", False, answer.why_not
        if answer.value is not None:
            app.open(answer.value)

    view = present(doctors, attempt)
    return _laid_out(app, _who(view, attempt), _pad(view, attempt, on_key, recover))


def _who(view: View, attempt: Attempt) -> ft.Control:
    people: list[ft.Control] = [_doctor(view, attempt, *choice) for choice in view.doctors]
    return ft.Column([brand(), ft.Column(people, spacing=10, tight=True)], spacing=28, tight=True)


def brand() -> ft.Control:
    """The app's sign and name."""
    return ft.Row(
        [
            ft.Image(src="icon.png", width=72, height=72, border_radius=18),
            ft.Column(
                [
                    ft.Text(say("app.name"), theme_style=ft.TextThemeStyle.DISPLAY_SMALL),
                    texts.soft(say("app.motto")),
                ],
                spacing=2,
                tight=True,
            ),
        ],
        spacing=18,
        tight=True,
    )


def _doctor(view: View, attempt: Attempt, doctor_id: str, name: str) -> ft.Control:
    is_chosen = doctor_id == view.chosen
    ink = theme.ON_BRAND if is_chosen else theme.INK
    symbol = ft.Icons.CHECK_CIRCLE if is_chosen else ft.Icons.PERSON_OUTLINE
    return ft.Semantics(
        checked=is_chosen,
        content=ft.Container(
            content=ft.Row([ft.Icon(symbol, color=ink, size=28), texts.title(name, color=ink)]),
            key=f"doctor-{doctor_id}",
            on_click=on(setattr, attempt, "chosen", doctor_id),
            ink=True,
            bgcolor=theme.BRAND if is_chosen else theme.CARD,
            border=ft.Border.all(1, theme.BRAND if is_chosen else theme.LINE),
            border_radius=theme.RADIUS,
            height=72,
            padding=ft.Padding.symmetric(horizontal=20),
        ),
    )


def _pad(
    view: View, attempt: Attempt, on_key: keypad.OnKey, recover: Callable[[], object]
) -> ft.Control:
    rows: list[ft.Control] = [texts.title(view.hint), keypad.pin_dots(view.filled, PIN_LENGTH)]
    if view.trouble:
        rows.append(surfaces.banner(view.trouble, "warn"))
    key_height = theme.TARGET if view.shows_help else theme.KEY_HEIGHT
    rows.append(keypad.pad(keypad.PIN_KEYS, on_key, key_height=key_height))
    help_key = on(setattr, attempt, "shows_help", not view.shows_help)
    rows.append(buttons.plain(say("unlock.forgot"), help_key, key="forgot-pin"))
    if view.shows_help:
        rows.append(surfaces.banner(say("unlock.forgot_help"), "info"))
        rows.append(buttons.secondary(say("recovery.enter"), on(recover), key="enter-recovery"))
    return ft.Container(
        ft.Column(rows, spacing=18, tight=True, horizontal_alignment=ft.CrossAxisAlignment.CENTER),
        width=400,
        bgcolor=theme.CARD,
        padding=24,
        border_radius=24,
        border=ft.Border.all(1, theme.LINE),
    )


def _laid_out(app: AppState, who: ft.Control, pad: ft.Control) -> ft.Control:
    """Side by side on a tablet lying down, one above the other elsewhere."""
    middle = ft.MainAxisAlignment.CENTER
    if app.is_wide:
        beside = ft.Column([pad], scroll=ft.ScrollMode.AUTO, alignment=middle)
        sides: list[ft.Control] = [ft.Container(who, width=380), beside]
        inner: ft.Control = ft.Row(sides, alignment=middle, spacing=72)
    else:
        inner = ft.Column(
            [ft.Container(who, width=400), pad],
            spacing=24,
            scroll=ft.ScrollMode.AUTO,
            alignment=middle,
            horizontal_alignment=ft.CrossAxisAlignment.CENTER,
        )
    return ft.Container(inner, padding=theme.PAD, expand=True, alignment=ft.Alignment.CENTER)
