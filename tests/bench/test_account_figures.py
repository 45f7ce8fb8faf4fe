"""The account's benchmark measures what it says, on few residents."""

from __future__ import annotations

from random import Random

from bench.account import TODAY, a_history, reckon, run


def test_the_benchmark_reports_its_figures_beside_their_marks() -> None:
    figures = {figure.name: figure for figure in run(residents=5)}
    assert figures["residents"].value == 5
    assert figures["account_and_worklist"].mark == 1.5
    assert figures["one_resident_after_a_follow_up"].mark == 2.0
    assert figures["memory"].mark == 150


def test_a_made_up_resident_has_two_years_behind_and_something_due() -> None:
    histories = [a_history(Random(number), number) for number in range(20)]
    years = {f.occurred_on.year for history in histories for f in history.follow_ups}
    assert years == {TODAY.year - 1, TODAY.year}
    assert reckon(histories) > 0
