"""The parts of the follow-up form, one function a part."""

from __future__ import annotations

import flet as ft

from app import theme
from app.screens.follow_up import choices
from app.screens.follow_up.form import Filling, Form
from app.screens.follow_up.view import TIMINGS, FieldView, ReadingView, View
from app.screens.parts import buttons, chips, fields, keypad, surfaces, texts
from app.screens.parts.handlers import on
from app.state import AppState
from words import say

PAD_WIDTH = 372
ROOM_FOR_READINGS = 720


def mode(form: Form, filling: Filling) -> ft.Control:
    """The form of the visit."""
    offered = choices.worded("mode", choices.MODES)
    return surfaces.section(
        say("follow_up.mode"), chips.one_of(offered, form.draft.mode, filling.mode, key="mode")
    )


def readings(view: View, filling: Filling) -> ft.Control:
    """The numbers, each with the last one below it; side by side where there is room."""
    rows: list[ft.Control] = []
    if view.is_remote:
        rows.append(surfaces.banner(say("follow_up.reported_only"), "info"))
    cards: list[ft.Control] = [_reading(reading, filling) for reading in view.readings]
    rows.append(
        ft.Column(cards, spacing=12, tight=True)
        if not _side_by_side(filling.app)
        else ft.Row(
            cards,
            spacing=12,
            intrinsic_height=True,
            vertical_alignment=ft.CrossAxisAlignment.STRETCH,
        )
    )
    rows += [_missing(reading, filling) for reading in view.readings if reading.is_asked_why]
    if view.asks_timing:
        offered = choices.worded("timing", TIMINGS)
        choose = chips.one_of(offered, view.timing, setter(filling, "timing"), key="timing")
        rows.append(surfaces.section(say("follow_up.timing"), choose))
    return surfaces.section(say("follow_up.readings"), *rows)


def _reading(reading: ReadingView, filling: Filling) -> ft.Control:
    state = texts.strong(reading.missing) if reading.missing else texts.soft(reading.last)
    title: list[ft.Control] = [texts.strong(reading.title), texts.soft(reading.unit)]
    values: list[ft.Control] = []
    for place, shown in enumerate(reading.fields):
        if place:
            values.append(texts.number("/"))
        values.append(_field(shown, filling))
    if not _side_by_side(filling.app):
        values += [ft.Container(expand=True), _why_button(reading, filling)]
        beside = ft.Container(state, expand=True, alignment=ft.Alignment.CENTER_RIGHT)
        return surfaces.card(ft.Row([*title, beside], spacing=8), ft.Row(values, spacing=10))
    why = ft.Container(
        _why_button(reading, filling), expand=True, alignment=ft.Alignment.CENTER_RIGHT
    )
    head = ft.Row([*title, why], spacing=4)
    return surfaces.card(
        head, ft.Row(values, spacing=10), state, expand=len(reading.fields) + 2, spacing=6
    )


def _why_button(reading: ReadingView, filling: Filling) -> ft.Control:
    return buttons.plain(
        say("follow_up.not_measured"),
        on(_ask_why, filling, reading.kind),
        key=f"why-{reading.kind}",
        label=say("follow_up.not_measured_of", reading=reading.title),
    )


def _side_by_side(app: AppState) -> bool:
    """Whether three readings fit beside each other, beside the keypad where that stands there."""
    return app.has_room_for(ROOM_FOR_READINGS + (PAD_WIDTH if app.is_wide else 0))


def _missing(reading: ReadingView, filling: Filling) -> ft.Control:
    kind = reading.kind
    return surfaces.section(
        say("follow_up.why_not_measured", reading=reading.title),
        chips.one_of(
            reading.reasons,
            filling.form.draft.not_measured.get(kind),
            lambda reason: filling.not_measured(kind, reason),
            key=f"missing-{kind}",
        ),
    )


def _ask_why(filling: Filling, kind: str) -> None:
    filling.form.asked_why = None if filling.form.asked_why == kind else kind


def _field(shown: FieldView, filling: Filling) -> ft.Control:
    """A number's place; pressing it puts the keypad on it."""
    edge = theme.BRAND if shown.is_active else "#8A9893"
    face = texts.large_number(shown.text or "–", color=theme.INK if shown.text else "#6B7A74")
    return ft.Semantics(
        button=True,
        label=shown.label,
        content=ft.Container(
            content=face,
            alignment=ft.Alignment.CENTER,
            width=104,
            key=f"field-{shown.name}",
            on_click=on(filling.choose_field, shown.name),
            ink=True,
            bgcolor=theme.BRAND_PALE if shown.is_active else theme.CARD,
            border=ft.Border.all(3 if shown.is_active else 1.5, edge),
            border_radius=14,
            height=72,
        ),
    )


def pad(view: View, filling: Filling, *, key_height: int) -> ft.Control:
    """The keypad; above it the field it types into, so that it is seen wherever one scrolled."""
    return ft.Container(
        ft.Column(
            [
                _pad_head(view, filling),
                keypad.pad(keypad.READING_KEYS, filling.key, key_height=key_height),
            ],
            spacing=8,
            tight=True,
        ),
        bgcolor="#F7F9F8",
        padding=theme.PAD,
        border=ft.Border.all(1, theme.LINE),
        border_radius=theme.RADIUS,
    )


def _pad_head(view: View, filling: Filling) -> ft.Control:
    typing = [(r, f) for r in view.readings for f in r.fields if f.is_active]
    if not typing:
        return ft.Container(
            texts.title(say("follow_up.readings_done"), color=theme.BRAND),
            height=theme.TARGET,
            alignment=ft.Alignment.CENTER_LEFT,
        )
    reading, shown = typing[0]
    values = " / ".join(field.text or "–" for field in reading.fields)
    return ft.Row(
        [
            texts.title(shown.label, color=theme.BRAND),
            ft.Container(texts.number(values), expand=True),
            buttons.plain(say("keypad.done"), on(filling.choose_field, None), key="key-done"),
        ],
        spacing=12,
        height=theme.TARGET,
    )


def findings(view: View) -> list[ft.Control]:
    """What cannot be so and what the rules say of the numbers, as soon as they are in.

    Nothing that is about to be pressed moves away: beside the form they have a place of their own.
    """
    troubles = [surfaces.banner(r.trouble, "warn") for r in view.readings if r.trouble]
    found = [surfaces.banner(f.words, f.tone, detail=f.detail) for f in view.findings]
    return [*troubles, *found]


def symptoms(view: View, form: Form, filling: Filling) -> ft.Control:
    """Symptoms as chips, and the acute signs the doctor must confirm as such."""
    draft = form.draft
    rows: list[ft.Control] = [
        chips.any_of(view.symptoms, draft.symptoms, filling.symptom, key="symptom")
    ]
    if "other" in draft.symptoms:
        rows.append(
            fields.text_field(
                say("follow_up.other_symptom"),
                draft.other_symptom,
                setter(filling, "other_symptom"),
                key="other-symptom",
            )
        )
    rows.append(texts.strong(say("follow_up.acute"), color=theme.tone("emergency").ink))
    rows.append(
        chips.any_of(
            view.acute, draft.acute_symptoms, filling.acute, key="acute", tone_name="emergency"
        )
    )
    return surfaces.section(say("follow_up.symptoms"), surfaces.card(*rows, spacing=14))


def guidance(view: View, form: Form, filling: Filling) -> ft.Control:
    """Guidance on diet, exercise and psychology, with what was agreed last time."""
    usual = buttons.secondary(
        say("follow_up.usual_guidance"), on(filling.usual_guidance), key="usual-guidance"
    )
    rows: list[ft.Control] = []
    if view.last_targets:
        rows.append(surfaces.banner(view.last_targets, "info"))
    offered = (
        ("diet", choices.DIET, form.draft.diet),
        ("exercise", choices.EXERCISE, form.draft.exercise),
        ("psychology", choices.PSYCHOLOGY, form.draft.psychology),
    )
    for name, codes, chosen in offered:
        rows.append(texts.strong(say(f"guidance.{name}")))
        worded = choices.worded(f"guidance.{name}", codes)
        rows.append(chips.any_of(worded, chosen, _toggle(filling, name), key=name))
    return surfaces.section(
        say("follow_up.guidance"), surfaces.card(*rows, spacing=12), trailing=usual
    )


def medicines(view: View, form: Form, filling: Filling) -> ft.Control:
    """Medicines carried over for a yes or no, how regularly, and whether they did harm."""
    all_taken = buttons.secondary(
        say("follow_up.all_taken"), on(filling.all_taken), key="all-taken"
    )
    rows: list[ft.Control] = [
        _medicine(view.medicines[i], form.draft.medicines[i].taken, i, filling)
        for i in range(len(view.medicines))
    ]
    adherence = choices.worded("adherence", choices.ADHERENCE)
    rows.append(texts.strong(say("follow_up.adherence")))
    rows.append(
        chips.one_of(adherence, form.draft.adherence, setter(filling, "adherence"), key="adherence")
    )
    rows.append(texts.strong(say("follow_up.adverse_reaction")))
    rows.append(_yes_no(form.draft.adverse_reaction, filling, "adverse_reaction"))
    if form.draft.adverse_reaction:
        rows.append(
            fields.text_field(
                say("follow_up.adverse_note"),
                form.draft.adverse_reaction_note,
                setter(filling, "adverse_reaction_note"),
                key="adverse-note",
            )
        )
    return surfaces.section(
        say("follow_up.medicines"), surfaces.card(*rows, spacing=12), trailing=all_taken
    )


def _medicine(words: str, taken: bool | None, index: int, filling: Filling) -> ft.Control:
    answers = (("yes", say("medicine.taken")), ("no", say("medicine.not_taken")))
    chosen = None if taken is None else "yes" if taken else "no"
    return ft.Row(
        [
            ft.Container(texts.body(words), expand=True),
            chips.one_of(
                answers,
                chosen,
                lambda code: filling.taken(index, code == "yes"),
                key=f"med-{index}",
            ),
        ],
    )


def more(form: Form, filling: Filling) -> ft.Control:
    """What is asked less often: complications, pregnancy, lifestyle, services, a note."""
    draft = form.draft
    complication = choices.worded("complication", choices.COMPLICATION)
    rows: list[ft.Control] = [
        texts.strong(say("follow_up.complication")),
        chips.one_of(
            complication, draft.complication, setter(filling, "complication"), key="complication"
        ),
        texts.strong(say("follow_up.unmanageable")),
        _yes_no(draft.unmanageable_condition, filling, "unmanageable_condition"),
    ]
    if form.opened.resident.sex == "female" and form.opened.age < 55:
        rows += [
            texts.strong(say("follow_up.pregnant")),
            _yes_no(draft.pregnant_or_nursing, filling, "pregnant_or_nursing"),
        ]
    rows += [
        texts.strong(say("follow_up.services")),
        chips.any_of(
            choices.services(), draft.services, _toggle(filling, "services"), key="service"
        ),
        texts.strong(say("follow_up.lifestyle")),
        *_lifestyle(form, filling),
        fields.text_field(
            say("follow_up.note"), draft.note, setter(filling, "note"), key="note", lines=2
        ),
    ]
    return surfaces.section(say("follow_up.more"), surfaces.card(*rows, spacing=12))


def _lifestyle(form: Form, filling: Filling) -> list[ft.Control]:
    """Now and target, side by side, for what the forms ask for."""
    told = form.draft.lifestyle
    rows: list[ft.Control] = []
    for name in ("smoking", "alcohol", "exercise_times", "exercise_minutes", "staple_food_g"):
        pair: list[ft.Control] = [
            ft.Container(
                fields.text_field(
                    say(f"lifestyle.{name}_{when}"),
                    told.get(f"{name}_{when}", ""),
                    # The default binds this field's name; mypy cannot infer such a lambda.
                    lambda text, key=f"{name}_{when}": filling.lifestyle(key, text),  # type: ignore[misc]
                    key=f"{name}-{when}",
                    digits_only=True,
                ),
                expand=True,
            )
            for when in ("now", "target")
        ]
        rows.append(ft.Row(pair, spacing=12))
    return rows


def _yes_no(value: bool | None, filling: Filling, name: str) -> ft.Control:
    chosen = None if value is None else "yes" if value else "no"
    offered = (("no", say("app.no")), ("yes", say("app.yes")))

    async def choose(code: str) -> None:
        await filling.change(**{name: code == "yes"})

    return chips.one_of(offered, chosen, choose, key=name)


def setter(filling: Filling, name: str) -> fields.OnText:
    async def change(value: str) -> None:
        await filling.change(**{name: value})

    return change


def _toggle(filling: Filling, name: str) -> fields.OnText:
    async def change(code: str) -> None:
        await filling.toggle(name, code)

    return change
