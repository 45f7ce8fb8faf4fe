"""The two lines: is a reading below its limit, by the assessment and by the clinical target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.findings import Reason
from core.followups import FollowUp, Reading
from core.policy import Policy, PressureLimit
from core.readings import fasting_glucose, pressure, told
from core.vocabulary import ReadingKind, Source, Timing

ASSESSMENT_SOURCE = "bphs2017_htn"
FASTING_SOURCE = "bphs2017_t2dm"
CLINICAL_SOURCE = "guideline2025_htn"


class Verdict(StrEnum):
    """How a reading stands to a line; without the data it cannot be told."""

    MET = "met"
    NOT_MET = "not_met"
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class LineResult:
    """One reading against one line; `reason` tells it in words."""

    thing: str
    line: str
    verdict: Verdict
    rule_id: str
    source: str
    reason: Reason


def limit_for(limits: Sequence[PressureLimit], age: int) -> PressureLimit:
    """The limit of the oldest age band that has been reached."""
    reached = [limit for limit in limits if limit.from_age <= age]
    return max(reached or limits[:1], key=lambda limit: limit.from_age)


def pressure_verdict(limits: Sequence[PressureLimit], age: int, reading: Reading | None) -> Verdict:
    """Below both limits is met; one of them reached is not met; no reading cannot be told."""
    if reading is None or reading.systolic_mmhg is None or reading.diastolic_mmhg is None:
        return Verdict.CANNOT_TELL
    limit = limit_for(limits, age)
    below = (
        reading.systolic_mmhg < limit.systolic_lt and reading.diastolic_mmhg < limit.diastolic_lt
    )
    return Verdict.MET if below else Verdict.NOT_MET


def fasting_verdict(policy: Policy, reading: Reading | None) -> Verdict:
    """Only a measured fasting value below the limit is met; another timing cannot tell."""
    if reading is None or reading.glucose_mmol_l is None:
        return Verdict.CANNOT_TELL
    if reading.glucose_mmol_l > policy.bounds.glucose_mmol_l.hard_high:
        return Verdict.CANNOT_TELL
    below = reading.glucose_mmol_l < policy.control.fasting_glucose_lt
    return Verdict.MET if below else Verdict.NOT_MET


def assessment_line(
    policy: Policy, age: int, follow_up: FollowUp, *, has_t2dm: bool
) -> tuple[LineResult, ...]:
    """Blood pressure against the assessment line of 2017, and glucose where there is any."""
    results = [_pressure_result(policy.control.assessment, "assessment_2017", age, follow_up)]
    if has_t2dm or any(reading.kind == ReadingKind.GLUCOSE for reading in follow_up.readings):
        results.append(_fasting_result(policy, follow_up))
    return tuple(results)


def clinical_line(policy: Policy, age: int, follow_up: FollowUp) -> tuple[LineResult, ...]:
    """Blood pressure against the clinical target of 2025."""
    return (_pressure_result(policy.control.clinical, "clinical_2025", age, follow_up),)


def _pressure_result(
    limits: Sequence[PressureLimit], line: str, age: int, follow_up: FollowUp
) -> LineResult:
    reading = pressure(follow_up)
    verdict = pressure_verdict(limits, age, reading)
    limit = limit_for(limits, age)
    why = _why_no_pressure(follow_up) if reading is None else verdict
    return LineResult(
        thing="blood_pressure",
        line=line,
        verdict=verdict,
        rule_id="L-BP-2017" if line == "assessment_2017" else "L-BP-2025",
        source=ASSESSMENT_SOURCE if line == "assessment_2017" else CLINICAL_SOURCE,
        reason=Reason(
            code=f"line.blood_pressure.{line}.{why}",
            values={
                "systolic": reading.systolic_mmhg if reading else None,
                "diastolic": reading.diastolic_mmhg if reading else None,
                "systolic_limit": limit.systolic_lt,
                "diastolic_limit": limit.diastolic_lt,
            },
        ),
    )


def _why_no_pressure(follow_up: FollowUp) -> str:
    reading = told(follow_up, ReadingKind.BLOOD_PRESSURE)
    return "reported" if reading is not None else "missing"


def _fasting_result(policy: Policy, follow_up: FollowUp) -> LineResult:
    reading = fasting_glucose(follow_up)
    verdict = fasting_verdict(policy, reading)
    why = verdict if verdict != Verdict.CANNOT_TELL else _why_no_fasting(policy, follow_up)
    return LineResult(
        thing="fasting_glucose",
        line="assessment_2017",
        verdict=verdict,
        rule_id="L-FBG-2017",
        source=FASTING_SOURCE,
        reason=Reason(
            code=f"line.fasting_glucose.assessment_2017.{why}",
            values={
                "glucose": reading.glucose_mmol_l if reading else None,
                "limit": policy.control.fasting_glucose_lt,
            },
        ),
    )


def _why_no_fasting(policy: Policy, follow_up: FollowUp) -> str:
    values = [
        reading
        for reading in follow_up.readings
        if reading.kind == ReadingKind.GLUCOSE and reading.glucose_mmol_l is not None
    ]
    unit = policy.bounds.glucose_mmol_l.hard_high
    if any((reading.glucose_mmol_l or 0) > unit for reading in values):
        return "unit"
    if any(r.timing == Timing.FASTING and r.source == Source.REPORTED for r in values):
        return "reported"
    return "not_fasting" if values else "missing"
