"""A follow-up while it is being filled in: every field as typed, none of it trusted yet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from pydantic import TypeAdapter

from app.clock import local_day
from core.followups import FollowUp, Guidance, Lifestyle, Medicine, Reading
from core.refusals import Refusal
from core.vocabulary import ReadingKind, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpDraft:
    """The form's content; numbers are text as typed, "" where nothing was.

    `id` becomes the follow-up's. `not_measured` gives a reason by kind of reading and
    `lifestyle` text by the field names of `core.followups.Lifestyle`. `visit_class` and `next_on`
    are None until the doctor chooses otherwise than suggested. `source` is how
    the numbers were got: typed from the device's display, or reported by the resident.
    """

    id: str
    resident_id: str
    started_at: datetime
    occurred_on: date
    amends: str | None = None
    mode: str | None = None
    not_met: str | None = None
    asked: str = "self"
    services: tuple[str, ...] = ()
    symptoms: tuple[str, ...] = ()
    acute_symptoms: tuple[str, ...] = ()
    other_symptom: str = ""
    source: str = Source.TYPED
    systolic_mmhg: str = ""
    diastolic_mmhg: str = ""
    heart_rate_bpm: str = ""
    glucose_mmol_l: str = ""
    timing: str | None = None
    weight_kg: str = ""
    height_cm: str = ""
    waist_cm: str = ""
    temperature_c: str = ""
    oxygen_percent: str = ""
    not_measured: dict[str, str] = field(default_factory=dict)
    lifestyle: dict[str, str] = field(default_factory=dict)
    diet: tuple[str, ...] = ()
    exercise: tuple[str, ...] = ()
    psychology: tuple[str, ...] = ()
    adherence: str | None = None
    adverse_reaction: bool | None = None
    adverse_reaction_note: str = ""
    complication: str | None = None
    unmanageable_condition: bool | None = None
    pregnant_or_nursing: bool | None = None
    medicines: tuple[Medicine, ...] = ()
    visit_class: int | None = None
    class_override_reason: str = ""
    referral_advised: bool = False
    next_on: date | None = None
    note: str = ""
    yearly_exam: bool = False


FOLLOW_UP_DRAFT = "follow_up"
AMENDMENT_DRAFT = "amendment"
"""Kinds of drafts in the store: one of each resident's next visit, one of each correction."""
DRAFTS: TypeAdapter[FollowUpDraft] = TypeAdapter(FollowUpDraft)

_AMOUNTS = {
    ReadingKind.WEIGHT: "weight_kg",
    ReadingKind.HEIGHT: "height_cm",
    ReadingKind.WAIST: "waist_cm",
    ReadingKind.TEMPERATURE: "temperature_c",
    ReadingKind.OXYGEN: "oxygen_percent",
}
_WHOLE = ("systolic_mmhg", "diastolic_mmhg", "heart_rate_bpm")
_DECIMAL = ("glucose_mmol_l", *_AMOUNTS.values())
_LIFESTYLE_WHOLE = tuple(
    f"{name}_{when}"
    for name in ("exercise_times", "exercise_minutes", "staple_food_g")
    for when in ("now", "target")
)
_LIFESTYLE_DECIMAL = ("smoking_now", "smoking_target", "alcohol_now", "alcohol_target")
_LIFESTYLE_WORDS = ("salt_now", "salt_target")


def draft_place(resident_id: str, amends: str | None) -> tuple[str, str]:
    """The kind and subject a draft is kept under, so that a visit never displaces a correction."""
    return (FOLLOW_UP_DRAFT, resident_id) if amends is None else (AMENDMENT_DRAFT, amends)


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorship:
    """What the tablet adds to a draft to make a follow-up of it."""

    scope_id: str
    author_id: str
    contract_id: str | None
    policy_version: str
    recorded_at: datetime


def read_draft(draft: FollowUpDraft, by: Authorship) -> tuple[FollowUp, tuple[Refusal, ...]]:
    """The follow-up a draft amounts to so far, and a `number.unreadable` for each bad number.

    A number that cannot be read is left out of the follow-up: missing is never guessed.
    """
    numbers, refusals = _numbers(draft)
    follow_up = FollowUp(
        id=draft.id,
        scope_id=by.scope_id,
        resident_id=draft.resident_id,
        author_id=by.author_id,
        occurred_on=draft.occurred_on,
        recorded_at=by.recorded_at,
        mode=draft.mode or "",
        contract_id=by.contract_id,
        policy_version=by.policy_version,
        not_met=draft.not_met,
        asked=draft.asked,
        services=draft.services,
        symptoms=draft.symptoms,
        acute_symptoms=draft.acute_symptoms,
        other_symptom=draft.other_symptom,
        readings=_readings(draft, numbers, _measured_at(draft, by)),
        lifestyle=_lifestyle(draft, numbers),
        guidance=Guidance(diet=draft.diet, exercise=draft.exercise, psychology=draft.psychology),
        adherence=draft.adherence,
        adverse_reaction=draft.adverse_reaction,
        adverse_reaction_note=draft.adverse_reaction_note,
        complication=draft.complication,
        unmanageable_condition=draft.unmanageable_condition,
        pregnant_or_nursing=draft.pregnant_or_nursing,
        medicines=draft.medicines,
        visit_class=draft.visit_class,
        class_override_reason=draft.class_override_reason,
        referral_advised=draft.referral_advised,
        next_on=draft.next_on,
        started_at=draft.started_at,
        note=draft.note,
        yearly_exam=draft.yearly_exam,
        amends=draft.amends,
    )
    return follow_up, refusals


def draft_of_follow_up(follow_up: FollowUp, *, id: str, started_at: datetime) -> FollowUpDraft:
    """The draft that amends a follow-up: what the doctor recorded then, to be put right."""
    typed = dict.fromkeys((*_WHOLE, *_DECIMAL), "")
    timing, not_measured, source = None, {}, str(Source.TYPED)
    for reading in follow_up.readings:
        if reading.not_measured is not None:
            not_measured[reading.kind] = reading.not_measured
            continue
        typed |= _typed(reading)
        timing, source = reading.timing or timing, reading.source
    return FollowUpDraft(
        id=id,
        resident_id=follow_up.resident_id,
        started_at=started_at,
        occurred_on=follow_up.occurred_on,
        amends=follow_up.id,
        mode=follow_up.mode,
        not_met=follow_up.not_met,
        asked=follow_up.asked,
        services=follow_up.services,
        symptoms=follow_up.symptoms,
        acute_symptoms=follow_up.acute_symptoms,
        other_symptom=follow_up.other_symptom,
        source=source,
        timing=timing,
        not_measured=not_measured,
        lifestyle=_typed_lifestyle(follow_up.lifestyle),
        diet=follow_up.guidance.diet,
        exercise=follow_up.guidance.exercise,
        psychology=follow_up.guidance.psychology,
        adherence=follow_up.adherence,
        adverse_reaction=follow_up.adverse_reaction,
        adverse_reaction_note=follow_up.adverse_reaction_note,
        complication=follow_up.complication,
        unmanageable_condition=follow_up.unmanageable_condition,
        pregnant_or_nursing=follow_up.pregnant_or_nursing,
        medicines=follow_up.medicines,
        visit_class=follow_up.visit_class,
        class_override_reason=follow_up.class_override_reason,
        referral_advised=follow_up.referral_advised,
        next_on=follow_up.next_on,
        note=follow_up.note,
        yearly_exam=follow_up.yearly_exam,
        **typed,
    )


def _numbers(draft: FollowUpDraft) -> tuple[dict[str, Any], tuple[Refusal, ...]]:
    wanted: list[tuple[str, str, Callable[[str], Any]]] = []
    wanted += [(name, getattr(draft, name), int) for name in _WHOLE]
    wanted += [(name, getattr(draft, name), float) for name in _DECIMAL]
    wanted += [(name, draft.lifestyle.get(name, ""), int) for name in _LIFESTYLE_WHOLE]
    wanted += [(name, draft.lifestyle.get(name, ""), float) for name in _LIFESTYLE_DECIMAL]
    numbers: dict[str, Any] = {}
    refusals = []
    for name, text, read in wanted:
        try:
            numbers[name] = _number(text, read)
        except ValueError:
            numbers[name] = None
            refusals.append(Refusal(code="number.unreadable", place=name, values={"typed": text}))
    return numbers, tuple(refusals)


def _number(text: str, read: Callable[[str], Any]) -> Any:
    """None for nothing typed; raises ValueError for what is not a plain finite number."""
    cleaned = text.strip()
    if not cleaned:
        return None
    if not cleaned.isascii() or set(cleaned) - set("0123456789."):
        raise ValueError("not a plain number")
    return read(cleaned)


def _readings(
    draft: FollowUpDraft, numbers: dict[str, Any], measured_at: datetime | None
) -> tuple[Reading, ...]:
    given: dict[str, Any] = {"source": draft.source, "measured_at": measured_at}
    found: list[Reading] = []
    systolic, diastolic = numbers["systolic_mmhg"], numbers["diastolic_mmhg"]
    if systolic is not None or diastolic is not None:
        found.append(
            Reading(
                kind=ReadingKind.BLOOD_PRESSURE,
                systolic_mmhg=systolic,
                diastolic_mmhg=diastolic,
                **given,
            )
        )
    if (heart_rate := numbers["heart_rate_bpm"]) is not None:
        found.append(Reading(kind=ReadingKind.HEART_RATE, heart_rate_bpm=heart_rate, **given))
    if (glucose := numbers["glucose_mmol_l"]) is not None:
        found.append(
            Reading(kind=ReadingKind.GLUCOSE, glucose_mmol_l=glucose, timing=draft.timing, **given)
        )
    for kind, name in _AMOUNTS.items():
        if (amount := numbers[name]) is not None:
            found.append(Reading(kind=kind, amount=amount, **given))
    present = {reading.kind for reading in found}
    found += [
        Reading(kind=kind, not_measured=reason)
        for kind, reason in sorted(draft.not_measured.items())
        if kind not in present
    ]
    return tuple(found)


def _measured_at(draft: FollowUpDraft, by: Authorship) -> datetime | None:
    """The moment of entry where the visit is entered on its day; a late one has only the day."""
    on_the_day = local_day(by.recorded_at) == draft.occurred_on and draft.amends is None
    return by.recorded_at if on_the_day else None


def _lifestyle(draft: FollowUpDraft, numbers: dict[str, Any]) -> Lifestyle | None:
    told = {name: numbers[name] for name in (*_LIFESTYLE_WHOLE, *_LIFESTYLE_DECIMAL)}
    told |= {name: draft.lifestyle.get(name) or None for name in _LIFESTYLE_WORDS}
    return Lifestyle(**told) if any(value is not None for value in told.values()) else None


def _typed(reading: Reading) -> dict[str, str]:
    if reading.kind in _AMOUNTS:
        return {_AMOUNTS[ReadingKind(reading.kind)]: _text(reading.amount)}
    return {
        name: _text(getattr(reading, name))
        for name in (*_WHOLE, "glucose_mmol_l")
        if getattr(reading, name) is not None
    }


def _typed_lifestyle(lifestyle: Lifestyle | None) -> dict[str, str]:
    if lifestyle is None:
        return {}
    names = (*_LIFESTYLE_WHOLE, *_LIFESTYLE_DECIMAL, *_LIFESTYLE_WORDS)
    return {name: _text(value) for name in names if (value := getattr(lifestyle, name)) is not None}


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return "" if value is None else str(value)
