"""Clinical duties beside the slots: what a follow-up's findings ask for, and whether it came.

A duty is answered by a later follow-up that measures the thing concerned, or by the
outcome of the referral made. It never replaces a slot: the same visit answers both.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from itertools import groupby
from operator import attrgetter

from core.calendar import DAY, FAR_PAST
from core.findings import Severity
from core.followups import FollowUp
from core.history import History
from core.policy import Policy, Rulebook
from core.readings import fasting_glucose, measured, pressure
from core.triage.judgement import triage_things
from core.vocabulary import GroupTag, Mode, ReadingKind


class DutyKind(StrEnum):
    """What is to be done."""

    EMERGENCY_TRACE = "emergency_trace"
    REFERRAL_TRACE = "referral_trace"
    REVISIT = "revisit_14d"
    TB_FIRST_VISIT = "tb_first_visit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """Something to be done by a day; `done_on` is when it was, None while it is outstanding.

    `thing` is what has to be measured, and `follow_up_id` or `referral_id` what asks for it.
    """

    kind: DutyKind
    thing: str
    since: date
    due_by: date
    rule_id: str
    follow_up_id: str | None = None
    referral_id: str | None = None
    urgent: bool = False
    done_on: date | None = None


KIND_OF = {
    Severity.EMERGENCY: DutyKind.EMERGENCY_TRACE,
    Severity.REFER: DutyKind.REFERRAL_TRACE,
    Severity.WARN: DutyKind.REVISIT,
}
RULE_OF = {
    DutyKind.EMERGENCY_TRACE: "D-EMERGENCY-TRACE",
    DutyKind.REFERRAL_TRACE: "D-REFERRAL-TRACE",
    DutyKind.REVISIT: "D-REVISIT",
    DutyKind.TB_FIRST_VISIT: "D-TB-FIRST-VISIT",
}


def duties_of(rules: Rulebook, history: History, today: date) -> tuple[Duty, ...]:
    """Every duty up to today, answered or not, in order of the day it arose."""
    known = [f for f in history.settled.follow_ups if f.occurred_on <= today]
    found = [
        _answered(duty, known)
        for follow_up in known
        for duty in _arising(rules, history, follow_up)
    ]
    found += _referral_duties(history, today)
    found += [_answered(duty, known) for duty in _first_visits(rules, history, today)]
    return tuple(sorted(found, key=_since_then_rule))


def outstanding(rules: Rulebook, history: History, today: date) -> tuple[Duty, ...]:
    """The duties that are not done yet; none once somebody has died or moved away.

    Same as those of `duties_of` without a day done, but only the latest follow-ups are
    looked at: whatever asked for a thing before its last measuring is answered.
    """
    if not history.presence.has(today):
        return ()
    found = [
        duty
        for follow_up, covered in _unanswered(history, today)
        for duty in _arising(rules, history, follow_up)
        if duty.thing not in covered
    ]
    found += [duty for duty in _referral_duties(history, today) if duty.done_on is None]
    if GroupTag.TB in history.tags:
        known = [f for f in history.settled.follow_ups if f.occurred_on <= today]
        first_visits = (_answered(duty, known) for duty in _first_visits(rules, history, today))
        found += [duty for duty in first_visits if duty.done_on is None]
    return tuple(sorted(found, key=_since_then_rule))


def _since_then_rule(duty: Duty) -> tuple[date, str, str, str]:
    return duty.since, duty.rule_id, duty.follow_up_id or duty.referral_id or "", duty.thing


def _unanswered(history: History, today: date) -> Iterator[tuple[FollowUp, frozenset[str]]]:
    """The latest follow-ups that may ask for something, with what was measured since."""
    wanted = set(THINGS) if GroupTag.SMI in history.tags else THINGS - {"smi"}
    settled = history.settled
    covered: frozenset[str] = frozenset()
    known = settled.follow_ups[: bisect_right(settled.dates, today)]
    for _, same_day in groupby(reversed(known), key=attrgetter("occurred_on")):
        held = list(same_day)
        for follow_up in held:
            if "contact" not in covered or not _carries(follow_up) <= covered:
                yield follow_up, covered
        covered |= {thing for thing in wanted - covered for f in held if answers(f, thing)}
        if covered >= wanted:
            return


THINGS = frozenset({"contact", "blood_pressure", "glucose", "fasting_glucose", "smi"})


def answers(follow_up: FollowUp, thing: str) -> bool:
    """Whether a follow-up measures the thing a duty is about; any contact answers the rest."""
    if follow_up.not_met is not None:
        return False
    match thing:
        case "blood_pressure":
            return pressure(follow_up) is not None
        case "glucose":
            return measured(follow_up, ReadingKind.GLUCOSE) is not None
        case "fasting_glucose":
            return fasting_glucose(follow_up) is not None
        case "smi":
            return follow_up.smi is not None
        case "home_visit":
            return follow_up.mode == Mode.HOME
        case _:
            return True


def _carries(follow_up: FollowUp) -> set[str]:
    """The things a follow-up says anything about, measured or reported."""
    kinds = {reading.kind for reading in follow_up.readings}
    things = {"blood_pressure"} if ReadingKind.BLOOD_PRESSURE in kinds else set()
    if ReadingKind.GLUCOSE in kinds:
        things |= {"glucose", "fasting_glucose"}
    return things | ({"smi"} if follow_up.smi else set())


def _arising(rules: Rulebook, history: History, follow_up: FollowUp) -> Iterator[Duty]:
    """The duties a follow-up brings about, one for each thing."""
    policy = rules.on(follow_up.occurred_on)
    for thing, severity in triage_things(rules, history, follow_up):
        kind = KIND_OF[severity]
        if kind != DutyKind.REVISIT and _referred(history, follow_up):
            continue
        yield Duty(
            kind=kind,
            thing=thing,
            since=follow_up.occurred_on,
            due_by=follow_up.occurred_on + timedelta(_days(policy, kind)),
            rule_id=RULE_OF[kind],
            follow_up_id=follow_up.id,
            urgent=kind == DutyKind.EMERGENCY_TRACE,
        )


def _days(policy: Policy, kind: DutyKind) -> int:
    if kind == DutyKind.REVISIT:
        return policy.follow_up.uncontrolled_days
    return policy.follow_up.referral_trace_days


def _referred(history: History, follow_up: FollowUp) -> bool:
    """Whether a referral was made, which then has its own trace."""
    return any(r.follow_up_id == follow_up.id for r in history.settled.referrals)


def _answered(duty: Duty, known: list[FollowUp]) -> Duty:
    first = duty.since if duty.kind == DutyKind.TB_FIRST_VISIT else duty.since + DAY
    for follow_up in known:
        if follow_up.occurred_on >= first and answers(follow_up, duty.thing):
            return replace(duty, done_on=follow_up.occurred_on)
    return duty


def _referral_duties(history: History, today: date) -> Iterator[Duty]:
    settled = history.settled
    for referral in settled.referrals:
        if referral.occurred_on > today:
            continue
        outcome = settled.outcomes.get(referral.id)
        traced = outcome is not None and outcome.occurred_on <= today
        yield Duty(
            kind=DutyKind.REFERRAL_TRACE,
            thing="referral",
            since=referral.occurred_on,
            due_by=referral.trace_by,
            rule_id=RULE_OF[DutyKind.REFERRAL_TRACE],
            referral_id=referral.id,
            follow_up_id=referral.follow_up_id,
            urgent=referral.urgent,
            done_on=outcome.occurred_on if outcome and traced else None,
        )


def _first_visits(rules: Rulebook, history: History, today: date) -> Iterator[Duty]:
    """The first home visit to somebody with tuberculosis, within hours of the notice."""
    for span in history.tags.get(GroupTag.TB, ()):
        if FAR_PAST < span.from_on <= today:
            hours = rules.on(span.from_on).programmes.tb.first_home_visit_hours
            yield Duty(
                kind=DutyKind.TB_FIRST_VISIT,
                thing="home_visit",
                since=span.from_on,
                due_by=span.from_on + timedelta(hours=hours),
                rule_id=RULE_OF[DutyKind.TB_FIRST_VISIT],
            )
