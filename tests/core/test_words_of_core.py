"""Everything the rules can say has a sentence, and its gaps are those the rules fill."""

from __future__ import annotations

from string import Formatter

import pytest

import words
from core.default_pack import DEFAULT_PACK
from core.duties import DutyKind
from core.obligations.programmes import SOURCE_OF
from core.policy_diff import ADDING_MEANS, ORDERED, RISING_MEANS
from core.policy_packs import parse_policy
from core.slots import Programme, SlotState, Tier, WhyNot
from core.triage import RULES, Rule
from core.triage.evaluator import limits_of
from core.vocabulary import GroupTag, Mode
from core.worklist import Urgency


def keys() -> list[str]:
    return [
        *(f"slot.{state}" for state in SlotState),
        *(f"candidate.{why}" for why in WhyNot),
        *(f"tier.key.{tag}" for tag in GroupTag),
        "tier.general",
        *(f"tier.programme.{p}" for p in Programme if p != Programme.CONTRACT),
        *(f"programme.{p}" for p in Programme),
        *(f"cost.{tier}" for tier in Tier),
        *(f"cost.{p}" for p in Programme if p != Programme.CONTRACT),
        *(f"due.{p}" for p in Programme),
        *(f"{kind}.{duty}" for kind in ("due", "cost", "duty") for duty in DutyKind),
        *(f"due.{duty}.overdue" for duty in DutyKind),
        *(f"urgency.{urgency}" for urgency in Urgency),
        *(f"signal.r{number}" for number in range(1, 12)),
        *(f"grade.{letter}" for letter in "abcd"),
        *(f"source.{source}" for source in {rule.source for rule in RULES}),
        *(f"source.{source}" for source in SOURCE_OF.values()),
        *(f"diff.{field}" for field in (*RISING_MEANS, *ORDERED)),
        *(f"diff.key_groups.{tag}.{how}" for tag in GroupTag for how in ("added", "removed")),
        *(f"diff.countable_modes.{m}.{how}" for m in Mode for how in ("added", "removed")),
    ]


@pytest.mark.parametrize("language", words.languages())
def test_everything_the_rules_can_say_has_a_sentence(language: str) -> None:
    assert [key for key in keys() if key not in words.catalogue(language)] == []


def test_every_list_a_difference_is_told_of_is_worded() -> None:
    assert {field.rpartition(".")[2] for field in ADDING_MEANS} == {
        "key_groups",
        "countable_modes",
        "complete",
    }


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_has_a_sentence_its_facts_and_limits_fill(rule: Rule) -> None:
    known = {test.fact for test in rule.tests} | {"limit"}
    for language in words.languages():
        sentence = words.catalogue(language)[f"finding.{rule.code}"]
        gaps = {name for _, name, _, _ in Formatter().parse(sentence) if name}
        assert gaps <= known


def test_every_rule_has_an_id_of_its_own_and_a_limit_that_exists() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES)
    assert all(value is not None for value in limits_of(parse_policy(DEFAULT_PACK)).values())
