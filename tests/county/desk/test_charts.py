"""Charts stay inside their drawing, whatever the values and days are."""

from __future__ import annotations

import re
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from county.desk.charts import Limit, Measured, columns, line_chart

VALUES = st.lists(
    st.tuples(st.integers(0, 800), st.floats(1, 300)).map(
        lambda pair: Measured(
            on=date(2025, 1, 1) + timedelta(days=pair[0]), value=pair[1], label="x"
        )
    ),
    min_size=1,
    max_size=30,
)


@given(values=VALUES, limit=st.floats(1, 300))
def test_every_point_and_line_lies_within_the_drawing(values: list[Measured], limit: float) -> None:
    chart = line_chart(values, [Limit(value=limit, style="assessment", label="x")])
    assert chart is not None
    for dot in chart.dots:
        assert chart.left <= dot.x <= chart.right
        assert 0 <= dot.y <= chart.floor
    for mark in (*chart.grid, *chart.limits):
        assert 0 <= mark.at <= chart.floor
    assert len(chart.months) <= 7
    assert len(chart.dots) == len(values)
    for _, path in chart.paths:
        assert re.fullmatch(r"M[\d. ]+( L[\d. ]+)*", path)


def test_nothing_to_draw_is_no_chart() -> None:
    assert line_chart([], [Limit(value=140, style="assessment", label="x")]) is None


def test_a_higher_value_stands_higher() -> None:
    day = date(2026, 1, 1)
    chart = line_chart(
        [
            Measured(on=day, value=120, label="low"),
            Measured(on=day + timedelta(days=30), value=160, label="high"),
        ],
        [],
    )
    assert chart is not None
    low, high = chart.dots
    assert high.y < low.y
    assert high.x > low.x


def test_columns_are_as_high_as_their_counts() -> None:
    made = columns([("1", 10), ("2", 20), ("3", 0)], "3")
    assert made[1].height == 2 * made[0].height
    assert made[2].height == 0
    assert [column.current for column in made] == [False, False, True]
