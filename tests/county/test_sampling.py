"""Samples that anybody can draw again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from county.sampling import drawn, weighted

IDS = st.lists(st.text(min_size=1, max_size=6), unique=True, max_size=30)


@given(ids=IDS, size=st.integers(0, 40), seed=st.text(max_size=5))
def test_the_same_seed_draws_the_same_whatever_the_order(
    ids: list[str], size: int, seed: str
) -> None:
    sample = drawn(ids, size, seed)
    assert sample == drawn(list(reversed(ids)), size, seed)
    assert len(sample) == len(set(sample)) == min(size, len(ids))
    assert set(sample) <= set(ids)


@given(ids=IDS, size=st.integers(0, 30), seed=st.text(max_size=5))
def test_a_larger_sample_holds_the_smaller_one(ids: list[str], size: int, seed: str) -> None:
    assert drawn(ids, size + 1, seed)[:size] == drawn(ids, size, seed)


def test_another_seed_draws_others() -> None:
    ids = [f"follow-up-{number}" for number in range(100)]
    assert set(drawn(ids, 10, "2026-10")) != set(drawn(ids, 10, "2026-11"))


def test_all_are_drawn_about_equally_often() -> None:
    ids = [f"follow-up-{number}" for number in range(20)]
    counts = dict.fromkeys(ids, 0)
    for seed in range(1000):
        for key in drawn(ids, 5, str(seed)):
            counts[key] += 1
    assert all(200 < count < 300 for count in counts.values())


def test_the_heavier_are_drawn_more_often() -> None:
    weights = {"light": 1.0, "heavy": 5.0}
    first = [weighted(weights, 1, str(seed))[0] for seed in range(1000)]
    assert 780 < first.count("heavy") < 890
