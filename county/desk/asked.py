"""What an address or a form may ask for; what no page could answer is left aside or refused."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from fastapi import Request

FIRST_YEAR, LAST_YEAR = 1900, 2999
MOST_PAGES = 100_000
NO_CHARACTER = "\x00"
"""Stands in no text: PostgreSQL does not keep it, and stumbles wherever it reads it again."""


class Unreadable(Exception):
    """Raised where what was sent cannot be words."""


def year_of(asked: int | None, today: date) -> int:
    """The year asked for; this one where none is, or none that an account could be of."""
    return asked if asked is not None and FIRST_YEAR <= asked <= LAST_YEAR else today.year


def page_number(asked: int) -> int:
    """The page of a list asked for, within what any list could have."""
    return min(max(1, asked), MOST_PAGES)


def month_of(text: str) -> date | None:
    """The first day of a month written like 2026-11, of a year there is; else None."""
    try:
        first = date.fromisoformat(f"{text}-01")
    except ValueError:
        return None
    return first if FIRST_YEAR <= first.year <= LAST_YEAR else None


async def only_words(request: Request) -> None:
    """Pass a request whose path, query and form are text; raises Unreadable otherwise."""
    form = await request.form()
    pairs = (*request.query_params.multi_items(), *form.multi_items())
    if NO_CHARACTER in request.url.path or any(NO_CHARACTER in said for said in _texts(pairs)):
        raise Unreadable


def _texts(pairs: Iterable[tuple[str, object]]) -> Iterable[str]:
    return (value for _, value in pairs if isinstance(value, str))
