"""The signals that only show over many visits of one doctor: R1, R3, R6, R9 and R11."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from core.calendar import last_of_month
from core.evidence import Signal
from core.followups import FollowUp
from core.policy import Policy
from core.readings import pressure
from core.vocabulary import Mode, Source


class Visit(NamedTuple):
    """A follow-up that stands, with the household it went to."""

    follow_up: FollowUp
    household_id: str


def doctor_signals(policy: Policy, visits: Iterable[Visit]) -> tuple[Signal, ...]:
    """What one doctor's visits of a period show together; not-met ones are left out."""
    met = sorted(
        (visit for visit in visits if visit.follow_up.not_met is None),
        key=lambda visit: (visit.follow_up.occurred_on, visit.follow_up.id),
    )
    return tuple(signal for check in DOCTOR_CHECKS for signal in check(policy, met))


def r1_many_households(policy: Policy, visits: Sequence[Visit]) -> Iterator[Signal]:
    """Home visits to more households than can be made in so few minutes."""
    timed = sorted(
        ((_begun(visit.follow_up), visit) for visit in visits if visit.follow_up.mode == Mode.HOME),
        key=lambda pair: (pair[0], pair[1].follow_up.id),
    )
    span = timedelta(minutes=policy.evidence.visits_minutes)
    first = 0
    for last in range(len(timed)):
        while timed[last][0] - timed[first][0] > span:
            first += 1
        run = [visit for _, visit in timed[first : last + 1]]
        households = {visit.household_id for visit in run}
        if len(households) > policy.evidence.visits_households_gt:
            yield Signal(
                rule_id="R1",
                follow_up_ids=tuple(visit.follow_up.id for visit in run),
                values={"households": len(households), "minutes": policy.evidence.visits_minutes},
            )
            first = last + 1


def _begun(follow_up: FollowUp) -> datetime:
    return follow_up.started_at or follow_up.recorded_at


def r3_zero_digits(policy: Policy, visits: Sequence[Visit]) -> Iterator[Signal]:
    """Typed blood pressures that nearly all end in nought."""
    typed = [
        (visit.follow_up.id, value)
        for visit in visits
        if (reading := pressure(visit.follow_up)) is not None and reading.source == Source.TYPED
        for value in (reading.systolic_mmhg, reading.diastolic_mmhg)
        if value is not None
    ]
    noughts = [follow_up_id for follow_up_id, value in typed if value % 10 == 0]
    limits = policy.evidence
    if len(typed) < limits.zero_digit_min_readings:
        return
    if len(noughts) > limits.zero_digit_share_gt * len(typed):
        yield Signal(
            rule_id="R3",
            follow_up_ids=tuple(dict.fromkeys(noughts)),
            values={"noughts": len(noughts), "readings": len(typed)},
        )


def r6_month_end(policy: Policy, visits: Sequence[Visit]) -> Iterator[Signal]:
    """Most of a month's visits on its last days."""
    limits = policy.evidence
    months: dict[tuple[int, int], list[FollowUp]] = defaultdict(list)
    for visit in visits:
        day = visit.follow_up.occurred_on
        months[day.year, day.month].append(visit.follow_up)
    for (year, month), held in sorted(months.items()):
        begins = last_of_month(year, month) - timedelta(limits.month_end_days - 1)
        late = [f.id for f in held if f.occurred_on >= begins]
        enough = len(held) >= limits.month_end_min_visits
        if enough and len(late) > limits.month_end_share_gt * len(held):
            yield Signal(
                rule_id="R6",
                follow_up_ids=tuple(late),
                values={"late": len(late), "visits": len(held), "year": year, "month": month},
            )


def r9_no_device(policy: Policy, visits: Sequence[Visit]) -> Iterator[Signal]:
    """A whole year of measured visits without one reading from a device."""
    years: dict[int, list[FollowUp]] = defaultdict(list)
    for visit in visits:
        if pressure(visit.follow_up) is not None:
            years[visit.follow_up.occurred_on.year].append(visit.follow_up)
    for year, held in sorted(years.items()):
        from_device = any(r.source == Source.DEVICE for f in held for r in f.readings)
        if len(held) >= policy.evidence.device_min_visits and not from_device:
            yield Signal(
                rule_id="R9",
                follow_up_ids=tuple(follow_up.id for follow_up in held),
                values={"year": year, "visits": len(held)},
            )


def r11_same_values(policy: Policy, visits: Sequence[Visit]) -> Iterator[Signal]:
    """The same blood pressure in several people on one day."""
    groups: dict[tuple[date, int, int], list[FollowUp]] = defaultdict(list)
    for visit in visits:
        reading = pressure(visit.follow_up)
        if reading is not None and reading.systolic_mmhg and reading.diastolic_mmhg:
            day = visit.follow_up.occurred_on
            groups[day, reading.systolic_mmhg, reading.diastolic_mmhg].append(visit.follow_up)
    for (day, systolic, diastolic), held in sorted(groups.items()):
        persons = Counter(follow_up.resident_id for follow_up in held)
        if len(persons) >= policy.evidence.same_values_persons:
            yield Signal(
                rule_id="R11",
                follow_up_ids=tuple(follow_up.id for follow_up in held),
                values={
                    "day": day,
                    "systolic": systolic,
                    "diastolic": diastolic,
                    "persons": len(persons),
                },
            )


DOCTOR_CHECKS: Sequence[Callable[[Policy, Sequence[Visit]], Iterator[Signal]]] = (
    r1_many_households,
    r3_zero_digits,
    r6_month_end,
    r9_no_device,
    r11_same_values,
)
