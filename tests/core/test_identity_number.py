"""ID numbers as people type and spreadsheets damage them; every one here is invented."""

from __future__ import annotations

import contextlib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.identity_number import parse_id_number, with_check_character
from core.refusals import Refused

NUMBER = "990000195001010019"


def test_a_number_tells_birth_date_and_sex() -> None:
    read = parse_id_number(NUMBER)
    assert (read.number, read.birth_date, read.sex) == (NUMBER, date(1950, 1, 1), "male")
    assert read.notes == ()


@pytest.mark.parametrize(
    ("typed", "note"),
    [
        (f"'{NUMBER}", "id_quote"),
        ("９９００００１９５００１０１００１９", "id_full_width"),
        ("990000 19500101 0019", "id_spaces"),
        ("990000-19500101-0019", "id_spaces"),
        ("990000500101001", "id_fifteen_digits"),
    ],
)
def test_a_damaged_number_is_put_right_and_says_how(typed: str, note: str) -> None:
    read = parse_id_number(typed)
    assert read.number == NUMBER
    assert read.notes == (note,)


def test_a_small_x_becomes_a_capital_one() -> None:
    numbers = [with_check_character(f"9901011949030{order:04d}") for order in range(4001, 4040)]
    ends_in_x = next(number for number in numbers if number.endswith("X"))
    read = parse_id_number(ends_in_x.lower())
    assert (read.number, read.notes) == (ends_in_x, ("id_lower_x",))


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("9.90000195001010E+17", "id_number.damaged_scientific"),
        ("9.9E17", "id_number.damaged_scientific"),
        (NUMBER[:17], "id_number.length"),
        ("", "id_number.length"),
        ("99000019500101001A", "id_number.signs"),
        ("99000X195001010019", "id_number.signs"),
        (with_check_character("99000019500231001"), "id_number.birth_date"),
        (NUMBER[:-1] + "8", "id_number.checksum"),
    ],
)
def test_a_number_that_cannot_be_saved_is_refused_with_the_reason(typed: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        parse_id_number(typed)
    assert [refusal.code for refusal in refused.value.refusals] == [code]


@given(st.dates(date(1900, 1, 1), date(2026, 1, 1)), st.integers(0, 999), st.integers(0, 16))
def test_one_wrong_digit_never_passes(born: date, order: int, place: int) -> None:
    number = with_check_character(f"990101{born:%Y%m%d}{order:03d}")
    wrong = str((int(number[place]) + 1) % 10)
    with pytest.raises(Refused):
        parse_id_number(number[:place] + wrong + number[place + 1 :])


@given(st.text(max_size=30))
def test_no_text_breaks_the_reading(text: str) -> None:
    with contextlib.suppress(Refused):
        assert len(parse_id_number(text).number) == 18
