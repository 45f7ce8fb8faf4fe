"""The state of a slot: the first of nine that applies, and never without a reason."""

from __future__ import annotations

from datetime import date

from core.calendar import Span, Spans, common, days_in, united
from core.findings import Reason
from core.followups import FollowUp
from core.history import History, Settled
from core.obligations.filling import Fill
from core.obligations.windows import Window
from core.readings import fasting_glucose, heart_rate, pressure
from core.slots import Slot, SlotState, WhyNot
from core.vocabulary import GroupTag

SENT_BACK = frozenset({WhyNot.RETURNED, WhyNot.QUESTIONED})


def slot_of(fill: Fill, history: History, today: date) -> Slot:
    """The slot of a window with its state."""
    window, filler = fill.window, fill.filler
    state, reason = state_of(fill, history.settled, today)
    seen = filler is not None and filler.mode in window.policy.face_to_face_modes
    return Slot(
        programme=window.programme,
        number=window.number,
        window=window.spans,
        window_from=window.spans[0].from_on,
        window_to=window.spans[-1].to_on,
        tier=window.tier,
        tier_reason=window.tier_reason,
        tier_tags=window.tier_tags,
        state=state,
        reason=reason,
        cost=window.cost,
        rule_id=window.rule_id,
        source=window.source,
        policy_version=window.policy.version,
        candidates=fill.candidates,
        filled_by=filler.id if filler else None,
        filled_on=filler.occurred_on if filler else None,
        filled_face_to_face=seen,
        filled_measured=seen and filler is not None and wholly_measured(history, filler),
    )


def state_of(fill: Fill, settled: Settled, today: date) -> tuple[SlotState, Reason]:
    """The first state that applies, with its reason."""
    if fill.filler is not None:
        return _filled_state(fill, fill.filler)
    if fill.window.stopped:
        return _told(SlotState.VOID, on=fill.window.spans[-1].to_on)
    return _excused_state(fill.window, settled) or _waiting_state(fill, today)


def _filled_state(fill: Fill, filler: FollowUp) -> tuple[SlotState, Reason]:
    if fill.late:
        days = fill.window.policy.contract.late_entry_days
        return _told(SlotState.MET_LATE_ENTRY, on=filler.occurred_on, days=days)
    return _told(SlotState.MET, on=filler.occurred_on)


def _excused_state(window: Window, settled: Settled) -> tuple[SlotState, Reason] | None:
    if not settled.exemptions:
        return None
    needed = window.policy.contract.excuse_min_share * days_in(window.spans)
    approved = _exempt(settled, (True,), window.spans)
    if approved and days_in(approved) >= needed:
        return _told(SlotState.EXCUSED, days=days_in(approved), of=days_in(window.spans))
    asked = _exempt(settled, (True, None), window.spans)
    if asked != approved and days_in(asked) >= needed:
        return _told(SlotState.EXCUSE_PENDING, days=days_in(asked), of=days_in(window.spans))
    return None


def _exempt(settled: Settled, decisions: tuple[bool | None, ...], window: Spans) -> Spans:
    """The window's days under exemptions with one of the decisions."""
    days = (
        Span(exemption.from_on, exemption.to_on)
        for exemption, decision in settled.exemptions
        if decision in decisions and exemption.from_on <= exemption.to_on
    )
    return common(united(days), window)


def _waiting_state(fill: Fill, today: date) -> tuple[SlotState, Reason]:
    first, last = fill.window.spans[0].from_on, fill.window.spans[-1].to_on
    if first > today:
        return _told(SlotState.UPCOMING, from_on=first)
    if today <= last:
        return _told(SlotState.OPEN, to_on=last, days=(last - today).days)
    if any(candidate.why_not in SENT_BACK for candidate in fill.candidates):
        return _told(SlotState.DISPUTED, to_on=last)
    return _told(SlotState.MISSED, to_on=last)


def _told(state: SlotState, **values: object) -> tuple[SlotState, Reason]:
    return state, Reason(code=f"slot.{state}", values=values)


def wholly_measured(history: History, follow_up: FollowUp) -> bool:
    """Blood pressure and heart rate measured, and with diabetes fasting glucose."""
    glucose_owed = history.tagged(GroupTag.T2DM, follow_up.occurred_on)
    return (
        pressure(follow_up) is not None
        and heart_rate(follow_up) is not None
        and (not glucose_owed or fasting_glucose(follow_up) is not None)
    )
