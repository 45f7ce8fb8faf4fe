"""What a reading means and what follows from it: `triage` applies the rule table."""

from core.triage.control import LineResult, Verdict
from core.triage.judgement import Triage, triage
from core.triage.rules import RULES, Rule

__all__ = ["RULES", "LineResult", "Rule", "Triage", "Verdict", "triage"]
