"""The simulation itself on trial: a bug laid over the product has to come to light."""

from __future__ import annotations

import pytest

from simulation.faults import faults_named
from simulation.runs import live
from simulation.world import Plan
from tests.simulation.planted import PLANTED, SPARED

SEEDS = 200


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_bug_is_caught_within_two_hundred_seeds(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    PLANTED[name](monkeypatch)
    faults = faults_named("all") - SPARED.get(name, frozenset())
    plans = (Plan(tablets=3, days=5, seed=seed, faults=faults) for seed in range(SEEDS))
    caught = next((plan.seed for plan in plans if live(plan).findings), None)
    assert caught is not None
