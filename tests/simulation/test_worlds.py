"""Two hundred small worlds with everything that can go wrong, and how a world is told."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from core.refusals import Refused
from simulation.faults import Fault, faults_named
from simulation.runs import Report, live, report_lines, report_of, run_seeds
from simulation.world import Plan

EVERYTHING = faults_named("all")
PORTIONS, PORTION = 20, 10
ORDERS_OF_SETS = ("0", "8")
"""Seeds of Python's hashes with which a set of tags is gone through in different orders."""


def told(report: Report) -> str:
    return "\n".join(report_lines(report, told=False))


@pytest.mark.parametrize("portion", range(PORTIONS))
def test_whatever_goes_wrong_nothing_is_lost_doubled_or_silent(portion: int) -> None:
    first = Plan(tablets=2, days=2, seed=1_000 + portion * PORTION, faults=EVERYTHING)
    report = run_seeds(first, PORTION)
    assert report.failed == (), told(report)


def test_three_tablets_go_through_a_week() -> None:
    report = run_seeds(Plan(tablets=3, days=7, seed=7, faults=EVERYTHING), 2)
    assert report.failed == (), told(report)


FEW = faults_named("rivals, edit_in_push")


@pytest.mark.parametrize(
    ("faults", "seed", "seeds"),
    [(EVERYTHING - {Fault.RESTORED}, 500, 8), (FEW, 9, 6), (FEW | {Fault.RESTORED}, 22, 8)],
)
def test_no_edit_passes_over_what_its_doctor_was_never_shown(
    faults: frozenset[Fault], seed: int, seeds: int
) -> None:
    report = run_seeds(Plan(tablets=3, days=5, seed=seed, faults=faults), seeds)
    assert report.failed == (), told(report)


@pytest.mark.soak
def test_eight_tablets_go_through_two_months() -> None:
    report = run_seeds(Plan(tablets=8, days=60, seed=1, faults=EVERYTHING), 20)
    assert report.failed == (), told(report)


def test_a_world_without_faults_meets_none() -> None:
    outcome = live(Plan(tablets=2, days=2, seed=5, faults=faults_named("none")))
    assert (outcome.findings, outcome.faults.total()) == ((), 0)
    assert outcome.saved > 0


def test_a_seed_replays_to_the_last_line() -> None:
    plan = Plan(tablets=2, days=3, seed=11, faults=EVERYTHING)
    first, again = live(plan), live(plan)
    assert first == again
    assert first.trace != live(Plan(tablets=2, days=3, seed=12, faults=EVERYTHING)).trace


def test_a_seed_replays_in_another_process() -> None:
    asked = ["simulate", "--tablets", "2", "--days", "4", "--seed", "9", "--trace", "--json"]
    told = [
        subprocess.run(
            [sys.executable, "-m", "console", *asked],
            env=os.environ | {"PYTHONHASHSEED": order},
            capture_output=True,
            check=True,
        ).stdout
        for order in ORDERS_OF_SETS
    ]
    first, again = (json.loads(answer)["worlds"] for answer in told)
    assert first == again
    assert any("'tag': " in line for line in first[0]["trace"])


def test_only_the_faults_asked_for_are_met() -> None:
    asked = faults_named("lost_reply, county_killed")
    assert asked == {Fault.LOST_REPLY, Fault.COUNTY_KILLED}
    report = run_seeds(Plan(tablets=2, days=3, seed=1, faults=asked), 4)
    assert set(report.faults) == asked


def test_an_unknown_fault_is_refused() -> None:
    with pytest.raises(Refused, match=r"simulation\.fault"):
        faults_named("lost_reply,rain")


def test_a_report_says_what_was_met_and_what_failed() -> None:
    report = run_seeds(Plan(tablets=1, days=1, seed=3, faults=EVERYTHING), 2)
    said = report_of(report, told=True)
    assert (said["seeds"], said["failed"], len(said["worlds"])) == (2, [], 2)
    assert said["worlds"][0]["trace"][-1].startswith("03-0")
    assert "2 seeds, 0 failed" in told(report)
