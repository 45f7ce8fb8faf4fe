"""How well a follow-up is borne out: signals R1–R11, each only "to be checked", and a grade.

The signals compare, count and look at clocks; none of them says that somebody lied. The
township settles each by telephone. Source: the county's list of eleven, in the policy pack.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta, timezone

from core.findings import Reason
from core.followups import FollowUp, Reading
from core.history import History
from core.policy import Policy
from core.readings import fasting_glucose, pressure
from core.vocabulary import NotMet, ReadingKind, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One thing to be checked; its sentence stands under `signal.<rule_id>`, in lower case."""

    rule_id: str
    follow_up_ids: tuple[str, ...]
    values: Mapping[str, object] = field(default_factory=dict)

    @property
    def reason(self) -> Reason:
        """What the signal says, as a key of the catalogue."""
        return Reason(code=f"signal.{self.rule_id.lower()}", values=self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """A well borne out, B sound, C to be looked at, D contradicted or empty; and why.

    `letter` is None where the resident was not met: there is nothing to grade.
    """

    letter: str | None
    reasons: tuple[Reason, ...]


Check = Callable[[Policy, FollowUp, History], Iterator[Signal]]


def signals(policy: Policy, follow_up: FollowUp, history: History) -> tuple[Signal, ...]:
    """The signals that one follow-up gives, beside the others of its resident."""
    if follow_up.not_met is not None:
        return ()
    return tuple(signal for check in CHECKS for signal in check(policy, follow_up, history))


def _signal(rule_id: str, follow_up: FollowUp, **values: object) -> Signal:
    return Signal(rule_id=rule_id, follow_up_ids=(follow_up.id,), values=values)


def r2_same_pressure(policy: Policy, follow_up: FollowUp, history: History) -> Iterator[Signal]:
    """The same blood pressure at this and the visits before, several times in a row."""
    ours = _pair(pressure(follow_up))
    if ours is None:
        return
    place = (follow_up.occurred_on, follow_up.id)
    before = [
        (other.id, pair)
        for other in history.settled.follow_ups
        if (other.occurred_on, other.id) < place
        and other.id != follow_up.amends
        and (pair := _pair(pressure(other))) is not None
    ]
    needed = policy.evidence.same_pressure_times - 1
    row = before[-needed:]
    if len(row) == needed and all(pair == ours for _, pair in row):
        yield Signal(
            rule_id="R2",
            follow_up_ids=(*(other_id for other_id, _ in row), follow_up.id),
            values={"systolic": ours[0], "diastolic": ours[1], "times": needed + 1},
        )


def _pair(reading: Reading | None) -> tuple[int, int] | None:
    if reading is None or reading.systolic_mmhg is None or reading.diastolic_mmhg is None:
        return None
    return reading.systolic_mmhg, reading.diastolic_mmhg


def r4_not_there(policy: Policy, follow_up: FollowUp, history: History) -> Iterator[Signal]:
    """Face to face after death or moving away, or while in hospital."""
    if follow_up.mode not in policy.face_to_face_modes:
        return
    left_on = history.resident.left_on
    if left_on is not None and follow_up.occurred_on > left_on:
        yield _signal("R4", follow_up, since=left_on)
        return
    for exemption, decision in history.settled.exemptions:
        in_hospital = exemption.reason == NotMet.IN_HOSPITAL and decision is not False
        if in_hospital and exemption.from_on <= follow_up.occurred_on <= exemption.to_on:
            yield _signal("R4", follow_up, since=exemption.from_on)
            return


def r5_recorded_late(policy: Policy, follow_up: FollowUp, _history: History) -> Iterator[Signal]:
    """Recorded many days after it happened."""
    recorded_on = follow_up.recorded_at.astimezone(_zone(policy)).date()
    days = (recorded_on - follow_up.occurred_on).days
    if days > policy.evidence.late_entry_days:
        yield _signal("R5", follow_up, days=days, allowed=policy.evidence.late_entry_days)


def r7_measured_at_distance(
    policy: Policy, follow_up: FollowUp, _history: History
) -> Iterator[Signal]:
    """Values called measured in a mode in which nobody can measure."""
    if follow_up.mode in policy.face_to_face_modes:
        return
    if any(r.not_measured is None and r.source != Source.REPORTED for r in follow_up.readings):
        yield _signal("R7", follow_up)


def r8_late_fasting(policy: Policy, follow_up: FollowUp, _history: History) -> Iterator[Signal]:
    """A fasting glucose late in the morning or after."""
    reading = fasting_glucose(follow_up)
    if reading is None or reading.measured_at is None:
        return
    hour = reading.measured_at.astimezone(_zone(policy)).hour
    if hour >= policy.evidence.fasting_until_hour:
        yield _signal("R8", follow_up, hour=hour, until=policy.evidence.fasting_until_hour)


def r10_pulse_pressure(policy: Policy, follow_up: FollowUp, _history: History) -> Iterator[Signal]:
    """Systolic not above diastolic, or the two too near or too far apart."""
    pair = _pair(pressure(follow_up))
    if pair is None:
        return
    apart = pair[0] - pair[1]
    limits = policy.evidence
    if apart < limits.pulse_pressure_lt or apart > limits.pulse_pressure_gt:
        yield _signal("R10", follow_up, systolic=pair[0], diastolic=pair[1], apart=apart)


CHECKS: Sequence[Check] = (
    r2_same_pressure,
    r4_not_there,
    r5_recorded_late,
    r7_measured_at_distance,
    r8_late_fasting,
    r10_pulse_pressure,
)


def _zone(policy: Policy) -> timezone:
    return timezone(timedelta(hours=policy.utc_offset_hours))


CONTRADICTING = frozenset({"R4", "R7"})
"""Signals that leave a follow-up contradicted until they are settled."""


def grade(
    policy: Policy, follow_up: FollowUp, history: History, found: Sequence[Signal] | None = None
) -> Grade:
    """The evidence grade of a follow-up with its reasons.

    `found` are its signals where they are known already, those of its doctor included.
    """
    if follow_up.not_met is not None:
        return Grade(letter=None, reasons=(Reason(code="grade.not_met"),))
    given = signals(policy, follow_up, history) if found is None else found
    check = history.settled.phone_checks.get(follow_up.id)
    confirmed = check.visit_confirmed if check is not None and check.reached else None
    against = list(_against(follow_up, given, confirmed))
    if against:
        return Grade(letter="D", reasons=tuple(against))
    doubts = [signal.reason for signal in given] + list(_doubts(policy, follow_up))
    if doubts:
        return Grade(letter="C", reasons=tuple(doubts))
    if confirmed:
        return Grade(letter="A", reasons=(Reason(code="grade.confirmed"),))
    if any(r.source == Source.DEVICE and r.not_measured is None for r in follow_up.readings):
        return Grade(letter="A", reasons=(Reason(code="grade.device"),))
    return Grade(letter="B", reasons=(Reason(code="grade.typed"),))


def _against(
    follow_up: FollowUp, given: Sequence[Signal], confirmed: bool | None
) -> Iterator[Reason]:
    if confirmed is False:
        yield Reason(code="grade.denied")
    yield from (signal.reason for signal in given if signal.rule_id in CONTRADICTING)
    pair = _pair(pressure(follow_up))
    if pair is not None and pair[0] <= pair[1]:
        yield Reason(code="grade.impossible")
    if not _says_anything(follow_up):
        yield Reason(code="grade.empty")


def _says_anything(follow_up: FollowUp) -> bool:
    guidance = follow_up.guidance
    return bool(
        any(reading.not_measured is None for reading in follow_up.readings)
        or guidance.diet
        or guidance.exercise
        or guidance.psychology
        or follow_up.symptoms
        or follow_up.services
        or follow_up.smi
    )


def _doubts(policy: Policy, follow_up: FollowUp) -> Iterator[Reason]:
    if follow_up.mode not in policy.face_to_face_modes:
        yield Reason(code="grade.at_distance")
    elif pressure(follow_up) is None:
        yield Reason(code="grade.not_measured")
    elif not any(reading.kind == ReadingKind.HEART_RATE for reading in follow_up.readings):
        yield Reason(code="grade.half_measured")
