"""The end of the follow-up form: both lines, the class with its reason, the next date."""

from __future__ import annotations

from datetime import timedelta

import flet as ft

from app import theme
from app.screens.follow_up import choices
from app.screens.follow_up.form import Filling, Form
from app.screens.follow_up.sections import setter
from app.screens.follow_up.view import FindingView, View
from app.screens.parts import buttons, chips, fields, surfaces, texts
from app.screens.parts.handlers import on
from words import say

NEXT_IN_DAYS = (7, 14, 30, 90)


def conclusion(view: View, form: Form, filling: Filling) -> ft.Control:
    """The class with its reason, and the next date; both suggested, both the doctor's to change."""
    rows: list[ft.Control] = [
        ft.Row(
            [
                ft.Container(texts.title(view.class_words), expand=True),
                buttons.plain(
                    say("follow_up.change_class"),
                    on(setattr, form, "shows_classes", not form.shows_classes),
                    key="change-class",
                ),
            ]
        )
    ]
    if view.class_reason:
        rows.append(texts.soft(view.class_reason))
    rows += [_line(line) for line in view.lines]
    if form.shows_classes:
        offered = choices.worded("class", choices.CLASSES)
        chosen = str(form.draft.visit_class or "")
        rows.append(chips.one_of(offered, chosen, _set_class(filling), key="class"))
    if view.needs_override_reason:
        rows.append(
            fields.text_field(
                say("follow_up.override_reason"),
                form.draft.class_override_reason,
                setter(filling, "class_override_reason"),
                key="override-reason",
            )
        )
    rows += [
        ft.Divider(height=1, color=theme.LINE),
        texts.title(say("follow_up.next_on", day=view.next_words)),
        _next_chips(form, filling),
    ]
    return surfaces.section(say("follow_up.conclusion"), surfaces.card(*rows, spacing=12))


def _line(line: FindingView) -> ft.Control:
    tone = theme.tone(line.tone)
    return ft.Row(
        [
            ft.Icon(tone.icon, color=tone.ink, size=24),
            ft.Container(texts.body(line.words, color=tone.ink), expand=True),
        ],
        spacing=10,
    )


def _next_chips(form: Form, filling: Filling) -> ft.Control:
    start = form.draft.occurred_on
    offered = [(str(days), say("follow_up.in_days", count=days)) for days in NEXT_IN_DAYS]
    chosen = str((form.draft.next_on - start).days) if form.draft.next_on else None

    async def choose(days: str) -> None:
        await filling.change(next_on=start + timedelta(days=int(days)))

    return chips.one_of(offered, chosen, choose, key="next")


def _set_class(filling: Filling) -> fields.OnText:
    async def change(value: str) -> None:
        await filling.change(visit_class=int(value))

    return change
