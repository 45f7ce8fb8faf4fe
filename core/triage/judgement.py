"""What a follow-up means: findings, the two lines, the class and the next date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from core.calendar import add_months, age_on
from core.findings import SEVERITY_ORDER, Finding, Reason, Severity, by_severity
from core.followups import FollowUp
from core.history import History
from core.policy import Policy, Rulebook
from core.triage.control import LineResult, Verdict, assessment_line, clinical_line
from core.triage.evaluator import ASKING_TABLE, findings_of, fired
from core.triage.facts import Facts, facts_of
from core.triage.rules import Rule

CONTROLLED, UNCONTROLLED, ADVERSE_REACTION, COMPLICATION = 1, 2, 3, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Triage:
    """What the rules make of one follow-up, finished or half typed.

    `suggested_class` is 1 controlled, 2 uncontrolled, 3 adverse reaction, 4 complication
    (the most severe that applies), None where it cannot be told. `next_on` is None where
    no rule asks for a date. `things` are what later follow-ups have to measure, by
    severity; the lines are the assessment of 2017 and the clinical target of 2025.
    """

    findings: tuple[Finding, ...]
    suggested_class: int | None
    class_reason: Reason
    next_on: date | None
    assessment: tuple[LineResult, ...]
    clinical: tuple[LineResult, ...]
    things: tuple[tuple[str, Severity], ...] = ()

    @property
    def emergency(self) -> bool:
        """Whether the resident has to be referred at once."""
        return any(finding.severity == Severity.EMERGENCY for finding in self.findings)

    @property
    def refer(self) -> bool:
        """Whether a referral is advised, urgent or not."""
        return any(f.severity in (Severity.EMERGENCY, Severity.REFER) for f in self.findings)


def triage(rules: Rulebook, history: History, follow_up: FollowUp) -> Triage:
    """What the rules in force on the day of the visit say of a follow-up.

    What came before it is taken from the history by date of visit, so a late record
    changes what all later ones mean. Missing data never counts as normal.
    """
    policy = rules.on(follow_up.occurred_on)
    facts = facts_of(policy, history, follow_up)
    rows = fired(policy, facts)
    age = age_on(history.resident.birth_date, follow_up.occurred_on)
    suggested, reason = class_of(facts)
    return Triage(
        findings=by_severity(findings_of(policy, facts, rows, follow_up.id)),
        suggested_class=suggested,
        class_reason=reason,
        next_on=next_date(policy, history, follow_up, facts, rows, suggested),
        assessment=assessment_line(policy, age, follow_up, has_t2dm=facts["has_t2dm"] is True),
        clinical=clinical_line(policy, age, follow_up),
        things=things_of(rows),
    )


def class_of(facts: Facts) -> tuple[int | None, Reason]:
    """The class of the visit by the most severe that applies, and why."""
    if facts.get("complication") in ("new", "worse"):
        return COMPLICATION, Reason(code="class.complication")
    if facts.get("adverse_reaction") is True:
        return ADVERSE_REACTION, Reason(code="class.adverse_reaction")
    verdicts = {
        fact: facts.get(fact, Verdict.CANNOT_TELL)
        for fact, disease in (("pressure_verdict", "has_htn"), ("fasting_verdict", "has_t2dm"))
        if facts.get(disease)
    }
    if not verdicts:
        return None, Reason(code="class.not_managed")
    for fact, verdict in verdicts.items():
        if verdict == Verdict.NOT_MET:
            return UNCONTROLLED, Reason(code=f"class.{fact}.not_met")
    for fact, verdict in verdicts.items():
        if verdict == Verdict.CANNOT_TELL:
            return None, Reason(code=f"class.{fact}.cannot_tell")
    return CONTROLLED, Reason(code="class.controlled")


def next_date(
    policy: Policy,
    history: History,
    follow_up: FollowUp,
    facts: Facts,
    rows: list[Rule],
    suggested: int | None,
) -> date | None:
    """When to come back: for an emergency or a referral its trace, else by class."""
    visited = follow_up.occurred_on
    if any(row.severity in (Severity.EMERGENCY, Severity.REFER) for row in rows):
        return visited + timedelta(policy.follow_up.referral_trace_days)
    if suggested in (UNCONTROLLED, ADVERSE_REACTION, COMPLICATION):
        return visited + timedelta(policy.follow_up.uncontrolled_days)
    if facts.get("smi_status") == "basically_stable":
        return visited + timedelta(policy.follow_up.smi_unstable_days)
    if suggested == CONTROLLED:
        return add_months(visited, 1 if _key_group(policy, history, visited) else 3)
    if facts.get("smi_status") == "stable":
        return visited + timedelta(policy.follow_up.smi_stable_days)
    return None


def _key_group(policy: Policy, history: History, day: date) -> bool:
    return any(history.tagged(tag, day) for tag in policy.contract.key_groups)


def things_of(rows: list[Rule]) -> tuple[tuple[str, Severity], ...]:
    """What the fired rules want measured again, each with its gravest severity."""
    gravest: dict[str, Severity] = {}
    for row in sorted(rows, key=lambda row: SEVERITY_ORDER[row.severity]):
        if row.thing is not None:
            gravest.setdefault(row.thing, row.severity)
    return tuple(gravest.items())


def triage_things(
    rules: Rulebook, history: History, follow_up: FollowUp
) -> tuple[tuple[str, Severity], ...]:
    """Only the things a follow-up asks to be measured again: for many follow-ups at once."""
    policy = rules.on(follow_up.occurred_on)
    return things_of(fired(policy, facts_of(policy, history, follow_up), ASKING_TABLE))
