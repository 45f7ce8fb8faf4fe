"""A resident: the year's account, readings against both lines, what happened, the contract."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import flet as ft

from app import routes, theme
from app.screens import resident_facts
from app.screens.hooks import use_value
from app.screens.parts import buttons, charts, frame, slots, surfaces, telephone, texts, wording
from app.screens.parts.charts import ChartView
from app.screens.parts.delivery import DELIVERY_TONES
from app.screens.parts.handlers import on
from app.screens.parts.kept_up import kept_up
from app.screens.reading import use_answer
from app.state import AppState
from core.slots import Programme
from core.vocabulary import RESTRICTED_TAGS, Kind, ReadingKind
from words import say

if TYPE_CHECKING:
    from app.services.charts import Point, Series
    from app.services.residents import ResidentView
    from app.services.timeline import TimelineItem


Choose = Callable[[int | None], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotView:
    """A slot of the year: its state, window, and why it is so."""

    number: int
    state: str
    window: str
    state_words: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventView:
    """Something that happened; `record_id` where it can be opened."""

    day: str
    words: str
    delivery: str
    tone: str
    record_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What a resident's page shows."""

    resident_id: str
    heading: str
    note: str
    left: str
    due: tuple[str, ...]
    filled: str
    slots: tuple[SlotView, ...]
    programmes: tuple[tuple[str, tuple[str, ...]], ...]
    charts: tuple[ChartView, ...]
    events: tuple[EventView, ...]
    facts: resident_facts.View
    referrals: tuple[str, ...]
    begin_words: str
    can_begin: bool
    phone: str
    household_id: str | None


def present(found: ResidentView) -> View:
    """The resident in words."""
    resident = found.resident
    house = found.household
    place = wording.where(
        found.village, house.group_no if house else "", house.house_no if house else ""
    )
    return View(
        resident_id=resident.id,
        heading=resident.name,
        note=" · ".join(
            part for part in (wording.age_and_sex(found.age, resident.sex), place) if part
        ),
        left=say(f"left.{resident.left}") if resident.left else "",
        due=tuple(wording.reason(why) for why in found.due),
        filled=slots.filled_words([dot.state for dot in found.dots]),
        slots=_slots(found),
        programmes=_programmes(found),
        charts=tuple(_chart(series) for series in found.series if series.points),
        events=tuple(_event(item) for item in found.timeline),
        facts=resident_facts.present(found),
        referrals=tuple(
            say(
                "resident.referral",
                facility=r.referral.to_facility,
                day=wording.day(r.referral.trace_by),
            )
            for r in found.referrals_open
        ),
        begin_words=say("resident.resume" if found.has_draft else "resident.begin"),
        can_begin=not resident.left,
        phone=resident.phone,
        household_id=house.id if house else None,
    )


def _slots(found: ResidentView) -> tuple[SlotView, ...]:
    why = {
        line.slot.number: line.why
        for line in found.explanation
        if line.slot.programme == Programme.CONTRACT
    }
    return tuple(
        SlotView(
            number=dot.number,
            state=dot.state,
            window=f"{wording.day(dot.window_from)} – {wording.day(dot.window_to)}",
            state_words=say(f"slot_state.{dot.state}"),
            why=wording.reason(why[dot.number]) if dot.number in why else "",
        )
        for dot in found.dots
    )


def _programmes(found: ResidentView) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The public-health programmes beside the contract, each with the states of its year."""
    account = found.account
    codes = dict.fromkeys(slot.programme for slot in account.slots)
    return tuple(
        (wording.coded("programme", code), tuple(slot.state for slot in account.of(code)))
        for code in codes
        if code not in {Programme.CONTRACT, *RESTRICTED_TAGS}
    )


def _chart(series: Series) -> ChartView:
    points = series.points
    lines = [tuple((i, p.value, _point_words(p)) for i, p in enumerate(points))]
    if series.kind == ReadingKind.BLOOD_PRESSURE:
        lines.append(tuple((i, p.second, "") for i, p in enumerate(points) if p.second is not None))
    last = len(points) - 1
    return ChartView(
        title=say(f"chart.{series.kind}"),
        summary=say(
            "chart.summary", title=say(f"chart.{series.kind}"), last=_point_words(points[-1])
        ),
        lines=tuple(lines),
        labels=tuple((i, wording.day(points[i].on)) for i in sorted({0, last // 2, last})),
        assessment=tuple(series.assessment),
        target=tuple(series.target),
    )


def _point_words(point: Point) -> str:
    value = f"{point.value:g}" + (f"/{point.second:g}" if point.second is not None else "")
    timing = say(f"timing.{point.timing}") if point.timing else ""
    reported = say("chart.reported") if point.reported else ""
    return " ".join(part for part in (wording.day(point.on), value, timing, reported) if part)


def _event(item: TimelineItem) -> EventView:
    words = wording.reason(item.summary)
    if item.withdrawn:
        words = say("resident.withdrawn", words=words)
    elif item.amended_by:
        words = say("resident.amended", words=words)
    return EventView(
        day=wording.full_day(item.on),
        words=words,
        delivery=say(f"delivery.{item.delivery}"),
        tone=DELIVERY_TONES.get(item.delivery, "plain"),
        record_id=item.id if item.kind == Kind.FOLLOW_UP else None,
    )


@ft.component
@kept_up
def Screen(app: AppState, resident_id: str) -> ft.Control:
    """A resident, read anew whenever the store may have changed."""
    work = app.work
    nothing: int | None = None
    chosen, set_chosen = use_value(nothing)
    is_open, set_open = use_value(False)
    found = use_answer(lambda: work.residents.get(resident_id), app.pulse)
    if found.value is None:
        return frame.page(app, say("resident.title"), frame.waiting(found))
    view = present(found.value)
    facts = resident_facts.card(view.facts, is_open=is_open, set_open=set_open)
    return frame.page(
        app,
        view.heading,
        *_blocks(app, view, _account(view, chosen, set_chosen), facts),
        note=view.note,
        actions=_actions(app, view, resident_id),
        foot=_steps(app, view, resident_id),
    )


def _actions(app: AppState, view: View, resident_id: str) -> list[ft.Control]:
    actions: list[ft.Control] = []
    if view.household_id:
        to_house = on(app.go, routes.household(view.household_id))
        actions.append(
            buttons.icon(ft.Icons.HOME_OUTLINED, say("resident.household"), to_house, key="house")
        )
    actions.append(
        buttons.icon(
            ft.Icons.EDIT_OUTLINED,
            say("resident.correct"),
            on(app.go, routes.correction(resident_id)),
            key="correct",
        )
    )
    if view.phone:
        call = on(telephone.call, view.phone)
        actions.append(buttons.icon(ft.Icons.CALL_OUTLINED, say("resident.call"), call, key="call"))
    return actions


def _steps(app: AppState, view: View, resident_id: str) -> list[ft.Control]:
    refer = buttons.secondary(
        say("resident.refer"), on(app.go, routes.referral(resident_id)), key="refer"
    )
    begin = buttons.primary(
        view.begin_words,
        on(app.go, routes.follow_up(resident_id)),
        key="begin",
        icon=ft.Icons.EDIT_NOTE,
        disabled=not view.can_begin,
    )
    return [refer, begin]


def _blocks(app: AppState, view: View, account: ft.Control, facts: ft.Control) -> list[ft.Control]:
    left: list[ft.Control] = []
    if view.left:
        left.append(surfaces.banner(view.left, "plain"))
    if view.due:
        first, *others = view.due
        left.append(surfaces.banner(first, "warn", detail="\n".join(others)))
    trace = on(app.go, routes.referral(view.resident_id))
    left += [
        surfaces.banner(
            words,
            "refer",
            action=buttons.secondary(say("resident.trace"), trace, key=f"trace-{place}"),
        )
        for place, words in enumerate(view.referrals)
    ]
    left.append(account)
    if view.programmes:
        left.append(_programmes_card(view))
    left += [surfaces.card(charts.chart(shown)) for shown in view.charts]
    right: list[ft.Control] = [facts, _timeline(app, view)]
    if not app.is_wide:
        return [*left, *right]
    columns: list[ft.Control] = [
        ft.Container(ft.Column(left, spacing=theme.PAD), expand=3),
        ft.Container(ft.Column(right, spacing=theme.PAD), expand=2),
    ]
    return [ft.Row(columns, spacing=theme.PAGE_PAD, vertical_alignment=ft.CrossAxisAlignment.START)]


def _account(view: View, chosen: int | None, set_chosen: Choose) -> ft.Control:
    """The year as dots one can press for the why."""
    dots: list[ft.Control] = [
        _slot_dot(slot, slot.number == chosen, set_chosen) for slot in view.slots
    ]
    rows: list[ft.Control] = [ft.Row(dots, spacing=0, run_spacing=4, wrap=True)]
    for slot in view.slots:
        if slot.number == chosen:
            title = say(
                "resident.slot", number=slot.number, window=slot.window, state=slot.state_words
            )
            rows.append(surfaces.banner(title, "plain", detail=slot.why))
    if not view.slots:
        rows = [texts.soft(say("resident.no_slots"))]
    return surfaces.section(
        say("resident.account"), surfaces.card(*rows), trailing=texts.strong(view.filled)
    )


def _programmes_card(view: View) -> ft.Control:
    lines: list[ft.Control] = [
        ft.Row(
            [ft.Container(texts.body(name), expand=True), slots.dots(states)],
            spacing=theme.GAP,
        )
        for name, states in view.programmes
    ]
    return surfaces.section(say("resident.programmes"), surfaces.card(*lines))


def _slot_dot(slot: SlotView, is_chosen: bool, set_chosen: Choose) -> ft.Control:
    label = say("resident.slot", number=slot.number, window=slot.window, state=slot.state_words)
    return ft.Semantics(
        button=True,
        label=label,
        content=ft.Container(
            ft.Column(
                [slots.dot(slot.state, 30), texts.soft(str(slot.number))],
                spacing=0,
                tight=True,
                horizontal_alignment=ft.CrossAxisAlignment.CENTER,
            ),
            key=f"slot-{slot.number}",
            on_click=on(set_chosen, None if is_chosen else slot.number),
            ink=True,
            width=theme.TARGET,
            height=68,
            bgcolor=theme.BRAND_PALE if is_chosen else None,
            border_radius=12,
            alignment=ft.Alignment.CENTER,
        ),
    )


def _timeline(app: AppState, view: View) -> ft.Control:
    if not view.events:
        return surfaces.section(say("resident.timeline"), texts.soft(say("app.none_yet")))
    lines: list[ft.Control] = [_event_line(app, event, i) for i, event in enumerate(view.events)]
    return surfaces.section(say("resident.timeline"), surfaces.list_card(lines))


def _event_line(app: AppState, event: EventView, place: int) -> ft.Control:
    opened = on(app.go, routes.record(event.record_id)) if event.record_id else None
    return ft.Container(
        ft.Column(
            [
                ft.Row(
                    [
                        ft.Container(texts.soft(event.day), expand=True),
                        surfaces.pill(event.delivery, event.tone),
                    ]
                ),
                texts.body(event.words),
            ],
            spacing=4,
            tight=True,
        ),
        key=f"event-{place}",
        on_click=opened,
        ink=opened is not None,
        padding=ft.Padding.symmetric(horizontal=20, vertical=12),
    )
