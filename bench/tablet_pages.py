"""What a doctor waits for on a full tablet: today's list, and a resident's page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter

from app.config import Config
from app.services.practice import Practice
from app.services.residents import ResidentService
from app.services.today import TodayService
from app.store.opening import Store
from app.store.rows import store_records, write_of
from bench.figures import Figure
from bench.ledgers import DOCTOR, SCOPE
from core.contracts import Contract
from core.people import Household, Resident, TagSpan
from core.vocabulary import GroupTag
from core.wire.bodies import Record

ROUNDS = 5
NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)
HOUSEHOLD_MEMBERS = 3
_TAGS = ((GroupTag.HTN,), (GroupTag.HTN, GroupTag.T2DM), (GroupTag.T2DM,))


class _StoppedClock:
    """The benchmark's day, whatever day it is."""

    def now(self) -> datetime:
        """See Clock."""
        return NOW

    def today(self) -> date:
        """See Clock."""
        return NOW.date()

    def elapsed_s(self) -> float:
        """See Clock."""
        return perf_counter()


def settle_in(store_path: Path, data_key: bytes, residents: int) -> None:
    """Give the follow-ups of a filled store their people: households, residents, contracts."""
    store = Store.open(store_path, data_key)
    with store.transaction() as session:
        store_records(
            session, [write_of(record, author_id="county") for record in _people(residents)]
        )
    store.close()


def page_figures(store_path: Path, data_key: bytes, residents: int) -> list[Figure]:
    """Medians on a store that was settled in; the first list of the day is told beside."""
    store = Store.open(store_path, data_key)
    practice = Practice(
        store=store,
        clock=_StoppedClock(),
        config=Config(data_dir=store_path.parent),
        doctor_id=DOCTOR,
        doctor_name="",
        county_id="county-1",
        county_name="",
    )
    today, people = TodayService(practice), ResidentService(practice)
    first = _seconds(today.list)
    lists = median(_seconds(today.list) for _ in range(ROUNDS))
    pages = median(
        _seconds(partial(people.get, _resident_id(number)))
        for number in range(0, residents, max(1, residents // (4 * ROUNDS)))
    )
    store.close()
    return [
        Figure(name="today's list, the first of a day", value=first, unit="s"),
        Figure(name="today's list, warm", value=lists * 1000, unit="ms", mark=100),
        Figure(name="a resident's page", value=pages * 1000, unit="ms", mark=50),
    ]


def _seconds(action: Callable[[], object]) -> float:
    begun = perf_counter()
    action()
    return perf_counter() - begun


def _people(residents: int) -> list[Record]:
    households = range((residents - 1) // HOUSEHOLD_MEMBERS + 1)
    return [
        *(_household(number) for number in households),
        *(_resident(number) for number in range(residents)),
        *(_contract(number) for number in range(residents)),
    ]


def _household(number: int) -> Household:
    return Household(
        id=f"household-{number:05d}",
        scope_id=SCOPE,
        village_id="1",
        number=f"H{number:05d}",
        head_name=f"户主{number}",
        group_no=str(number % 9),
        house_no=str(number),
    )


def _resident(number: int) -> Resident:
    tags = (TagSpan(tag=tag, from_on=date(2020, 1, 1)) for tag in _TAGS[number % len(_TAGS)])
    return Resident(
        id=_resident_id(number),
        scope_id=SCOPE,
        household_id=f"household-{number // HOUSEHOLD_MEMBERS:05d}",
        name=f"居民{number}",
        sex="female",
        birth_date=date(1940, 1, 1) + timedelta(days=number * 3),
        id_number="",
        relation_to_head="other",
        tags=tuple(tags),
    )


def _contract(number: int) -> Contract:
    return Contract(
        id=f"contract-{number:05d}",
        scope_id=SCOPE,
        resident_id=_resident_id(number),
        start_on=date(NOW.year, 1, 1),
        end_on=date(NOW.year, 12, 31),
        doctor_id=DOCTOR,
    )


def _resident_id(number: int) -> str:
    return f"resident-{number:05d}"
