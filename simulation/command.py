"""`luyue simulate`: worlds from seeds, and what did not hold in them."""

from __future__ import annotations

import gc
import json
from typing import Annotated

import typer


def add_to(app: typer.Typer) -> None:
    """Hang the command into the command line."""
    app.command("simulate")(simulate)


def simulate(
    tablets: Annotated[int, typer.Option(min=1, max=26, help="Tablets in each world.")] = 3,
    days: Annotated[int, typer.Option(min=1, max=3650, help="Days until calm.")] = 4,
    seed: Annotated[int, typer.Option(help="The first seed.")] = 1,
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds, one after the other.")] = 1,
    faults: Annotated[str, typer.Option(help="all, none, or names with commas.")] = "all",
    trace: Annotated[bool, typer.Option("--trace", help="Tell what happened in any case.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """Let tablets and a county live through bad days, then check that nothing was lost.

    The same numbers always give the same world. A failing one tells its whole story.
    """
    from simulation.faults import faults_named
    from simulation.runs import report_lines, report_of, run_seeds
    from simulation.world import Plan

    gc.freeze()  # what is loaded by now stays, and need not be looked through again and again
    plan = Plan(tablets=tablets, days=days, seed=seed, faults=faults_named(faults))
    report = run_seeds(plan, seeds)
    if as_json:
        print(json.dumps(report_of(report, told=trace), ensure_ascii=False, indent=2))
    else:
        print("\n".join(report_lines(report, told=trace)))
    if report.failed:
        raise typer.Exit(1)
