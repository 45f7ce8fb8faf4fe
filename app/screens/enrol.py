"""Enrolment: the county's address and a one-time code, then a PIN set twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

import flet as ft

from app import theme
from app.screens.hooks import use_made
from app.screens.parts import buttons, fields, keypad, surfaces, texts
from app.screens.parts.handlers import on
from app.screens.reading import ask, use_answer
from app.screens.unlock import PIN_LENGTH, after_key, brand
from app.state import AppState
from words import say

if TYPE_CHECKING:
    from app.services.enrolling import InterruptedEnrolment
    from app.services.tablet import PendingEnrolment
    from app.services.workplace import Workplace

P = TypeVar("P")


@ft.observable
@dataclass
class Form:
    """What has been filled in so far; `pending` once the county has taken the code."""

    county_url: str = ""
    code: str = ""
    pin: str = ""
    repeated: str = ""
    trouble: str = ""
    is_busy: bool = False
    pending: PendingEnrolment | None = None

    @property
    def is_repeating(self) -> bool:
        """Whether the first PIN is whole and the second is being typed."""
        return len(self.pin) == PIN_LENGTH


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What enrolment shows."""

    heading: str
    advice: str
    trouble: str
    spent_code: str
    filled: int
    can_send: bool


def present(form: Form, interrupted: InterruptedEnrolment | None) -> View:
    """The step one is at, and what went wrong."""
    spent = say("enrol.interrupted", county=interrupted.county_url) if interrupted else ""
    if form.pending is None:
        heading, advice = say("enrol.heading"), say("enrol.advice")
    else:
        names = {"doctor": form.pending.doctor_name, "county": form.pending.county_name}
        heading = say("enrol.repeat_pin" if form.is_repeating else "enrol.choose_pin")
        advice = say("enrol.welcome", **names)
    return View(
        heading=heading,
        advice=advice,
        trouble=form.trouble,
        spent_code=spent,
        filled=len(form.repeated if form.is_repeating else form.pin),
        can_send=bool(form.county_url.strip() and form.code.strip()) and not form.is_busy,
    )


class Filled(Protocol[P]):
    """A form of a code and a PIN set twice; `pending` is what the code has brought."""

    pin: str
    repeated: str
    trouble: str
    is_busy: bool
    pending: P | None

    @property
    def is_repeating(self) -> bool:
        """Whether the first PIN is whole and the second is being typed."""


class Admission(Generic[P]):
    """What the doctor does to be let in by a code of the county, step by step."""

    def __init__(
        self,
        app: AppState,
        form: Filled[P],
        trade: Callable[[], P],
        finish: Callable[[P, str], Workplace],
    ) -> None:
        self.app = app
        self.form = form
        self._trade = trade
        self._finish = finish

    async def send(self) -> None:
        """Trade the code for what it brings."""
        form = self.form
        if form.is_busy:
            return
        form.is_busy, form.trouble = True, ""
        answer = await ask(self._trade)
        form.is_busy, form.trouble, form.pending = False, answer.why_not, answer.value

    async def key(self, key: str) -> None:
        """A key of the PIN pad; the twelfth digit opens the tablet."""
        form = self.form
        if form.is_busy:
            return
        form.trouble = ""
        if not form.is_repeating:
            form.pin = after_key(form.pin, key)
            return
        form.repeated = after_key(form.repeated, key)
        if len(form.repeated) == PIN_LENGTH:
            await self._open()

    async def _open(self) -> None:
        form, pending = self.form, self.form.pending
        pin, repeated = form.pin, form.repeated
        form.pin = form.repeated = ""
        if pin != repeated:
            form.trouble = say("enrol.pins_differ")
        elif pending is not None:
            form.is_busy = True
            answer = await ask(lambda: self._finish(pending, pin))
            form.is_busy, form.trouble = False, answer.why_not
            if answer.value is not None:
                self.app.open(answer.value)


@ft.component
def Screen(app: AppState) -> ft.Control:
    """Enrolment from the code to the open workplace."""
    form = use_made(lambda: Form(county_url=app.tablet.offered_county_url()))
    interrupted = use_answer(app.tablet.interrupted_enrolment).value
    enrolling = Admission(
        app,
        form,
        lambda: app.tablet.enrol(form.county_url.strip(), form.code.strip()),
        app.tablet.finish_enrolment,
    )
    view = present(form, interrupted)
    if form.pending is None:
        return laid_out(view, _code_step(form, view, enrolling.send))
    return laid_out(view, pin_step(view, enrolling.key))


def laid_out(view: View, step: list[ft.Control]) -> ft.Control:
    """A step on its card, below the app's sign."""
    rows: list[ft.Control] = [texts.heading(view.heading), texts.body(view.advice)]
    if view.spent_code:
        rows.append(surfaces.banner(view.spent_code, "warn"))
    if view.trouble:
        rows.append(surfaces.banner(view.trouble, "warn"))
    card = ft.Container(
        ft.Column(
            [*rows, *step],
            spacing=18,
            tight=True,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        ),
        width=480,
        bgcolor=theme.CARD,
        padding=24,
        border_radius=24,
        border=ft.Border.all(1, theme.LINE),
    )
    column = ft.Column(
        [brand(), card],
        spacing=28,
        scroll=ft.ScrollMode.AUTO,
        alignment=ft.MainAxisAlignment.CENTER,
        horizontal_alignment=ft.CrossAxisAlignment.CENTER,
    )
    return ft.Container(column, padding=theme.PAD, expand=True, alignment=ft.Alignment.CENTER)


def _code_step(form: Form, view: View, send: Callable[[], object]) -> list[ft.Control]:
    return [
        fields.text_field(
            say("enrol.county_url"),
            form.county_url,
            lambda text: setattr(form, "county_url", text),
            key="county-url",
            hint=say("enrol.county_url_hint"),
        ),
        fields.text_field(
            say("enrol.code"), form.code, lambda text: setattr(form, "code", text), key="code"
        ),
        buttons.primary(
            say("enrol.sending") if form.is_busy else say("enrol.send"),
            on(send),
            key="enrol",
            disabled=not view.can_send,
        ),
    ]


def pin_step(view: View, on_key: keypad.OnKey) -> list[ft.Control]:
    """The pad on which a PIN is chosen."""
    return [
        ft.Row([keypad.pin_dots(view.filled, PIN_LENGTH)], alignment=ft.MainAxisAlignment.CENTER),
        keypad.pad(keypad.PIN_KEYS, on_key),
        texts.soft(say("enrol.pin_advice")),
    ]
