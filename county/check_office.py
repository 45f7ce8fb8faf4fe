"""What the office does at the console about damage: look for it, and have it mended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from county.checking import Damage, damages
from county.config import CountyConfig, local_date, utc_now
from county.db import Database
from county.desk.wording import label
from county.keys import the_county
from county.mending import ORDER, mend
from county.office import opened
from county.rollups import refresh_day
from words import language, say

ROUNDS = 3
"""How often what is left is tried again: a record may have waited for another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What was damaged, and what of it is left."""

    found: tuple[Damage, ...]
    left: tuple[Damage, ...]


def check_county(config: CountyConfig, *, mending: bool) -> Checked:
    """Look through the whole county, served or not; mend what can be mended where asked to.

    What was mended is looked through again. Each thing is mended in a transaction of its own
    and, but for accounts, noted in the audit trail.
    """
    with opened(config) as database:
        with database.reading() as session:
            county_id = the_county(session).county_id
        found = _found(database, county_id)
        if not (mending and found):
            return Checked(found=found, left=found)
        left = found
        for _ in range(ROUNDS):
            for damage in sorted(left, key=lambda one: ORDER.index(one.code)):
                _mend(database, county_id, damage)
            before, left = left, _found(database, county_id)
            if not left or len(left) == len(before):
                break
        return Checked(found=found, left=left)


def checked_text(checked: Checked) -> str:
    """The findings in words, one a line, and what became of them."""
    if not checked.found:
        return say("check.sound")
    mended = [damage for damage in checked.found if damage not in checked.left]
    return "\n".join(
        [
            *(say("check.mended", what=_worded(damage)) for damage in mended),
            *(_worded(damage) for damage in checked.left),
            say("check.sums", mended=len(mended), left=len(checked.left)),
        ]
    )


def checked_json(checked: Checked) -> dict[str, Any]:
    """The findings for scripts."""
    return {
        "found": [_told(damage) for damage in checked.found],
        "left": [_told(damage) for damage in checked.left],
    }


def _found(database: Database, county_id: str) -> tuple[Damage, ...]:
    today = local_date(utc_now())
    aged = True
    while aged:  # accounts age with the calendar alone, which is no damage
        with database.writing() as session:
            aged = refresh_day(session, county_id, today) > 0
    with database.one_moment() as session:
        return tuple(damages(session, county_id, today))


def _mend(database: Database, county_id: str, damage: Damage) -> None:
    try:
        with database.writing() as session:
            mend(session, county_id, damage, utc_now())
    except (ValueError, TypeError, KeyError):
        # What it would be mended from is damaged too, and may be whole in the next round.
        return


def _worded(damage: Damage) -> str:
    kind = label("desk.kind", damage.kind, language())
    return say(f"check.{damage.code}", kind=kind, id=damage.object_id, **damage.values)


def _told(damage: Damage) -> dict[str, Any]:
    return {"code": damage.code, "kind": damage.kind, "id": damage.object_id, **damage.values}
