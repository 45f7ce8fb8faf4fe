"""A resident's year as a doctor would have recorded it: visits made, missed and explained."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from core.contracts import Contract
from core.education import Education
from core.followups import FollowUp
from core.history import History
from core.ids import RANDOM_BYTES, uuid7
from core.obligations import Programme, Slot, SlotState, account_of
from core.people import Household, Resident
from core.policy import Policy
from core.referrals import Referral, ReferralOutcome
from core.triage import Triage, triage
from core.vocabulary import Mode, NotMet
from county.config import CHINA, local_date
from demo.bedside import (
    Constitution,
    Habits,
    constitution_of,
    guidance_of,
    lifestyle_of,
    readings_of,
    services_of,
    symptoms_of,
)

NOT_MET_SHARE = 0.3
"""Of the slots a doctor did not meet, those with a note of why."""

LATE_ENTRY_SHARE = 0.03
TOPICS = ("salt_oil_sugar", "hypertension", "diabetes", "medicines", "elderly", "exercise")
MATERIALS = ("leaflet", "salt_spoon", "oil_pot", "poster")
HOSPITAL = "县人民医院"

Fact = FollowUp | Referral | ReferralOutcome | Education


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A resident with their contract, and the doctor who keeps it."""

    resident: Resident
    contract: Contract
    doctor_id: str


class PracticeYear:
    """Draws what doctors recorded up to `now`; one seed, one year."""

    def __init__(self, chance: Random, policy: Policy, now: datetime) -> None:
        self._chance = chance
        self._policy = policy
        self._now = now
        self._today = local_date(now)

    def facts_of(self, case: Case, habits: Habits) -> Iterator[Fact]:
        """Everything recorded of a resident, in order of time."""
        body = constitution_of(self._chance, case.resident, self._today)
        history = History(resident=case.resident, contracts=(case.contract,))
        for slot in self._slots(history):
            day = self._day_in(slot, case.contract, habits)
            if day is None:
                continue
            if self._chance.random() > habits.diligence:
                if self._chance.random() < NOT_MET_SHARE:
                    yield self._not_met(case, day)
                continue
            follow_up, found = self._visit(case, body, habits, history, day)
            history = replace(history, follow_ups=(*history.follow_ups, follow_up))
            yield follow_up
            if found.emergency:
                yield from self._referred(case, follow_up)

    def lesson(self, household: Household, doctor_id: str, day: date) -> Education:
        """A health-education visit to a household."""
        at = self._moment(day)
        return Education(
            id=self._id(at),
            scope_id=household.scope_id,
            author_id=doctor_id,
            occurred_on=day,
            recorded_at=at,
            audience="household",
            topics=tuple(self._chance.sample(TOPICS, 2)),
            household_id=household.id,
            materials=(self._chance.choice(MATERIALS),),
            minutes=self._chance.choice((10, 15, 20, 30)),
            people_reached=self._chance.randint(1, 4),
            answers=tuple(self._chance.random() < 0.8 for _ in range(3)),
            satisfied=True,
        )

    def amended(self, follow_up: FollowUp, day: date) -> FollowUp:
        """The follow-up put right after the township has sent it back."""
        at = self._moment(day)
        note = "已按退回意见核对原始记录并更正"
        return replace(follow_up, id=self._id(at), amends=follow_up.id, recorded_at=at, note=note)

    def _slots(self, history: History) -> Iterator[Slot]:
        first = history.contracts[0].start_on.year
        for year in range(first, self._today.year + 1):
            for slot in account_of(self._policy, history, self._today, year).of(Programme.CONTRACT):
                if slot.state not in {SlotState.VOID, SlotState.UPCOMING}:
                    yield slot

    def _day_in(self, slot: Slot, contract: Contract, habits: Habits) -> date | None:
        """A day of the slot's window up to today; None where today comes before it."""
        first = max(slot.window_from, contract.start_on)
        last = min(slot.window_to, contract.end_on)
        span = (last - first).days
        if habits.waits_for_month_end:
            first += timedelta(days=int(span * 0.7))
        day = first + timedelta(days=self._chance.randint(0, max((last - first).days, 0)))
        return day if day <= self._today else None

    def _visit(
        self, case: Case, body: Constitution, habits: Habits, history: History, day: date
    ) -> tuple[FollowUp, Triage]:
        mode = self._mode(habits)
        begun = self._moment(day)
        late = self._chance.random() < LATE_ENTRY_SHARE
        saved = begun + timedelta(minutes=self._chance.randint(4, 14))
        recorded = min(saved + timedelta(days=3 * late), self._now)
        drawn = FollowUp(
            id=self._id(recorded),
            scope_id=case.resident.scope_id,
            resident_id=case.resident.id,
            author_id=case.doctor_id,
            occurred_on=day,
            recorded_at=recorded,
            mode=mode,
            contract_id=case.contract.id,
            policy_version=self._policy.version,
            asked="self" if self._chance.random() < 0.85 else "family",
            services=services_of(self._chance, mode),
            symptoms=symptoms_of(self._chance, body),
            readings=readings_of(self._chance, body, habits, mode, begun),
            lifestyle=lifestyle_of(self._chance, case.resident),
            guidance=guidance_of(self._chance),
            adherence=self._adherence(body),
            adverse_reaction=False if body.medicines else None,
            complication="none" if body.has_htn or body.has_t2dm else None,
            medicines=body.medicines,
            started_at=begun,
        )
        found = triage(self._policy, history, drawn)
        concluded = replace(
            drawn,
            visit_class=found.suggested_class or (1 if body.medicines else None),
            next_on=found.next_on or day + timedelta(days=30),
            referral_advised=found.refer,
        )
        return concluded, found

    def _not_met(self, case: Case, day: date) -> FollowUp:
        at = self._moment(day)
        reasons = (NotMet.AWAY_FOR_WORK, NotMet.NOT_AT_HOME, NotMet.IN_HOSPITAL)
        return FollowUp(
            id=self._id(at),
            scope_id=case.resident.scope_id,
            resident_id=case.resident.id,
            author_id=case.doctor_id,
            occurred_on=day,
            recorded_at=at,
            mode=Mode.HOME,
            contract_id=case.contract.id,
            policy_version=self._policy.version,
            not_met=self._chance.choice(reasons),
        )

    def _referred(self, case: Case, follow_up: FollowUp) -> Iterator[Fact]:
        at = follow_up.recorded_at + timedelta(minutes=2)
        trace_by = follow_up.occurred_on + timedelta(
            days=self._policy.follow_up.referral_trace_days
        )
        referral = Referral(
            id=self._id(at),
            scope_id=case.resident.scope_id,
            resident_id=case.resident.id,
            author_id=case.doctor_id,
            occurred_on=follow_up.occurred_on,
            recorded_at=at,
            reason="emergency",
            urgent=True,
            to_facility=HOSPITAL,
            trace_by=trace_by,
            follow_up_id=follow_up.id,
        )
        yield referral
        traced = trace_by - timedelta(days=self._chance.randint(2, 9))
        if traced <= self._today:
            then = self._moment(traced)
            yield ReferralOutcome(
                id=self._id(then),
                scope_id=case.resident.scope_id,
                referral_id=referral.id,
                author_id=case.doctor_id,
                occurred_on=traced,
                recorded_at=then,
                outcome=self._chance.choice(("went", "went", "admitted", "did_not_go")),
            )

    def _mode(self, habits: Habits) -> str:
        if self._chance.random() < habits.phone_share:
            return self._chance.choice((Mode.PHONE, Mode.PHONE, Mode.PHONE, Mode.ONLINE))
        return self._chance.choice((Mode.HOME, Mode.HOME, Mode.HOME, Mode.CLINIC, Mode.TOUR))

    def _adherence(self, body: Constitution) -> str | None:
        if not body.medicines:
            return None
        return self._chance.choice(("regular", "regular", "regular", "intermittent"))

    def _moment(self, day: date) -> datetime:
        """A moment of the working day in the county, in UTC."""
        minutes = self._chance.randint(0, 8 * 60)
        local = datetime.combine(day, time(8, 5), tzinfo=CHINA) + timedelta(minutes=minutes)
        return min(local.astimezone(UTC), self._now)

    def _id(self, at: datetime) -> str:
        return uuid7(int(at.timestamp() * 1000), self._chance.randbytes(RANDOM_BYTES))
