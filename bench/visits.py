"""What is measured with: invented people of a village, and visits to them, no two alike."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from core.contracts import Contract
from core.followups import FollowUp, Guidance, Reading
from core.ids import village_scope
from core.people import Household, Resident
from core.vocabulary import Mode, ReadingKind
from core.wire.bodies import Record, body_of, kind_of
from county import ledger
from county.config import utc_now

OFFICE = "office"
RESIDENTS = 500


def written(record: Record, now: datetime) -> ledger.RecordWrite:
    """A record as the county's office writes it."""
    return ledger.RecordWrite(
        kind=kind_of(record),
        record_id=record.id,
        scope_id=getattr(record, "scope_id", ""),
        body=body_of(record),
        author_id=OFFICE,
        recorded_at=now,
    )


def people(village_id: str, count: int = RESIDENTS, prefix: str = "") -> Iterator[Record]:
    """Households, residents and their contracts of this year; `prefix` begins every id."""
    scope = village_scope(village_id)
    year = utc_now().year
    for number in range(count):
        home, resident = f"{prefix}home-{number // 3}", f"{prefix}person-{number}"
        if number % 3 == 0:
            yield Household(
                id=home, scope_id=scope, village_id=village_id, number=home, head_name="王建国"
            )
        yield Resident(
            id=resident, scope_id=scope, household_id=home, name="王建国", sex="male",
            birth_date=date(1955, 4, 2), phone=f"1990000{number:04d}",
        )  # fmt: skip
        yield Contract(
            id=f"{prefix}contract-{number}", scope_id=scope, resident_id=resident,
            start_on=date(year, 1, 1), end_on=date(year, 12, 31),
        )  # fmt: skip


def a_visit(
    doctor_id: str, scope: str, number: int, count: int = RESIDENTS, prefix: str = ""
) -> FollowUp:
    """A complete home visit, no two alike."""
    now = datetime.now(UTC)
    day = now.date() - timedelta(days=number % 300 + 1)
    return FollowUp(
        id=f"{number:08x}-0000-7000-8000-{os.urandom(6).hex()}",
        scope_id=scope,
        resident_id=f"{prefix}person-{number % count}",
        author_id=doctor_id,
        occurred_on=day,
        recorded_at=now,
        mode=Mode.HOME,
        services=("health_management",),
        symptoms=("none",),
        readings=(
            Reading(
                kind=ReadingKind.BLOOD_PRESSURE,
                systolic_mmhg=110 + number % 60,
                diastolic_mmhg=65 + number % 27,
            ),
            Reading(kind=ReadingKind.HEART_RATE, heart_rate_bpm=60 + number % 37),
            Reading(
                kind=ReadingKind.GLUCOSE, glucose_mmol_l=4.5 + number % 47 / 10, timing="fasting"
            ),
        ),
        guidance=Guidance(diet=("less_salt",), exercise=("walk",), psychology=("calm",)),
        adherence="regular",
        adverse_reaction=False,
        complication="none",
        visit_class=1,
        next_on=day + timedelta(days=30),
    )
