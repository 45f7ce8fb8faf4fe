"""The one evaluator: which rows of the rule table fire on what is known."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from types import MappingProxyType
from typing import Any

from core.findings import Finding
from core.policy import Policy
from core.triage.facts import Facts
from core.triage.rules import RULES, Rule, Test

COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "==": operator.eq,
}


Table = Mapping[str, Sequence[tuple[int, Rule]]]
Limits = Mapping[object, object]


def indexed(rules: Iterable[Rule]) -> Table:
    """The rules with their places, by the fact of their last test: the one most rarely known."""
    index: dict[str, list[tuple[int, Rule]]] = {}
    for place, rule in enumerate(rules):
        index.setdefault(rule.tests[-1].fact, []).append((place, rule))
    return index


WHOLE_TABLE = indexed(RULES)
ASKING_TABLE = indexed(rule for rule in RULES if rule.thing is not None)
"""Only the rules that ask for something to be measured again."""


def fired(policy: Policy, facts: Facts, table: Table = WHOLE_TABLE) -> list[Rule]:
    """The rules whose every test holds, in the order of the table."""
    limits = limits_of(policy)
    found = [
        (place, rule)
        for fact in facts
        for place, rule in table.get(fact, ())
        if _hold(rule.tests, facts, limits)
    ]
    return [rule for _, rule in sorted(found, key=itemgetter(0))]


def _hold(tests: Iterable[Test], facts: Facts, limits: Limits) -> bool:
    """Whether every test holds; `limits` has the number of each limit that is a path."""
    for fact, comparison, limit in tests:
        if fact not in facts:
            return False
        if not COMPARISONS[comparison](facts[fact], limits.get(limit, limit)):
            return False
    return True


@lru_cache(maxsize=64)
def limits_of(policy: Policy) -> Limits:
    """Every limit the rules name, by its path."""
    paths = {
        test.limit
        for rule in RULES
        for test in rule.tests
        if isinstance(test.limit, str) and test.limit.startswith("@")
    }
    return MappingProxyType({path: _at(policy, path[1:]) for path in sorted(paths)})


def _at(policy: Policy, path: str) -> object:
    return operator.attrgetter(path)(policy)


def findings_of(
    policy: Policy, facts: Facts, rules: Iterable[Rule], follow_up_id: str
) -> list[Finding]:
    """A finding for each rule that fired, with the facts and limits its sentence names."""
    limits = limits_of(policy)
    return [
        Finding(
            rule_id=rule.id,
            severity=rule.severity,
            code=rule.code,
            source=rule.source,
            values=_values(rule, facts, limits),
            follow_up_id=follow_up_id,
        )
        for rule in rules
    ]


def _values(rule: Rule, facts: Facts, limits: Limits) -> dict[str, object]:
    values: dict[str, object] = {}
    for fact, _, limit in rule.tests:
        value = facts[fact]
        if not isinstance(value, bool):
            values[fact] = round(value, 1) if isinstance(value, float) else value
        if isinstance(limit, str) and limit.startswith("@"):
            values["limit"] = limits[limit]
    return values
