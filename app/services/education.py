"""Health-education visits: who was taught what, with what, and what was understood."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlmodel import Session

from app.services.deliveries import deliveries
from app.services.double_tap import OnlyOnce
from app.services.looking_up import demand_history, demand_household, own_village_scope
from app.services.practice import Practice
from app.services.recording import put_fact
from app.services.views import Delivery
from app.store.queries import records
from core.education import Education
from core.refusals import Refusal, Refused
from core.validation import check_education
from core.vocabulary import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class EducationDraft:
    """The form as filled in; `minutes` and `people_reached` as typed.

    `audience` is resident, household, group, lecture or school.
    """

    audience: str
    occurred_on: date
    topics: tuple[str, ...] = ()
    household_id: str | None = None
    resident_id: str | None = None
    materials: tuple[str, ...] = ()
    minutes: str = ""
    people_reached: str = ""
    answers: tuple[bool, ...] = ()
    satisfied: bool | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EducationRow:
    """A visit with how far its record has got."""

    education: Education
    delivery: Delivery
    household_name: str | None


class EducationService:
    """Recording health education."""

    def __init__(self, practice: Practice) -> None:
        self._practice = practice
        self._once = OnlyOnce(practice.clock)

    def save(self, draft: EducationDraft) -> Education:
        """Signs the visit into the outbox; raises Refused with every reason."""
        return self._once.do(draft, lambda: self._save(draft))

    def _save(self, draft: EducationDraft) -> Education:
        minutes, people_reached, unreadable = _counts(draft)
        with self._practice.transaction() as session:
            education = Education(
                id=self._practice.new_id(),
                scope_id=self._scope(session, draft),
                author_id=self._practice.doctor_id,
                occurred_on=draft.occurred_on,
                recorded_at=self._practice.clock.now(),
                audience=draft.audience,
                topics=draft.topics,
                household_id=draft.household_id,
                resident_id=draft.resident_id,
                materials=draft.materials,
                minutes=minutes,
                people_reached=people_reached,
                answers=draft.answers,
                satisfied=draft.satisfied,
                note=draft.note,
            )
            refusals = (*unreadable, *check_education(education, self._practice.today))
            if refusals:
                raise Refused(*refusals)
            put_fact(session, self._practice, education)
        return education

    def recent(self, limit: int = 50) -> tuple[EducationRow, ...]:
        """The latest visits, newest first."""
        with self._practice.transaction() as session:
            visits: list[Education] = records.of_kind(session, Kind.EDUCATION, limit)
            states = deliveries(session, [visit.id for visit in visits])
            return tuple(
                EducationRow(
                    education=visit,
                    delivery=states[visit.id],
                    household_name=_head_of(session, visit.household_id),
                )
                for visit in visits
            )

    def _scope(self, session: Session, draft: EducationDraft) -> str:
        """The scope of the household or resident taught, else of the doctor's first village."""
        if draft.household_id is not None:
            return demand_household(session, draft.household_id).scope_id
        if draft.resident_id is not None:
            return demand_history(session, draft.resident_id).resident.scope_id
        return own_village_scope(session)


def _counts(draft: EducationDraft) -> tuple[int, int, tuple[Refusal, ...]]:
    counts, refusals = [], []
    for place in ("minutes", "people_reached"):
        typed = getattr(draft, place).strip() or "0"
        whole = typed.isascii() and typed.isdigit()
        counts.append(int(typed) if whole else 0)
        if not whole:
            refusals.append(Refusal(code="number.unreadable", place=place, values={"typed": typed}))
    return counts[0], counts[1], tuple(refusals)


def _head_of(session: Session, household_id: str | None) -> str | None:
    household = records.record(session, Kind.HOUSEHOLD, household_id) if household_id else None
    return household.head_name if household else None
