"""Runs worlds one after the other and tells what became of them."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from time import perf_counter
from typing import Any

from simulation.chance import bytes_from
from simulation.checks import findings
from simulation.founding import founded, in_memory_folder
from simulation.world import Plan, World


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One world that has ended; sound where there are no findings."""

    seed: int
    findings: tuple[str, ...]
    trace: tuple[str, ...]
    faults: Counter[str]
    saved: int


def live(plan: Plan) -> Outcome:
    """Let one world happen; the same plan always gives the same outcome."""
    template = founded(plan.tablets)
    folder = Path(tempfile.mkdtemp(dir=_folder()))
    with bytes_from(plan.seed):
        world = World(plan, template, folder)
        try:
            world.run()
            found = tuple(findings(world))
        finally:
            world.close()
            shutil.rmtree(folder)
    return Outcome(
        seed=plan.seed,
        findings=found,
        trace=tuple(world.trace),
        faults=world.met,
        saved=sum(len(tablet.saved) for tablet in world.tablets),
    )


@lru_cache(maxsize=1)
def _folder() -> Path:
    return in_memory_folder()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What became of several seeds of one plan."""

    plan: Plan
    outcomes: tuple[Outcome, ...]
    seconds: float

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """The worlds in which something did not hold."""
        return tuple(outcome for outcome in self.outcomes if outcome.findings)

    @property
    def saved(self) -> int:
        """How many records and edits were saved in all worlds."""
        return sum(outcome.saved for outcome in self.outcomes)

    @property
    def faults(self) -> Counter[str]:
        """How often each fault was met."""
        return sum((outcome.faults for outcome in self.outcomes), Counter())


def run_seeds(plan: Plan, seeds: int) -> Report:
    """Let the worlds of `seeds` seeds happen, beginning with the plan's."""
    began = perf_counter()
    outcomes = tuple(live(replace(plan, seed=plan.seed + number)) for number in range(seeds))
    return Report(plan=plan, outcomes=outcomes, seconds=perf_counter() - began)


def report_of(report: Report, *, told: bool) -> dict[str, Any]:
    """The report as JSON; with the stories of all worlds, not only of failed ones, if `told`."""
    return {
        "tablets": report.plan.tablets,
        "days": report.plan.days,
        "seed": report.plan.seed,
        "seeds": len(report.outcomes),
        "saved": report.saved,
        "seconds": round(report.seconds, 1),
        "seeds_per_second": round(len(report.outcomes) / report.seconds, 2),
        "faults": {str(name): times for name, times in sorted(report.faults.items())},
        "failed": [outcome.seed for outcome in report.failed],
        "worlds": [
            {"seed": outcome.seed, "findings": outcome.findings, "trace": outcome.trace}
            for outcome in (report.outcomes if told else report.failed)
        ],
    }


def report_lines(report: Report, *, told: bool) -> Iterator[str]:
    """The report for a person: failed worlds with their stories, then the sum."""
    for outcome in report.outcomes if told else report.failed:
        yield f"seed {outcome.seed}: {'FAILED' if outcome.findings else 'sound'}"
        yield from (f"    {line}" for line in outcome.trace)
        yield from (f"  ! {finding}" for finding in outcome.findings)
    met = ", ".join(f"{name} {times}" for name, times in report.faults.most_common())
    yield f"faults met: {met or 'none'}"
    yield (
        f"{len(report.outcomes)} seeds, {len(report.failed)} failed, {report.saved} saved, "
        f"{report.seconds:.1f} s"
    )
