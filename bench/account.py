"""How fast the account is: 3,000 residents with two years of follow-ups, in plain Python."""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random

from bench.figures import Figure, seconds
from core.contracts import Contract, PackageItem
from core.followups import FollowUp, Guidance, Reading
from core.history import History
from core.obligations import account_of
from core.people import Resident, TagSpan
from core.policy import default_policy
from core.worklist import due_items

RESIDENTS = 3_000
TODAY = date(2026, 11, 20)
BEGUN = date(2025, 1, 1)
KEY_TAGS = (("htn",), ("htn", "t2dm"), ("t2dm",), ("disabled",), ("htn", "smi"))


def run(residents: int = RESIDENTS) -> list[Figure]:
    """The figures of `luyue bench account`: all residents, one resident, and memory."""
    histories = [a_history(Random(number), number) for number in range(residents)]
    whole = seconds(lambda: reckon(histories), rounds=3)
    follow_ups = sum(len(history.follow_ups) for history in histories)
    return [
        Figure(name="residents", value=len(histories), unit="residents"),
        Figure(name="follow_ups", value=follow_ups, unit="follow-ups"),
        Figure(name="account_and_worklist", value=whole, unit="s", mark=1.5),
        Figure(name="per_resident", value=whole / len(histories) * 1000, unit="ms"),
        Figure(
            name="one_resident_after_a_follow_up",
            value=seconds(lambda: reckon(histories[:1]), rounds=25) * 1000,
            unit="ms",
            mark=2.0,
        ),
        Figure(name="memory", value=peak_megabytes(), unit="MB", mark=150),
    ]


def reckon(histories: Iterable[History]) -> int:
    """The account and the due items of each, from records nothing is known of yet."""
    policy, due = default_policy(), 0
    for history in histories:
        # A copy: what stands was worked out for the original in an earlier round.
        fresh = replace(history)
        account = account_of(policy, fresh, TODAY)
        due += len(due_items(policy, account, fresh, TODAY))
    return due


def peak_megabytes() -> float:
    """The most memory this process has held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3


def a_history(rng: Random, number: int) -> History:
    """A resident of a key group (three in five) or of the general one, with a busy doctor."""
    tags = rng.choice(KEY_TAGS) if rng.random() < 0.6 else ()
    resident_id = f"r{number:05}"
    return History(
        resident=Resident(
            id=resident_id,
            scope_id="village:1",
            household_id=f"h{number // 3:05}",
            name="张三",
            sex=rng.choice(("male", "female")),
            birth_date=date(rng.randint(1940, 1990), rng.randint(1, 12), rng.randint(1, 28)),
            tags=tuple(TagSpan(tag=tag, from_on=date(2024, 3, 1)) for tag in tags),
        ),
        contracts=tuple(
            a_contract(resident_id, year) for year in range(BEGUN.year, TODAY.year + 1)
        ),
        follow_ups=tuple(follow_ups_of(rng, resident_id, 30 if tags else 91)),
    )


def a_contract(resident_id: str, year: int) -> Contract:
    """A contract over a calendar year."""
    return Contract(
        id=f"{resident_id}-{year}",
        scope_id="village:1",
        resident_id=resident_id,
        start_on=date(year, 1, 1),
        end_on=date(year, 12, 31),
        items=(PackageItem(service="health_management", agreed_count=4),),
    )


def follow_ups_of(rng: Random, resident_id: str, every_days: int) -> Iterable[FollowUp]:
    """Follow-ups up to today, so many days apart on the average."""
    day = BEGUN + timedelta(rng.randint(0, every_days))
    while day <= TODAY:
        yield a_follow_up(rng, resident_id, day)
        day += timedelta(rng.randint(every_days - 8, every_days + 8))


def a_follow_up(rng: Random, resident_id: str, day: date) -> FollowUp:
    """A follow-up of a day, seven in ten face to face."""
    face_to_face = rng.random() < 0.7
    return FollowUp(
        id=f"{resident_id}-{day}",
        scope_id="village:1",
        resident_id=resident_id,
        author_id="doctor-1",
        occurred_on=day,
        recorded_at=datetime(day.year, day.month, day.day, 9, tzinfo=UTC),
        mode=rng.choice(("home", "clinic")) if face_to_face else "phone",
        services=("health_management",),
        guidance=Guidance(diet=("less_salt",)),
        adverse_reaction=False,
        readings=readings_of(rng) if face_to_face else (),
    )


def readings_of(rng: Random) -> tuple[Reading, ...]:
    """Readings as they are measured face to face."""
    return (
        Reading(
            kind="blood_pressure",
            systolic_mmhg=rng.randint(110, 165),
            diastolic_mmhg=rng.randint(65, 98),
        ),
        Reading(kind="heart_rate", heart_rate_bpm=rng.randint(58, 96)),
        Reading(
            kind="glucose",
            glucose_mmol_l=rng.randint(45, 95) / 10,
            timing="fasting" if rng.random() < 0.7 else "random",
        ),
    )
