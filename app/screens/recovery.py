"""Let in again with the county's one-time code: the code, then a new PIN set twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import flet as ft

from app.screens import enrol
from app.screens.enrol import View
from app.screens.hooks import use_made
from app.screens.parts import buttons, fields
from app.screens.parts.handlers import on
from app.screens.unlock import PIN_LENGTH
from app.state import AppState
from words import say

if TYPE_CHECKING:
    from app.services.recovering import PendingRecovery


@ft.observable
@dataclass
class Form:
    """What has been filled in so far; `pending` once the county has taken the code."""

    code: str = ""
    pin: str = ""
    repeated: str = ""
    trouble: str = ""
    is_busy: bool = False
    pending: PendingRecovery | None = None

    @property
    def is_repeating(self) -> bool:
        """Whether the first PIN is whole and the second is being typed."""
        return len(self.pin) == PIN_LENGTH


def present(form: Form) -> View:
    """The step one is at, and what went wrong."""
    if form.pending is None:
        heading, advice = say("recovery.heading"), say("recovery.advice")
    else:
        heading = say("enrol.repeat_pin" if form.is_repeating else "enrol.choose_pin")
        advice = say("recovery.welcome", doctor=form.pending.doctor.name)
    return View(
        heading=heading,
        advice=advice,
        trouble=form.trouble,
        spent_code="",
        filled=len(form.repeated if form.is_repeating else form.pin),
        can_send=bool(form.code.strip()) and not form.is_busy,
    )


@ft.component
def Screen(app: AppState, back: Callable[[], object]) -> ft.Control:
    """Recovery from the code to the open workplace; `back` returns to the lock screen."""
    form = use_made(Form)
    recovering = enrol.Admission(
        app, form, lambda: app.tablet.recover(form.code), app.tablet.finish_recovery
    )
    view = present(form)
    if form.pending is None:
        return enrol.laid_out(view, _code_step(form, view, recovering.send, back))
    return enrol.laid_out(view, enrol.pin_step(view, recovering.key))


def _code_step(
    form: Form, view: View, send: Callable[[], object], back: Callable[[], object]
) -> list[ft.Control]:
    return [
        fields.text_field(
            say("recovery.field"),
            form.code,
            lambda text: setattr(form, "code", text),
            key="recovery-code",
            hint=say("recovery.field_hint"),
        ),
        buttons.primary(
            say("recovery.sending") if form.is_busy else say("recovery.send"),
            on(send),
            key="recover",
            disabled=not view.can_send,
        ),
        buttons.plain(say("recovery.back"), on(back), key="recovery-back"),
    ]
