"""What the rules and the evidence say of a follow-up, worded for the reviewer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.calendar import last_of_month
from core.doctor_signals import Visit, doctor_signals
from core.evidence import Signal, grade, signals
from core.followups import FollowUp
from core.history import History
from core.triage import Triage, Verdict, triage
from core.vocabulary import Kind
from county.desk.lookups import standing_follow_ups
from county.desk.person import FindingLine, finding_lines
from county.desk.wording import label, worded
from county.histories import readable
from county.policies import rules_of
from county.tables import RecordRow, UserRow
from words import say

TONES = {Verdict.MET: "good", Verdict.NOT_MET: "warn", Verdict.CANNOT_TELL: ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalLine:
    """A plausibility signal: to be looked into, never a verdict."""

    rule_id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictLine:
    """What one of the two lines says of the readings."""

    tone: str
    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Appraisal:
    """The rules' findings, both lines, the suggested class in words, signals and grade."""

    grade: str
    grade_reasons: tuple[str, ...]
    signals: tuple[SignalLine, ...]
    verdicts: tuple[VerdictLine, ...]
    suggested_class: str
    class_reason: str
    findings: tuple[FindingLine, ...]


class DoctorMonths:
    """The signals that only show over a doctor's month of visits, each month read once.

    `rules` are the county's, read with it: a month is judged by those of its first day.
    """

    def __init__(self, session: Session, county_id: str) -> None:
        self._session = session
        self._county_id = county_id
        self.rules = rules_of(session, county_id)
        self._months: dict[tuple[str, date], tuple[Signal, ...]] = {}

    def signals(self, follow_up: FollowUp) -> tuple[Signal, ...]:
        """What the month of a follow-up's doctor says of this follow-up."""
        key = (follow_up.author_id, follow_up.occurred_on.replace(day=1))
        if key not in self._months:
            found = doctor_signals(self.rules.on(key[1]), self._visits(*key))
            # R9 speaks of a whole year; a month without a device says nothing.
            self._months[key] = tuple(signal for signal in found if signal.rule_id != "R9")
        return tuple(s for s in self._months[key] if follow_up.id in s.follow_up_ids)

    def _visits(self, doctor_id: str, first: date) -> list[Visit]:
        records = self._session.execute(
            standing_follow_ups(self._county_id, self._villages(doctor_id))
            .with_only_columns(RecordRow.resident_id, RecordRow.schema, RecordRow.body)
            .where(
                RecordRow.author_id == doctor_id,
                RecordRow.occurred_on.between(first, last_of_month(first.year, first.month)),
            )
        ).all()
        households = self._households({resident_id for resident_id, _, _ in records})
        return [
            Visit(follow_up, households.get(resident_id, resident_id or ""))
            for resident_id, schema, body in records
            if (follow_up := readable(Kind.FOLLOW_UP, schema, body)) is not None
        ]

    def _villages(self, doctor_id: str) -> list[str]:
        doctor = self._session.get(UserRow, (self._county_id, doctor_id))
        return doctor.village_ids if doctor else []

    def _households(self, resident_ids: set[str | None]) -> dict[str | None, str]:
        found = self._session.execute(
            select(RecordRow.id, RecordRow.household_id).where(
                RecordRow.county_id == self._county_id,
                RecordRow.id.in_([key for key in resident_ids if key]),
            )
        )
        return {key: household_id for key, household_id in found if household_id}


def appraise(months: DoctorMonths, history: History, follow_up: FollowUp, lang: str) -> Appraisal:
    """The appraisal of one follow-up within its resident's history and its doctor's month."""
    policy = months.rules.on(follow_up.occurred_on)
    judged = triage(policy, history, follow_up)
    found = signals(policy, follow_up, history)
    if not follow_up.not_met:
        found = (*found, *months.signals(follow_up))
    graded = grade(policy, follow_up, history, found)
    suggested = judged.suggested_class
    return Appraisal(
        grade=graded.letter or "",
        grade_reasons=tuple(worded(reason, lang) for reason in graded.reasons),
        signals=tuple(
            SignalLine(rule_id=signal.rule_id, text=worded(signal.reason, lang)) for signal in found
        ),
        verdicts=() if follow_up.not_met else _verdicts(judged, lang),
        suggested_class=label("class", suggested, lang) if suggested else "",
        class_reason="" if follow_up.not_met else worded(judged.class_reason, lang),
        findings=finding_lines(judged.findings, lang),
    )


def _verdicts(judged: Triage, lang: str) -> tuple[VerdictLine, ...]:
    return tuple(
        VerdictLine(
            tone=TONES[result.verdict],
            name=say(f"desk.verdict.{result.verdict}", lang),
            text=worded(result.reason, lang),
        )
        for result in (*judged.assessment, *judged.clinical)
    )
