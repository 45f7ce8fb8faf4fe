"""The rules as a page a clinician can read, written from the tables the software goes by."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from core.duties import RULE_OF as DUTY_RULES
from core.obligations.programmes import RULE_OF, SOURCE_OF
from core.policy import Note, Policy
from core.slots import Programme
from core.triage import RULES, Rule
from core.triage.rules import Test
from words import say

INTRODUCTION = """\
# Clinical rules

Written by `luyue policy rules` from the tables in `core`; a test fails where this page and they
differ. Numbers marked with a path (`emergency.systolic_ge`) stand in the county's policy pack; the
values below are those of the default pack. Missing data never counts as normal: a rule whose facts
are not known does not fire, and says so where it matters.
"""
SEVERITIES = ("emergency", "refer", "warn", "info")


def rule_book(policy: Policy) -> str:
    """The whole page in Markdown."""
    parts = (
        [INTRODUCTION],
        _slot_rules(),
        _triage_rules(policy),
        _line_rules(),
        _duty_rules(),
        _signals(),
        _numbers(policy),
    )
    return "\n".join(line for part in parts for line in part)


def _both(key: str) -> str:
    return f"{say(key, 'zh_CN')} | {say(key, 'en')}"


def _table(*headings: str) -> Iterator[str]:
    yield f"| {' | '.join(headings)} |"
    yield f"|{'---|' * len(headings)}"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _slot_rules() -> Iterator[str]:
    yield "## What is owed\n"
    yield from _table("rule", "中文", "English", "source")
    sources = {RULE_OF[p]: SOURCE_OF[p] for p in Programme if p != Programme.CONTRACT}
    sources |= {"P-HTN-GAP": "bphs2017_htn", "P-T2DM-GAP": "bphs2017_t2dm"}
    sources |= {"P-SMI-GAP": "bphs2017_smi", "P-TB-START": "bphs2017_tb"}
    for rule in ("C-KEY-MONTH", "C-GENERAL-QUARTER", "C-NO-CONTRACT", "C-FACE-TO-FACE"):
        sources[rule] = "work_plan"
    for rule, source in sorted(sources.items()):
        yield _row(rule, _both(f"rule.{rule}"), say(f"source.{source}", "en"))
    yield ""


def _triage_rules(policy: Policy) -> Iterator[str]:
    yield "## What a visit means\n"
    yield from _table("rule", "severity", "when", "中文", "English", "source")
    for rule in sorted(RULES, key=lambda rule: (SEVERITIES.index(rule.severity), rule.id)):
        yield _row(
            rule.id,
            say(f"severity.{rule.severity}", "en"),
            _when(policy, rule.tests),
            *(_sentence(policy, rule, lang) for lang in ("zh_CN", "en")),
            say(f"source.{rule.source}", "en"),
        )
    yield ""


def _when(policy: Policy, tests: Iterable[Test]) -> str:
    return " and ".join(f"`{t.fact}` {t.comparison} {_limit(policy, t.limit)}" for t in tests)


def _limit(policy: Policy, limit: object) -> str:
    if isinstance(limit, str) and limit.startswith("@"):
        return f"{_value(policy, limit[1:])} (`{limit[1:]}`)"
    return "yes" if limit is True else "no" if limit is False else str(limit)


def _value(policy: Policy, path: str) -> object:
    value: object = policy
    for name in path.split("."):
        value = getattr(value, name)
    return value


def _sentence(policy: Policy, rule: Rule, lang: str) -> str:
    """The finding's sentence with its limits filled and dots for what was measured."""
    values: dict[str, object] = {test.fact: "…" for test in rule.tests}
    for test in rule.tests:
        if isinstance(test.limit, str) and test.limit.startswith("@"):
            values["limit"] = _value(policy, test.limit[1:])
    return say(f"finding.{rule.code}", lang, **values)


def _line_rules() -> Iterator[str]:
    yield "## The two lines\n"
    yield from _table("rule", "中文", "English", "source")
    lines = (
        ("L-BP-2017", "bphs2017_htn"),
        ("L-BP-2025", "guideline2025_htn"),
        ("L-FBG-2017", "bphs2017_t2dm"),
    )
    for rule, source in lines:
        yield _row(rule, _both(f"rule.{rule}"), say(f"source.{source}", "en"))
    yield ""


def _duty_rules() -> Iterator[str]:
    yield "## What has to be done then\n"
    yield from _table("rule", "中文", "English")
    yield from (_row(rule, _both(f"rule.{rule}")) for rule in sorted(DUTY_RULES.values()))
    yield ""


def _signals() -> Iterator[str]:
    yield "## What is to be checked\n"
    yield from _table("signal", "中文", "English")
    names = ("minutes", "households", "times", "systolic", "diastolic", "readings", "noughts")
    more = ("since", "days", "allowed", "year", "month", "visits", "late", "hour", "until")
    gaps = dict.fromkeys((*names, *more, "apart", "day", "persons"), "…")
    for number in range(1, 12):
        told = (say(f"signal.r{number}", lang, **gaps) for lang in ("zh_CN", "en"))
        yield _row(f"R{number}", *told)
    yield ""


def _numbers(policy: Policy) -> Iterator[str]:
    yield "## The numbers and where they come from\n"
    yield from _table("number", "value", "source", "text seen", "note")
    for path, value in _leaves(json.loads(policy.model_dump_json(exclude={"sources"})), ""):
        note = _note(policy, path)
        yield _row(f"`{path}`", value, note.source, "yes" if note.verified else "no", note.note)
    yield ""


def _leaves(value: object, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, held in value.items():
            yield from _leaves(held, f"{path}.{name}".lstrip("."))
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for place, held in enumerate(value):
            yield from _leaves(held, f"{path}.{place}")
    elif path.count("."):
        told = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        yield path, told


def _note(policy: Policy, path: str) -> Note:
    """The note of the number, or of the part it stands in."""
    parts = path.split(".")
    for length in range(len(parts), 0, -1):
        found = policy.sources.get(".".join(parts[:length]))
        if found is not None:
            return found
    return Note()
