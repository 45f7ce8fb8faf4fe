"""The tablet's day is China's, and its ids sort by when they were made."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from app.clock import SystemClock, local_day, new_id


def test_the_day_changes_at_midnight_in_china() -> None:
    assert local_day(datetime(2026, 11, 22, 15, 59, tzinfo=UTC)) == date(2026, 11, 22)
    assert local_day(datetime(2026, 11, 22, 16, 0, tzinfo=UTC)) == date(2026, 11, 23)


def test_the_machines_clock_gives_an_aware_instant_and_its_day() -> None:
    clock = SystemClock()
    before, today, after = clock.now(), clock.today(), clock.now()
    assert before.tzinfo is UTC
    assert local_day(before) <= today <= local_day(after)
    assert clock.elapsed_s() <= clock.elapsed_s()


def test_ids_sort_by_the_moment_they_were_made() -> None:
    moment = datetime(2026, 11, 22, tzinfo=UTC)
    first, second = new_id(moment), new_id(moment + timedelta(milliseconds=1))
    assert first < second


def test_a_clock_set_before_1970_still_gives_an_id() -> None:
    assert new_id(datetime(1969, 1, 1, tzinfo=UTC)).startswith("00000000-0000-7")
