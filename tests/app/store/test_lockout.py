"""The waits after wrong PINs, as plain arithmetic."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.store.lockout import is_exhausted, wait_after, wait_left

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("failures", "seconds"), [(0, 0), (4, 0), (5, 30), (6, 60), (7, 120), (8, 240), (9, 480)]
)
def test_the_waits_are_as_promised(failures: int, seconds: int) -> None:
    assert wait_after(failures) == timedelta(seconds=seconds)


def test_the_end_comes_at_ten() -> None:
    assert [is_exhausted(failures) for failures in (9, 10, 11)] == [False, True, True]


def test_nobody_who_never_failed_waits() -> None:
    assert wait_left(9, None, NOW) == timedelta(0)


@given(failures=st.integers(0, 9), seconds=st.integers(-(10**8), 10**8))
def test_no_clock_shortens_a_wait_by_more_than_the_time_that_passed(
    failures: int, seconds: int
) -> None:
    left = wait_left(failures, NOW, NOW + timedelta(seconds=seconds))
    passed = timedelta(seconds=max(0, seconds))
    assert timedelta(0) <= left <= wait_after(failures)
    assert left >= wait_after(failures) - passed
