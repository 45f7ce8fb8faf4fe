"""Everything a doctor recorded in a follow-up, as names and values in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from core.followups import FollowUp, Lifestyle, Medicine
from county.desk.render import Fact
from county.desk.values import how_measured, value_text, visit_class_text
from county.desk.wording import NOTHING, label, labels
from words import say


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One reading, large, with its unit and how it was obtained."""

    name: str
    value: str
    unit: str
    how: str


def values_of(follow_up: FollowUp, lang: str) -> tuple[Value, ...]:
    """The readings that bear a value."""
    return tuple(
        Value(
            name=label("reading", reading.kind, lang),
            value=value_text(reading),
            unit=label("unit", reading.kind, lang),
            how=how_measured(reading, lang),
        )
        for reading in follow_up.readings
        if reading.not_measured is None
    )


def facts_of(follow_up: FollowUp, lang: str) -> tuple[Fact, ...]:
    """The rest of the form, top to bottom; what was left empty is left out."""
    pairs = (*_asked(follow_up, lang), *_advised(follow_up, lang), *_concluded(follow_up, lang))
    return tuple(
        Fact(name=say(f"desk.fact.{key}", lang), value=value)
        for key, value in pairs
        if value and value != NOTHING
    )


def _asked(follow_up: FollowUp, lang: str) -> Iterator[tuple[str, str]]:
    comma = say("desk.comma", lang)
    symptoms = labels("symptom", follow_up.symptoms, lang)
    parts = (symptoms, follow_up.other_symptom)
    yield "mode", label("mode", follow_up.mode, lang)
    yield "asked", label("desk.asked", follow_up.asked, lang)
    yield "services", labels("service", follow_up.services, lang)
    yield "symptoms", comma.join(part for part in parts if part)
    yield "acute", labels("symptom", follow_up.acute_symptoms, lang)
    yield "not_measured", comma.join(_not_measured(follow_up, lang))


def _not_measured(follow_up: FollowUp, lang: str) -> Iterator[str]:
    for reading in follow_up.readings:
        if reading.not_measured is not None:
            name = label("reading", reading.kind, lang)
            yield f"{name} ({label('not_measured', reading.not_measured, lang)})"


def _advised(follow_up: FollowUp, lang: str) -> Iterator[tuple[str, str]]:
    guidance = follow_up.guidance
    yield "lifestyle", "; ".join(lifestyle_lines(follow_up.lifestyle, lang))
    yield "diet", labels("guidance.diet", guidance.diet, lang)
    yield "exercise", labels("guidance.exercise", guidance.exercise, lang)
    yield "psychology", labels("guidance.psychology", guidance.psychology, lang)
    yield "adherence", label("adherence", follow_up.adherence, lang) if follow_up.adherence else ""
    yield "adverse", _adverse(follow_up, lang)
    yield (
        "complication",
        (label("complication", follow_up.complication, lang) if follow_up.complication else ""),
    )
    yield "medicines", "; ".join(_medicine(item, lang) for item in follow_up.medicines)


def _adverse(follow_up: FollowUp, lang: str) -> str:
    if follow_up.adverse_reaction is None:
        return ""
    word = say("desk.yes" if follow_up.adverse_reaction else "desk.no", lang)
    return f"{word} {follow_up.adverse_reaction_note}".strip()


def _medicine(item: Medicine, lang: str) -> str:
    times = NOTHING if item.times_a_day is None else item.times_a_day
    return say("desk.medicine", lang, name=item.name, times=times, dose=item.dose).strip()


def _concluded(follow_up: FollowUp, lang: str) -> Iterator[tuple[str, str]]:
    yield "class", visit_class_text(follow_up, lang)
    yield "override", follow_up.class_override_reason
    yield "referral", say("desk.yes", lang) if follow_up.referral_advised else ""
    yield "yearly_exam", say("desk.yes", lang) if follow_up.yearly_exam else ""
    yield "next_on", str(follow_up.next_on or "")
    yield "note", follow_up.note


def lifestyle_lines(lifestyle: Lifestyle | None, lang: str) -> tuple[str, ...]:
    """What was said of smoking, alcohol, exercise, salt and staple food: now and agreed."""
    if lifestyle is None:
        return ()
    pairs = {
        "smoking": (lifestyle.smoking_now, lifestyle.smoking_target),
        "alcohol": (lifestyle.alcohol_now, lifestyle.alcohol_target),
        "exercise": (lifestyle.exercise_times_now, lifestyle.exercise_times_target),
        "exercise_minutes": (lifestyle.exercise_minutes_now, lifestyle.exercise_minutes_target),
        "salt": (_salt(lifestyle.salt_now, lang), _salt(lifestyle.salt_target, lang)),
        "staple_food": (lifestyle.staple_food_g_now, lifestyle.staple_food_g_target),
    }
    return tuple(
        say(f"desk.lifestyle.{key}", lang, now=_shown(now), target=_shown(target))
        for key, (now, target) in pairs.items()
        if now is not None or target is not None
    )


def _salt(code: str | None, lang: str) -> str | None:
    return label("salt", code, lang) if code else None


def _shown(value: float | str | None) -> str:
    if value is None:
        return NOTHING
    return value if isinstance(value, str) else f"{value:g}"
