"""A household: its members with what each is owed, and the visit to all of them at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import flet as ft

from app import routes, theme
from app.screens.parts import buttons, frame, people, surfaces, texts, wording
from app.screens.parts.handlers import on
from app.screens.parts.kept_up import kept_up
from app.screens.parts.people import PersonLine
from app.screens.reading import ask_or_tell, use_answer
from app.state import AppState
from words import say

if TYPE_CHECKING:
    from app.services.households import HouseholdView, MemberRow

TONES = {"emergency": "emergency", "revisit": "refer", "this_week": "warn", "this_month": "info"}


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What a household's page shows."""

    heading: str
    note: str
    facts: tuple[tuple[str, str], ...]
    members: tuple[PersonLine, ...]
    owed_words: str
    can_start: bool
    education: tuple[str, ...]


def present(found: HouseholdView) -> View:
    """The household in words, those who are owed something first."""
    house = found.household
    owed = {resident_id: place for place, resident_id in enumerate(found.owed)}
    members = sorted(found.members, key=lambda row: owed.get(row.resident_id, len(owed)))
    return View(
        heading=say("household.heading", head=house.head_name),
        note=wording.where(found.village, house.group_no, house.house_no),
        facts=_facts(found),
        members=tuple(_member(row) for row in members),
        owed_words=say("household.owed", count=len(owed)) if owed else say("household.none_owed"),
        can_start=bool(owed),
        education=tuple(
            say(
                "household.education",
                day=wording.full_day(visit.occurred_on),
                topics=wording.listed(wording.coded("topic", topic) for topic in visit.topics),
            )
            for visit in found.education
        ),
    )


def _facts(found: HouseholdView) -> tuple[tuple[str, str], ...]:
    house = found.household
    yes_no = {True: say("app.yes"), False: say("app.no")}
    return (
        (say("household.number"), house.number),
        (say("household.phone"), house.phone or say("app.none")),
        (say("household.contact_plate"), yes_no[house.contact_plate]),
        (say("household.medicine_box"), yes_no[house.medicine_box]),
    )


def _member(row: MemberRow) -> PersonLine:
    about = [wording.age_and_sex(row.age, row.sex), row.relation_to_head]
    last = row.last_follow_up_on
    return PersonLine(
        resident_id=row.resident_id,
        name=row.name,
        about=" · ".join(part for part in about if part),
        tags=wording.tags(row.tags),
        reason=_reason(row),
        tone=TONES.get(row.urgency or "", "plain"),
        dots=tuple(dot.state for dot in row.dots),
        detail=say("household.last_on", day=wording.full_day(last)) if last else "",
        has_draft=say("person.has_draft") if row.has_draft else "",
    )


def _reason(row: MemberRow) -> str:
    if row.left:
        return say(f"left.{row.left}")
    return wording.reason(row.why) if row.why else say("household.member_not_owed")


@ft.component
@kept_up
def Screen(app: AppState, household_id: str) -> ft.Control:
    """A household, read anew whenever the store may have changed."""
    work = app.work
    found = use_answer(lambda: work.households.get(household_id), app.pulse)

    async def start_visit() -> None:
        answer = await ask_or_tell(app, lambda: work.households.start_visit(household_id))
        if answer.value:
            first, *others = answer.value
            app.visit = tuple(others)
            app.go(routes.follow_up(first))

    if found.value is None:
        return frame.page(app, say("household.title"), frame.waiting(found))
    view = present(found.value)
    start = buttons.primary(
        say("household.start"),
        on(start_visit),
        key="start-visit",
        icon=ft.Icons.PLAY_ARROW_ROUNDED,
        disabled=not view.can_start,
    )
    teach = buttons.secondary(
        say("household.teach"),
        on(app.go, routes.household_education(household_id)),
        key="teach",
        icon=ft.Icons.MENU_BOOK_OUTLINED,
    )
    return frame.page(
        app,
        view.heading,
        *_blocks(app, view),
        note=view.note,
        foot=[teach, start],
        foot_words=view.owed_words,
    )


def _blocks(app: AppState, view: View) -> list[ft.Control]:
    lines: list[ft.Control] = [_line(app, member) for member in view.members]
    members = surfaces.section(say("household.members"), surfaces.list_card(lines))
    facts = surfaces.card(*[surfaces.fact(*pair) for pair in view.facts])
    taught = surfaces.card(*[texts.body(line) for line in view.education or [say("app.none_yet")]])
    side: list[ft.Control] = [
        surfaces.section(say("household.facts"), facts),
        surfaces.section(say("education.title"), taught),
    ]
    if not app.is_wide:
        return [members, *side]
    columns: list[ft.Control] = [
        ft.Container(members, expand=3),
        ft.Container(ft.Column(side, spacing=theme.PAD), expand=2),
    ]
    return [ft.Row(columns, spacing=theme.PAGE_PAD, vertical_alignment=ft.CrossAxisAlignment.START)]


def _line(app: AppState, member: PersonLine) -> ft.Control:
    return people.person_line(
        member,
        on(app.go, routes.resident(member.resident_id)),
        trailing=[ft.Icon(ft.Icons.CHEVRON_RIGHT, color=theme.INK_SOFT, size=28)],
    )
