"""What the rules say: a finding with its rule and source, and a reason that can be worded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Severity(StrEnum):
    """How pressing a finding is, most pressing first."""

    EMERGENCY = "emergency"
    REFER = "refer"
    WARN = "warn"
    INFO = "info"


SEVERITY_ORDER = {severity: place for place, severity in enumerate(Severity)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A sentence: `code` is its whole key in the catalogue, `values` fill its gaps."""

    code: str
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a rule found; worded under `finding.<code>`, its source under `source.<source>`."""

    rule_id: str
    severity: Severity
    code: str
    source: str
    values: Mapping[str, object] = field(default_factory=dict)
    follow_up_id: str | None = None


def by_severity(findings: list[Finding]) -> tuple[Finding, ...]:
    """The findings, most pressing first, then by rule id."""
    return tuple(sorted(findings, key=lambda f: (SEVERITY_ORDER[f.severity], f.rule_id)))
