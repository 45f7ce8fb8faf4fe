"""Named queries of the desk: figures over villages, names, and what waits for review."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from core.followups import FollowUp
from core.ids import village_scope
from core.vocabulary import Kind
from county.desk.visitor import SEES_ALL, Desk, Visitor
from county.histories import readable
from county.people import Role
from county.rollups import ADDED_UP, is_fresh, refresh_day
from county.tables import PersonAccountRow, RecordRow, UserRow, WaitingReviewRow

NOBODY = "-"
"""In an address: those whom no doctor looks after."""
GROUPED_BY = {
    "township": PersonAccountRow.township_id,
    "village": PersonAccountRow.village_id,
    "doctor": PersonAccountRow.doctor_id,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The added-up accounts of people with a contract; `contracts` is how many they are."""

    contracts: int = 0
    owed: int = 0
    due: int = 0
    filled: int = 0
    missed: int = 0
    excused: int = 0
    open: int = 0
    disputed: int = 0
    face_to_face: int = 0
    measured: int = 0
    on_time: int = 0

    @property
    def shares(self) -> Mapping[str, tuple[int, int]]:
        """Part and whole of each figure that is a share."""
        return {
            "completion": (self.filled, self.owed),
            "completion_to_date": (self.filled, self.due),
            "face_to_face": (self.face_to_face, self.filled),
            "measured": (self.measured, self.face_to_face),
            "on_time": (self.on_time, self.due),
        }

    def sort_value(self, column: str) -> float:
        """What a column sorts by; a share of nothing comes before all others."""
        if column in self.shares:
            part, whole = self.shares[column]
            return part / whole if whole else -1.0
        return float(getattr(self, column))


def merged(found: Iterable[Tally]) -> Tally:
    """The sum of the figures."""
    listed = list(found)
    return Tally(
        contracts=sum(item.contracts for item in listed),
        **{name: sum(getattr(item, name) for item in listed) for name in ADDED_UP},
    )


def tallies(
    session: Session, county_id: str, year: int, by: str, villages: Collection[str]
) -> dict[str, Tally]:
    """The figures of a year over these villages, by township, village or doctor."""
    key = GROUPED_BY[by]
    sums = [func.sum(getattr(PersonAccountRow, name)) for name in ADDED_UP]
    found = session.execute(
        select(key, func.count(), *sums)
        .where(
            PersonAccountRow.county_id == county_id,
            PersonAccountRow.year == year,
            PersonAccountRow.village_id.in_(villages),
        )
        .group_by(key)
    )
    return {
        row[0] or "": Tally(contracts=row[1], **dict(zip(ADDED_UP, map(int, row[2:]), strict=True)))
        for row in found
    }


def follow_ups_by_month(
    session: Session, county_id: str, year: int, villages: Collection[str]
) -> Counter[int]:
    """How many follow-ups happened in each month of a year in these villages."""
    found = session.execute(
        select(RecordRow.occurred_on, func.count())
        .where(
            RecordRow.county_id == county_id,
            RecordRow.kind == Kind.FOLLOW_UP,
            RecordRow.village_id.in_(villages),
            RecordRow.occurred_on.between(date(year, 1, 1), date(year, 12, 31)),
            RecordRow.removed.is_(False),
        )
        .group_by(RecordRow.occurred_on)
    )
    months: Counter[int] = Counter()
    for day, count in found:
        months[day.month] += count
    return months


def doctor_names(session: Session, county_id: str) -> dict[str, str]:
    """The name of every user by id: authors and reviewers as well as doctors."""
    found = session.execute(select(UserRow.id, UserRow.name).where(UserRow.county_id == county_id))
    return dict(found.tuples().all())


def doctors_in_sight(session: Session, desk: Desk, visitor: Visitor) -> dict[str, UserRow]:
    """The doctors by id whose villages the visitor sees; who sees all sees those without any."""
    found = session.scalars(
        select(UserRow).where(UserRow.county_id == desk.county_id, UserRow.role == Role.DOCTOR)
    )
    return {
        doctor.id: doctor
        for doctor in found
        if visitor.role in SEES_ALL or visitor.village_ids & set(doctor.village_ids)
    }


def latest_follow_ups(
    session: Session, county_id: str, resident_ids: Collection[str]
) -> dict[str, FollowUp]:
    """The last standing follow-up of each of these residents."""
    found = session.execute(
        _standing(county_id)
        .with_only_columns(RecordRow.resident_id, RecordRow.schema, RecordRow.body)
        .where(RecordRow.resident_id.in_(resident_ids))
        .order_by(RecordRow.occurred_on, RecordRow.id)
    )
    last = {resident_id: (schema, body) for resident_id, schema, body in found if resident_id}
    read = ((key, readable(Kind.FOLLOW_UP, *said)) for key, said in last.items())
    return {key: follow_up for key, follow_up in read if follow_up is not None}


def standing_follow_ups(county_id: str, villages: Collection[str]) -> Select[tuple[RecordRow]]:
    """The follow-ups of these villages that nobody has amended or withdrawn."""
    return _standing(county_id).where(RecordRow.scope_id.in_(scopes_of(villages)))


def _standing(county_id: str) -> Select[tuple[RecordRow]]:
    later = aliased(RecordRow)
    replaced = (
        select(later.id)
        .where(
            later.county_id == RecordRow.county_id,
            later.follow_up_id == RecordRow.id,
            later.kind.in_([Kind.FOLLOW_UP, Kind.WITHDRAWAL]),
            later.removed.is_(False),
        )
        .exists()
    )
    return select(RecordRow).where(
        RecordRow.county_id == county_id,
        RecordRow.kind == Kind.FOLLOW_UP,
        RecordRow.removed.is_(False),
        ~replaced,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A list of follow-ups still to be narrowed down, sorted and paged; it selects their ids."""

    statement: Select[tuple[str]]
    id: InstrumentedAttribute[str]
    occurred_on: ColumnElement[Any]
    author_id: ColumnElement[str]
    mode: ColumnElement[str]


def undecided(county_id: str, villages: Collection[str]) -> Queue:
    """The follow-ups of these villages that wait for a review."""
    row = WaitingReviewRow
    statement = select(row.follow_up_id).where(
        row.county_id == county_id, row.village_id.in_(villages)
    )
    return Queue(
        statement=statement,
        id=row.follow_up_id,
        occurred_on=row.occurred_on.expression,
        author_id=row.author_id.expression,
        mode=row.mode.expression,
    )


def decided(county_id: str, villages: Collection[str], decision: str) -> Queue:
    """The standing follow-ups of these villages whose last review decided so."""
    review, later = aliased(RecordRow), aliased(RecordRow)
    newer = select(later.id).where(
        later.county_id == review.county_id,
        later.follow_up_id == review.follow_up_id,
        later.kind == Kind.REVIEW,
        (later.recorded_at > review.recorded_at)
        | ((later.recorded_at == review.recorded_at) & (later.id > review.id)),
    )
    found = select(review.follow_up_id).where(
        review.county_id == county_id,
        review.kind == Kind.REVIEW,
        review.scope_id.in_(scopes_of(villages)),
        review.body["decision"].as_string() == decision,
        review.removed.is_(False),
        ~newer.exists(),
    )
    return Queue(
        statement=_standing(county_id)
        .with_only_columns(RecordRow.id)
        .where(RecordRow.id.in_(found)),
        id=RecordRow.id,
        occurred_on=RecordRow.occurred_on.expression,
        author_id=RecordRow.author_id.expression,
        mode=RecordRow.body["mode"].as_string(),
    )


def waiting_for(session: Session, desk: Desk, visitor: Visitor) -> int:
    """How many follow-ups wait for a review in the visitor's villages."""
    return (
        session.scalar(
            select(func.count()).where(
                WaitingReviewRow.county_id == desk.county_id,
                WaitingReviewRow.village_id.in_(visitor.village_ids),
            )
        )
        or 0
    )


def next_waiting(session: Session, desk: Desk, visitor: Visitor, here: RecordRow) -> str | None:
    """The follow-up that waits behind this one, by date; the oldest of all behind the last."""
    place = tuple_(WaitingReviewRow.occurred_on, WaitingReviewRow.follow_up_id)
    waiting = (
        select(WaitingReviewRow.follow_up_id)
        .where(
            WaitingReviewRow.county_id == desk.county_id,
            WaitingReviewRow.village_id.in_(visitor.village_ids),
            WaitingReviewRow.follow_up_id != here.id,
        )
        .order_by(WaitingReviewRow.occurred_on, WaitingReviewRow.follow_up_id)
        .limit(1)
    )
    behind = session.scalar(
        waiting.where(place > tuple_(literal(here.occurred_on), literal(here.id)))
    )
    return behind or session.scalar(waiting)


def scopes_of(villages: Collection[str]) -> list[str]:
    """The scopes of these villages whose records a desk shows: never a restricted one."""
    return [village_scope(village) for village in villages]


def renew_figures(desk: Desk) -> None:
    """Bring the rows of the new day up to date, once a day at the first page that needs them."""
    with desk.database.reading() as session:
        if is_fresh(session, desk.county_id, desk.today):
            return
    renewed = 1
    while renewed:
        with desk.database.writing() as session:
            renewed = refresh_day(session, desk.county_id, desk.today)
