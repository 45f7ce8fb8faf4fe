"""My month: what is done, what is still owed by when, and how I measure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import flet as ft

from app import routes, theme
from app.screens.hooks import use_value
from app.screens.parts import buttons, frame, people, surfaces, texts, wording
from app.screens.parts.handlers import on
from app.screens.parts.kept_up import kept_up
from app.screens.parts.people import PersonLine
from app.screens.reading import use_answer
from app.state import AppState
from words import say

if TYPE_CHECKING:
    from app.services.month import MonthView, OwedRow

MOST_OWED_SHOWN = 60
_BAR_HEIGHT = 120
EVEN_SHARE = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What the month's page shows; `digits` are (digit, count, share of all)."""

    heading: str
    summary: str
    share: float
    numbers: tuple[tuple[str, str], ...]
    owed: tuple[PersonLine, ...]
    nothing_owed: tuple[str, str]
    digits: tuple[tuple[str, int, float], ...]
    digits_words: str
    same_values: tuple[str, ...]
    delays: tuple[str, ...]


def present(found: MonthView) -> View:
    """The month in words and bars; with nothing owed there is no completion to speak of."""
    pattern = found.pattern
    total = sum(pattern.last_digits) or 1
    summary = say("month.summary", done=found.done, owed=found.owed)
    nothing = "month.nothing_owed" if found.owed else "month.none_due"
    return View(
        heading=say("month.heading", year=found.year, month=found.month),
        summary=summary if found.owed else say("month.none_due"),
        share=found.done / found.owed if found.owed else 0.0,
        numbers=(
            (say("month.follow_ups"), str(found.follow_ups)),
            (say("month.face_to_face"), str(found.face_to_face)),
            (say("month.education"), str(found.education_visits)),
        ),
        owed=tuple(_owed(row) for row in found.still_owed[:MOST_OWED_SHOWN]),
        nothing_owed=(say(nothing), say(f"{nothing}_advice")),
        digits=tuple(
            (str(digit), count, count / total) for digit, count in enumerate(pattern.last_digits)
        ),
        digits_words=say("month.digits", count=pattern.readings),
        same_values=tuple(
            say("month.same_value", systolic=systolic, diastolic=diastolic, count=times)
            for systolic, diastolic, times in pattern.same_values
        ),
        delays=tuple(_delay(days, count) for days, count in pattern.delays),
    )


def _delay(days: int, count: int) -> str:
    if days == 0:
        return say("month.same_day", count=count)
    return say("month.delay", days=days, count=count)


def _owed(row: OwedRow) -> PersonLine:
    person = row.person
    return PersonLine(
        resident_id=person.resident_id,
        name=person.name,
        about=wording.age_and_sex(person.age, person.sex),
        tags=wording.tags(person.tags),
        reason=say("month.owed", number=row.slot_number, day=wording.day(row.due_by)),
        tone="warn",
        detail=wording.where(person.village, person.group_no, person.house_no),
    )


def month_before(year: int, month: int, back: int) -> tuple[int, int]:
    """The year and month so many months earlier."""
    count = year * 12 + month - 1 - back
    return count // 12, count % 12 + 1


@ft.component
@kept_up
def Screen(app: AppState) -> ft.Control:
    """A month, this one first."""
    work = app.work
    back, set_back = use_value(0)
    today = app.clock.today()
    year, month = month_before(today.year, today.month, back)
    found = use_answer(lambda: work.month.get(year, month), app.pulse, year, month)
    if found.value is None:
        return frame.page(app, say("place.month"), frame.waiting(found))
    view = present(found.value)
    return frame.page(
        app,
        view.heading,
        *_blocks(app, view),
        actions=[
            buttons.icon(
                ft.Icons.CHEVRON_LEFT, say("month.earlier"), on(set_back, back + 1), key="earlier"
            ),
            buttons.icon(
                ft.Icons.CHEVRON_RIGHT,
                say("month.later"),
                on(set_back, max(0, back - 1)),
                key="later",
            ),
        ],
    )


def _blocks(app: AppState, view: View) -> list[ft.Control]:
    left: list[ft.Control] = [_done(view)]
    if view.owed:
        lines: list[ft.Control] = [
            people.person_line(row, on(app.go, routes.resident(row.resident_id)))
            for row in view.owed
        ]
        left.append(surfaces.section(say("month.still_owed"), surfaces.list_card(lines)))
    else:
        left.append(surfaces.empty_state(*view.nothing_owed, icon=ft.Icons.TASK_ALT))
    if not app.is_wide:
        return [*left, _pattern(view)]
    columns: list[ft.Control] = [
        ft.Container(ft.Column(left, spacing=theme.PAD), expand=3),
        ft.Container(_pattern(view), expand=2),
    ]
    return [ft.Row(columns, spacing=theme.PAGE_PAD, vertical_alignment=ft.CrossAxisAlignment.START)]


def _done(view: View) -> ft.Control:
    numbers: list[ft.Control] = [
        ft.Column([texts.number(value), texts.soft(label)], spacing=0, tight=True, expand=True)
        for label, value in view.numbers
    ]
    bar = ft.ProgressBar(
        value=view.share,
        color=theme.BRAND,
        bgcolor=theme.BRAND_PALE,
        bar_height=14,
        border_radius=7,
        semantics_label=view.summary,
    )
    return surfaces.card(texts.title(view.summary), bar, ft.Row(numbers), spacing=14)


def _pattern(view: View) -> ft.Control:
    """The doctor's own pattern, shown to him before anyone else sees it."""
    rows: list[ft.Control] = [texts.body(view.digits_words)]
    if any(count for _, count, _ in view.digits):
        rows += [_digit_bars(view), texts.soft(say("month.digits_advice"))]
    if view.same_values:
        rows.append(texts.strong(say("month.same_values")))
        rows += [texts.body(words) for words in view.same_values]
    if view.delays:
        rows.append(texts.strong(say("month.delays")))
        rows += [texts.body(words) for words in view.delays]
    return surfaces.section(say("month.pattern"), surfaces.card(*rows, spacing=12))


def _digit_bars(view: View) -> ft.Control:
    highest = max((share for _, _, share in view.digits), default=0.0) or 1.0
    bars: list[ft.Control] = []
    for digit, count, share in view.digits:
        ink = theme.tone("warn").ink if share > 2 * EVEN_SHARE else theme.BRAND
        bar = ft.Container(
            height=max(2, _BAR_HEIGHT * share / highest), bgcolor=ink, border_radius=4
        )
        words = say("month.digit", digit=digit, count=count)
        bars.append(
            ft.Semantics(
                label=words,
                expand=True,
                content=ft.Column(
                    [
                        ft.Container(expand=True),
                        bar,
                        ft.Text(
                            digit,
                            theme_style=ft.TextThemeStyle.BODY_MEDIUM,
                            text_align=ft.TextAlign.CENTER,
                        ),
                    ],
                    spacing=4,
                    horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
                ),
            )
        )
    return ft.Row(bars, spacing=6, height=_BAR_HEIGHT + 36)
