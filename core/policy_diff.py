"""What changes from one policy version to the next, in words: who will owe more, who less."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from core.findings import Reason
from core.policy import Policy


class Effect(StrEnum):
    """What a change does to what is owed."""

    MORE = "more"
    LESS = "less"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One changed number or list, with its effect in words."""

    field: str
    before: object
    after: object
    effect: Effect
    reason: Reason


RISING_MEANS: Mapping[str, Effect] = {
    "contract.min_quarter_months": Effect.LESS,
    "contract.min_gap_days": Effect.MORE,
    "contract.late_entry_days": Effect.LESS,
    "contract.late_entry_needs_approval": Effect.MORE,
    "contract.excuse_min_share": Effect.MORE,
    "contract.exam_counts_as_visit": Effect.LESS,
    "contract.face_to_face_min": Effect.MORE,
    "programmes.htn.min_age": Effect.LESS,
    "programmes.htn.min_quarter_months": Effect.LESS,
    "programmes.htn.max_gap_days": Effect.LESS,
    "programmes.htn.yearly_exam": Effect.MORE,
    "programmes.t2dm.min_age": Effect.LESS,
    "programmes.t2dm.min_quarter_months": Effect.LESS,
    "programmes.t2dm.max_gap_days": Effect.LESS,
    "programmes.t2dm.yearly_exam": Effect.MORE,
    "programmes.smi.min_age": Effect.LESS,
    "programmes.smi.min_quarter_months": Effect.LESS,
    "programmes.smi.max_gap_days": Effect.LESS,
    "programmes.smi.yearly_exam": Effect.MORE,
    "programmes.elderly.yearly_exam": Effect.MORE,
    "programmes.tb.intensive_window_days": Effect.LESS,
    "programmes.tb.continuation_months": Effect.MORE,
    "control.fasting_glucose_lt": Effect.LESS,
    "follow_up.uncontrolled_days": Effect.LESS,
    "follow_up.referral_trace_days": Effect.LESS,
    "follow_up.consecutive_uncontrolled_refer": Effect.LESS,
}
"""What a higher number (or a yes instead of a no) does to what is owed."""

ORDERED: Mapping[str, tuple[str, ...]] = {
    "contract.start_month": ("skip", "count_if_before_16", "count"),
}
"""Choices in order of how much they make owed."""

ADDING_MEANS: Mapping[str, Effect] = {
    "contract.key_groups": Effect.MORE,
    "contract.countable_modes": Effect.LESS,
    "contract.complete": Effect.MORE,
}
"""What one more member of a list does to what is owed."""

OPPOSITE = {Effect.MORE: Effect.LESS, Effect.LESS: Effect.MORE, Effect.OTHER: Effect.OTHER}


def differences(before: Policy, after: Policy) -> tuple[Difference, ...]:
    """Everything in which two versions differ, more owed first, then less, then the rest."""
    found = _changes(_plain(before), _plain(after), "")
    return tuple(sorted(found, key=lambda d: (list(Effect).index(d.effect), d.field)))


def _plain(policy: Policy) -> dict[str, Any]:
    return policy.model_dump(mode="json", exclude={"sources"})


def _changes(before: Any, after: Any, field: str) -> Iterator[Difference]:
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for name in before:
            yield from _changes(before[name], after[name], f"{field}.{name}".lstrip("."))
    elif field in ADDING_MEANS:
        yield from _members(before, after, field)
    else:
        yield _change(before, after, field)


def _members(before: list[str], after: list[str], field: str) -> Iterator[Difference]:
    for member in sorted({*before, *after}):
        if (member in before) == (member in after):
            continue
        added = member in after
        effect = ADDING_MEANS[field] if added else OPPOSITE[ADDING_MEANS[field]]
        name = field.rpartition(".")[2]
        yield Difference(
            field=field,
            before=None if added else member,
            after=member if added else None,
            effect=effect,
            reason=Reason(code=f"diff.{name}.{member}.{'added' if added else 'removed'}"),
        )


def _change(before: object, after: object, field: str) -> Difference:
    effect = _effect(before, after, field)
    code = f"diff.{field}" if effect != Effect.OTHER else "diff.changed"
    return Difference(
        field=field,
        before=before,
        after=after,
        effect=effect,
        reason=Reason(code=code, values={"field": field, "before": before, "after": after}),
    )


def _effect(before: object, after: object, field: str) -> Effect:
    if field in ORDERED:
        places = ORDERED[field]
        risen = places.index(str(after)) > places.index(str(before))
        return Effect.MORE if risen else Effect.LESS
    if field not in RISING_MEANS or not isinstance(before, int | float):
        return Effect.OTHER
    rising = isinstance(after, int | float) and after > before
    return RISING_MEANS[field] if rising else OPPOSITE[RISING_MEANS[field]]
