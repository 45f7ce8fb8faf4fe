"""Settings: PIN, language, size of type, time to auto-lock, and what is installed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import flet as ft

import words
from app import theme
from app.clock import local_day
from app.config import FONT_SCALES, LANGUAGES
from app.screens.hooks import use_made
from app.screens.parts import buttons, chips, fields, frame, keypad, surfaces, texts, wording
from app.screens.parts.handlers import on
from app.screens.parts.kept_up import kept_up
from app.screens.reading import ask, ask_or_tell, use_answer
from app.screens.unlock import PIN_LENGTH, after_key
from app.services.settings import LOCK_MINUTES
from app.state import AppState
from words import say

if TYPE_CHECKING:
    from app.services.settings import About, SettingsView

STEPS = ("old", "new", "repeat")


@ft.observable
@dataclass
class PinChange:
    """The three PINs of a change, typed one after the other."""

    is_open: bool = False
    typed: tuple[str, ...] = ("", "", "")
    trouble: str = ""

    @property
    def step(self) -> int:
        """Which of the three is being typed."""
        return next(
            (i for i, pin in enumerate(self.typed) if len(pin) < PIN_LENGTH), len(STEPS) - 1
        )

    @property
    def is_whole(self) -> bool:
        """Whether all three are there."""
        return all(len(pin) == PIN_LENGTH for pin in self.typed)

    def key(self, key: str) -> None:
        """A key of the pad."""
        pins = list(self.typed)
        pins[self.step] = after_key(pins[self.step], key)
        self.typed, self.trouble = tuple(pins), ""

    def again(self, trouble: str = "") -> None:
        """Begin anew, saying why."""
        self.typed, self.trouble = ("", "", ""), trouble


def present_about(about: About) -> tuple[tuple[str, str], ...]:
    """What is installed, in words."""
    return (
        (say("about.doctor"), about.doctor_name),
        (say("about.county"), about.county_name),
        (say("about.county_url"), about.county_url),
        (say("about.version"), about.app_version),
        (say("about.policy"), about.policy_version),
        (say("about.residents"), str(about.residents)),
        (say("about.follow_ups"), str(about.follow_ups)),
        (say("about.store"), f"{about.store_bytes / 1_048_576:.1f} MB"),
        (say("about.enrolled"), wording.full_day(local_day(about.enrolled_at))),
        (say("about.device"), about.device_id[-8:]),
    )


class Setting:
    """What the doctor does on this page."""

    def __init__(self, app: AppState, change: PinChange) -> None:
        self.app = app
        self.change = change
        self.service = app.work.settings

    async def language(self, code: str) -> None:
        """Speak another language from now on."""
        answer = await ask_or_tell(self.app, lambda: self.service.set_language(code))
        if not answer.refusals:
            words.set_language(code)
            self.app.language = code
            self.app.refresh()

    async def font_scale(self, code: str) -> None:
        """Write larger or smaller from now on."""
        answer = await ask_or_tell(self.app, lambda: self.service.set_font_scale(float(code)))
        if not answer.refusals:
            self.app.font_scale = float(code)
            self.app.refresh()

    async def lock_minutes(self, code: str) -> None:
        """Lock after so many idle minutes."""
        await ask_or_tell(self.app, lambda: self.service.set_lock_minutes(int(code)))
        self.app.refresh()

    async def pin_key(self, key: str) -> None:
        """A key of the PIN pad; the last digit changes the PIN."""
        self.change.key(key)
        if not self.change.is_whole:
            return
        old, new, repeated = self.change.typed
        if new != repeated:
            self.change.again(say("enrol.pins_differ"))
            return
        answer = await ask(lambda: self.service.change_pin(old, new))
        self.change.again(answer.why_not)
        if not answer.refusals:
            self.change.is_open = False
            self.app.tell(say("settings.pin_changed"), "good")


@ft.component
@kept_up
def Screen(app: AppState) -> ft.Control:
    """What can be set, each with one press."""
    service = app.work.settings
    found = use_answer(service.get, app.pulse)
    about = use_answer(service.about, app.pulse)
    change = use_made(PinChange)
    if found.value is None:
        return frame.page(app, say("place.settings"), frame.waiting(found))
    rows = _choices(found.value, Setting(app, change))
    facts = [surfaces.fact(*pair) for pair in present_about(about.value)] if about.value else []
    about_card = surfaces.section(say("settings.about"), surfaces.card(*facts))
    lock = buttons.secondary(
        say("settings.lock_now"), on(app.close), key="lock-now", icon=ft.Icons.LOCK_OUTLINE
    )
    return frame.page(app, say("place.settings"), *_laid_out(app, rows, about_card), actions=[lock])


def _choices(chosen: SettingsView, setting: Setting) -> list[ft.Control]:
    languages = [(code, say(f"language.{code}")) for code in LANGUAGES]
    scales = [(str(scale), say(f"font_scale.{round(scale * 100)}")) for scale in FONT_SCALES]
    minutes = [(str(count), say("settings.minutes", count=count)) for count in LOCK_MINUTES]
    return [
        _choice("language", languages, chosen.language, setting.language),
        _choice("font_scale", scales, str(chosen.font_scale), setting.font_scale),
        _choice("lock_minutes", minutes, str(chosen.lock_minutes), setting.lock_minutes),
        surfaces.section(say("settings.pin"), _pin_card(setting.change, setting.pin_key)),
    ]


def _laid_out(app: AppState, rows: list[ft.Control], about: ft.Control) -> list[ft.Control]:
    if not app.is_wide:
        return [*rows, about]
    columns: list[ft.Control] = [
        ft.Container(ft.Column(rows, spacing=theme.PAGE_PAD), expand=3),
        ft.Container(about, expand=2),
    ]
    return [ft.Row(columns, spacing=theme.PAGE_PAD, vertical_alignment=ft.CrossAxisAlignment.START)]


def _choice(
    name: str, offered: list[chips.Choice], chosen: str, on_choose: fields.OnText
) -> ft.Control:
    choose = chips.one_of(offered, chosen, on_choose, key=name)
    return surfaces.section(say(f"settings.{name}"), choose)


def _pin_card(change: PinChange, pin_key: keypad.OnKey) -> ft.Control:
    if not change.is_open:
        opened = on(setattr, change, "is_open", True)
        return ft.Row([buttons.secondary(say("settings.change_pin"), opened, key="change-pin")])
    step = STEPS[change.step]
    rows: list[ft.Control] = [
        texts.title(say(f"settings.pin_{step}")),
        keypad.pin_dots(len(change.typed[change.step]), PIN_LENGTH),
    ]
    if change.trouble:
        rows.append(surfaces.banner(change.trouble, "warn"))
    rows += [
        keypad.pad(keypad.PIN_KEYS, pin_key, key_height=64),
        buttons.plain(say("app.cancel"), on(_leave, change), key="cancel-pin"),
    ]
    return ft.Row([ft.Container(surfaces.card(*rows, spacing=14), width=380)])


def _leave(change: PinChange) -> None:
    change.again()
    change.is_open = False
