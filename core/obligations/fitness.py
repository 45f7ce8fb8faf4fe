"""Whether a follow-up is of the kind a programme counts: met, complete, mode, thing measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from core.followups import FollowUp
from core.policy import Policy
from core.readings import fasting_glucose, pressure
from core.slots import Programme, WhyNot
from core.vocabulary import ReadingKind

Part = Callable[[FollowUp], bool]
Unfit = Callable[[FollowUp], WhyNot | None]


def fitting(programme: Programme, policy: Policy) -> Unfit:
    """What tells of a follow-up why it is not of the kind a programme counts; None if it is."""
    modes = frozenset(countable_modes(programme, policy))
    parts = tuple(part for part in policy.contract.complete if part != "met")
    measured = MEASURED.get(programme)
    exam_only = programme not in EXAMS and not policy.contract.exam_counts_as_visit

    def unfit(follow_up: FollowUp) -> WhyNot | None:
        if follow_up.not_met is not None:
            return WhyNot.NOT_MET
        if follow_up.mode not in modes:
            return WhyNot.MODE
        if parts and first_missing(policy, follow_up) is not None:
            return WhyNot.INCOMPLETE
        if measured is not None and measured(follow_up) is None:
            return WhyNot.NOT_MEASURED
        return WhyNot.EXAM_ONLY if exam_only and follow_up.yearly_exam else None

    return unfit


def countable_modes(programme: Programme, policy: Policy) -> tuple[str, ...]:
    """The modes of a follow-up that count for a programme."""
    programmes = policy.programmes
    match programme:
        case Programme.CONTRACT:
            return policy.contract.countable_modes
        case Programme.HTN | Programme.HTN_EXAM:
            return programmes.htn.modes
        case Programme.T2DM | Programme.T2DM_EXAM:
            return programmes.t2dm.modes
        case Programme.ELDERLY_EXAM:
            return programmes.elderly.modes
        case Programme.SMI:
            return programmes.smi.modes
        case Programme.TB:
            return programmes.tb.modes


def first_missing(policy: Policy, follow_up: FollowUp) -> str | None:
    """The first part of the policy's list that a follow-up lacks, None if it is complete.

    Readings are asked for only where one can measure; a reason why one is missing will do.
    """
    face_to_face = follow_up.mode in policy.face_to_face_modes
    for part in policy.contract.complete:
        if part in READING_PARTS and not face_to_face:
            continue
        if not PARTS[part](follow_up):
            return part
    return None


def _answered(kind: ReadingKind) -> Part:
    return lambda follow_up: any(reading.kind == kind for reading in follow_up.readings)


READING_PARTS = frozenset({"blood_pressure", "heart_rate", "glucose"})
PARTS: Mapping[str, Part] = {
    "met": lambda follow_up: follow_up.not_met is None,
    "asked": lambda follow_up: bool(follow_up.asked),
    "services": lambda follow_up: bool(follow_up.services),
    "blood_pressure": _answered(ReadingKind.BLOOD_PRESSURE),
    "heart_rate": _answered(ReadingKind.HEART_RATE),
    "glucose": _answered(ReadingKind.GLUCOSE),
    "guidance_diet": lambda follow_up: bool(follow_up.guidance.diet),
    "guidance_exercise": lambda follow_up: bool(follow_up.guidance.exercise),
    "guidance_psychology": lambda follow_up: bool(follow_up.guidance.psychology),
    "visit_class": lambda follow_up: follow_up.visit_class is not None,
}


EXAMS = frozenset({Programme.HTN_EXAM, Programme.T2DM_EXAM, Programme.ELDERLY_EXAM})
MEASURED: Mapping[Programme, Callable[[FollowUp], object | None]] = {
    Programme.HTN: pressure,
    Programme.T2DM: fasting_glucose,
    Programme.SMI: lambda follow_up: follow_up.smi,
}
"""What a visit has to measure for a programme; None where it did not."""
