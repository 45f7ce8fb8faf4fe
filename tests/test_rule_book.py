"""The page of clinical rules is written from the tables, and up to date."""

from __future__ import annotations

from pathlib import Path

from core.policy import default_policy
from core.triage import RULES
from words.rule_book import rule_book

PAGE = Path(__file__).parent.parent / "docs" / "clinical_rules.md"


def test_the_page_is_what_luyue_policy_rules_writes() -> None:
    assert PAGE.read_text("utf-8") == rule_book(default_policy())


def test_the_page_holds_every_rule_and_every_sentence_is_filled() -> None:
    page = rule_book(default_policy())
    assert all(f"| {rule.id} |" in page for rule in RULES)
    assert "{" not in page
