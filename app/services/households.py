"""A household: who lives there, what each is owed, and the visit to all of them in one sitting."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlmodel import Session

from app.services.accounts import dots_in, due_in, renew_accounts
from app.services.drafts import FOLLOW_UP_DRAFT
from app.services.looking_up import demand_household
from app.services.people_views import village_names
from app.services.practice import Practice
from app.services.views import DotView, Why
from app.store import drafts
from app.store.queries import accounts, people, records
from core.calendar import age_on
from core.education import Education
from core.people import Household
from core.vocabulary import Kind
from core.worklist import URGENCY_ORDER

EDUCATION_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRow:
    """A member with what is owed; `why` and `due_by` are None where nothing is."""

    resident_id: str
    name: str
    age: int
    sex: str
    relation_to_head: str
    phone: str
    tags: tuple[str, ...]
    left: str | None
    dots: tuple[DotView, ...]
    urgency: str | None
    why: Why | None
    due_by: date | None
    last_follow_up_on: date | None
    has_draft: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseholdView:
    """The household's page; `owed` are the members a visit would go through, in order."""

    household: Household
    village: str
    members: tuple[MemberRow, ...]
    owed: tuple[str, ...]
    education: tuple[Education, ...]


class HouseholdService:
    """Households and the visit as one act."""

    def __init__(self, practice: Practice) -> None:
        self._practice = practice

    def get(self, household_id: str) -> HouseholdView:
        """The household; raises Refused `household.unknown`."""
        with self._practice.transaction() as session:
            household = demand_household(session, household_id)
            taught = records.of_household(session, household_id, Kind.EDUCATION, EDUCATION_SHOWN)
            return HouseholdView(
                household=household,
                village=village_names(session).get(household.village_id, ""),
                members=self._members(session, household_id),
                owed=owed_members(session, self._practice, household_id),
                education=tuple(taught),
            )

    def start_visit(self, household_id: str) -> tuple[str, ...]:
        """The residents to go through, the most urgent first; () where nobody is owed anything."""
        self._practice.refuse_full_disk()
        with self._practice.transaction() as session:
            demand_household(session, household_id)
            return owed_members(session, self._practice, household_id)

    def _members(self, session: Session, household_id: str) -> tuple[MemberRow, ...]:
        today = self._practice.today
        persons = people.people_of(session, household_id)
        ids = [person.resident_id for person in persons]
        renew_accounts(session, self._practice, among=ids)
        cached = accounts.accounts_of(session, today, ids)
        met = records.last_days(session, ids)
        with_draft = drafts.drafted(session, FOLLOW_UP_DRAFT)
        rows = []
        for person in persons:
            account = cached.get(person.resident_id)
            first = next(iter(due_in(account.due)), None) if account else None
            rows.append(
                MemberRow(
                    resident_id=person.resident_id,
                    name=person.name,
                    age=age_on(person.birth_date, today),
                    sex=person.sex,
                    relation_to_head=person.relation_to_head,
                    phone=person.phone,
                    tags=tuple(person.tags.split()),
                    left=person.left,
                    dots=dots_in(account.dots) if account else (),
                    urgency=first.urgency if first else None,
                    why=first.why if first else None,
                    due_by=first.due_by if first else None,
                    last_follow_up_on=met.get(person.resident_id),
                    has_draft=person.resident_id in with_draft,
                )
            )
        return tuple(rows)


def owed_members(session: Session, practice: Practice, household_id: str) -> tuple[str, ...]:
    """Members who are owed something now: the most urgent first, the soonest due, the oldest."""
    persons = people.people_of(session, household_id)
    ids = [person.resident_id for person in persons]
    renew_accounts(session, practice, among=ids)
    cached = accounts.accounts_of(session, practice.today, ids)
    owed = {id: due[0] for id in ids if id in cached and (due := due_in(cached[id].due))}
    return tuple(sorted(owed, key=lambda id: (URGENCY_ORDER[owed[id].urgency], owed[id].due_by)))
