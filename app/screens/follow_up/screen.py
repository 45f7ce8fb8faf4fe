"""The follow-up screen: the form, the keypad beside or below it, and an emergency over it."""

from __future__ import annotations

import flet as ft

from app import theme
from app.screens.follow_up import choices, sections
from app.screens.follow_up.conclusion import conclusion
from app.screens.follow_up.form import Filling, Form, opened_form
from app.screens.follow_up.view import View, present
from app.screens.hooks import use_made
from app.screens.parts import buttons, chips, frame, surfaces, telephone, texts
from app.screens.parts.handlers import on
from app.screens.parts.kept_up import kept_up
from app.screens.reading import use_answer
from app.services.followups import FormView
from app.state import AppState
from words import say


@ft.component
@kept_up
def Screen(app: AppState, resident_id: str) -> ft.Control:
    """The form of a resident's next follow-up, or of the draft begun."""
    work = app.work
    opened = use_answer(lambda: work.follow_ups.begin(resident_id))
    if opened.value is None:
        return frame.page(app, say("follow_up.title"), frame.waiting(opened))
    return FilledForm(app, opened.value)


@ft.component
@kept_up
def Amendment(app: AppState, follow_up_id: str) -> ft.Control:
    """The form that corrects a recorded follow-up, with what it recorded."""
    work = app.work

    def begin() -> FormView:
        resident_id = work.follow_ups.get(follow_up_id).resident.id
        return work.follow_ups.begin(resident_id, amends=follow_up_id)

    opened = use_answer(begin)
    if opened.value is None:
        return frame.page(app, say("follow_up.title"), frame.waiting(opened))
    return FilledForm(app, opened.value)


@ft.component
@kept_up
def FilledForm(app: AppState, opened: FormView) -> ft.Control:
    """A form that is open, judged from the first moment on."""
    form = use_made(lambda: opened_form(opened))
    filling = Filling(app, form)
    ft.use_effect(filling.judge, [])
    ft.use_dialog(_confirmation(present(form), form, filling) if form.to_confirm else None)
    view = present(form)
    if view.emergency:
        return _emergency(app, view, form)
    return _form(app, view, form, filling)


def _form(app: AppState, view: View, form: Form, filling: Filling) -> ft.Control:
    padding = theme.PAD if app.is_compact else theme.PAGE_PAD
    body = frame.scrolling(_parts(view, form, filling), padding, spacing=20)
    if app.is_wide:
        keys = sections.pad(view, filling, key_height=theme.KEY_HEIGHT)
        beside = frame.scrolling([keys, *sections.findings(view)], theme.PAD)
        columns: list[ft.Control] = [
            ft.Container(body, expand=True),
            ft.Container(beside, width=sections.PAD_WIDTH),
        ]
        stack: list[ft.Control] = [
            ft.Row(
                columns,
                spacing=0,
                expand=True,
                vertical_alignment=ft.CrossAxisAlignment.START,
            )
        ]
    else:
        low = 60 if app.is_compact else 64
        stack = [body]
        if form.entry.active is not None:
            stack.append(sections.pad(view, filling, key_height=low))
    return ft.Column(
        [
            frame.bar(app, view.heading, note=view.note, actions=[_not_met_button(form)]),
            *stack,
            _foot(view, form, filling),
        ],
        spacing=0,
        expand=True,
    )


def _parts(view: View, form: Form, filling: Filling) -> list[ft.Control]:
    parts: list[ft.Control] = []
    if form.shows_not_met:
        parts.append(_not_met(filling))
    if view.returned:
        parts.append(surfaces.banner(view.returned, "warn"))
    if view.resumed:
        parts.append(surfaces.banner(view.resumed, "info"))
    about: list[ft.Control] = [texts.strong(view.amends)] if view.amends else []
    about += [texts.soft(view.about), texts.soft(view.slot)]
    parts.append(ft.Column(about, spacing=2, tight=True))
    parts += [sections.mode(form, filling), sections.readings(view, filling)]
    parts += [] if filling.app.is_wide else sections.findings(view)
    parts += [
        sections.symptoms(view, form, filling),
        sections.medicines(view, form, filling),
        sections.guidance(view, form, filling),
        sections.more(form, filling),
        conclusion(view, form, filling),
    ]
    return parts


def _not_met_button(form: Form) -> ft.Control:
    toggle = on(setattr, form, "shows_not_met", not form.shows_not_met)
    return buttons.secondary(say("follow_up.not_met"), toggle, key="not-met")


def _not_met(filling: Filling) -> ft.Control:
    return surfaces.section(
        say("follow_up.why_not_met"),
        surfaces.card(
            chips.one_of(choices.not_met_reasons(), None, filling.not_met, key="not-met"),
            texts.soft(say("follow_up.not_met_advice")),
        ),
    )


def _foot(view: View, form: Form, filling: Filling) -> ft.Control:
    """What will be written, what stands against it, and the one button."""
    rows: list[ft.Control] = []
    if view.troubles:
        rows.append(surfaces.banner("\n".join(view.troubles), "warn"))
    summary = ft.Column(
        [
            texts.strong(view.class_words, lines=1),
            texts.soft(say("follow_up.next_on", day=view.next_words), lines=1),
        ],
        spacing=0,
        tight=True,
        expand=True,
    )
    save = buttons.primary(
        say("follow_up.saving") if form.is_saving else say("follow_up.save"),
        on(filling.save),
        key="save",
        icon=ft.Icons.CHECK,
        disabled=form.is_saving,
    )
    rows.append(ft.Row([summary, save], spacing=12))
    return ft.Container(
        ft.Column(rows, spacing=10, tight=True),
        bgcolor=theme.CARD,
        padding=ft.Padding.symmetric(horizontal=20, vertical=10),
        border=ft.Border(top=ft.BorderSide(1, theme.LINE)),
    )


def _emergency(app: AppState, view: View, form: Form) -> ft.Control:
    """An emergency takes the screen: what was found, what to do, whom to call."""
    tone = theme.tone("emergency")

    def seen() -> None:
        form.seen = form.seen | {found.rule_id for found in view.emergency}

    found = [texts.title(f"• {finding.words}", color=tone.ink) for finding in view.emergency]
    steps = [texts.title(say(f"emergency.step_{step}")) for step in (1, 2, 3, 4)]
    rows: list[ft.Control] = [
        ft.Row(
            [
                ft.Icon(ft.Icons.EMERGENCY, color=tone.ink, size=56),
                ft.Container(
                    ft.Text(
                        say("emergency.heading"),
                        theme_style=ft.TextThemeStyle.DISPLAY_SMALL,
                        color=tone.ink,
                    ),
                    expand=True,
                ),
            ],
            spacing=16,
        ),
        texts.strong(view.heading),
        surfaces.card(*found, accent="emergency"),
        surfaces.section(say("emergency.what_to_do"), surfaces.card(*steps, spacing=12)),
        ft.Row(
            [
                buttons.danger(
                    say("emergency.call"),
                    on(telephone.call, telephone.EMERGENCY_NUMBER),
                    key="call-120",
                ),
                buttons.secondary(say("emergency.go_on"), on(seen), key="emergency-seen"),
            ],
            spacing=16,
            run_spacing=12,
            wrap=True,
        ),
    ]
    column = ft.Column(rows, spacing=20, scroll=ft.ScrollMode.AUTO)
    return ft.Container(
        column,
        bgcolor=tone.ground,
        expand=True,
        padding=theme.PAD if app.is_compact else 48,
    )


def _confirmation(view: View, form: Form, filling: Filling) -> ft.AlertDialog:
    """The sheet that asks whether the doctor stands by unusual numbers."""
    return ft.AlertDialog(
        modal=True,
        bgcolor=theme.CARD,
        title=texts.heading(say("follow_up.confirm_title")),
        content=ft.Column([texts.body(words) for words in view.to_confirm], tight=True),
        actions=[
            buttons.plain(
                say("follow_up.confirm_no"), on(setattr, form, "to_confirm", ()), key="confirm-no"
            ),
            buttons.primary(say("follow_up.confirm_yes"), on(filling.confirm), key="confirm-yes"),
        ],
    )
