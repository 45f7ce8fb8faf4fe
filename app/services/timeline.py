"""What happened to a resident, newest first, each in a sentence that can be worded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from app.clock import local_day
from app.services.views import Delivery, Why
from core.followups import FollowUp, Medicine, Reading
from core.history import History, standing, voided_ids
from core.vocabulary import Kind, ReadingKind


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineItem:
    """Something that happened; `kind` is a record's kind, `summary` codes and values to word."""

    id: str
    kind: str
    on: date
    summary: Why
    delivery: Delivery
    withdrawn: bool = False
    amended_by: str | None = None


def told_ids(history: History) -> list[str]:
    """The ids of everything the time line tells of."""
    return [record_id for record_id, *_ in _happened(history)]


def timeline_of(history: History, states: Mapping[str, Delivery]) -> tuple[TimelineItem, ...]:
    """Everything that happened, newest first; what was withdrawn or amended says so."""
    void = voided_ids(history.withdrawals)
    amended = {f.amends: f.id for f in history.follow_ups if f.amends and f.id not in void}
    items = [
        TimelineItem(
            id=record_id,
            kind=kind,
            on=on,
            summary=summary,
            delivery=states.get(record_id, Delivery.COUNTY_HAS_IT),
            withdrawn=record_id in void,
            amended_by=amended.get(record_id),
        )
        for record_id, kind, on, summary in _happened(history)
    ]
    return tuple(sorted(items, key=lambda item: (item.on, item.id), reverse=True))


def latest_medicines(history: History) -> tuple[Medicine, ...]:
    """The medicines of the last follow-up that named any."""
    named = [follow_up.medicines for follow_up in standing(history) if follow_up.medicines]
    return named[-1] if named else ()


def _happened(history: History) -> Iterator[tuple[str, Kind, date, Why]]:
    for follow_up in history.follow_ups:
        yield follow_up.id, Kind.FOLLOW_UP, follow_up.occurred_on, _follow_up(follow_up)
    for referral in history.referrals:
        values = {"facility": referral.to_facility, "reason": referral.reason}
        why = Why(code="timeline.referral", values=values)
        yield referral.id, Kind.REFERRAL, referral.occurred_on, why
    for outcome in history.referral_outcomes:
        why = Why(code=f"timeline.outcome.{outcome.outcome}")
        yield outcome.id, Kind.REFERRAL_OUTCOME, outcome.occurred_on, why
    for exemption in history.exemptions:
        why = _days("timeline.exemption", exemption.from_on, exemption.to_on)
        yield exemption.id, Kind.EXEMPTION, local_day(exemption.recorded_at), why
    for review in history.reviews:
        why = Why(code=f"timeline.review.{review.decision}", values={"note": review.note})
        yield review.id, Kind.REVIEW, local_day(review.recorded_at), why
    for contract in history.contracts:
        why = _days("timeline.contract", contract.start_on, contract.end_on)
        yield contract.id, Kind.CONTRACT, contract.start_on, why


def _days(code: str, from_on: date, to_on: date) -> Why:
    return Why(code=code, values={"from_on": from_on, "to_on": to_on})


def _follow_up(follow_up: FollowUp) -> Why:
    if follow_up.not_met is not None:
        return Why(code=f"timeline.not_met.{follow_up.not_met}")
    written = [text for reading in follow_up.readings if (text := _written(reading))]
    return Why(
        code=f"timeline.follow_up.{follow_up.mode}", values={"readings": " · ".join(written)}
    )


def _written(reading: Reading) -> str:
    """A reading as figures: 138/86, 72, 6.1; "" for what has no value or is not told here."""
    if reading.not_measured is not None:
        return ""
    if reading.kind == ReadingKind.BLOOD_PRESSURE:
        return f"{reading.systolic_mmhg}/{reading.diastolic_mmhg}"
    if reading.kind == ReadingKind.GLUCOSE:
        return f"{reading.glucose_mmol_l:g}" if reading.glucose_mmol_l is not None else ""
    return str(reading.heart_rate_bpm) if reading.heart_rate_bpm is not None else ""
