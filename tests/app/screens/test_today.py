"""Today in words: urgency first, house by house, and never more at once than can be drawn."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

import pytest

from app.screens.today import present, present_found, search_words
from app.services.today import DueGroup, MonthCount, TodayFilter, VillageChoice
from app.state import AppState
from tests.app.screens.examples import NOW, a_badge, a_due_row, a_person_row, a_today
from tests.fakes import FakeClock


def test_members_of_one_house_stand_together() -> None:
    rows = (a_due_row("r1", "h1"), a_due_row("r2", "h1"), a_due_row("r3", "h2"))
    view = present(a_today(DueGroup(code="this_week", rows=rows)), "周大夫", NOW, shown=30)
    houses = view.groups[0].houses
    assert [[p.resident_id for p in house.people] for house in houses] == [["r1", "r2"], ["r3"]]
    assert houses[0].title == "石门村 3组 15号 · 王建国家"


def test_a_group_says_how_many_people_it_has() -> None:
    view = present(a_today(DueGroup(code="emergency", rows=(a_due_row(),))), "周大夫", NOW, shown=9)
    assert view.groups[0].title == "急：马上追踪（1人）"
    assert view.groups[0].tone == "emergency"


def test_only_so_many_houses_are_drawn_and_the_rest_is_announced() -> None:
    rows = tuple(a_due_row(f"r{i}", f"h{i}") for i in range(50))
    groups = (DueGroup(code="this_week", rows=rows[:20]), DueGroup(code="later", rows=rows[20:]))
    view = present(a_today(*groups), "周大夫", NOW, shown=30)
    assert [len(group.houses) for group in view.groups] == [20, 10]
    assert view.hidden == 20


def test_a_person_has_a_reason_dots_and_only_the_tags_that_say_something() -> None:
    view = present(a_today(DueGroup(code="this_week", rows=(a_due_row(),))), "周", NOW, shown=9)
    person = view.groups[0].houses[0].people[0]
    assert person.about == "男 71岁"
    assert person.tags == ("高血压",)
    assert "11月22日" in person.reason
    assert person.dots == ("met", "missed", "open")


def test_a_half_written_visit_is_marked() -> None:
    group = DueGroup(code="this_week", rows=(a_due_row(has_draft=True),))
    view = present(a_today(group), "周", NOW, shown=9)
    assert view.groups[0].houses[0].people[0].has_draft == "没写完"


def test_the_month_is_counted_and_nothing_owed_is_no_share() -> None:
    assert present(a_today(), "周", NOW, shown=9).month_words == "本月 12/48 次已完成"
    nothing = a_today(month=MonthCount(done=0, owed=0))
    assert present(nothing, "周", NOW, shown=9).month_share == 0.0


def test_an_empty_tablet_is_told_apart_from_finished_work() -> None:
    assert present(a_today(residents=0), "周", NOW, shown=9).nobody_here
    assert not present(a_today(), "周", NOW, shown=9).nobody_here


def test_villages_can_be_chosen_between() -> None:
    villages = (VillageChoice(id="v1", name="石门村"), VillageChoice(id="v2", name="云岭村"))
    assert present(a_today(villages=villages), "周", NOW, shown=9).villages == (
        ("v1", "石门村"),
        ("v2", "云岭村"),
    )


def test_the_badge_says_what_has_not_arrived_and_since_when() -> None:
    badge = a_badge(state="unsent", unsent=3, last_synced_at=NOW - timedelta(hours=5))
    shown = present(a_today(sync=badge), "周", NOW, shown=9).badge
    assert (shown.words, shown.detail, shown.tone) == ("3 条待上传", "上次上传 5 小时前", "info")


def test_a_returned_record_is_counted_on_the_badge() -> None:
    shown = present(a_today(sync=a_badge(state="returned", returned=2)), "周", NOW, shown=9).badge
    assert shown.words == "2 条被退回"
    assert shown.detail == "还没和县里连上过"


def test_before_the_first_synchronisation_the_badge_says_that_the_list_has_not_come() -> None:
    shown = present(a_today(sync=a_badge(last_synced_at=None)), "周", NOW, shown=9).badge
    assert (shown.state, shown.words, shown.tone) == ("not_fetched", "名单还没取下来", "info")
    shown = present(a_today(sync=a_badge(last_synced_at=NOW)), "周", NOW, shown=9).badge
    assert (shown.state, shown.words, shown.tone) == ("level", "都已上传", "good")


def test_people_found_are_told_apart_by_house_and_id() -> None:
    found = present_found([a_person_row()])[0]
    assert found.detail == "石门村 3组 15号 · 王建国家 · 身份证尾号 021X"


@pytest.mark.parametrize(
    ("width", "scale", "words"),
    [
        (1280, 1.0, "today.search"),
        (800, 1.0, "today.search_short"),
        (800, 1.5, "today.search_only"),
        (412, 1.0, "today.search_short"),
        (412, 1.5, "today.search_only"),
    ],
)
def test_the_search_says_as_much_as_one_line_holds(width: int, scale: float, words: str) -> None:
    app = AppState(cast("Any", None), FakeClock(), width=width, font_scale=scale)
    assert search_words(app) == words


def test_a_filter_without_anybody_is_not_called_finished_work() -> None:
    view = present(a_today(), "周", NOW, shown=9, only=TodayFilter(tag="htn"))
    assert view.is_filtered
    assert not present(a_today(), "周", NOW, shown=9).is_filtered
