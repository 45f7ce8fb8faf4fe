"""What benchmarks print, and that each of them can be found."""

from __future__ import annotations

import json
from importlib import import_module

import pytest

from bench import BENCHES, figures_named
from bench.figures import Figure, figures_from_json, lines_of, report_of
from core.refusals import Refused


@pytest.mark.parametrize(
    ("value", "mark", "at_least", "holds"),
    [
        (1, 2, False, True),
        (2, 2, False, True),
        (3, 2, False, False),
        (3, 2, True, True),
        (1, 2, True, False),
    ],
)
def test_a_figure_is_held_against_its_mark(
    value: float, mark: float, at_least: bool, holds: bool
) -> None:
    figure = Figure(name="time", value=value, unit="s", mark=mark, at_least=at_least)
    assert figure.holds is holds


def test_a_figure_without_a_mark_neither_holds_nor_fails() -> None:
    assert Figure(name="rows", value=3, unit="rows").holds is None


def test_a_report_tells_the_figures_and_the_machine() -> None:
    report = report_of([Figure(name="time", value=1.23456, unit="s", mark=2)])
    assert report["figures"] == [
        {"name": "time", "value": 1.235, "unit": "s", "mark": 2, "holds": True}
    ]
    assert report["machine"]["cores"] >= 1


def test_a_printed_report_is_read_again_under_the_name_of_its_benchmark() -> None:
    figures = [
        Figure(name="time", value=1.5, unit="s", mark=2),
        Figure(name="rate", value=9, unit="records/s", mark=5, at_least=True),
    ]
    read = figures_from_json("main", json.dumps(report_of(figures)))
    assert [figure.name for figure in read] == ["main.time", "main.rate"]
    assert [figure.holds for figure in read] == [True, True]


def test_a_figure_is_a_line_for_a_person() -> None:
    (line,) = lines_of([Figure(name="time", value=3, unit="s", mark=2)])
    assert line.startswith("✗ time")
    assert line.endswith("3 s  ≤ 2")


@pytest.mark.parametrize("place", BENCHES.values())
def test_every_benchmark_is_where_it_is_said_to_be(place: str) -> None:
    module, _, function = place.partition(":")
    assert callable(getattr(import_module(module), function))


def test_an_unknown_benchmark_is_refused_with_those_there_are() -> None:
    with pytest.raises(Refused) as refused:
        figures_named("nonsense")
    assert "main" in str(refused.value.refusals[0].values["known"])
