"""All that happened to a resident, latest first, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from core.contracts import Contract, Exemption, ExemptionDecision
from core.followups import FollowUp
from core.history import History
from core.reviews import PhoneCheck, Review
from county.config import local_date
from county.desk.render import link
from county.desk.values import glucose_text, pressure_text
from county.desk.wording import NOTHING, label
from words import say


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened on a day."""

    on: date
    text: str
    detail: str = ""
    href: str = ""


def timeline_of(history: History, names: Mapping[str, str], lang: str) -> tuple[Event, ...]:
    """Contracts, follow-ups, referrals, exemptions, reviews and checks, latest first."""
    events = [*_of_care(history, names, lang), *_of_the_office(history, names, lang)]
    return tuple(sorted(events, key=lambda event: event.on, reverse=True))


def review_event(review: Review, names: Mapping[str, str], lang: str) -> Event:
    """A township's decision, with its reason and its words."""
    reason = label("return_reason", review.reason, lang) if review.reason else ""
    parts = (reason, review.note, names.get(review.author_id, ""))
    return Event(
        on=local_date(review.recorded_at),
        text=say("desk.event.review", lang, decision=label("desk.decision", review.decision, lang)),
        detail=" · ".join(part for part in parts if part),
        href=link(f"follow-ups/{review.follow_up_id}"),
    )


def phone_check_event(check: PhoneCheck, names: Mapping[str, str], lang: str) -> Event:
    """What a telephone check found out."""
    parts = (check.note, names.get(check.author_id, ""))
    return Event(
        on=local_date(check.recorded_at),
        text=say("desk.event.phone_check", lang, result=check_text(check, lang)),
        detail=" · ".join(part for part in parts if part),
        href=link(f"follow-ups/{check.follow_up_id}"),
    )


def check_text(check: PhoneCheck, lang: str) -> str:
    """The result of a telephone check in words."""
    if not check.reached:
        return say("desk.phone.not_reached", lang)
    asked = (
        (check.visit_confirmed, "confirmed", "not_confirmed"),
        (check.satisfied, "satisfied", "not_satisfied"),
    )
    words = [
        say(f"desk.phone.{yes if answer else no}", lang)
        for answer, yes, no in asked
        if answer is not None
    ]
    return say("desk.comma", lang).join([say("desk.phone.reached", lang), *words])


def _of_care(history: History, names: Mapping[str, str], lang: str) -> Iterator[Event]:
    for contract in history.contracts:
        yield from _contract_events(contract, names, lang)
    for follow_up in history.settled.follow_ups:
        yield _follow_up_event(follow_up, names, lang)
    for referral in history.settled.referrals:
        yield Event(
            on=referral.occurred_on,
            text=say("desk.event.referral", lang, place=referral.to_facility or NOTHING),
            detail=referral.reason,
        )
    for outcome in history.settled.outcomes.values():
        word = label("outcome", outcome.outcome, lang)
        yield Event(
            on=outcome.occurred_on,
            text=say("desk.event.referral_outcome", lang, outcome=word),
            detail=outcome.note,
        )


def _of_the_office(history: History, names: Mapping[str, str], lang: str) -> Iterator[Event]:
    resident = history.resident
    if resident.left and resident.left_on:
        how = label("left", resident.left, lang)
        yield Event(on=resident.left_on, text=say("desk.event.left", lang, how=how))
    for exemption in history.exemptions:
        yield _exemption_event(exemption, lang)
    for decision in history.exemption_decisions:
        yield _decision_event(decision, names, lang)
    for review in history.reviews:
        yield review_event(review, names, lang)
    for check in history.phone_checks:
        yield phone_check_event(check, names, lang)


def _contract_events(contract: Contract, names: Mapping[str, str], lang: str) -> Iterator[Event]:
    yield Event(
        on=contract.signed_on or contract.start_on,
        text=say("desk.event.contract", lang, end=contract.end_on),
        detail=names.get(contract.doctor_id or "", ""),
    )
    if contract.terminated_on:
        yield Event(
            on=contract.terminated_on,
            text=say("desk.event.terminated", lang),
            detail=contract.termination_reason,
        )


def _follow_up_event(follow_up: FollowUp, names: Mapping[str, str], lang: str) -> Event:
    href = link(f"follow-ups/{follow_up.id}")
    author = names.get(follow_up.author_id, "")
    if follow_up.not_met:
        reason = label("not_met", follow_up.not_met, lang)
        text = say("desk.event.not_met", lang, reason=reason)
        return Event(on=follow_up.occurred_on, text=text, detail=author, href=href)
    values = (pressure_text(follow_up), glucose_text(follow_up, lang), author)
    return Event(
        on=follow_up.occurred_on,
        text=say("desk.event.follow_up", lang, mode=label("mode", follow_up.mode, lang)),
        detail=" · ".join(value for value in values if value not in ("", NOTHING)),
        href=href,
    )


def _exemption_event(exemption: Exemption, lang: str) -> Event:
    span = {"from_on": exemption.from_on, "to_on": exemption.to_on}
    return Event(
        on=local_date(exemption.recorded_at),
        text=say("desk.event.exemption", lang, **span),
        detail=f"{label('not_met', exemption.reason, lang)} {exemption.note}".strip(),
    )


def _decision_event(decision: ExemptionDecision, names: Mapping[str, str], lang: str) -> Event:
    key = "approved" if decision.approved else "refused"
    parts = (decision.note, names.get(decision.author_id, ""))
    return Event(
        on=local_date(decision.recorded_at),
        text=say(f"desk.event.exemption_{key}", lang),
        detail=" · ".join(part for part in parts if part),
    )
