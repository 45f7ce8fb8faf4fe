"""An explanation of `core` in sentences: beside its JSON, and as a text to read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from core.duties import Duty
from core.evidence import Grade
from core.explaining import Explanation, FollowUpExplained
from core.figures import figures_of, percent
from core.findings import Finding, Reason
from core.policy import Policy
from core.policy_diff import Difference, Effect
from core.slots import Programme, Slot, SlotState
from core.triage import Triage
from core.worklist import DueItem
from words import languages, say


def with_sentences(told: Any) -> Any:
    """The JSON with a `sentence` in every language beside each reason, finding and signal."""
    if isinstance(told, list):
        return [with_sentences(item) for item in told]
    if not isinstance(told, dict):
        return told
    whole = {name: with_sentences(value) for name, value in told.items()}
    key = _key_of(told)
    if key is not None:
        values = told.get("values", {})
        whole["sentence"] = {lang[:2]: say(key, lang, **values) for lang in languages()}
    return whole


def _key_of(told: dict[str, Any]) -> str | None:
    """The catalogue's key of a JSON object that can be worded."""
    if "severity" in told and "code" in told:
        return f"finding.{told['code']}"
    if "code" in told and "values" in told:
        return str(told["code"])
    if "follow_up_ids" in told and "rule_id" in told:
        return f"signal.{told['rule_id'].lower()}"
    if told.get("why_not"):
        return f"candidate.{told['why_not']}"
    return None


def in_words(explanation: Explanation, lang: str) -> Iterator[str]:
    """The explanation as lines of text."""
    yield say(
        "explain.heading",
        lang,
        resident=explanation.resident_id,
        year=explanation.year,
        today=explanation.today,
        policies=", ".join(explanation.policies),
    )
    for programme in explanation.figures:
        yield from _programme(explanation, Programme(programme), lang)
    yield from _section("findings", [_finding(f, lang) for f in explanation.account.findings], lang)
    yield from _section("due", [_due(item, lang) for item in explanation.due], lang)
    yield from _section("duties", [_duty(duty, lang) for duty in explanation.duties], lang)
    lines = [line for f in explanation.follow_ups for line in _follow_up(f, lang)]
    yield from _section("follow_ups", lines, lang)


def _section(name: str, lines: Sequence[str], lang: str) -> Iterator[str]:
    yield say(f"explain.{name}", lang)
    yield from lines or [say("explain.nothing", lang)]


def _reason(reason: Reason, lang: str) -> str:
    return say(reason.code, lang, **reason.values)


def _programme(explanation: Explanation, programme: Programme, lang: str) -> Iterator[str]:
    figures = figures_of(explanation.account, programme)
    yield say(
        "explain.programme",
        lang,
        programme=say(f"programme.{programme}", lang),
        filled=figures.filled,
        owed=figures.owed,
        completion=percent(figures.completion),
    )
    if programme == Programme.CONTRACT:
        yield say(
            "explain.share",
            lang,
            face_to_face=percent(figures.face_to_face_share),
            measured=percent(figures.measured_share),
            on_time=percent(figures.on_time_share),
            items=percent(figures.items_rate),
        )
        yield from _items(explanation, lang)
    for gap in explanation.account.gaps:
        if gap.programme == programme:
            values = {"days": gap.days, "from_on": gap.from_on, "to_on": gap.to_on}
            yield say("explain.gap", lang, **values)
    for slot in explanation.account.of(programme):
        yield from _slot(slot, lang)


def _items(explanation: Explanation, lang: str) -> Iterator[str]:
    for item in explanation.account.items:
        yield say(
            "explain.item",
            lang,
            service=say(f"service.{item.service}", lang),
            delivered=item.delivered,
            agreed=item.agreed,
        )


def _slot(slot: Slot, lang: str) -> Iterator[str]:
    yield say(
        "explain.slot",
        lang,
        number=slot.number,
        from_on=slot.window_from,
        to_on=slot.window_to,
        reason=_reason(slot.reason, lang),
    )
    yield say(
        "explain.why",
        lang,
        tier=_reason(slot.tier_reason, lang),
        rule=slot.rule_id,
        source=say(f"source.{slot.source}", lang),
    )
    if slot.filled_by is not None:
        yield say("explain.filled_by", lang, follow_up=slot.filled_by)
    for candidate in slot.candidates:
        yield say(
            "explain.candidate",
            lang,
            follow_up=candidate.follow_up_id,
            reason=say(f"candidate.{candidate.why_not}", lang),
        )
    if slot.state in (SlotState.OPEN, SlotState.UPCOMING):
        yield say("explain.cost", lang, cost=_reason(slot.cost, lang))


def _finding(finding: Finding, lang: str) -> str:
    return say(
        "explain.finding",
        lang,
        severity=say(f"severity.{finding.severity}", lang),
        rule=finding.rule_id,
        sentence=say(f"finding.{finding.code}", lang, **finding.values),
        source=say(f"source.{finding.source}", lang),
    )


def _due(item: DueItem, lang: str) -> str:
    return say(
        "explain.due_item",
        lang,
        urgency=say(f"urgency.{item.urgency}", lang),
        sentence=_reason(item.why, lang),
    )


def _duty(duty: Duty, lang: str) -> str:
    return say(
        "explain.duty_done" if duty.done_on else "explain.duty_open",
        lang,
        since=duty.since,
        kind=say(f"duty.{duty.kind}", lang),
        due_by=duty.due_by,
        done_on=duty.done_on,
    )


def _follow_up(follow_up: FollowUpExplained, lang: str) -> Iterator[str]:
    known = {
        "id": follow_up.id,
        "on": follow_up.occurred_on,
        "mode": say(f"mode.{follow_up.mode}", lang),
    }
    if follow_up.stands is not None or follow_up.grade is None or follow_up.triage is None:
        reason = follow_up.stands or Reason(code="explain.amended")
        yield say("explain.follow_up_fallen", lang, **known, reason=_reason(reason, lang))
        return
    yield say("explain.follow_up", lang, **known, grade=_grade(follow_up.grade, lang))
    yield from _triage(follow_up.triage, lang)


def _grade(grade: Grade, lang: str) -> str:
    reasons = [_reason(reason, lang) for reason in grade.reasons]
    letter = [say(f"grade.{grade.letter.lower()}", lang)] if grade.letter else []
    return " · ".join([*letter, *reasons])


def _triage(triage: Triage, lang: str) -> Iterator[str]:
    yield say(
        "explain.class",
        lang,
        number=triage.suggested_class or "—",
        reason=_reason(triage.class_reason, lang),
    )
    for line in (*triage.assessment, *triage.clinical):
        yield say("explain.line", lang, reason=_reason(line.reason, lang))
    yield from ("   " + _finding(finding, lang) for finding in triage.findings)
    if triage.next_on is not None:
        yield say("explain.next", lang, on=triage.next_on)


def differences_in_words(
    before: Policy, after: Policy, found: Sequence[Difference], lang: str
) -> Iterator[str]:
    """What a newer version changes, more owed first."""
    yield say("diff.heading", lang, before=before.version, after=after.version)
    if not found:
        yield say("diff.none", lang)
    for effect in Effect:
        told = [f"  {_reason(d.reason, lang)}" for d in found if d.effect == effect]
        if told:
            yield say(f"diff.effect.{effect}", lang)
            yield from told


def differences_json(found: Sequence[Difference]) -> list[dict[str, Any]]:
    """The differences as JSON, with sentences."""
    return [
        {
            "field": difference.field,
            "before": difference.before,
            "after": difference.after,
            "effect": str(difference.effect),
            "sentence": {
                lang[:2]: say(difference.reason.code, lang, **difference.reason.values)
                for lang in languages()
            },
        }
        for difference in found
    ]
