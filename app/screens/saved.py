"""After saving: what to tell the resident, the slot filled, a referral if due, who is next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import flet as ft

from app import routes, theme
from app.screens.parts import buttons, frame, surfaces, wording
from app.screens.parts.handlers import on
from app.screens.parts.kept_up import kept_up
from app.state import AppState
from words import say

if TYPE_CHECKING:
    from app.services.followups import Saved


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What is shown once a follow-up is durable; `referral` is empty where none is due.

    `may_refer` is False once its slip is saved.
    """

    heading: str
    note: str
    slot: str
    told: tuple[str, ...]
    class_words: str
    next_words: str
    referral: str
    is_urgent: bool
    may_refer: bool
    next_resident_id: str | None


def present(saved: Saved, visit: tuple[str, ...]) -> View:
    """The outcome in words; in a household visit the next of it comes before any other."""
    follow_up, slot = saved.follow_up, saved.slot_filled
    following = visit[0] if visit else saved.next_member
    return View(
        heading=say("saved.not_met" if follow_up.not_met else "saved.heading"),
        note=saved.name,
        slot=say("saved.slot", number=slot.number) if slot else say("saved.no_slot"),
        told=tuple(wording.reason(why) for why in saved.told),
        class_words=say(f"class.{follow_up.visit_class}") if follow_up.visit_class else "",
        next_words=wording.weekday(follow_up.next_on) if follow_up.next_on else "",
        referral=_referral(saved),
        is_urgent=saved.urgent,
        may_refer=saved.referral_needed and not saved.referral_made,
        next_resident_id=following,
    )


def _referral(saved: Saved) -> str:
    if not saved.referral_needed:
        return ""
    if saved.referral_made:
        return say("saved.referral_made")
    return say("saved.referral_urgent" if saved.urgent else "saved.referral")


@ft.component
@kept_up
def Screen(app: AppState, _follow_up_id: str) -> ft.Control:
    """The outcome of the follow-up just saved."""
    saved = app.saved
    if saved is None:
        return frame.page(app, say("saved.heading"))
    view = present(saved, app.visit)

    def go_on() -> None:
        following, app.visit = view.next_resident_id, app.visit[1:]
        if following:
            app.replace(routes.follow_up(following))

    def finish() -> None:
        app.visit = ()
        app.back()

    def refer() -> None:
        app.go(routes.referral(saved.follow_up.resident_id))

    steps: list[ft.Control] = [buttons.secondary(say("saved.finish"), on(finish), key="finish")]
    if view.next_resident_id:
        steps.append(
            buttons.primary(
                say("saved.next"), on(go_on), key="next-member", icon=ft.Icons.ARROW_FORWARD
            )
        )
    return frame.page(
        app,
        view.heading,
        *_blocks(view, on(refer)),
        note=view.note,
        foot=steps,
        on_back=finish,
    )


def _blocks(view: View, refer: buttons.Handler) -> list[ft.Control]:
    blocks: list[ft.Control] = [
        surfaces.banner(say("saved.kept"), "good", detail=view.slot),
    ]
    if view.referral and not view.may_refer:
        blocks.append(surfaces.banner(view.referral, "good"))
    elif view.referral:
        action = buttons.danger(say("saved.refer"), refer, key="refer")
        tone = "emergency" if view.is_urgent else "refer"
        blocks.append(surfaces.banner(view.referral, tone, action=action))
    if view.told:
        lines: list[ft.Control] = [_told(words) for words in view.told]
        blocks.append(surfaces.section(say("saved.tell"), surfaces.card(*lines, spacing=14)))
    facts = [(say("saved.class"), view.class_words), (say("saved.next_on"), view.next_words)]
    known: list[ft.Control] = [surfaces.fact(label, value) for label, value in facts if value]
    if known:
        blocks.append(surfaces.card(*known))
    return blocks


def _told(words: str) -> ft.Control:
    return ft.Row(
        [
            ft.Icon(ft.Icons.RECORD_VOICE_OVER_OUTLINED, color=theme.BRAND, size=28),
            ft.Container(ft.Text(words, theme_style=ft.TextThemeStyle.BODY_LARGE), expand=True),
        ],
        spacing=14,
        vertical_alignment=ft.CrossAxisAlignment.START,
    )
