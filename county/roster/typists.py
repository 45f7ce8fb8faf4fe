"""How the cells of a sample roster are typed: carefully, or as many hurried hands leave them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from random import Random

Written = str | int | float | date | None

_SPREADSHEET_EPOCH = date(1899, 12, 30)


class CarefulTypist:
    """Types every value as it should be."""

    def id_number(self, number: str) -> Written:
        """An ID number of eighteen characters."""
        return number

    def day(self, day: date | None) -> Written:
        """A day as a date."""
        return day

    def name(self, name: str) -> str:
        """A name."""
        return name

    def words(self, words: Sequence[str]) -> str:
        """Several words in one cell."""
        return "、".join(words)

    def phone(self, phone: str) -> Written:
        """A telephone number as text; nothing for someone without one."""
        return phone or None


class HurriedTypist(CarefulTypist):
    """Types most values rightly, and the rest in the ways rosters are damaged; from a seed."""

    def __init__(self, seed: int) -> None:
        self._chance = Random(seed)

    def id_number(self, number: str) -> Written:
        """Nineteen in twenty readable; the others as spreadsheets and slips leave them."""
        roll = self._chance.random()
        for share, typed in ID_NUMBER_DAMAGE:
            if roll < share:
                return typed(number)
            roll -= share
        return number

    def day(self, day: date | None) -> Written:
        """A day as a date, as a spreadsheet's count of days, or as one of many kinds of text."""
        if day is None:
            return None
        ways: tuple[Written, ...] = (
            *(day,) * 12,
            f"{day.year}.{day.month}.{day.day}",
            f"{day.year}年{day.month}月{day.day}日",
            f"{day.year}/{day.month}/{day.day}",
            f"{day:%Y%m%d}",
            f"{day:%Y-%m-%d}",
            (day - _SPREADSHEET_EPOCH).days,
        )
        return self._chance.choice(ways)

    def name(self, name: str) -> str:
        """A name; short ones now and then spread to the width of the others."""
        spread = len(name) == 2 and self._chance.random() < 0.3
        return f"{name[0]} {name[1]}" if spread else name

    def words(self, words: Sequence[str]) -> str:
        """Several words in one cell with one separator or another."""
        return self._chance.choice("、、,;/ ").join(words)

    def phone(self, phone: str) -> Written:
        """A telephone number as text, as a number, with gaps, or the word for none."""
        if not phone:
            return self._chance.choice((None, "", "无"))
        gaps = f"{phone[:3]} {phone[3:7]} {phone[7:]}"
        return self._chance.choice((phone, phone, phone, int(phone), gaps))


def _as_a_spreadsheet_number(number: str) -> Written:
    return float(number.replace("X", "0"))


def _full_width(number: str) -> str:
    return "".join(chr(ord(sign) + 0xFEE0) for sign in number)


def _fifteen_digits(number: str) -> str:
    return number[:6] + number[8:17] if number[6:8] == "19" else number


def _one_digit_wrong(number: str) -> str:
    return f"{number[:15]}{(int(number[15]) + 1) % 10}{number[16:]}"


ID_NUMBER_DAMAGE: tuple[tuple[float, Callable[[str], Written]], ...] = (
    (0.010, _as_a_spreadsheet_number),
    (0.015, lambda number: f"'{number}"),
    (0.010, _fifteen_digits),
    (0.005, _full_width),
    (0.005, lambda number: f"{number[:6]} {number[6:14]} {number[14:]}"),
    (0.003, _one_digit_wrong),
    (0.002, lambda number: number[:17]),
    (0.150, str.lower),
)
"""The share of each kind of damage; a small x shows only where the number ends in one."""
