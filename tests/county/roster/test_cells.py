"""What a cell says, however it was typed."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from county.roster.cells import (
    day_of,
    ethnic_group_of,
    is_a_name,
    name_of,
    phone_of,
    sex_of,
    text_of,
    township_key,
    village_key,
)


@pytest.mark.parametrize(
    "written",
    [
        date(2026, 1, 5),
        datetime(2026, 1, 5, 8, 30),  # noqa: DTZ001 - a spreadsheet's moment has no zone
        46027.0,
        46027,
        "46027",
        20260105,
        "20260105",
        "2026-01-05",
        "2026-1-5",
        "2026.1.5",
        "2026/1/5",
        "2026年1月5日",
        "2026 年 1 月 5 日",
        "２０２６．１．５",
        "2026-01-05 00:00:00",
    ],
)
def test_a_day_is_read_in_every_form_offices_write_it(written: object) -> None:
    assert day_of(written) == date(2026, 1, 5)  # type: ignore[arg-type] # any cell may come


@pytest.mark.parametrize(
    "written", ["", "不详", "2026.13.1", "2026.2.30", 1950, "26.1.5", "1800-01-01", 0, -3, 1e9]
)
def test_what_is_no_day_is_not_made_into_one(written: object) -> None:
    assert day_of(written) is None  # type: ignore[arg-type] # any cell may come


def test_a_whole_number_is_read_without_its_decimal_point() -> None:
    assert text_of(13800000000.0) == "13800000000"


def test_a_number_with_more_digits_than_a_spreadsheet_keeps_is_shown_as_damaged() -> None:
    assert "E+" in text_of(9.901011950010112e17)


@pytest.mark.parametrize("cell", [float("inf"), float("nan"), True, "\u200b 张\u3000三 "])
def test_no_cell_stops_the_reading(cell: object) -> None:
    assert isinstance(text_of(cell), str)  # type: ignore[arg-type] # any cell may come


def test_names_lose_the_spaces_of_alignment_and_keep_the_middle_dot() -> None:
    assert name_of("张　三") == "张三"
    assert name_of("买买提•吐尔逊") == "买买提·吐尔逊"
    assert name_of("John Smith") == "John Smith"


@pytest.mark.parametrize("text", ["张三", "买买提·吐尔逊", "㐂田"])
def test_a_name_is_taken_for_one(text: str) -> None:
    assert is_a_name(text)


@pytest.mark.parametrize("text", ["", "=SUM(A1)", "张三1", "13800000000", "张三;DROP", "字" * 41])
def test_what_is_no_name_is_not(text: str) -> None:
    assert not is_a_name(text)


@pytest.mark.parametrize(
    ("written", "phone"),
    [
        ("19900001234", "19900001234"),
        ("199 0000 1234", "19900001234"),
        ("+86 199-0000-1234", "19900001234"),
        ("19900001234/19900005678", "19900001234"),
        ("0591-8765432", "0591-8765432"),
        ("没有", None),
        ("12345", None),
    ],
)
def test_the_first_telephone_number_is_found(written: str, phone: str | None) -> None:
    assert phone_of(written) == phone


@pytest.mark.parametrize(
    ("written", "code"), [("汉", "01"), ("汉族", "01"), ("土家族", "15"), ("土", "30"), ("9", "09")]
)
def test_an_ethnic_group_is_known_by_name_and_by_code(written: str, code: str) -> None:
    assert ethnic_group_of(written) == code


def test_unknown_groups_and_sexes_are_not_guessed() -> None:
    assert ethnic_group_of("火星族") is None
    assert sex_of("不详") is None


@pytest.mark.parametrize(
    "written", ["石桥", "石桥村", "石桥村委会", "石桥村民委员会", "石桥 行政村"]
)
def test_a_village_is_one_under_all_its_names(written: str) -> None:
    assert village_key(written) == village_key("石桥村")


def test_a_community_is_not_the_village_of_the_same_name() -> None:
    assert village_key("石桥社区") != village_key("石桥村")
    assert village_key("石桥社区") == village_key("石桥社区居委会")


@pytest.mark.parametrize("written", ["青山", "青山镇", "青山镇人民政府", "青山乡"])
def test_a_township_is_one_under_all_its_names(written: str) -> None:
    assert township_key(written) == township_key("青山镇")
