"""Health education: who was taught what, with what, and whether it was understood."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import flet as ft

from app import theme
from app.screens.follow_up.form import toggled
from app.screens.hooks import use_made
from app.screens.parts import buttons, chips, fields, frame, surfaces, texts, wording
from app.screens.parts.delivery import DELIVERY_TONES
from app.screens.parts.handlers import on
from app.screens.parts.kept_up import kept_up
from app.screens.reading import ask, use_answer
from app.services.education import EducationDraft
from app.state import AppState
from words import say

if TYPE_CHECKING:
    from app.services.education import EducationRow
    from app.services.households import HouseholdView

AUDIENCES = ("group", "lecture", "school")
"""Whom one teaches away from a home; a family is taught from its own page."""
TOPICS = (
    "hypertension",
    "diabetes",
    "salt_oil_sugar",
    "mouth_weight_bones",
    "medicines",
    "smoking",
    "exercise",
    "psychology",
    "tuberculosis",
    "elderly",
    "children",
    "infectious_diseases",
)
MATERIALS = ("leaflet", "salt_spoon", "oil_pot", "poster", "video", "model")
MINUTES = ("5", "10", "20", "30", "60")
PEOPLE = ("1", "2", "3", "5", "10", "20", "50")
QUESTIONS = 3


@ft.observable
@dataclass
class Form:
    """A health-education visit being filled in; an answer not asked yet is None."""

    occurred_on: date
    household_id: str | None = None
    audience: str = "group"
    topics: tuple[str, ...] = ()
    materials: tuple[str, ...] = ()
    minutes: str = ""
    people_reached: str = ""
    answers: tuple[bool | None, ...] = (None,) * QUESTIONS
    satisfied: bool | None = None
    note: str = ""
    trouble: str = ""

    def draft(self) -> EducationDraft:
        """The form as the service takes it."""
        return EducationDraft(
            audience=self.audience,
            occurred_on=self.occurred_on,
            topics=self.topics,
            household_id=self.household_id,
            materials=self.materials,
            minutes=self.minutes,
            people_reached=self.people_reached,
            answers=tuple(answer for answer in self.answers if answer is not None),
            satisfied=self.satisfied,
            note=self.note,
        )

    def answer(self, place: int, is_right: bool) -> None:
        """Note whether one of the three questions was answered rightly."""
        answers = list(self.answers)
        answers[place] = is_right
        self.answers = tuple(answers)


def opened_form(today: date, household_id: str) -> Form:
    """A fresh form, for a household or, where none is named, for a number of people."""
    if not household_id:
        return Form(occurred_on=today)
    return Form(occurred_on=today, household_id=household_id, audience="household")


def about(form: Form, home: HouseholdView | None) -> str:
    """When, and whose family, is taught."""
    house = say("household.heading", head=home.household.head_name) if home else ""
    return " · ".join(part for part in (house, wording.weekday(form.occurred_on)) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taught:
    """A visit of the past in words."""

    day: str
    words: str
    delivery: str
    tone: str


def present(rows: Sequence[EducationRow]) -> tuple[Taught, ...]:
    """The latest visits in words."""
    return tuple(
        Taught(
            day=wording.full_day(row.education.occurred_on),
            words=say(
                "education.taught",
                audience=row.household_name or say(f"audience.{row.education.audience}"),
                topics=wording.listed(
                    wording.coded("topic", topic) for topic in row.education.topics
                ),
                count=row.education.people_reached,
            ),
            delivery=say(f"delivery.{row.delivery}"),
            tone=DELIVERY_TONES.get(row.delivery, "plain"),
        )
        for row in rows
    )


@ft.component
@kept_up
def Screen(app: AppState, household_id: str = "") -> ft.Control:
    """The form, and the visits before it."""
    work = app.work
    form = use_made(lambda: opened_form(app.clock.today(), household_id))
    recent = use_answer(lambda: work.education.recent(20), app.pulse)
    home = use_answer(lambda: work.households.get(household_id) if household_id else None)

    async def save() -> None:
        draft = form.draft()
        answer = await ask(lambda: work.education.save(draft))
        form.trouble = answer.why_not
        if answer.value is None:
            return
        app.tell(say("education.saved"), "good")
        app.changed()
        form.topics, form.materials, form.note = (), (), ""
        form.minutes = form.people_reached = ""
        form.answers, form.satisfied = (None,) * QUESTIONS, None
        if household_id:
            app.back()

    return frame.page(
        app,
        say("education.title"),
        *_laid_out(app, _form(form), _past(present(recent.value or ()))),
        note=about(form, home.value),
        foot=[buttons.primary(say("education.save"), on(save), key="save")],
        trouble=form.trouble,
    )


def _laid_out(app: AppState, form: ft.Control, past: ft.Control) -> list[ft.Control]:
    if not app.is_wide:
        return [form, past]
    columns: list[ft.Control] = [ft.Container(form, expand=3), ft.Container(past, expand=2)]
    return [ft.Row(columns, spacing=theme.PAGE_PAD, vertical_alignment=ft.CrossAxisAlignment.START)]


def _form(form: Form) -> ft.Control:
    rows: list[ft.Control] = []
    if form.household_id is None:
        rows.append(_one_of(form, "audience", AUDIENCES, "audience"))
        rows.append(texts.soft(say("education.at_home_advice")))
    rows += [
        _any_of(form, "topics", TOPICS, "topic"),
        _any_of(form, "materials", MATERIALS, "material"),
        _numbers(form, "minutes", MINUTES),
        _numbers(form, "people_reached", PEOPLE),
        surfaces.section(
            say("education.questions"),
            surfaces.card(*[_question(form, place) for place in range(QUESTIONS)]),
        ),
        surfaces.section(
            say("education.satisfied"),
            chips.one_of(
                _satisfied(),
                _code(form.satisfied),
                lambda code: setattr(form, "satisfied", code == "yes"),
                key="satisfied",
            ),
        ),
        fields.text_field(
            say("education.note"),
            form.note,
            lambda text: setattr(form, "note", text),
            key="note",
            lines=2,
        ),
    ]
    return ft.Column(
        rows, spacing=20, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH
    )


def _one_of(form: Form, name: str, codes: Sequence[str], prefix: str) -> ft.Control:
    offered = [(code, say(f"{prefix}.{code}")) for code in codes]
    choose = chips.one_of(
        offered, getattr(form, name), lambda code: setattr(form, name, code), key=name
    )
    return surfaces.section(say(f"education.{name}"), choose)


def _any_of(form: Form, name: str, codes: Sequence[str], prefix: str) -> ft.Control:
    offered = [(code, say(f"{prefix}.{code}")) for code in codes]
    chosen = getattr(form, name)
    press = chips.any_of(
        offered, chosen, lambda code: setattr(form, name, toggled(chosen, code)), key=name
    )
    return surfaces.section(say(f"education.{name}"), press)


def _numbers(form: Form, name: str, offered: Sequence[str]) -> ft.Control:
    choose = chips.one_of(
        [(number, number) for number in offered],
        getattr(form, name),
        lambda number: setattr(form, name, number),
        key=name,
    )
    return surfaces.section(say(f"education.{name}"), choose)


def _question(form: Form, place: int) -> ft.Control:
    offered = (("yes", say("education.right")), ("no", say("education.wrong")))
    return ft.Row(
        [
            ft.Container(texts.body(say(f"education.question_{place + 1}")), expand=True),
            chips.one_of(
                offered,
                _code(form.answers[place]),
                lambda code: form.answer(place, code == "yes"),
                key=f"question-{place}",
            ),
        ]
    )


def _satisfied() -> tuple[chips.Choice, ...]:
    return (("yes", say("education.is_satisfied")), ("no", say("education.not_satisfied")))


def _code(value: bool | None) -> str | None:
    return None if value is None else "yes" if value else "no"


def _past(taught: Sequence[Taught]) -> ft.Control:
    if not taught:
        return surfaces.section(say("education.past"), texts.soft(say("education.none_past")))
    lines: list[ft.Control] = [
        ft.Container(
            ft.Column(
                [
                    ft.Row(
                        [
                            ft.Container(texts.soft(visit.day), expand=True),
                            surfaces.pill(visit.delivery, visit.tone),
                        ]
                    ),
                    texts.body(visit.words),
                ],
                spacing=4,
                tight=True,
            ),
            padding=ft.Padding.symmetric(horizontal=20, vertical=12),
        )
        for visit in taught
    ]
    return surfaces.section(say("education.past"), surfaces.list_card(lines))
