"""What the follow-up form shows, worked out from the draft and what the rules say of it."""

from __future__ import annotations

from dataclasses import dataclass

from app.screens.follow_up import choices
from app.screens.follow_up.entry import FIELDS, is_between_readings, is_half_typed
from app.screens.follow_up.form import Form
from app.screens.parts import wording
from app.screens.parts.chips import Choice
from app.screens.parts.delivery import returned_words
from app.screens.parts.readings import value_words
from core.findings import Finding, Severity
from core.refusals import Refusal
from core.vocabulary import FACE_TO_FACE_MODES
from words import say

TONES = {"emergency": "emergency", "refer": "refer", "warn": "warn", "info": "info"}
LINE_TONES = {"met": "good", "not_met": "warn"}
TIMINGS = ("fasting", "postprandial_2h", "random")


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldView:
    """One number to be typed: its label and text."""

    name: str
    label: str
    text: str
    is_active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingView:
    """One reading: its fields, the last value beside it, and what is amiss with it."""

    kind: str
    title: str
    unit: str
    fields: tuple[FieldView, ...]
    last: str
    trouble: str
    missing: str
    reasons: tuple[Choice, ...]
    is_asked_why: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingView:
    """A finding in words with its tone; `rule_id` tells it from the others."""

    rule_id: str
    words: str
    tone: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Everything the form shows."""

    heading: str
    note: str
    about: str
    amends: str
    slot: str
    resumed: str
    returned: str
    is_remote: bool
    readings: tuple[ReadingView, ...]
    timing: str | None
    asks_timing: bool
    findings: tuple[FindingView, ...]
    emergency: tuple[FindingView, ...]
    symptoms: tuple[Choice, ...]
    acute: tuple[Choice, ...]
    last_targets: str
    medicines: tuple[str, ...]
    lines: tuple[FindingView, ...]
    class_words: str
    class_reason: str
    needs_override_reason: bool
    next_words: str
    troubles: tuple[str, ...]
    to_confirm: tuple[str, ...]


def present(form: Form) -> View:
    """The form in words; nothing measured is ever put in from the last time."""
    opened, draft = form.opened, form.draft
    resident = opened.resident
    findings = _findings(form)
    unseen = [f for f in findings if f.tone == "emergency" and f.rule_id not in form.seen]
    return View(
        heading=say("follow_up.heading", name=resident.name),
        note=wording.age_and_sex(opened.age, resident.sex),
        about=_about(form),
        amends=_amends(form),
        slot=_slot(form),
        resumed=say("follow_up.resumed") if opened.resumed else "",
        returned=returned_words(opened.returned) if opened.returned else "",
        is_remote=draft.mode not in FACE_TO_FACE_MODES,
        readings=tuple(_reading(form, kind) for kind in opened.asks),
        timing=draft.timing,
        asks_timing=bool(draft.glucose_mmol_l),
        findings=tuple(findings),
        emergency=tuple(unseen) if is_between_readings(form.entry) else (),
        symptoms=choices.worded("symptom", choices.symptoms_for(opened.conditions)),
        acute=choices.worded("symptom", choices.ACUTE),
        last_targets=_targets(form),
        medicines=tuple(_medicine(form, i) for i in range(len(draft.medicines))),
        lines=_lines(form),
        class_words=_class_words(form),
        class_reason=_class_reason(form),
        needs_override_reason=is_overridden(form),
        next_words=_next_words(form),
        troubles=_troubles(form),
        to_confirm=tuple(wording.refused(refusal) for refusal in form.to_confirm),
    )


def is_overridden(form: Form) -> bool:
    """Whether the doctor chose another class than the rules suggest."""
    suggested = form.appraisal.triage.suggested_class if form.appraisal else None
    chosen = form.draft.visit_class
    return chosen is not None and suggested is not None and chosen != suggested


def _amends(form: Form) -> str:
    draft = form.draft
    if draft.amends is None:
        return ""
    return say("follow_up.amends", day=wording.full_day(draft.occurred_on))


def _about(form: Form) -> str:
    opened = form.opened
    house = opened.household
    place = wording.where(
        opened.village, house.group_no if house else "", house.house_no if house else ""
    )
    last = say("follow_up.last_on", day=wording.full_day(opened.last_on)) if opened.last_on else ""
    return " · ".join(part for part in (place, last) if part)


def _slot(form: Form) -> str:
    slot = form.opened.slot
    if slot is None:
        return say("follow_up.no_slot")
    return say("follow_up.slot", number=slot.number, day=wording.day(slot.window_to))


def _reading(form: Form, kind: str) -> ReadingView:
    draft, entry = form.draft, form.entry
    fields = tuple(
        FieldView(
            name=name,
            label=say(f"field.{name}"),
            text=getattr(draft, name),
            is_active=entry.active == name,
        )
        for name in FIELDS.get(kind, ())
    )
    reason = draft.not_measured.get(kind)
    is_empty = not any(field.text for field in fields)
    return ReadingView(
        kind=kind,
        title=say(f"reading.{kind}"),
        unit=say(f"unit.{kind}"),
        fields=fields,
        last=_last(form, kind),
        trouble=_trouble(form, kind),
        missing=say(f"not_measured.{reason}") if reason and is_empty else "",
        reasons=choices.worded("not_measured", choices.not_measured_reasons(kind)),
        is_asked_why=form.asked_why == kind,
    )


def _places(kind: str) -> frozenset[str]:
    """Where the rules and the reading of numbers say a reading stands."""
    return frozenset({f"readings.{kind}", *FIELDS.get(kind, ())})


def _trouble(form: Form, kind: str) -> str:
    """What is wrong with a reading; what is merely not yet typed is no trouble while typing."""
    judged: tuple[Refusal, ...] = form.appraisal.refusals if form.appraisal else ()
    names = FIELDS.get(kind, ())
    is_whole = all(getattr(form.draft, name) for name in names)
    is_typed = is_whole and not any(is_half_typed(form.entry, name) for name in names)
    # What lacks something else, as glucose its timing, has no values of its own.
    at_once = [r for r in judged if is_typed and r.values and not r.soft]
    shown = [r for r in (*form.refusals, *at_once) if r.place in _places(kind)]
    return "\n".join(dict.fromkeys(wording.refused(refusal) for refusal in shown))


def _troubles(form: Form) -> tuple[str, ...]:
    """What stands against saving: the readings by name, whose troubles stand at them."""
    amiss = [
        kind
        for kind in form.opened.asks
        if any(refusal.place in _places(kind) for refusal in form.refusals)
    ]
    placed = frozenset[str]().union(*map(_places, amiss))
    general = [wording.refused(r) for r in form.refusals if r.place not in placed]
    named = wording.listed(say(f"reading.{kind}") for kind in amiss)
    return (*([say("follow_up.amiss", readings=named)] if amiss else ()), *general)


def _last(form: Form, kind: str) -> str:
    found = next((last for last in form.opened.last if last.reading.kind == kind), None)
    if found is None:
        return say("follow_up.no_last")
    return say("follow_up.last", value=value_words(found.reading), day=wording.day(found.on))


def _findings(form: Form) -> list[FindingView]:
    """Findings in words; what is merely still missing is no news until the numbers are in."""
    if form.appraisal is None:
        return []
    is_done = form.entry.active is None
    told = [f for f in form.appraisal.triage.findings if is_done or f.severity != Severity.INFO]
    return [_finding(found) for found in told]


def _finding(found: Finding) -> FindingView:
    is_grave = found.severity != Severity.INFO
    return FindingView(
        rule_id=found.rule_id,
        words=wording.phrase(f"finding.{found.code}", found.values),
        tone=TONES.get(found.severity, "info"),
        detail=_source(found) if is_grave else "",
    )


def _lines(form: Form) -> tuple[FindingView, ...]:
    """The readings against the assessment line and against the clinical target, never mixed."""
    if form.appraisal is None:
        return ()
    triage = form.appraisal.triage
    return tuple(
        FindingView(
            rule_id=line.rule_id,
            words=wording.reason(line.reason),
            tone=LINE_TONES.get(line.verdict, "plain"),
        )
        for line in (*triage.assessment, *triage.clinical)
    )


def _source(found: Finding) -> str:
    return say("follow_up.rule", rule=found.rule_id, source=say(f"source.{found.source}"))


def _targets(form: Form) -> str:
    targets = form.opened.last_targets
    if targets is None:
        return ""
    named = {
        "smoking": targets.smoking_target,
        "alcohol": targets.alcohol_target,
        "exercise_times": targets.exercise_times_target,
        "exercise_minutes": targets.exercise_minutes_target,
        "staple_food_g": targets.staple_food_g_target,
    }
    said = [say(f"target.{name}", value=f"{v:g}") for name, v in named.items() if v is not None]
    if targets.salt_target:
        said.append(say("target.salt", value=say(f"salt.{targets.salt_target}")))
    return say("follow_up.last_targets", targets=wording.listed(said)) if said else ""


def _medicine(form: Form, index: int) -> str:
    medicine = form.draft.medicines[index]
    times = medicine.times_a_day
    parts = [
        medicine.name,
        say("medicine.times_a_day", count=times) if times else "",
        medicine.dose,
    ]
    return " ".join(part for part in parts if part)


def _class_words(form: Form) -> str:
    triage = form.appraisal.triage if form.appraisal else None
    chosen = form.draft.visit_class or (triage.suggested_class if triage else None)
    return say(f"class.{chosen}") if chosen else say("follow_up.class_unknown")


def _class_reason(form: Form) -> str:
    triage = form.appraisal.triage if form.appraisal else None
    return wording.reason(triage.class_reason) if triage and triage.class_reason else ""


def _next_words(form: Form) -> str:
    triage = form.appraisal.triage if form.appraisal else None
    on = form.draft.next_on or (triage.next_on if triage else None)
    return wording.weekday(on) if on else say("follow_up.next_unknown")
