"""A county's year of work, month by month: visits handed in, reviewed, now and then sent back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import cycle
from random import Random
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.followups import FollowUp
from core.people import Household
from core.policy import default_policy
from core.vocabulary import Decision, Kind, ReturnReason
from core.wire.bodies import record_of
from county.config import local_date
from county.db import Database
from county.keys import the_county
from county.people import Role
from county.reviews import Reviewer, Verdict, decide
from county.rollups import accounts_put_off, refresh_day, refresh_residents
from county.tables import RecordRow, UserRow, VillageRow
from demo.bedside import Habits
from demo.pens import Pen
from demo.practice_year import Case, Fact, PracticeYear

ACCEPTED_SHARE, RETURNED_SHARE = 0.72, 0.015
AMENDED_SHARE = 0.75
LESSONS_A_MONTH = 4

HABITS = (
    Habits(diligence=0.96, phone_share=0.12),
    Habits(diligence=0.93, phone_share=0.15),
    Habits(diligence=0.90, phone_share=0.10),
    Habits(diligence=0.88, phone_share=0.22),
    Habits(diligence=0.94, phone_share=0.08),
    Habits(diligence=0.82, phone_share=0.18),
    Habits(diligence=0.70, phone_share=0.30),
    Habits(diligence=0.91, phone_share=0.15, rounding_share=0.85, waits_for_month_end=True),
)
"""The doctors' ways: most take care, one is behind, one rounds and leaves it to the month's end."""

RETURN_REASONS = (
    ReturnReason.INCOMPLETE,
    ReturnReason.IMPLAUSIBLE_READING,
    ReturnReason.NOT_CONFIRMED_BY_PHONE,
    ReturnReason.WRONG_CLASS,
)


@dataclass(slots=True)
class _Doctor:
    """A doctor with the tablet of last year and what is still to be handed in, by time."""

    user: UserRow
    habits: Habits
    pen: Pen
    facts: list[Fact]


class WorkYear:
    """Plays a year between `begin` and `now`, each month in one transaction."""

    def __init__(
        self, database: Database, county_id: str, chance: Random, begin: datetime, now: datetime
    ) -> None:
        self._database = database
        self._county_id = county_id
        self._chance = chance
        self._begin = begin
        self._now = now
        self._policy = default_policy()
        self._year = PracticeYear(chance, self._policy, now)

    def run(self, tell: Callable[[int, int], None]) -> None:
        """Play it; `tell` is told how many months are done, and of how many."""
        with self._database.writing() as session:
            doctors = self._doctors(session)
            reviewers = self._reviewers(session)
        ends = self._month_ends()
        with accounts_put_off() as touched:
            for number, end in enumerate(ends):
                tell(number, len(ends))
                with self._database.writing() as session:
                    self._month(session, doctors, reviewers, end)
        with self._database.writing() as session:
            refresh_residents(session, self._county_id, touched, local_date(self._now))
            refresh_day(session, self._county_id, local_date(self._now))
            for doctor in doctors:
                doctor.pen.retire(session)
        tell(len(ends), len(ends))

    def _month_ends(self) -> list[datetime]:
        ends = []
        day = self._begin
        while day < self._now:
            day += timedelta(days=30)
            ends.append(min(day, self._now))
        return ends

    def _month(
        self,
        session: Session,
        doctors: Sequence[_Doctor],
        reviewers: Mapping[str, Reviewer],
        end: datetime,
    ) -> None:
        for doctor in doctors:
            due = [fact for fact in doctor.facts if fact.recorded_at <= end]
            doctor.facts = [fact for fact in doctor.facts if fact.recorded_at > end]
            if not due:
                continue
            doctor.pen.hand_in(session, due, self._policy.version, end)
            # The latest month waits for the township, as it would on any day.
            if end < self._now:
                self._review(session, doctor, reviewers, due, end)

    def _review(
        self,
        session: Session,
        doctor: _Doctor,
        reviewers: Mapping[str, Reviewer],
        handed_in: Sequence[Fact],
        end: datetime,
    ) -> None:
        reviewer = reviewers[str(doctor.user.township_id)]
        accepted: list[str] = []
        for fact in handed_in:
            if not isinstance(fact, FollowUp) or fact.not_met is not None:
                continue
            roll = self._chance.random()
            if roll < ACCEPTED_SHARE:
                accepted.append(fact.id)
            elif roll < ACCEPTED_SHARE + RETURNED_SHARE and fact.amends is None:
                self._send_back(session, doctor, reviewer, fact, end)
        if accepted:
            decide(session, reviewer, accepted, Verdict(decision=Decision.ACCEPTED), end)

    def _send_back(
        self,
        session: Session,
        doctor: _Doctor,
        reviewer: Reviewer,
        follow_up: FollowUp,
        end: datetime,
    ) -> None:
        verdict = Verdict(decision=Decision.RETURNED, reason=self._chance.choice(RETURN_REASONS))
        decide(session, reviewer, [follow_up.id], verdict, end)
        day = local_date(end) + timedelta(days=self._chance.randint(2, 12))
        if self._chance.random() < AMENDED_SHARE and day <= local_date(self._now):
            doctor.facts.append(self._year.amended(follow_up, day))
            doctor.facts.sort(key=_when)

    def _doctors(self, session: Session) -> list[_Doctor]:
        county = the_county(session)
        query = select(UserRow).where(
            UserRow.county_id == self._county_id, UserRow.role == Role.DOCTOR
        )
        users = session.scalars(query.order_by(UserRow.id)).all()
        cases = self._cases(session)
        homes = self._records(session, Kind.HOUSEHOLD)
        doctors = []
        for user, habits in zip(users, cycle(HABITS), strict=False):
            pen = Pen(session, county, user.id, self._chance, self._begin)
            facts = [fact for case in cases[user.id] for fact in self._year.facts_of(case, habits)]
            own = [home for home in homes if home.village_id in user.village_ids]
            facts += self._lessons(user.id, own)
            doctors.append(_Doctor(user, habits, pen, sorted(facts, key=_when)))
        return doctors

    def _cases(self, session: Session) -> Mapping[str, list[Case]]:
        residents = {row.id: row for row in self._records(session, Kind.RESIDENT)}
        cases: dict[str, list[Case]] = defaultdict(list)
        for contract in self._records(session, Kind.CONTRACT):
            resident = residents[contract.resident_id]
            doctor_id = str(contract.doctor_id)
            cases[doctor_id].append(Case(resident=resident, contract=contract, doctor_id=doctor_id))
        return cases

    def _lessons(self, doctor_id: str, homes: Sequence[Household]) -> Iterator[Fact]:
        first = local_date(self._begin)
        days = (local_date(self._now) - first).days
        for _ in range(days * LESSONS_A_MONTH // 30 if homes else 0):
            day = first + timedelta(days=self._chance.randint(0, days))
            yield self._year.lesson(self._chance.choice(homes), doctor_id, day)

    def _records(self, session: Session, kind: Kind) -> list[Any]:
        query = select(RecordRow.schema, RecordRow.body).where(
            RecordRow.county_id == self._county_id, RecordRow.kind == kind
        )
        found = session.execute(query.order_by(RecordRow.id))
        return [record_of(kind, schema, body) for schema, body in found]

    def _reviewers(self, session: Session) -> dict[str, Reviewer]:
        villages = session.scalars(
            select(VillageRow).where(VillageRow.county_id == self._county_id)
        ).all()
        query = select(UserRow).where(
            UserRow.county_id == self._county_id, UserRow.role == Role.TOWNSHIP
        )
        return {
            str(user.township_id): Reviewer(
                county_id=self._county_id,
                user_id=user.id,
                village_ids=frozenset(
                    row.id for row in villages if row.township_id == user.township_id
                ),
            )
            for user in session.scalars(query)
        }


def _when(fact: Fact) -> datetime:
    return fact.recorded_at
