"""How much goes at once and how long a bad link is left alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.sync.backoff import FIRST_S, LONGEST_S, wait_s
from app.sync.pace import DOWN, UP, Paces


def test_a_fast_link_carries_more_each_time_but_no_more_than_half_again() -> None:
    assert UP.after(UP.size, 0.1).size == UP.size * 1.5


def test_a_slow_link_carries_what_fits_into_about_four_seconds() -> None:
    assert UP.after(UP.size, 18.0).size == UP.size // 4


def test_a_batch_smaller_than_the_pace_changes_nothing() -> None:
    assert UP.after(3, 60.0) == UP


def test_a_link_that_answers_at_once_is_begun_with_more() -> None:
    paces = Paces()
    paces.went(sent=0, received=0, moved_bytes=900, seconds=0.01)
    assert paces.up.size == UP.most


def test_a_slow_answer_to_a_small_question_says_nothing_of_the_link() -> None:
    paces = Paces()
    paces.went(sent=0, received=0, moved_bytes=900, seconds=1.0)
    assert paces.up == UP


def test_a_link_that_has_failed_is_not_begun_anew_by_a_small_question() -> None:
    paces = Paces()
    paces.failed(sent=40)
    paces.went(sent=0, received=0, moved_bytes=900, seconds=0.01)
    assert paces.up.size == 20


def test_halving_ends_at_a_single_record() -> None:
    pace = UP
    for _ in range(20):
        pace = pace.halved(pace.size)
    assert pace.size == 1


def test_half_of_what_was_sent_is_next_however_much_might_have_been() -> None:
    assert UP.halved(40).size == 20


def test_what_was_cut_off_is_followed_by_half_and_never_by_less_than_the_least() -> None:
    assert UP.eased(40).size == 20
    assert UP.eased(UP.least + 1).size == UP.least
    assert UP.halved(4).eased(4).size == 2


def test_a_few_records_that_were_cut_off_say_nothing_of_the_pace() -> None:
    paces = Paces()
    paces.broke_off(sent=3)
    assert (paces.up, paces.down.size) == (UP, DOWN.size // 2)


@given(st.lists(st.floats(0, 1e6)))
def test_the_pace_stays_within_its_bounds(seconds: list[float]) -> None:
    pace = UP
    for elapsed in seconds:
        pace = pace.after(pace.size, elapsed)
        assert pace.least <= pace.size <= pace.most


@given(st.integers(0, 10_000), st.floats(0, 1))
def test_a_wait_is_random_from_nothing_to_its_ceiling(failures: int, chance: float) -> None:
    assert 0 <= wait_s(failures, None, lambda: chance) <= LONGEST_S


def test_the_ceiling_doubles_with_each_failure_up_to_a_quarter_of_an_hour() -> None:
    ceilings = [wait_s(failures, None, lambda: 1.0) for failures in (1, 2, 3, 30)]
    assert ceilings == [FIRST_S, 2 * FIRST_S, 4 * FIRST_S, LONGEST_S]


def test_the_county_is_never_asked_earlier_than_it_said() -> None:
    assert wait_s(1, 120.0, lambda: 0.0) == 120.0
