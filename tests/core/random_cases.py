"""Random residents with random years behind them, for the oracle and the benchmarks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random

from core.contracts import Contract, Exemption, ExemptionDecision
from core.followups import FollowUp, Reading, SmiAssessment, Withdrawal
from core.history import History
from core.people import Resident, TagSpan
from core.policy import Policy, default_policy
from core.reviews import Review

MODES = ("clinic", "tour", "home", "home", "phone", "sms", "online")
TAGS = ("htn", "t2dm", "smi", "tb", "disabled", "maternal", "copd")
FIRST_DAY, LAST_DAY = date(2024, 6, 1), date(2027, 3, 1)


@dataclass(frozen=True, kw_only=True)
class RandomCase:
    """Everything an account is made of."""

    policy: Policy
    history: History
    today: date
    year: int


def random_case(seed: int) -> RandomCase:
    """A case that is the same for the same seed; dates lie thickly around 2025 and 2026."""
    rng = Random(seed)
    return RandomCase(
        policy=random_policy(rng),
        history=random_history(rng),
        today=day_between(rng, date(2025, 6, 1), date(2027, 1, 31)),
        year=rng.choice((2025, 2026, 2026)),
    )


def day_between(rng: Random, first: date, last: date) -> date:
    day = first + timedelta(rng.randint(0, (last - first).days))
    # Most mistakes live at the ends of months.
    if rng.random() < 0.35:
        return rng.choice((day.replace(day=1), day.replace(day=1) - timedelta(1)))
    return day


def random_policy(rng: Random) -> Policy:
    policy = default_policy()
    contract = policy.contract.model_copy(
        update={
            "year_basis": rng.choice(("calendar", "calendar", "contract")),
            "start_month": rng.choice(("count", "count_if_before_16", "skip")),
            "min_quarter_months": rng.choice((1, 2, 2, 3)),
            "min_gap_days": rng.choice((0, 0, 0, 7, 20)),
            "late_entry_days": rng.choice((0, 7, 30)),
            "late_entry_needs_approval": rng.random() < 0.3,
            "excuse_min_share": rng.choice((0.3, 0.5, 1.0)),
            "exam_counts_as_visit": rng.random() < 0.8,
            "countable_modes": policy.contract.countable_modes[: rng.choice((3, 4, 6))],
            "key_groups": policy.contract.key_groups[: rng.choice((2, 5, 8))],
        }
    )
    return policy.model_copy(update={"contract": contract})


def random_history(rng: Random) -> History:
    resident = random_resident(rng)
    follow_ups = random_follow_ups(rng)
    exemptions = tuple(random_exemption(rng, n) for n in range(rng.choice((0, 0, 1, 2))))
    return History(
        resident=resident,
        contracts=random_contracts(rng),
        follow_ups=tuple(rng.sample(follow_ups, len(follow_ups))),
        withdrawals=tuple(random_withdrawals(rng, follow_ups)),
        reviews=tuple(random_reviews(rng, follow_ups)),
        exemptions=exemptions,
        exemption_decisions=tuple(
            ExemptionDecision(
                id=f"d{n}-{exemption.id}",
                scope_id="s",
                exemption_id=exemption.id,
                author_id="t",
                approved=rng.random() < 0.7,
                recorded_at=moment(date(2026, 1, 1), n),
            )
            for exemption in exemptions
            for n in range(rng.choice((0, 1, 1, 2)))
        ),
    )


def random_resident(rng: Random) -> Resident:
    birth_year = rng.choice((1940, 1955, 1960, 1961, 1975, 1990, 2018, 2019, 2020))
    leap = birth_year % 4 == 0 and rng.random() < 0.3
    born = date(birth_year, 2, 29) if leap else day_in(rng, birth_year)
    left_on = day_between(rng, date(2025, 1, 1), date(2027, 1, 1)) if rng.random() < 0.25 else None
    return Resident(
        id="r",
        scope_id="s",
        household_id="h",
        name="张三",
        sex=rng.choice(("male", "female")),
        birth_date=born,
        tags=tuple(random_tags(rng)),
        left="died" if left_on else None,
        left_on=left_on,
    )


def day_in(rng: Random, year: int) -> date:
    return date(year, 1, 1) + timedelta(rng.randint(0, 364))


def random_tags(rng: Random) -> list[TagSpan]:
    spans = []
    for tag in rng.sample(TAGS, rng.choice((0, 0, 1, 1, 2, 3))):
        first = day_between(rng, FIRST_DAY, date(2026, 10, 1))
        last = first + timedelta(rng.choice((20, 90, 400)))
        spans.append(
            TagSpan(
                tag=tag,
                from_on=None if tag != "tb" and rng.random() < 0.3 else first,
                to_on=None if rng.random() < 0.6 else last,
            )
        )
    return spans


def random_contracts(rng: Random) -> tuple[Contract, ...]:
    contracts = []
    for number in range(rng.choice((0, 1, 1, 1, 2, 2, 3))):
        start = day_between(rng, date(2024, 9, 1), date(2026, 11, 1))
        end = start + timedelta(rng.choice((20, 89, 181, 364, 364, 729)))
        terminated = rng.random() < 0.2
        contracts.append(
            Contract(
                id=f"c{number}",
                scope_id="s",
                resident_id="r",
                start_on=start,
                end_on=end,
                state=rng.choice(("signed", "signed", "signed", "renewed", "pending")),
                terminated_on=start + timedelta(rng.randint(-5, 300)) if terminated else None,
            )
        )
    return tuple(contracts)


def random_follow_ups(rng: Random) -> list[FollowUp]:
    follow_ups: list[FollowUp] = []
    for number in range(rng.choice((0, 6, 16, 30, 45))):
        day = day_between(rng, FIRST_DAY if rng.random() < 0.2 else date(2025, 1, 1), LAST_DAY)
        amends = rng.choice(follow_ups).id if follow_ups and rng.random() < 0.08 else None
        follow_ups.append(random_follow_up(rng, number, day, amends))
    return follow_ups


def random_follow_up(rng: Random, number: int, day: date, amends: str | None) -> FollowUp:
    return FollowUp(
        id=f"f{number:02}",
        scope_id="s",
        resident_id="r",
        author_id="d",
        occurred_on=day,
        recorded_at=moment(day, rng.choice((0, 0, 0, 1, 6, 7, 8, 29, 31))),
        mode=rng.choice(MODES),
        not_met="refused" if rng.random() < 0.06 else None,
        readings=tuple(random_readings(rng)),
        yearly_exam=rng.random() < 0.15,
        smi=SmiAssessment(risk_level=0) if rng.random() < 0.3 else None,
        amends=amends,
    )


def moment(day: date, days_later: int) -> datetime:
    """Late in the evening in China, still the same day in UTC."""
    return datetime(day.year, day.month, day.day, 15, 30, tzinfo=UTC) + timedelta(days_later)


def random_readings(rng: Random) -> list[Reading]:
    readings = []
    if rng.random() < 0.7:
        source = "reported" if rng.random() < 0.2 else "typed"
        missing = "declined" if rng.random() < 0.1 else None
        readings.append(
            Reading(
                kind="blood_pressure",
                source=source,
                systolic_mmhg=None if missing else rng.randint(100, 190),
                diastolic_mmhg=None if missing else rng.randint(60, 98),
                not_measured=missing,
            )
        )
    if rng.random() < 0.5:
        readings.append(
            Reading(
                kind="glucose",
                source="reported" if rng.random() < 0.2 else "device",
                glucose_mmol_l=round(rng.uniform(3.5, 18), 1),
                timing=rng.choice(("fasting", "fasting", "random", "postprandial_2h")),
            )
        )
    return readings


def random_withdrawals(rng: Random, follow_ups: list[FollowUp]) -> list[Withdrawal]:
    facts = [follow_up.id for follow_up in follow_ups]
    withdrawals: list[Withdrawal] = []
    for number in range(rng.choice((0, 0, 1, 3))):
        if facts:
            withdrawal = Withdrawal(
                id=f"w{number}",
                scope_id="s",
                voids=rng.choice(facts),
                author_id="d",
                reason="mistake",
                recorded_at=moment(date(2026, 6, 1), number),
            )
            facts.append(withdrawal.id)
            withdrawals.append(withdrawal)
    return withdrawals


def random_reviews(rng: Random, follow_ups: list[FollowUp]) -> list[Review]:
    return [
        Review(
            id=f"v{number}-{follow_up.id}",
            scope_id="s",
            follow_up_id=follow_up.id,
            author_id="t",
            decision=rng.choice(("accepted", "returned", "questioned", "accepted")),
            recorded_at=moment(follow_up.occurred_on, rng.randint(1, 20)),
        )
        for follow_up in follow_ups
        for number in range(2)
        if rng.random() < 0.15
    ]


def random_exemption(rng: Random, number: int) -> Exemption:
    first = day_between(rng, date(2025, 1, 1), date(2026, 12, 1))
    return Exemption(
        id=f"e{number}",
        scope_id="s",
        resident_id="r",
        author_id="d",
        from_on=first,
        to_on=first + timedelta(rng.choice((5, 15, 40, 100))),
        reason="in_hospital",
        recorded_at=moment(first, 0),
    )
