"""The follow-up from first tap to receipt: begin, draft, appraise, save, amend, withdraw."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlmodel import Session

from app.services.accounts import renew_account
from app.services.appraising import (
    ASKS,
    Case,
    LastReading,
    appraised,
    carried_over,
    conditions_of,
    last_readings,
    open_slot,
    what_to_tell,
)
from app.services.deliveries import delivery_of, returned_now
from app.services.drafts import (
    DRAFTS,
    Authorship,
    FollowUpDraft,
    draft_of_follow_up,
    draft_place,
)
from app.services.households import owed_members
from app.services.looking_up import demand_follow_up, demand_history, kept_draft
from app.services.people_views import village_names
from app.services.policies import rules_in
from app.services.practice import Practice
from app.services.recording import put_fact
from app.services.views import Delivery, ReturnedView, Why
from app.store import drafts, outbox
from app.store.queries import delivery, records
from core.calendar import age_on
from core.followups import FollowUp, Lifestyle, Withdrawal
from core.history import History, standing, voided_ids
from core.obligations import account_of
from core.people import Household, Resident
from core.refusals import Refusal, Refused
from core.reviews import Review
from core.slots import Programme, Slot
from core.triage import Triage
from core.vocabulary import Kind, NotMet


@dataclass(frozen=True, slots=True, kw_only=True)
class FormView:
    """What the form opens with.

    `asks` are the kinds of reading to ask for, in order; `slot` is the contract's slot a
    follow-up today would fill. `resumed` says the draft was begun earlier.
    """

    draft: FollowUpDraft
    resumed: bool
    resident: Resident
    age: int
    household: Household | None
    village: str
    conditions: tuple[str, ...]
    asks: tuple[str, ...]
    last: tuple[LastReading, ...]
    last_on: date | None
    last_targets: Lifestyle | None
    slot: Slot | None
    returned: ReturnedView | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Appraisal:
    """What the rules say of a draft as it stands; `refusals` are what saving would refuse."""

    triage: Triage
    refusals: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """A follow-up that is durable on this tablet.

    `name` is the resident's, `told` what to tell them, `next_member` the next of the household
    who is owed; `referral_made` tells that the slip that was needed has been saved since.
    """

    follow_up: FollowUp
    name: str
    slot_filled: Slot | None
    triage: Triage
    referral_needed: bool
    urgent: bool
    told: tuple[Why, ...]
    next_member: str | None
    referral_made: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpView:
    """A follow-up with its way to the county: receipt, reviews, amendments."""

    follow_up: FollowUp
    resident: Resident
    village: str
    delivery: Delivery
    receipt_no: int | None
    received_at: datetime | None
    reviews: tuple[Review, ...]
    returned: ReturnedView | None
    withdrawn_reason: str | None
    amended_by: str | None
    own: bool


class FollowUpService:
    """Everything a doctor does to a follow-up."""

    def __init__(self, practice: Practice) -> None:
        self._practice = practice

    def begin(self, resident_id: str, amends: str | None = None) -> FormView:
        """The form for a resident: the unfinished draft where there is one, else a fresh one.

        Medicines are carried over to be confirmed; no reading ever is. With `amends` the
        form opens with what that follow-up recorded. Raises Refused: `resident.unknown`,
        `follow_up.unknown`, `disk.full` where there is no room to save a visit.
        """
        self._practice.refuse_full_disk()
        with self._practice.transaction() as session:
            history = demand_history(session, resident_id)
            kept = kept_draft(session, resident_id, amends)
            draft = kept or self._fresh(history, amends)
            return self._form(session, history, draft, resumed=kept is not None)

    def save_draft(self, draft: FollowUpDraft) -> None:
        """Keeps the draft, durable, in place of the resident's earlier one.

        A draft that arrives after its follow-up was recorded is passed over.
        """
        with self._practice.transaction() as session:
            if records.row(session, draft.id) is None:
                self._keep(session, draft)

    def draft_of(self, resident_id: str, amends: str | None = None) -> FollowUpDraft | None:
        """The resident's unfinished draft, or that of a correction."""
        with self._practice.transaction() as session:
            return kept_draft(session, resident_id, amends)

    def discard_draft(self, resident_id: str, amends: str | None = None) -> None:
        """Throws the draft away, on the doctor's word."""
        with self._practice.transaction() as session:
            drafts.drop_draft(session, *draft_place(resident_id, amends))

    def appraise(self, draft: FollowUpDraft) -> Appraisal:
        """Findings, suggested class and refusals of the draft so far; nothing is written."""
        with self._practice.transaction() as session:
            case = self._case(session, draft)
        return Appraisal(triage=case.triage, refusals=case.refusals)

    def save(self, draft: FollowUpDraft, confirmed_soft: tuple[str, ...] = ()) -> Saved:
        """Makes the follow-up of the draft, signs it into the outbox and drops the draft.

        `confirmed_soft` are codes of soft refusals the doctor has confirmed. Raises Refused
        with every reason; the draft is then still there, as typed. A second tap on saving
        is refused as `follow_up.saved_already`.
        """
        with self._practice.transaction() as session:
            self._refuse_saved(session, draft.id)
            case = self._case(session, draft)
            in_the_way = _in_the_way(case.refusals, confirmed_soft)
            if not in_the_way:
                drafts.drop_draft(session, *draft_place(draft.resident_id, draft.amends))
                return self._put(session, case)
            self._keep(session, draft)
        raise Refused(*in_the_way)

    def not_met(
        self,
        resident_id: str,
        reason: str,
        mode: str = "home",
        note: str = "",
        *,
        draft_id: str | None = None,
    ) -> Saved:
        """Records that the resident was not met today, with the reason; a draft is dropped.

        `draft_id` is that of the form it is told on, so that nothing brings the form back.
        Raises Refused: `resident.unknown`, `not_met.reason`, and those of the follow-up.
        """
        if reason not in set(NotMet):
            raise Refused(Refusal(code="not_met.reason", place="not_met"))
        now = self._practice.clock.now()
        draft = FollowUpDraft(
            id=draft_id or self._practice.new_id(),
            resident_id=resident_id,
            started_at=now,
            occurred_on=self._practice.today,
            mode=mode,
            not_met=reason,
            note=note,
        )
        with self._practice.transaction() as session:
            self._refuse_saved(session, draft.id)
            case = self._case(session, draft)
            # Soft refusals ask about values or the contract; an absence is told all the same.
            hard = tuple(refusal for refusal in case.refusals if not refusal.soft)
            if hard:
                raise Refused(*hard)
            drafts.drop_draft(session, *draft_place(resident_id, None))
            return self._put(session, case)

    def withdraw(self, follow_up_id: str, reason: str) -> None:
        """Withdraws one of the doctor's own follow-ups.

        Raises Refused: `follow_up.unknown`, `follow_up.not_yours`, `withdrawal.no_reason`,
        `withdrawal.already`.
        """
        if not reason.strip():
            raise Refused(Refusal(code="withdrawal.no_reason", place="reason"))
        with self._practice.transaction() as session:
            follow_up = demand_follow_up(session, follow_up_id)
            if follow_up.author_id != self._practice.doctor_id:
                raise Refused(Refusal(code="follow_up.not_yours"))
            history = demand_history(session, follow_up.resident_id)
            if follow_up_id in voided_ids(history.withdrawals):
                raise Refused(Refusal(code="withdrawal.already"))
            put_fact(session, self._practice, self._withdrawal(follow_up, reason.strip()))

    def get(self, follow_up_id: str) -> FollowUpView:
        """A follow-up with its delivery; raises Refused `follow_up.unknown`."""
        with self._practice.transaction() as session:
            follow_up = demand_follow_up(session, follow_up_id)
            history = demand_history(session, follow_up.resident_id)
            return follow_up_view(session, history, follow_up, self._practice.doctor_id)

    def _refuse_saved(self, session: Session, follow_up_id: str) -> None:
        if records.row(session, follow_up_id) is not None:
            raise Refused(Refusal(code="follow_up.saved_already"))

    def _keep(self, session: Session, draft: FollowUpDraft) -> None:
        body, now = DRAFTS.dump_json(draft).decode(), self._practice.clock.now()
        kind, subject_id = draft_place(draft.resident_id, draft.amends)
        drafts.put_draft(session, kind, subject_id, body, now)

    def _fresh(self, history: History, amends: str | None) -> FollowUpDraft:
        now, id = self._practice.clock.now(), self._practice.new_id()
        if amends is not None:
            before = self._own(history, amends)
            return draft_of_follow_up(before, id=id, started_at=now)
        return FollowUpDraft(
            id=id,
            resident_id=history.resident.id,
            started_at=now,
            occurred_on=self._practice.today,
            medicines=carried_over(standing(history)),
        )

    def _own(self, history: History, follow_up_id: str) -> FollowUp:
        for follow_up in history.follow_ups:
            if follow_up.id == follow_up_id:
                if follow_up.author_id != self._practice.doctor_id:
                    raise Refused(Refusal(code="follow_up.not_yours"))
                return follow_up
        raise Refused(Refusal(code="follow_up.unknown"))

    def _form(
        self, session: Session, history: History, draft: FollowUpDraft, resumed: bool
    ) -> FormView:
        resident, today = history.resident, self._practice.today
        household = records.record(session, Kind.HOUSEHOLD, resident.household_id)
        before = [f for f in standing(history) if f.id != draft.amends]
        account = account_of(rules_in(session).book, history, today)
        return FormView(
            draft=draft,
            resumed=resumed,
            resident=resident,
            age=age_on(resident.birth_date, today),
            household=household,
            village=village_names(session).get(household.village_id, "") if household else "",
            conditions=conditions_of(resident),
            asks=ASKS,
            last=last_readings(before),
            last_on=next((f.occurred_on for f in reversed(before) if not f.not_met), None),
            last_targets=next((f.lifestyle for f in reversed(before) if f.lifestyle), None),
            slot=open_slot(account.of(Programme.CONTRACT), draft.occurred_on, draft.amends),
            returned=returned_now(session, history, draft.amends),
        )

    def _case(self, session: Session, draft: FollowUpDraft) -> Case:
        history = demand_history(session, draft.resident_id)
        rules = rules_in(session)
        if draft.amends is not None:
            self._own(history, draft.amends)
        contract = history.coverage.contract_on(draft.occurred_on)
        by = Authorship(
            scope_id=history.resident.scope_id,
            author_id=self._practice.doctor_id,
            contract_id=contract.id if contract else None,
            policy_version=rules.on(draft.occurred_on).version,
            recorded_at=self._practice.clock.now(),
        )
        return appraised(draft, by, history, rules.book, self._practice.today)

    def _put(self, session: Session, case: Case) -> Saved:
        follow_up = case.follow_up
        put_fact(session, self._practice, follow_up)
        history = replace(case.history, follow_ups=(*case.history.follow_ups, follow_up))
        account = account_of(rules_in(session).book, history, self._practice.today)
        renew_account(session, self._practice, history)
        return Saved(
            follow_up=follow_up,
            name=history.resident.name,
            slot_filled=next((s for s in account.slots if s.filled_by == follow_up.id), None),
            triage=case.triage,
            referral_needed=case.triage.refer,
            urgent=case.triage.emergency,
            told=what_to_tell(follow_up, case.triage),
            next_member=self._next_member(session, history),
        )

    def _next_member(self, session: Session, history: History) -> str | None:
        owed = owed_members(session, self._practice, history.resident.household_id)
        return next((id for id in owed if id != history.resident.id), None)

    def _withdrawal(self, follow_up: FollowUp, reason: str) -> Withdrawal:
        return Withdrawal(
            id=self._practice.new_id(),
            scope_id=follow_up.scope_id,
            voids=follow_up.id,
            author_id=self._practice.doctor_id,
            reason=reason,
            recorded_at=self._practice.clock.now(),
        )


def _in_the_way(
    refusals: tuple[Refusal, ...], confirmed_soft: tuple[str, ...]
) -> tuple[Refusal, ...]:
    return tuple(r for r in refusals if not (r.soft and r.code in confirmed_soft))


def follow_up_view(
    session: Session, history: History, follow_up: FollowUp, doctor_id: str
) -> FollowUpView:
    """A follow-up with everything that has become of it."""
    operation = delivery.operations_of(session, [follow_up.id]).get(follow_up.id)
    receipt = outbox.receipt_in(operation) if operation else None
    review = history.settled.reviews.get(follow_up.id)
    void = voided_ids(history.withdrawals)
    household = records.record(session, Kind.HOUSEHOLD, history.resident.household_id)
    return FollowUpView(
        follow_up=follow_up,
        resident=history.resident,
        village=village_names(session).get(household.village_id, "") if household else "",
        delivery=delivery_of(operation, review, outbox.sent_through(session)),
        receipt_no=receipt.device_seq if receipt else None,
        received_at=datetime.fromisoformat(receipt.received_at) if receipt else None,
        reviews=tuple(r for r in history.reviews if r.follow_up_id == follow_up.id),
        returned=returned_now(session, history, follow_up.id),
        withdrawn_reason=_withdrawn_reason(history, follow_up.id) if follow_up.id in void else None,
        amended_by=next(
            (f.id for f in history.follow_ups if f.amends == follow_up.id and f.id not in void),
            None,
        ),
        own=follow_up.author_id == doctor_id,
    )


def _withdrawn_reason(history: History, follow_up_id: str) -> str:
    reasons = [w.reason for w in history.withdrawals if w.voids == follow_up_id]
    return reasons[-1]
