"""Hybrid logical clocks: they sort as text and never go back, whatever the wall clock does."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from core.wire.clocks import (
    COUNTER_LIMIT,
    clock_at,
    clock_text,
    next_clock,
    node_of,
    not_after,
    signed_by,
)


@given(st.lists(st.integers(0, 4_000_000_000_000), min_size=2))
def test_clocks_of_one_node_grow_whatever_its_wall_clock_says(readings: list[int]) -> None:
    clock = None
    for unix_ms in readings:
        later = next_clock(clock, unix_ms, "tablet")
        assert clock is None or later > clock
        clock = later


def test_a_full_counter_moves_on_to_the_next_millisecond() -> None:
    full = clock_text(5, COUNTER_LIMIT - 1, "tablet")
    assert next_clock(full, 1, "tablet") == clock_text(6, 0, "tablet")


def test_a_clock_ahead_of_a_moment_is_set_back_to_it_and_no_other() -> None:
    moment = datetime(2026, 11, 22, tzinfo=UTC)
    ahead = clock_at(datetime(2099, 1, 1, tzinfo=UTC), "tablet")
    assert not_after(ahead, moment) == clock_at(moment, "tablet")
    before = clock_text(int(moment.timestamp() * 1000) - 1, 7, "tablet")
    assert not_after(before, moment) == before


def test_a_clock_signed_by_another_node_is_of_the_same_moment() -> None:
    at = datetime(2026, 11, 22, tzinfo=UTC)
    assert signed_by("tablet-8", clock_at(at, "tablet-7")) == clock_at(at, "tablet-8")


def test_clocks_set_back_to_one_moment_keep_their_order() -> None:
    moment = datetime(2026, 11, 22, tzinfo=UTC)
    ahead = clock_at(datetime(2099, 1, 1, tzinfo=UTC), "tablet")
    assert not_after(ahead, moment, 70_000) < not_after(ahead, moment, 70_001)


def test_a_clock_names_its_node() -> None:
    assert node_of(clock_at(datetime(2026, 11, 22, tzinfo=UTC), "tablet-7")) == "tablet-7"
