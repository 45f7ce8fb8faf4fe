"""Referrals to a higher level of care, and tracing what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import Session

from app.services.deliveries import deliveries
from app.services.double_tap import OnlyOnce
from app.services.looking_up import demand_history
from app.services.people_views import person_row, village_names
from app.services.policies import rules_in
from app.services.practice import Practice
from app.services.recording import put_fact
from app.services.views import Delivery, PersonRow
from app.store.queries import people, records
from core.referrals import Referral, ReferralOutcome
from core.refusals import Refusal, Refused
from core.validation import check_outcome, check_referral
from core.vocabulary import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralDraft:
    """The referral slip as filled in."""

    resident_id: str
    reason: str
    urgent: bool
    to_facility: str
    department: str = ""
    follow_up_id: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralRow:
    """A referral not traced yet, with the person and how far its record has got."""

    referral: Referral
    person: PersonRow
    overdue: bool
    delivery: Delivery


class ReferralService:
    """Making and tracing referrals."""

    def __init__(self, practice: Practice) -> None:
        self._practice = practice
        self._once = OnlyOnce(practice.clock)

    def save(self, draft: ReferralDraft) -> Referral:
        """Signs the referral into the outbox, to be traced within the policy's days.

        Raises Refused: `resident.unknown`, and those of `core.validation.check_referral`.
        """
        return self._once.do(draft, lambda: self._save(draft))

    def _save(self, draft: ReferralDraft) -> Referral:
        with self._practice.transaction() as session:
            resident = demand_history(session, draft.resident_id).resident
            today = self._practice.today
            days = rules_in(session).on(today).follow_up.referral_trace_days
            referral = Referral(
                id=self._practice.new_id(),
                scope_id=resident.scope_id,
                resident_id=resident.id,
                author_id=self._practice.doctor_id,
                occurred_on=today,
                recorded_at=self._practice.clock.now(),
                reason=draft.reason.strip(),
                urgent=draft.urgent,
                to_facility=draft.to_facility.strip(),
                trace_by=today + timedelta(days=days),
                follow_up_id=draft.follow_up_id,
                department=draft.department.strip(),
                note=draft.note,
            )
            refusals = check_referral(referral, today)
            if refusals:
                raise Refused(*refusals)
            put_fact(session, self._practice, referral)
        return referral

    def open(self, limit: int = 200) -> tuple[ReferralRow, ...]:
        """Referrals without an outcome, the soonest to be traced first."""
        with self._practice.transaction() as session:
            made: list[Referral] = records.of_kind(session, Kind.REFERRAL, limit)
            ids = [referral.id for referral in made]
            traced = {
                outcome.referral_id
                for outcome in records.about(session, ids, Kind.REFERRAL_OUTCOME)
            }
            void = {w.voids for w in records.about(session, ids, Kind.WITHDRAWAL)}
            waiting = [r for r in made if r.id not in traced | void]
            return self._rows(session, sorted(waiting, key=lambda r: (r.trace_by, r.id)))

    def save_outcome(self, referral_id: str, outcome: str, note: str = "") -> ReferralOutcome:
        """Records what became of it: went, did_not_go, admitted, died, unknown.

        Raises Refused: `referral.unknown`, `outcome.unknown`.
        """
        asked = (referral_id, outcome, note)
        return self._once.do(asked, lambda: self._save_outcome(*asked))

    def _save_outcome(self, referral_id: str, outcome: str, note: str) -> ReferralOutcome:
        with self._practice.transaction() as session:
            referral: Referral | None = records.record(session, Kind.REFERRAL, referral_id)
            if referral is None:
                raise Refused(Refusal(code="referral.unknown"))
            learnt = ReferralOutcome(
                id=self._practice.new_id(),
                scope_id=referral.scope_id,
                referral_id=referral.id,
                author_id=self._practice.doctor_id,
                occurred_on=self._practice.today,
                recorded_at=self._practice.clock.now(),
                outcome=outcome,
                note=note,
            )
            if refusals := check_outcome(learnt, self._practice.today):
                raise Refused(*refusals)
            put_fact(session, self._practice, learnt)
        return learnt

    def _rows(self, session: Session, waiting: list[Referral]) -> tuple[ReferralRow, ...]:
        states = deliveries(session, [referral.id for referral in waiting])
        villages, today = village_names(session), self._practice.today
        rows = []
        for referral in waiting:
            person = people.person(session, referral.resident_id)
            if person is not None:
                rows.append(
                    ReferralRow(
                        referral=referral,
                        person=person_row(person, villages, today),
                        overdue=referral.trace_by < today,
                        delivery=states[referral.id],
                    )
                )
        return tuple(rows)
