"""Citizens' ID numbers (GB 11643-1999): read as people type and spreadsheets damage them."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date

from core.refusals import Refusal, Refused
from core.vocabulary import Sex

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_CHARACTERS = "10X98765432"

_SCIENTIFIC = re.compile(r"\d(\.\d+)?E\+?\d+", re.IGNORECASE)
_QUOTES = "'\"`\u2018\u2019\u201c\u201d\u00b4"
_INVISIBLE = re.compile(r"[\s\u200b-\u200d\u2060\ufeff\-]")
_NEW, _OLD = 18, 15


@dataclass(frozen=True, slots=True, kw_only=True)
class IdNumber:
    """A number of 18 characters with what it says, and codes of what was put right to read it.

    Notes: `id_full_width`, `id_quote`, `id_spaces`, `id_lower_x`, `id_fifteen_digits`.
    """

    number: str
    birth_date: date
    sex: Sex
    notes: tuple[str, ...] = ()


def parse_id_number(text: str) -> IdNumber:
    """The ID number a text means.

    Raises Refused: `id_number.damaged_scientific` where a spreadsheet made a number of it
    and lost the last digits, `id_number.length`, `id_number.signs`, `id_number.birth_date`
    or `id_number.checksum`: a digit is mistyped, and which one nobody can tell.
    """
    plain, notes = _tidied(text)
    if _SCIENTIFIC.fullmatch(plain):
        raise Refused(Refusal(code="id_number.damaged_scientific", place="id_number"))
    if len(plain) not in (_NEW, _OLD):
        values = {"length": len(plain)}
        raise Refused(Refusal(code="id_number.length", place="id_number", values=values))
    if not re.fullmatch(r"\d{15}|\d{17}[\dX]", plain):
        raise Refused(Refusal(code="id_number.signs", place="id_number"))
    if len(plain) == _OLD:
        plain, notes = (
            with_check_character(f"{plain[:6]}19{plain[6:]}"),
            (*notes, "id_fifteen_digits"),
        )
    _check_last(plain)
    sex = Sex.MALE if int(plain[16]) % 2 else Sex.FEMALE
    return IdNumber(number=plain, birth_date=_birth_date(plain), sex=sex, notes=notes)


def check_character(first_seventeen: str) -> str:
    """The eighteenth character that belongs to seventeen digits."""
    total = sum(weight * int(digit) for weight, digit in zip(WEIGHTS, first_seventeen, strict=True))
    return CHECK_CHARACTERS[total % 11]


def with_check_character(first_seventeen: str) -> str:
    """The full number of seventeen digits."""
    return first_seventeen + check_character(first_seventeen)


def _tidied(text: str) -> tuple[str, tuple[str, ...]]:
    """The text in half-width capitals without quotes and spaces, and what had to be done."""
    half = unicodedata.normalize("NFKC", text)
    bare = half.strip().strip(_QUOTES)
    close = _INVISIBLE.sub("", bare)
    steps = (
        ("id_full_width", half != text),
        ("id_quote", bare != half.strip()),
        ("id_spaces", close != bare),
        ("id_lower_x", close.endswith("x")),
    )
    return close.upper(), tuple(code for code, needed in steps if needed)


def _birth_date(number: str) -> date:
    try:
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError as error:
        raise Refused(Refusal(code="id_number.birth_date", place="id_number")) from error


def _check_last(number: str) -> None:
    if number[17] != check_character(number[:17]):
        raise Refused(Refusal(code="id_number.checksum", place="id_number"))
