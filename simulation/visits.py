"""The visits doctors of a simulated world record: whole ones, as the form makes them."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.clock import local_day
from core.followups import FollowUp, Guidance, Reading
from core.ids import village_scope
from core.vocabulary import Mode, ReadingKind


def follow_up(
    record_id: str, doctor_id: str, now: datetime, resident_id: str, *, systolic_mmhg: int
) -> FollowUp:
    """A follow-up of a resident of the founding, who is called after the village."""
    village = resident_id.rsplit("-person-", 1)[0]
    return FollowUp(
        id=record_id,
        scope_id=village_scope(village),
        resident_id=resident_id,
        author_id=doctor_id,
        occurred_on=local_day(now),
        recorded_at=now,
        mode=Mode.HOME,
        services=("health_management",),
        symptoms=("none",),
        readings=(
            Reading(
                kind=ReadingKind.BLOOD_PRESSURE, systolic_mmhg=systolic_mmhg, diastolic_mmhg=80
            ),
            Reading(kind=ReadingKind.HEART_RATE, heart_rate_bpm=72),
            Reading(kind=ReadingKind.GLUCOSE, glucose_mmol_l=5.8, timing="fasting"),
        ),
        guidance=Guidance(diet=("less_salt",), exercise=("walk",), psychology=("calm",)),
        adherence="regular",
        adverse_reaction=False,
        complication="none",
        visit_class=1,
        next_on=local_day(now) + timedelta(days=30),
    )
