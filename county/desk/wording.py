"""Values as the desk writes them: dates, shares, masks, labels of codes. Pure but for words."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from core import figures
from core.figures import percent
from core.findings import Finding, Reason
from county.config import CHINA
from words import catalogue, say

NOTHING = "—"
ID_HEAD, ID_TAIL = 3, 4


def local(moment: datetime | None) -> str:
    """The moment in local time to the minute; — where there is none."""
    if moment is None:
        return NOTHING
    return f"{moment.astimezone(CHINA):%Y-%m-%d %H:%M}"


def share(part: int, whole: int) -> str:
    """Part of whole in percent, rounded down; — where the whole is nothing."""
    return percent(figures.share(part, whole))


def masked_name(name: str) -> str:
    """The family name and one * for each other character."""
    return name[:1] + "*" * (len(name) - 1)


def masked_id(number: str) -> str:
    """The first three and last four characters; everything between is *."""
    if len(number) <= ID_HEAD + ID_TAIL:
        return "*" * len(number)
    return number[:ID_HEAD] + "*" * (len(number) - ID_HEAD - ID_TAIL) + number[-ID_TAIL:]


def masked_apart(one: str, other: str) -> tuple[str, str]:
    """Two numbers masked as ever, but for the characters by which they can be told apart."""
    if len(one) != len(other):
        return masked_id(one), masked_id(other)
    differing = {at for at, pair in enumerate(zip(one, other, strict=True)) if pair[0] != pair[1]}
    first, second = (
        "".join(
            full if at in differing else hidden
            for at, (full, hidden) in enumerate(zip(number, masked_id(number), strict=True))
        )
        for number in (one, other)
    )
    return first, second


def masked_phone(number: str) -> str:
    """A telephone number without its middle."""
    return f"{number[:3]}****{number[-4:]}" if len(number) > 7 else number


def label(table: str, code: object, lang: str) -> str:
    """The word for a code of a table; a code from a newer tablet is shown as it came."""
    key = f"{table}.{code}"
    return say(key, lang) if key in catalogue(lang) else str(code)


def labels(table: str, codes: tuple[str, ...], lang: str) -> str:
    """The words for several codes, parted as the language parts a list."""
    return say("desk.comma", lang).join(label(table, code, lang) for code in codes) or NOTHING


def details(told: Iterable[tuple[str, str]], lang: str) -> str:
    """Several things with their values, one behind the other."""
    return say("desk.audit.separator", lang).join(
        say("desk.detail", lang, what=what, value=value) for what, value in told
    )


def worded(reason: Reason | None, lang: str) -> str:
    """A reason of the rules as a sentence; nothing where there is none."""
    return say(reason.code, lang, **reason.values) if reason else ""


def worded_finding(finding: Finding, lang: str) -> str:
    """What a rule found, as a sentence."""
    return say(f"finding.{finding.code}", lang, **finding.values)
