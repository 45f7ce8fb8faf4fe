"""The keypad of the follow-up form: when a number is complete, and where it moves on to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.screens.follow_up.entry import (
    Entry,
    choose,
    entry_for,
    is_between_readings,
    is_complete,
    press,
)
from app.screens.parts.keypad import ERASE, READING_KEYS
from core.vocabulary import ReadingKind

KINDS = (ReadingKind.BLOOD_PRESSURE, ReadingKind.HEART_RATE, ReadingKind.GLUCOSE)


def typed(keys: str, entry: Entry | None = None) -> Entry:
    entry = entry or entry_for(KINDS, {})
    for key in keys:
        entry = press(entry, key)
    return entry


def test_an_ordinary_visit_is_typed_without_touching_anything_but_digits() -> None:
    entry = typed("13882766.3")
    assert dict(entry.texts) == {
        "systolic_mmhg": "138",
        "diastolic_mmhg": "82",
        "heart_rate_bpm": "76",
        "glucose_mmol_l": "6.3",
    }
    assert entry.active is None


@pytest.mark.parametrize(
    ("field", "text", "complete"),
    [
        ("systolic_mmhg", "13", False),
        ("systolic_mmhg", "138", True),
        ("systolic_mmhg", "96", True),
        ("systolic_mmhg", "210", True),
        ("diastolic_mmhg", "8", False),
        ("diastolic_mmhg", "82", True),
        ("diastolic_mmhg", "11", False),
        ("heart_rate_bpm", "104", True),
        ("glucose_mmol_l", "6", False),
        ("glucose_mmol_l", "6.", False),
        ("glucose_mmol_l", "6.3", True),
        ("glucose_mmol_l", "11.2", True),
        ("glucose_mmol_l", "126", False),
    ],
)
def test_a_number_is_complete_when_no_digit_can_follow(
    field: str, text: str, complete: bool
) -> None:
    assert is_complete(field, text) is complete


def test_the_first_digit_after_touching_a_field_replaces_what_stood_there() -> None:
    entry = choose(typed("138827663"), "systolic_mmhg")
    assert typed("1", entry).texts["systolic_mmhg"] == "1"


def test_erasing_steps_back_into_the_field_before() -> None:
    entry = typed("138")
    assert entry.active == "diastolic_mmhg"
    back = press(entry, ERASE)
    assert (back.active, back.texts["systolic_mmhg"]) == ("systolic_mmhg", "13")


def test_erasing_after_the_last_number_takes_its_last_digit() -> None:
    done = press(typed("13882766.3"), ERASE)
    assert (done.active, done.texts["glucose_mmol_l"]) == ("glucose_mmol_l", "6.")


def test_a_point_ends_a_whole_number() -> None:
    assert typed("9.").active == "diastolic_mmhg"
    assert typed(".").active == "systolic_mmhg"


def test_a_point_typed_first_means_nought_point() -> None:
    assert typed("13882760.9"[:7] + ".9").texts["glucose_mmol_l"] == "0.9"


def test_a_resumed_entry_begins_at_the_first_empty_field() -> None:
    entry = entry_for(KINDS, {"systolic_mmhg": "138", "diastolic_mmhg": "82"})
    assert entry.active == "heart_rate_bpm"


def test_a_resumed_entry_goes_on_with_a_number_left_half_typed() -> None:
    entry = typed("8", entry_for(KINDS, {"systolic_mmhg": "12"}))
    assert entry.texts["systolic_mmhg"] == "128"
    assert entry.active == "diastolic_mmhg"


def test_with_nothing_to_type_the_keypad_does_nothing() -> None:
    empty = entry_for((), {})
    assert press(empty, "1") == empty


def test_the_screen_may_be_taken_only_between_two_readings() -> None:
    assert not is_between_readings(typed("186"))
    assert not is_between_readings(typed("18611"))
    assert is_between_readings(typed("186112"))
    assert not is_between_readings(typed("1861129"))
    assert is_between_readings(typed("18611296 17.2".replace(" ", "")))


@given(st.lists(st.sampled_from([key for key in READING_KEYS if key]), max_size=40))
def test_whatever_is_pressed_a_field_never_grows_past_what_can_be_read(keys: list[str]) -> None:
    entry = entry_for(KINDS, {})
    for key in keys:
        entry = press(entry, key)
    assert all(len(text) <= 5 and text.count(".") <= 1 for text in entry.texts.values())
    assert entry.active is None or entry.active in entry.order
