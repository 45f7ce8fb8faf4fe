"""Every test of the rules reckons for itself: nothing remembered from the test before."""

from __future__ import annotations

import pytest

from core.obligations.programmes import windows_of_quarters
from core.obligations.windows import calendar_windows
from core.triage.evaluator import limits_of


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    """Empty what the account and the rules keep between residents."""
    for kept in (calendar_windows, windows_of_quarters, limits_of):
        kept.cache_clear()
