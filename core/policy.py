"""The county's policy pack: every number the rules go by, as frozen values."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from core.vocabulary import GroupTag, Mode, Service

Days = Annotated[int, Field(ge=0, le=3660)]
Share = Annotated[float, Field(gt=0, le=1)]
Age = Annotated[int, Field(ge=0, le=150)]
Quarter = Annotated[int, Field(ge=1, le=3)]
Part = Literal[
    "met",
    "asked",
    "services",
    "blood_pressure",
    "heart_rate",
    "glucose",
    "guidance_diet",
    "guidance_exercise",
    "guidance_psychology",
    "visit_class",
]
"""What a follow-up may be asked to hold before it counts; readings only where one can measure."""


class Rules(BaseModel):
    """A part of the pack: frozen, and refusing fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class VisitsPerYear(Rules):
    """What twelve counting months come to: fixed by the windows, stated for the reader."""

    key: int = 12
    general: int = 4


class ContractRules(Rules):
    """How the contract's 12 or 4 are counted."""

    visits_per_year: VisitsPerYear = VisitsPerYear()
    key_groups: tuple[GroupTag, ...]
    countable_modes: Annotated[tuple[Mode, ...], Field(min_length=1)]
    year_basis: Literal["calendar", "contract"] = "calendar"
    start_month: Literal["count", "count_if_before_16", "skip"] = "count"
    min_quarter_months: Quarter = 2
    min_gap_days: Days = 0
    late_entry_days: Days = 7
    late_entry_needs_approval: bool = False
    late_entry_judged_by: Literal["standing_record", "first_record"] = "standing_record"
    excuse_min_share: Share = 0.5
    complete: tuple[Part, ...] = ("met",)
    exam_counts_as_visit: bool = True
    face_to_face_min: int = Field(default=4, ge=0, le=12)


class ChronicRules(Rules):
    """A programme of calendar quarters: hypertension, type 2 diabetes, severe mental disorder."""

    min_age: Age = 0
    modes: Annotated[tuple[Mode, ...], Field(min_length=1)]
    min_quarter_months: Quarter = 2
    max_gap_days: Days = 92
    yearly_exam: bool = False


class ElderlyRules(Rules):
    """The yearly examination of the elderly."""

    modes: Annotated[tuple[Mode, ...], Field(min_length=1)]
    yearly_exam: bool = True


class TuberculosisRules(Rules):
    """Windows of days in the intensive phase, of months in the continuation phase."""

    modes: Annotated[tuple[Mode, ...], Field(min_length=1)]
    first_home_visit_hours: int = Field(default=72, ge=1, le=720)
    intensive_days: Days = 60
    intensive_window_days: int = Field(default=10, ge=1, le=60)
    continuation_months: int = Field(default=4, ge=0, le=36)


class ProgrammeRules(Rules):
    """The public-health programmes beside the contract."""

    htn: ChronicRules
    t2dm: ChronicRules
    smi: ChronicRules
    elderly: ElderlyRules
    tb: TuberculosisRules


class PressureLimit(Rules):
    """Controlled from an age on means below both; `tolerated_*` is told where it is borne well."""

    from_age: Age
    systolic_lt: int = Field(ge=60, le=260)
    diastolic_lt: int = Field(ge=30, le=160)
    tolerated_systolic_lt: int | None = None
    tolerated_diastolic_lt: int | None = None


class ControlRules(Rules):
    """The two lines of blood pressure, and the line of fasting glucose."""

    assessment: Annotated[tuple[PressureLimit, ...], Field(min_length=1)]
    clinical: Annotated[tuple[PressureLimit, ...], Field(min_length=1)]
    fasting_glucose_lt: float = Field(gt=0, le=50)


class EmergencyRules(Rules):
    """From where on, or down to where, a single reading is an emergency."""

    systolic_ge: int
    diastolic_ge: int
    glucose_ge: float
    glucose_le: float
    heart_rate_gt: int
    temperature_gt: float
    pregnant_systolic_ge: int
    pregnant_diastolic_ge: int
    pregnant_fasting_glucose_ge: float
    pregnant_other_glucose_ge: float


class FollowUpRules(Rules):
    """When to come back, and when to refer."""

    uncontrolled_days: Days = 14
    referral_trace_days: Days = 14
    consecutive_uncontrolled_refer: int = Field(default=2, ge=2, le=6)
    smi_unstable_days: Days = 14
    smi_stable_days: Days = 92


class HighRisk(Rules):
    """Who is at high risk of hypertension."""

    systolic_ge: int = 130
    diastolic_ge: int = 85
    bmi_ge: float = 24
    waist_male_cm_ge: int = 90
    waist_female_cm_ge: int = 85
    alcohol_ml_day_ge: int = 100
    age_ge: Age = 55
    interval_days: Days = 183


class ScreeningRules(Rules):
    """From a first high reading of someone not in the programme to the suspicion of a disease."""

    min_age: Age = 35
    systolic_ge: int = 140
    diastolic_ge: int = 90
    non_same_day_times: int = Field(default=3, ge=2, le=6)
    window_days: Days = 28
    result_trace_days: Days = 14
    fasting_glucose_ge: float = 7.0
    other_glucose_ge: float = 11.1
    impaired_fasting_glucose_ge: float = 6.1
    high_risk: HighRisk = HighRisk()


class Bound(Rules):
    """Outside `hard_*` a value is refused, from `soft_*` on it is asked again."""

    hard_low: float
    hard_high: float
    soft_low: float | None = None
    soft_high: float | None = None


class BoundRules(Rules):
    """What a value may be at entry."""

    systolic_mmhg: Bound
    diastolic_mmhg: Bound
    heart_rate_bpm: Bound
    glucose_mmol_l: Bound
    weight: Bound
    height: Bound
    waist: Bound
    temperature: Bound
    oxygen: Bound
    glucose_mg_dl_above: float
    mg_dl_per_mmol_l: float = 18.0


class EvidenceRules(Rules):
    """The parameters of the plausibility signals R1–R11 and of the grades."""

    visits_minutes: int = 10
    visits_households_gt: int = 3
    same_pressure_times: int = Field(default=3, ge=2)
    zero_digit_share_gt: Share = 0.8
    zero_digit_min_readings: int = 30
    late_entry_days: Days = 7
    month_end_days: int = Field(default=2, ge=1, le=15)
    month_end_share_gt: Share = 0.5
    month_end_min_visits: int = 10
    fasting_until_hour: int = Field(default=11, ge=1, le=23)
    device_min_visits: int = 10
    pulse_pressure_lt: int = 20
    pulse_pressure_gt: int = 100
    same_values_persons: int = Field(default=3, ge=2)


class WorklistRules(Rules):
    """What counts as this week, and how early the end of a contract is told."""

    week_days: Days = 7
    renewal_days: Days = 30


class CountyTargets(Rules):
    """What the county measures itself by."""

    contract: Share = 1.0
    village_lectures_per_year: int = 6
    township_lectures_per_year: int = 12
    free_clinics_per_year: int = 2
    long_prescription_usual_weeks: int = 4
    long_prescription_max_weeks: int = 12
    household_selfpay_yuan: float | None = None


class Note(Rules):
    """Where a number comes from, whether the text was seen, and what to know about it."""

    source: str = ""
    verified: bool = False
    note: str = ""


class Policy(Rules):
    """One version of the county's rules, in force from `effective_from` until the next."""

    id: str
    version: str
    effective_from: date
    issued_by: str = ""
    utc_offset_hours: int = Field(default=8, ge=-12, le=14)
    face_to_face_modes: Annotated[tuple[Mode, ...], Field(min_length=1)]
    services: tuple[Service, ...] = tuple(Service)
    contract: ContractRules
    programmes: ProgrammeRules
    control: ControlRules
    emergency: EmergencyRules
    follow_up: FollowUpRules
    screening: ScreeningRules
    bounds: BoundRules
    evidence: EvidenceRules
    worklist: WorklistRules = WorklistRules()
    targets: CountyTargets = CountyTargets()
    sources: dict[str, Note]

    def __hash__(self) -> int:
        # Enough to tell versions apart, and cheap: the rules look limits up by policy.
        return hash((self.id, self.version, self.effective_from))

    def on(self, day: date) -> Policy:
        """The version in force on a day: a single version holds on every day."""
        return self


class PolicyBook:
    """All versions of a county's rules; each is applied to its own time."""

    def __init__(self, versions: Sequence[Policy]) -> None:
        if not versions:
            raise ValueError("a policy book needs at least one version")
        self.versions = tuple(sorted(versions, key=lambda p: (p.effective_from, p.version)))

    def on(self, day: date) -> Policy:
        """The version in force on a day; before the first one, the first one."""
        in_force = self.versions[0]
        for version in self.versions:
            if version.effective_from > day:
                break
            in_force = version
        return in_force


Rulebook = Policy | PolicyBook
"""What the engine takes: one version, or several with their times."""


@cache
def default_policy() -> Policy:
    """The pack that is in force where the county has not issued one."""
    from core.default_pack import DEFAULT_PACK

    return Policy.model_validate_json(DEFAULT_PACK)
