"""What a benchmark found: a name, a value, and the mark it has to meet."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured value; `mark` is the limit it is held against, None where there is none.

    Lower is better unless `at_least` says that the value must reach its mark.
    """

    name: str
    value: float
    unit: str
    mark: float | None = None
    at_least: bool = False

    @property
    def holds(self) -> bool | None:
        """Whether the value keeps its mark; None where there is nothing to keep."""
        if self.mark is None:
            return None
        return self.value >= self.mark if self.at_least else self.value <= self.mark


def report_of(figures: Sequence[Figure]) -> dict[str, Any]:
    """The figures and the machine they were measured on, ready to be printed as JSON."""
    return {"figures": [_as_json(figure) for figure in figures], "machine": machine()}


def _as_json(figure: Figure) -> dict[str, Any]:
    told = asdict(figure)
    at_least = told.pop("at_least")
    told["value"] = float(f"{figure.value:.4g}")
    told["holds"] = figure.holds
    if at_least:
        told["at_least"] = True
    return told


def figures_from_json(bench: str, text: str) -> list[Figure]:
    """The figures of a printed report, each named after its benchmark as well."""
    return [
        Figure(
            name=f"{bench}.{told['name']}",
            value=told["value"],
            unit=told["unit"],
            mark=told["mark"],
            at_least=told.get("at_least", False),
        )
        for told in json.loads(text)["figures"]
    ]


def prefixed(name: str, figures: Iterable[Figure]) -> list[Figure]:
    """The figures, each named after the database or case it was measured on."""
    return [replace(figure, name=f"{name}_{figure.name}") for figure in figures]


def lines_of(figures: Sequence[Figure]) -> Iterator[str]:
    """The figures for a person, one to a line, each with its mark and whether it holds."""
    width = max((len(figure.name) for figure in figures), default=0)
    for figure in figures:
        sign = {True: "✓", False: "✗", None: " "}[figure.holds]
        limit = "≥" if figure.at_least else "≤"
        mark = "" if figure.mark is None else f"  {limit} {figure.mark:g}"
        yield f"{sign} {figure.name:<{width}}  {figure.value:>10.4g} {figure.unit}{mark}"


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "system": platform.system(),
        "release": platform.release(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load_1min": round(os.getloadavg()[0], 2),
    }


def seconds(action: Callable[[], object], rounds: int = 5) -> float:
    """The median of `rounds` runs of `action`, in seconds, after one run that is not counted."""
    action()
    return statistics.median(_timed(action) for _ in range(rounds))


def _timed(action: Callable[[], object]) -> float:
    begun = perf_counter()
    action()
    return perf_counter() - begun


def _processor() -> str:
    described = Path("/proc/cpuinfo")
    if described.exists():
        for line in described.read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
