"""Where one is, and what happens when work begins and ends on a page."""

from __future__ import annotations

import asyncio
from dataclasses import fields
from typing import Any, cast

import flet as ft
import pytest

from app import routes
from app.screens.parts import buttons, frame
from app.screens.parts.kept_up import kept_up
from app.screens.reading import ask
from app.screens.unlock import Attempt, after_key, chosen_doctor, present
from app.services.enrolling import DoctorOnTablet
from app.state import AppState, Hooks
from core.refusals import Refusal, Refused
from tests.fakes import FakeClock
from words import say

DOCTORS = (DoctorOnTablet(id="d1", name="周大夫"), DoctorOnTablet(id="d2", name="李大夫"))


def an_app(**hooks: Any) -> AppState:
    return AppState(cast("Any", None), FakeClock(), hooks=Hooks(**hooks))


def test_back_goes_to_the_place_below_and_stays_at_the_bottom() -> None:
    app = an_app()
    app.go(routes.household("h1"))
    app.go(routes.resident("r1"))
    app.back()
    assert app.place == routes.household("h1")
    app.back()
    app.back()
    assert app.stack == (routes.TODAY,)


def test_a_main_place_has_nothing_below_it() -> None:
    app = an_app()
    app.go(routes.household("h1"))
    app.root(routes.SYNC)
    assert app.stack == (routes.SYNC,)


def test_going_where_one_is_changes_nothing() -> None:
    app = an_app()
    app.go(routes.TODAY)
    assert app.stack == (routes.TODAY,)


def test_ending_work_forgets_the_visit_and_hands_the_workplace_over_once() -> None:
    ended: list[object] = []
    app = an_app(end=ended.append, begin=lambda _: None)
    work = cast("Any", object())
    app.open(work)
    app.visit = ("r2",)
    app.close()
    app.close()
    assert ended == [work]
    assert (app.workplace, app.visit) == (None, ())


def test_a_page_on_which_nobody_has_been_at_work_has_no_workplace_to_give() -> None:
    with pytest.raises(LookupError):
        _ = an_app().work


def test_a_screen_drawn_once_more_while_its_page_is_locked_still_finds_its_workplace() -> None:
    app = an_app(begin=lambda _: None, end=lambda _: None)
    work = cast("Any", object())
    app.open(work)
    app.close()
    assert app.workplace is None
    assert app.work is work


def test_two_alike_notices_are_two_notices() -> None:
    app = an_app()
    app.tell("已保存")
    first = app.notice
    app.tell("已保存")
    assert app.notice != first


def test_a_path_names_nobody() -> None:
    assert routes.resident("0199-abc").path == "/resident/0199-abc"
    assert routes.TODAY.path == "/today"


@pytest.mark.parametrize(
    ("width", "is_compact", "is_wide"),
    [(412, True, False), (800, False, False), (1280, False, True)],
)
def test_the_three_tablets_are_told_apart(width: int, is_compact: bool, is_wide: bool) -> None:
    app = an_app()
    app.width = width
    assert (app.is_compact, app.is_wide) == (is_compact, is_wide)


def refuse() -> None:
    raise Refused(
        Refusal(code="resident.unknown"), Refusal(code="disk.full", values={"free_mb": 1})
    )


def break_down() -> None:
    raise RuntimeError("not a refusal")


def test_a_refusal_is_an_answer_in_words() -> None:
    answer = asyncio.run(ask(refuse))
    assert answer.is_here
    assert answer.value is None
    assert len(answer.why_not.splitlines()) == 2


def test_whatever_else_goes_wrong_keeps_the_screen_up() -> None:
    answer = asyncio.run(ask(break_down))
    assert answer.refusals[0].code == "unexpected"
    assert answer.why_not


def test_a_screen_that_cannot_be_drawn_says_so_and_leaves_the_way_to_the_others() -> None:
    @kept_up
    def broken(app: AppState) -> ft.Control:
        raise ZeroDivisionError(app.width)

    shown = words_on(broken(an_app()))
    assert {say("refusal.unexpected"), say("place.sync")} <= shown


def test_why_a_step_was_refused_stands_beside_the_step() -> None:
    step = buttons.primary(say("education.save"), None, key="save")
    shown = frame.page(an_app(), "", foot=[step], trouble="请选择讲了什么")
    assert isinstance(shown, ft.Row)
    foot = shown.controls[-1].controls[-1]
    assert {say("education.save"), "请选择讲了什么"} <= words_on(foot)


def words_on(control: object) -> set[str]:
    """Every text a control or anything in it holds."""
    if isinstance(control, str):
        return {control}
    inside: list[object] = []
    if isinstance(control, list):
        inside = control
    elif isinstance(control, ft.BaseControl):
        inside = [getattr(control, item.name) for item in fields(control) if item.name[0] != "_"]
    return {words for part in inside for words in words_on(part)}


def test_a_doctor_alone_on_the_tablet_needs_no_choosing() -> None:
    assert chosen_doctor(DOCTORS[:1], Attempt()) == "d1"
    assert chosen_doctor(DOCTORS, Attempt()) is None
    assert chosen_doctor(DOCTORS, Attempt(chosen="d2")) == "d2"


def test_the_lock_screen_says_what_to_do_next() -> None:
    assert present(DOCTORS, Attempt()).hint == "请点您的名字"
    assert present(DOCTORS, Attempt(chosen="d1", pin="123")).filled == 3
    assert present(DOCTORS, Attempt(is_checking=True)).hint == "正在打开……"


def test_a_pin_has_six_digits_and_can_be_corrected() -> None:
    assert after_key("123456", "7") == "123456"
    assert after_key("123", "erase") == "12"
