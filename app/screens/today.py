"""Today: who is due and why, the most urgent first, house by house; and the search."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING

import flet as ft

from app import routes, theme
from app.screens.hooks import use_value
from app.screens.parts import buttons, chips, fields, frame, people, surfaces, texts, wording
from app.screens.parts.handlers import on
from app.screens.parts.kept_up import kept_up
from app.screens.parts.people import PersonLine
from app.screens.parts.sync_badge import BadgeView, present_badge, sync_badge
from app.screens.reading import use_answer
from app.services.today import EVERYTHING, TodayFilter
from app.state import AppState
from core.vocabulary import GroupTag
from words import say

if TYPE_CHECKING:
    from app.services.today import DueGroup, DueRow, TodayView
    from app.services.views import PersonRow

HOUSES_AT_ONCE = 30
ROOM_ALONE, ROOM_BESIDE_THE_MONTH = 350, 680
"""Widths of a page on which the search field says what it takes."""
FILTER_TAGS = (GroupTag.HTN, GroupTag.T2DM, GroupTag.ELDERLY65)
_TONES = {"emergency": "emergency", "revisit": "refer", "this_week": "warn", "this_month": "info"}


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """A household with those of its members who are due."""

    household_id: str
    title: str
    people: tuple[PersonLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Houses of one urgency."""

    code: str
    title: str
    tone: str
    houses: tuple[House, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What today shows; `hidden` is how many houses a press on *more* would go on with."""

    heading: str
    note: str
    badge: BadgeView
    month_words: str
    month_share: float
    groups: tuple[Group, ...]
    hidden: int
    nobody_here: bool
    is_filtered: bool
    villages: tuple[chips.Choice, ...]


def present(
    today: TodayView,
    doctor_name: str,
    now: datetime,
    shown: int,
    only: TodayFilter = EVERYTHING,
) -> View:
    """Today in words, cut after `shown` houses so that the list comes at once."""
    groups = [_group(group) for group in today.groups]
    total = sum(len(group.houses) for group in groups)
    month = today.month
    return View(
        heading=wording.weekday(today.today),
        note=doctor_name,
        badge=present_badge(today.sync, now),
        month_words=say("today.month", done=month.done, owed=month.owed),
        month_share=month.done / month.owed if month.owed else 0.0,
        groups=_first(groups, shown),
        hidden=max(0, total - shown),
        nobody_here=today.residents == 0,
        is_filtered=only != EVERYTHING,
        villages=tuple((village.id, village.name) for village in today.villages),
    )


def _group(group: DueGroup) -> Group:
    tone = _TONES.get(group.code, "plain")
    by_house = groupby(group.rows, key=lambda row: row.household_id)
    return Group(
        code=group.code,
        title=say(f"today.group.{group.code}", count=len(group.rows)),
        tone=tone,
        houses=tuple(_house(list(rows), tone) for _, rows in by_house),
    )


def _house(rows: Sequence[DueRow], tone: str) -> House:
    first = rows[0]
    place = wording.where(first.village, first.group_no, first.house_no)
    return House(
        household_id=first.household_id,
        title=say("today.house", place=place, head=first.head_name),
        people=tuple(_person(row, tone) for row in rows),
    )


def _person(row: DueRow, tone: str) -> PersonLine:
    return PersonLine(
        resident_id=row.resident_id,
        name=row.name,
        about=wording.age_and_sex(row.age, row.sex),
        tags=wording.tags(row.tags),
        reason=wording.reason(row.why),
        tone=tone,
        dots=tuple(dot.state for dot in row.dots),
        detail=say("today.also", count=len(row.also)) if row.also else "",
        has_draft=say("person.has_draft") if row.has_draft else "",
    )


def _first(groups: Iterable[Group], shown: int) -> tuple[Group, ...]:
    kept = []
    for group in groups:
        if shown <= 0:
            break
        houses = group.houses[:shown]
        shown -= len(houses)
        kept.append(Group(code=group.code, title=group.title, tone=group.tone, houses=houses))
    return tuple(kept)


def present_found(rows: Sequence[PersonRow]) -> tuple[PersonLine, ...]:
    """People found, told apart by house, age and the last digits of the ID number."""
    return tuple(
        PersonLine(
            resident_id=row.resident_id,
            name=row.name,
            about=wording.age_and_sex(row.age, row.sex),
            tags=wording.tags(row.tags),
            detail=say(
                "today.found",
                place=wording.where(row.village, row.group_no, row.house_no),
                head=row.head_name,
                id_tail=row.id_tail,
            ),
        )
        for row in rows
    )


@ft.component
@kept_up
def Screen(app: AppState) -> ft.Control:
    """Today, or what a search finds once something is typed."""
    work = app.work
    search, set_search = use_value("")
    village, set_village = use_value("")
    tag, set_tag = use_value("")
    shown, set_shown = use_value(HOUSES_AT_ONCE)
    only = TodayFilter(village_id=village, tag=tag)
    listed = use_answer(lambda: work.today.list(only), app.pulse, only)
    found = use_answer(lambda: work.today.search(search) if search else (), search, app.pulse)
    if listed.value is None:
        return frame.page(app, say("place.today"), frame.waiting(listed))
    view = present(listed.value, work.doctor.name, app.now(), shown, only)
    rows = _found(app, found.value or ()) if search else _due(app, view, set_shown, shown)
    return frame.page(
        app,
        view.heading,
        _tools(app, view, search, set_search),
        *_village_filter(view, village, set_village),
        _tag_filter(tag, set_tag),
        *rows,
        note=view.note,
        actions=[sync_badge(view.badge, on(app.root, routes.SYNC), with_detail=not app.is_compact)],
    )


def _tools(app: AppState, view: View, search: str, set_search: fields.OnText) -> ft.Control:
    box = fields.search(say(search_words(app)), search, set_search, key="search")
    month = _month(view)
    if app.is_compact:
        return ft.Column(
            [month, box],
            spacing=12,
            tight=True,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        )
    return ft.Row([ft.Container(box, expand=3), ft.Container(month, expand=2)], spacing=theme.PAD)


def search_words(app: AppState) -> str:
    """As much of what can be searched for as the field has room to say on one line."""
    if app.has_room_for(theme.WIDE_FROM):
        return "today.search"
    room = ROOM_ALONE if app.is_compact else ROOM_BESIDE_THE_MONTH
    return "today.search_short" if app.has_room_for(room) else "today.search_only"


def _month(view: View) -> ft.Control:
    return ft.Container(
        ft.Column(
            [
                texts.strong(view.month_words),
                ft.ProgressBar(
                    value=view.month_share,
                    color=theme.BRAND,
                    bgcolor=theme.BRAND_PALE,
                    bar_height=10,
                    border_radius=5,
                    semantics_label=view.month_words,
                ),
            ],
            spacing=6,
            tight=True,
        ),
        padding=ft.Padding.symmetric(horizontal=18, vertical=10),
        bgcolor=theme.CARD,
        border=ft.Border.all(1, theme.LINE),
        border_radius=theme.RADIUS,
    )


def _village_filter(view: View, village: str, set_village: fields.OnText) -> list[ft.Control]:
    """Chips of the villages, where the tablet has more than one."""
    if len(view.villages) < 2:
        return []
    choices = (("", say("today.all_villages")), *view.villages)
    return [chips.one_of(choices, village, set_village, key="village")]


def _tag_filter(tag: str, set_tag: fields.OnText) -> ft.Control:
    """Chips of the groups a doctor plans a day by."""
    choices = (("", say("today.everybody")), *((code, say(f"tag.{code}")) for code in FILTER_TAGS))
    return chips.one_of(choices, tag, set_tag, key="tag")


def _due(
    app: AppState, view: View, set_shown: Callable[[int], None], shown: int
) -> list[ft.Control]:
    if view.nobody_here:
        action = buttons.primary(
            say("today.sync_now"), on(app.root, routes.SYNC), key="empty-sync", icon=ft.Icons.SYNC
        )
        return [
            surfaces.empty_state(
                say("today.nobody_here"),
                say("today.nobody_here_advice"),
                icon=ft.Icons.CLOUD_DOWNLOAD_OUTLINED,
                action=action,
            )
        ]
    if not view.groups and view.is_filtered:
        return [
            surfaces.empty_state(
                say("today.none_of_these"), say("today.none_advice"), icon=ft.Icons.FILTER_ALT_OFF
            )
        ]
    if not view.groups:
        return [
            surfaces.empty_state(
                say("today.all_done"), say("today.all_done_advice"), icon=ft.Icons.TASK_ALT
            )
        ]
    rows: list[ft.Control] = [_group_card(app, group) for group in view.groups]
    if view.hidden:
        more = on(set_shown, shown + HOUSES_AT_ONCE)
        rows.append(buttons.secondary(say("today.more", count=view.hidden), more, key="more"))
    return rows


def _group_card(app: AppState, group: Group) -> ft.Control:
    tone = theme.tone(group.tone)
    line = ft.Row(
        [ft.Icon(tone.icon, color=tone.ink, size=26), texts.title(group.title, color=tone.ink)],
        spacing=10,
    )
    houses: list[ft.Control] = [_house_card(app, house, group.tone) for house in group.houses]
    return ft.Column([line, *houses], spacing=12, tight=True)


def _house_card(app: AppState, house: House, tone: str) -> ft.Control:
    head = ft.Container(
        ft.Row(
            [
                ft.Icon(ft.Icons.HOME_OUTLINED, color=theme.INK_SOFT, size=24),
                ft.Container(texts.soft(house.title, lines=1), expand=True),
                ft.Icon(ft.Icons.CHEVRON_RIGHT, color=theme.INK_SOFT, size=26),
            ]
        ),
        key=f"house-{house.household_id}",
        on_click=on(app.go, routes.household(house.household_id)),
        ink=True,
        height=theme.TARGET,
        padding=ft.Padding.symmetric(horizontal=20),
        bgcolor="#F7F9F8",
    )
    return surfaces.list_card([head, *[_line(app, person) for person in house.people]], tone)


def _line(app: AppState, person: PersonLine) -> ft.Control:
    begin = buttons.primary(
        say("today.begin", name=person.name) if app.is_wide else say("today.begin_short"),
        on(app.go, routes.follow_up(person.resident_id)),
        key=f"begin-{person.resident_id}",
    )
    opened = on(app.go, routes.resident(person.resident_id))
    return people.person_line(person, opened, trailing=[begin])


def _found(app: AppState, rows: Sequence[PersonRow]) -> list[ft.Control]:
    found = present_found(rows)
    if not found:
        return [
            surfaces.empty_state(
                say("today.found_nobody"), say("today.found_advice"), icon=ft.Icons.PERSON_SEARCH
            )
        ]
    return [surfaces.list_card([_line(app, person) for person in found])]
