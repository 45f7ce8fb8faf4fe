"""Each resident's account kept as a row that adds up, renewed with every write that touches it.

The rows are never the truth: each equals what `core.obligations` says of the resident's
history, which `recount` proves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Text, bindparam, cast, delete, select, update
from sqlalchemy.orm import Session

from core.figures import figures_of
from core.followups import FollowUp
from core.history import History
from core.ids import village_of
from core.obligations import Account, account_of, bears_on
from core.policy import Rulebook
from core.slots import Programme
from county.bulk import REPLACE, insert_rows
from county.held import lock_records
from county.histories import batches, histories_of
from county.policies import rules_of
from county.tables import PersonAccountRow, UserRow, VillageRow
from county.waiting import renew_waiting, wrongly_waiting
from statements.made_once import run

YEARS_KEPT = 2
"""This year's account and the last one's: late records still move last year's figures."""

FEW_VILLAGES = 4
"""So many villages' doctors are looked for one by one; for more all doctors are read at once."""
ANY_VILLAGE = '"'
"""What stands in the list of every doctor who has a village."""
BATCH = 500
ADDED_UP = (
    "owed", "due", "filled", "missed", "excused", "open", "disputed", "face_to_face", "measured",
    "on_time",
)  # fmt: skip
"""The counts of a row that add up over people."""


_put_off: ContextVar[set[str] | None] = ContextVar("accounts put off", default=None)


@contextmanager
def accounts_put_off() -> Iterator[set[str]]:
    """While it lasts, writes only note whose accounts they touch; renew those afterwards.

    For loads of a year or more at once, where every account would be renewed many times.
    """
    touched: set[str] = set()
    token = _put_off.set(touched)
    try:
        yield touched
    finally:
        _put_off.reset(token)


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What a transaction has just written, so that it need not be read again.

    `records` are records by id; `visits` names the residents about whom nothing else is
    new than these follow-ups.
    """

    records: Mapping[str, Any] = field(default_factory=dict)
    visits: Mapping[str, Sequence[FollowUp]] = field(default_factory=dict)


def refresh_residents(
    session: Session,
    county_id: str,
    resident_ids: Iterable[str],
    today: date,
    news: News | None = None,
) -> None:
    """Make the rows of these residents what their histories say today.

    Runs in the caller's transaction, after the caller's records are in the database.
    """
    put_off = _put_off.get()
    if put_off is not None:
        put_off.update(resident_ids)
        return
    rules = rules_of(session, county_id)
    news = news or News()
    for batch in batches(sorted(set(resident_ids)), BATCH):
        # Another writer on the same resident must be waited for, or either count lacks a record.
        lock_records(session, county_id, batch)
        histories = histories_of(session, county_id, batch, news.records)
        offices = Offices(session, county_id, histories.values())
        kept = _ages(session, county_id, batch, today)
        stands = frozenset(
            key
            for key, as_of in kept.items()
            if as_of == today and _is_unmoved(rules, histories.get(key[0]), key[1], news)
        )
        rows = [
            row
            for history in histories.values()
            for row in account_rows(rules, county_id, history, today, offices, stands)
        ]
        gone = kept.keys() - stands - {(row["resident_id"], row["year"]) for row in rows}
        for resident_id, year in sorted(gone):
            run(session, _DROP, county=county_id, resident=resident_id, year=year)
        insert_rows(session, PersonAccountRow, rows, there=REPLACE)
        renew_waiting(session, county_id, batch, histories.values())


def _is_unmoved(rules: Rulebook, history: History | None, year: int, news: News) -> bool:
    """Whether nothing of what is new can have changed this year's account."""
    visits = None if history is None else news.visits.get(history.resident.id)
    if history is None or visits is None:
        return False
    return not any(bears_on(rules, history, visit, year) for visit in visits)


def _ages(
    session: Session, county_id: str, resident_ids: Sequence[str], today: date
) -> dict[tuple[str, int], date]:
    """Of which day the kept rows of these residents are."""
    first = kept_years(today)[0]
    found = run(session, _AGES, county=county_id, residents=resident_ids, first=first)
    return {(resident_id, year): as_of for resident_id, year, as_of in found.all()}


_AGES = select(PersonAccountRow.resident_id, PersonAccountRow.year, PersonAccountRow.as_of).where(
    PersonAccountRow.county_id == bindparam("county"),
    PersonAccountRow.resident_id.in_(bindparam("residents", expanding=True)),
    PersonAccountRow.year >= bindparam("first"),
)
_DROP = delete(PersonAccountRow).where(
    PersonAccountRow.county_id == bindparam("county"),
    PersonAccountRow.resident_id == bindparam("resident"),
    PersonAccountRow.year == bindparam("year"),
)


def refresh_day(session: Session, county_id: str, today: date, limit: int = 2_000) -> int:
    """Bring at most `limit` residents' rows to today; returns how many there were to renew.

    A slot opens and closes with the calendar alone, so rows age without any write.
    """
    stale = session.scalars(
        select(PersonAccountRow.resident_id)
        .where(_is_stale(county_id, today))
        .distinct()
        .limit(limit)
    ).all()
    refresh_residents(session, county_id, stale, today)
    return len(stale)


def age_accounts(
    session: Session, county_id: str, village_ids: Iterable[str] | None = None
) -> None:
    """Make kept rows count as old ones, which `refresh_day` renews; of all villages by default.

    For when the rules or a village's doctor change: the rows then differ without any write
    about a resident.
    """
    rows = update(PersonAccountRow).where(PersonAccountRow.county_id == county_id)
    if village_ids is not None:
        rows = rows.where(PersonAccountRow.village_id.in_(sorted(village_ids)))
    session.execute(rows.values(as_of=date.min))


def is_fresh(session: Session, county_id: str, today: date) -> bool:
    """Whether every kept row is of today."""
    return (
        session.scalar(
            select(PersonAccountRow.resident_id).where(_is_stale(county_id, today)).limit(1)
        )
        is None
    )


def recount(
    session: Session, county_id: str, today: date, resident_ids: Sequence[str] = ()
) -> tuple[str, ...]:
    """The residents whose rows differ from a fresh count of their histories: none should.

    Of those named, or of all that have rows.
    """
    kept = _kept_rows(session, county_id, today, resident_ids)
    wanted = resident_ids or {resident_id for resident_id, _ in kept}
    histories = histories_of(session, county_id, wanted)
    rules = rules_of(session, county_id)
    offices = Offices(session, county_id, histories.values())
    counted = {
        (row["resident_id"], row["year"]): row
        for history in histories.values()
        for row in account_rows(rules, county_id, history, today, offices)
    }
    keys = kept.keys() | counted.keys()
    differing = {key[0] for key in keys if kept.get(key) != counted.get(key)}
    return tuple(sorted(differing | wrongly_waiting(session, county_id, histories)))


def account_rows(
    rules: Rulebook,
    county_id: str,
    history: History,
    today: date,
    offices: Offices,
    without: Set[tuple[str, int]] = frozenset(),
) -> list[dict[str, Any]]:
    """The rows of one resident for the years of `years_of`.

    `without` names those that are not asked for, by resident and year.
    """
    return [
        _row(
            county_id,
            history,
            account_of(rules, history, today, year, contract_only=True),
            offices,
        )
        for year in years_of(history, today)
        if (history.resident.id, year) not in without
    ]


def years_of(history: History, today: date) -> tuple[int, ...]:
    """The kept years in which a contract covers a day.

    Without one this year, the first of a later contract too: a row that is there is renewed
    when the new year begins, and nobody writes anything that day.
    """
    kept = [
        year
        for year in kept_years(today)
        if any(c.start_on.year <= year <= c.end_on.year for c in history.contracts)
    ]
    later = [c.start_on.year for c in history.contracts if c.start_on.year > today.year]
    return (*kept, min(later)) if later and today.year not in kept else tuple(kept)


def kept_years(today: date) -> tuple[int, ...]:
    """The years whose accounts are kept as rows of everybody who has a contract in them."""
    return tuple(range(today.year - YEARS_KEPT + 1, today.year + 1))


def slot_entries(account: Account) -> list[dict[str, Any]]:
    """The contract's slots as a row keeps them: enough to draw and to filter by."""
    return [
        {
            "number": slot.number,
            "state": str(slot.state),
            "from": slot.window_from.isoformat(),
            "to": slot.window_to.isoformat(),
            "filled_by": slot.filled_by,
        }
        for slot in account.of(Programme.CONTRACT)
    ]


class Offices:
    """Which townships the villages of these residents belong to, and which doctors look after them.

    Read once for all of them.
    """

    def __init__(self, session: Session, county_id: str, histories: Iterable[History]) -> None:
        self._session = session
        self._county_id = county_id
        villages = sorted({village_of(history.resident.scope_id) for history in histories})
        found = run(session, _TOWNSHIPS, county=county_id, villages=villages)
        self._townships: dict[str, str] = dict(found.tuples().all())
        self._are_few = len(villages) <= FEW_VILLAGES
        self._doctors: dict[str, str] = {}
        self._asked: set[str] = set()

    def township_of(self, village_id: str) -> str:
        """The village's township; "" where the county does not know the village."""
        return self._townships.get(village_id, "")

    def doctor_for(self, history: History) -> str | None:
        """The doctor of the latest contract; else the first one assigned to the village."""
        signed = sorted(history.contracts, key=lambda contract: (contract.start_on, contract.id))
        named = [contract.doctor_id for contract in signed if contract.doctor_id]
        return named[-1] if named else self._doctor_of(village_of(history.resident.scope_id))

    def _doctor_of(self, village_id: str) -> str | None:
        named = f'"{village_id}"' if self._are_few else ANY_VILLAGE
        if named not in self._asked:
            self._asked.add(named)
            found = run(self._session, _DOCTORS, county=self._county_id, named=named)
            for doctor_id, villages in found:
                for each in villages:
                    if each == village_id or not self._are_few:
                        self._doctors.setdefault(each, doctor_id)
        return self._doctors.get(village_id)


_TOWNSHIPS = select(VillageRow.id, VillageRow.township_id).where(
    VillageRow.county_id == bindparam("county"),
    VillageRow.id.in_(bindparam("villages", expanding=True)),
)
_DOCTORS = (
    select(UserRow.id, UserRow.village_ids)
    .where(
        UserRow.county_id == bindparam("county"),
        UserRow.role == "doctor",
        cast(UserRow.village_ids, Text).contains(bindparam("named")),
    )
    .order_by(UserRow.id)
)


def _row(county_id: str, history: History, account: Account, offices: Offices) -> dict[str, Any]:
    figures = figures_of(account)
    village_id = village_of(history.resident.scope_id)
    return {
        "county_id": county_id,
        "resident_id": history.resident.id,
        "year": account.year,
        "as_of": account.today,
        "village_id": village_id,
        "township_id": offices.township_of(village_id),
        "doctor_id": offices.doctor_for(history),
        "slots": slot_entries(account),
        **{name: getattr(figures, name) for name in ADDED_UP},
        "longest_gap_days": figures.longest_gap_days or 0,
    }


def _kept_rows(
    session: Session, county_id: str, today: date, resident_ids: Sequence[str]
) -> dict[tuple[str, int], dict[str, Any]]:
    columns: Sequence[str] = PersonAccountRow.__table__.columns.keys()
    query = select(PersonAccountRow).where(
        PersonAccountRow.county_id == county_id, PersonAccountRow.year >= kept_years(today)[0]
    )
    if resident_ids:
        query = query.where(PersonAccountRow.resident_id.in_(resident_ids))
    found = session.scalars(query)
    return {
        (row.resident_id, row.year): {name: getattr(row, name) for name in columns} for row in found
    }


def _is_stale(county_id: str, today: date) -> ColumnElement[bool]:
    return (
        (PersonAccountRow.county_id == county_id)
        & (PersonAccountRow.year >= today.year - YEARS_KEPT + 1)
        & (PersonAccountRow.as_of < today)
    )
