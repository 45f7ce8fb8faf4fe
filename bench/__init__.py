"""Benchmarks on real parts: each prints figures beside the mark they have to meet."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from core.refusals import Refusal, Refused

if TYPE_CHECKING:
    from bench.figures import Figure

BENCHES: Mapping[str, str] = {
    "main": "bench.main_figures:run",
    "account": "bench.account:run",
    "store": "bench.store:figures",
    "sync": "bench.sync:run",
    "county": "bench.county:run",
    "commit_order": "bench.commit_order:run",
}
"""Where each benchmark is: the module and the function that gives its figures."""


def figures_named(name: str, tablets: int | None = None) -> Sequence[Figure]:
    """The figures of a benchmark, or of all of them one after the other.

    `tablets` is how many `county` has. Raises Refused `bench.unknown` for a name there is no
    benchmark of.
    """
    if name == "all":
        return [figure for each in BENCHES for figure in _in_a_process_of_its_own(each)]
    if name not in BENCHES:
        values = {"name": name, "known": ", ".join(BENCHES)}
        raise Refused(Refusal(code="bench.unknown", values=values))
    asked = {"tablets": tablets} if name == "county" and tablets else {}
    module, _, function = BENCHES[name].partition(":")
    figures: Sequence[Figure] = getattr(import_module(module), function)(**asked)
    return figures


def _in_a_process_of_its_own(name: str) -> Sequence[Figure]:
    # The memory of one benchmark must not be counted against the next.
    from bench.figures import figures_from_json

    told = subprocess.run(
        [sys.executable, "-m", "console", "bench", name, "--json"],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    return figures_from_json(name, told.stdout)
