"""Records for every test, each a valid one with the fields that matter given by name.

Nobody in here is real: ID numbers begin with 99, a division code that is not given out.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from core.contracts import Contract, Exemption, ExemptionDecision
from core.education import Education
from core.followups import FollowUp, Guidance, Reading, Withdrawal
from core.ids import county_scope, restricted_scope, uuid7, village_scope
from core.people import Household, Resident, SpecialProgramme, TagSpan, User, Village
from core.referrals import Referral, ReferralOutcome
from core.reviews import PhoneCheck, Review
from core.vocabulary import Decision, GroupTag, Mode, ReadingKind, Timing

COUNTY_ID = "county-1"
VILLAGE_ID = "village-1"
SCOPE = village_scope(VILLAGE_ID)
RESTRICTED_SCOPE = restricted_scope(VILLAGE_ID)
DOCTOR_ID = "doctor-1"
REVIEWER_ID = "reviewer-1"
TODAY = date(2026, 11, 22)

_numbers = count(1)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"


def fresh_id() -> str:
    """An id no other builder has given out in this run."""
    return uuid7(1_790_000_000_000, next(_numbers).to_bytes(10, "big"))


def noon(day: date) -> datetime:
    """Noon in China on a day."""
    return datetime(day.year, day.month, day.day, 4, 0, tzinfo=UTC)


def an_id_number(birth_date: date, sex: str = "male", serial: int | None = None) -> str:
    """An invented citizen's number of division 990100 with a right check digit."""
    number = (next(_numbers) if serial is None else serial) % 500
    order = number * 2 % 1000 + (1 if sex == "male" else 0)
    body = f"990100{birth_date:%Y%m%d}{order:03d}"
    check = sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True))
    return body + _CHECKS[check % 11]


def a_village(**fields: Any) -> Village:
    return Village(
        **{
            "id": VILLAGE_ID,
            "township_id": "township-1",
            "name": "石门村",
            "township_name": "云岭镇",
            **fields,
        }
    )


def a_doctor(**fields: Any) -> User:
    return User(
        **{
            "id": DOCTOR_ID,
            "name": "周大夫",
            "role": "doctor",
            "village_ids": (VILLAGE_ID,),
            **fields,
        }
    )


def a_household(**fields: Any) -> Household:
    number = next(_numbers)
    return Household(
        **{
            "id": fresh_id(),
            "scope_id": SCOPE,
            "village_id": VILLAGE_ID,
            "number": f"SM{number:04d}",
            "head_name": "王建国",
            "group_no": "3",
            "house_no": str(number),
            **fields,
        }
    )


def a_resident(*tags: GroupTag, **fields: Any) -> Resident:
    """A resident with the tags in force since long ago."""
    birth_date = fields.get("birth_date", date(1955, 4, 2))
    sex = fields.get("sex", "male")
    return Resident(
        **{
            "id": fresh_id(),
            "scope_id": SCOPE,
            "household_id": "household-1",
            "name": "王建国",
            "sex": sex,
            "birth_date": birth_date,
            "id_number": an_id_number(birth_date, sex),
            "relation_to_head": "self",
            "tags": tuple(TagSpan(tag=tag, from_on=date(2020, 1, 1)) for tag in tags),
            **fields,
        }
    )


def a_special_programme(resident_id: str, *tags: GroupTag, **fields: Any) -> SpecialProgramme:
    """What a resident is cared for in confidence, since the year before; tuberculosis if unsaid."""
    return SpecialProgramme(
        **{
            "id": fresh_id(),
            "scope_id": RESTRICTED_SCOPE,
            "resident_id": resident_id,
            "tags": tuple(
                TagSpan(tag=tag, from_on=date(2025, 3, 1)) for tag in tags or (GroupTag.TB,)
            ),
            **fields,
        }
    )


def a_contract(resident_id: str, **fields: Any) -> Contract:
    """A contract over the calendar year of TODAY."""
    return Contract(
        **{
            "id": fresh_id(),
            "scope_id": SCOPE,
            "resident_id": resident_id,
            "start_on": date(TODAY.year, 1, 1),
            "end_on": date(TODAY.year, 12, 31),
            "doctor_id": DOCTOR_ID,
            **fields,
        }
    )


def blood_pressure(systolic: int, diastolic: int, **fields: Any) -> Reading:
    return Reading(
        kind=ReadingKind.BLOOD_PRESSURE, systolic_mmhg=systolic, diastolic_mmhg=diastolic, **fields
    )


def heart_rate(beats: int, **fields: Any) -> Reading:
    return Reading(kind=ReadingKind.HEART_RATE, heart_rate_bpm=beats, **fields)


def glucose(value: float, timing: str = Timing.FASTING, **fields: Any) -> Reading:
    return Reading(kind=ReadingKind.GLUCOSE, glucose_mmol_l=value, timing=timing, **fields)


def a_follow_up(resident_id: str, occurred_on: date = TODAY, **fields: Any) -> FollowUp:
    """A complete home visit with a controlled pressure, entered on its day."""
    return FollowUp(
        **{
            "id": fresh_id(),
            "scope_id": SCOPE,
            "resident_id": resident_id,
            "author_id": DOCTOR_ID,
            "occurred_on": occurred_on,
            "recorded_at": noon(occurred_on),
            "mode": Mode.HOME,
            "services": ("health_management",),
            "symptoms": ("none",),
            "readings": (blood_pressure(132, 82), heart_rate(72), glucose(5.8)),
            "guidance": Guidance(diet=("less_salt",), exercise=("walk",), psychology=("calm",)),
            "adherence": "regular",
            "adverse_reaction": False,
            "complication": "none",
            "visit_class": 1,
            "next_on": occurred_on + timedelta(days=30),
            **fields,
        }
    )


def a_withdrawal(voids: str, **fields: Any) -> Withdrawal:
    return Withdrawal(
        **{
            "id": fresh_id(),
            "scope_id": SCOPE,
            "voids": voids,
            "author_id": DOCTOR_ID,
            "reason": "wrong person",
            "recorded_at": noon(TODAY),
            **fields,
        }
    )


def a_review(follow_up_id: str, decision: str = Decision.ACCEPTED, **fields: Any) -> Review:
    return Review(
        **{
            "id": fresh_id(),
            "scope_id": SCOPE,
            "follow_up_id": follow_up_id,
            "author_id": REVIEWER_ID,
            "decision": decision,
            "recorded_at": noon(TODAY),
            **fields,
        }
    )


def a_phone_check(follow_up_id: str, **fields: Any) -> PhoneCheck:
    return PhoneCheck(
        **{
            "id": fresh_id(),
            "scope_id": SCOPE,
            "follow_up_id": follow_up_id,
            "author_id": REVIEWER_ID,
            "recorded_at": noon(TODAY),
            "reached": True,
            "visit_confirmed": True,
            **fields,
        }
    )


def an_exemption(resident_id: str, from_on: date, to_on: date, **fields: Any) -> Exemption:
    return Exemption(
        **{
            "id": fresh_id(),
            "scope_id": SCOPE,
            "resident_id": resident_id,
            "author_id": DOCTOR_ID,
            "from_on": from_on,
            "to_on": to_on,
            "reason": "away_for_work",
            "recorded_at": noon(from_on),
            **fields,
        }
    )


def an_exemption_decision(
    exemption_id: str, approved: bool = True, **fields: Any
) -> ExemptionDecision:
    return ExemptionDecision(
        **{
            "id": fresh_id(),
            "scope_id": SCOPE,
            "exemption_id": exemption_id,
            "author_id": REVIEWER_ID,
            "approved": approved,
            "recorded_at": noon(TODAY),
            **fields,
        }
    )


def a_referral(resident_id: str, occurred_on: date = TODAY, **fields: Any) -> Referral:
    return Referral(
        **{
            "id": fresh_id(),
            "scope_id": SCOPE,
            "resident_id": resident_id,
            "author_id": DOCTOR_ID,
            "occurred_on": occurred_on,
            "recorded_at": noon(occurred_on),
            "reason": "pressure of 186/112",
            "urgent": True,
            "to_facility": "县人民医院",
            "trace_by": occurred_on + timedelta(days=14),
            **fields,
        }
    )


def a_referral_outcome(referral_id: str, **fields: Any) -> ReferralOutcome:
    return ReferralOutcome(
        **{
            "id": fresh_id(),
            "scope_id": SCOPE,
            "referral_id": referral_id,
            "author_id": DOCTOR_ID,
            "occurred_on": TODAY,
            "recorded_at": noon(TODAY),
            "outcome": "went",
            **fields,
        }
    )


def an_education(**fields: Any) -> Education:
    return Education(
        **{
            "id": fresh_id(),
            "scope_id": SCOPE,
            "author_id": DOCTOR_ID,
            "occurred_on": TODAY,
            "recorded_at": noon(TODAY),
            "audience": "household",
            "topics": ("hypertension",),
            "minutes": 20,
            "people_reached": 3,
            **fields,
        }
    )


COUNTY_SCOPE = county_scope(COUNTY_ID)
