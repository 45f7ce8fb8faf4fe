"""What the office does at the console about backups: make one, note one, restore one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.refusals import Refusal, Refused
from county.audit import BACKUP, CONSOLE, note_act
from county.backup import announce, copy_database, reached_before
from county.check_office import check_county
from county.config import CountyConfig, utc_now
from county.keys import the_county
from county.office import opened
from county.people import Act, act_of, tell_of_user
from county.restoring import Plan, restore
from county.rollups import age_accounts
from county.tables import UserRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """A county set back: where its former database is kept, "" if there was none.

    Where that `was_unreadable`, tablets revoked since the backup are back in their places.
    `doctors` have come since the backup and are taken over, as their tablets are; `damaged` is
    how much in it is not what its sums say.
    """

    county: str
    tablets: int
    kept: str
    was_unreadable: bool
    doctors: tuple[str, ...]
    damaged: int


def back_up(config: CountyConfig, path: Path) -> int:
    """Copy the database and tell the tablets what the copy holds; how many tablets."""
    now = utc_now()
    with opened(config) as database:
        with database.reading() as session:
            county_id = the_county(session).county_id
        reached = copy_database(config, database, path)
        with database.writing() as session:
            announce(session, county_id, reached)
            note_act(session, county_id, CONSOLE, BACKUP, "county", county_id, now)
    return len(reached)


def note_backup(config: CountyConfig, begun_at: datetime) -> int:
    """A backup begun at `begun_at` is complete: tell the tablets; how many have records in it.

    Raises Refused `backup.to_come` for a moment that is.
    """
    now = utc_now()
    if begun_at > now:
        raise Refused(Refusal(code="backup.to_come", place="begun_at"))
    with opened(config) as database, database.writing() as session:
        county_id = the_county(session).county_id
        reached = reached_before(session, county_id, begun_at)
        announce(session, county_id, reached)
        note_act(
            session, county_id, CONSOLE, BACKUP, "county", county_id, now,
            begun_at=begun_at.isoformat(),
        )  # fmt: skip
        return len(reached)


def carry_out(config: CountyConfig, plan: Plan) -> Restored:
    """Restore a backup that `county.restoring.planned` has looked at."""
    now = utc_now()
    kept = restore(config, plan, now)
    with opened(config) as database, database.writing() as session:
        county = the_county(session)
        county_id, name = county.county_id, county.name
        note_act(session, county_id, CONSOLE, "restore", "county", county_id, now)
        doctors = _taken_over(session, plan, act_of(county_id, CONSOLE, now))
    return Restored(
        county=name,
        tablets=len(plan.contents.reached),
        kept=kept,
        was_unreadable=bool(kept) and plan.in_use is None,
        doctors=doctors,
        damaged=len(check_county(config, mending=False).found),
    )


def _taken_over(session: Session, plan: Plan, act: Act) -> tuple[str, ...]:
    """Tell the tablets of the doctors taken over; their names."""
    query = select(UserRow).where(UserRow.county_id == act.county_id).order_by(UserRow.login)
    come = [user for user in session.scalars(query) if user.id not in plan.contents.users]
    for user in come:
        age_accounts(session, act.county_id, user.village_ids)
        tell_of_user(session, act, user)
    return tuple(user.name for user in come)
