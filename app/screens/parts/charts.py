"""Readings over time against the two lines: the one the county judges by and the one to reach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import flet as ft
import flet_charts as fch

from app import theme
from app.screens.parts import texts
from words import say

ASSESSMENT_INK = "#614000"
TARGET_INK = "#0A5138"
_VALUE_INKS = ("#0A5244", "#0B4470")
_HEIGHT = 260
_MARGIN = 0.08
"""Room left and right of the points, as a share, so that the days below have theirs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartView:
    """A chart in words and numbers: `lines` are values over positions, oldest first.

    `labels` name some positions with their day; `assessment` and `target` are heights.
    `summary` is what a screen reader says.
    """

    title: str
    summary: str
    lines: tuple[tuple[tuple[int, float, str], ...], ...]
    labels: tuple[tuple[int, str], ...]
    assessment: tuple[float, ...]
    target: tuple[float, ...]


def chart(view: ChartView) -> ft.Control:
    """The chart with its legend; a single point is shown as one."""
    heights = [y for line in view.lines for _, y, _ in line] + [*view.assessment, *view.target]
    span = max(heights) - min(heights) or 1.0
    width = max((x for line in view.lines for x, _, _ in line), default=0)
    drawn = fch.LineChart(
        data_series=[
            *[_values(line, _VALUE_INKS[i % 2]) for i, line in enumerate(view.lines)],
            *[_level(y, width, ASSESSMENT_INK, [10, 6]) for y in view.assessment],
            *[_level(y, width, TARGET_INK, [3, 5]) for y in view.target],
        ],
        min_y=min(heights) - span * 0.15,
        max_y=max(heights) + span * 0.15,
        min_x=-_MARGIN * (width + 1),
        max_x=width + _MARGIN * (width + 1),
        left_axis=fch.ChartAxis(label_size=52, show_min=False, show_max=False),
        bottom_axis=fch.ChartAxis(
            label_size=34,
            labels=[fch.ChartAxisLabel(value=x, label=texts.soft(day)) for x, day in view.labels],
            show_min=False,
            show_max=False,
        ),
        horizontal_grid_lines=fch.ChartGridLines(color=theme.LINE, width=1),
        tooltip=fch.LineChartTooltip(bgcolor=theme.INK, max_width=220),
        animation=ft.Animation(duration=ft.Duration(milliseconds=1)),
        height=_HEIGHT,
    )
    rows: list[ft.Control] = [texts.strong(view.title), drawn, _legend(view)]
    return ft.Semantics(label=view.summary, content=ft.Column(rows, spacing=10, tight=True))


def _values(line: Sequence[tuple[int, float, str]], ink: str) -> fch.LineChartData:
    return fch.LineChartData(
        points=[fch.LineChartDataPoint(x, y, tooltip=words) for x, y, words in line],
        color=ink,
        stroke_width=3,
        point=True,
    )


def _level(height: float, width: int, ink: str, dashes: list[int]) -> fch.LineChartData:
    return fch.LineChartData(
        points=[
            fch.LineChartDataPoint(x, height, show_tooltip=False)
            for x in (-_MARGIN * (width + 1), width + _MARGIN * (width + 1))
        ],
        color=ink,
        stroke_width=2,
        dash_pattern=dashes,
    )


def _legend(view: ChartView) -> ft.Control:
    entries = []
    if view.assessment:
        entries.append(_entry(say("chart.assessment"), view.assessment, ASSESSMENT_INK, "– –"))
    if view.target:
        entries.append(_entry(say("chart.target"), view.target, TARGET_INK, "· · ·"))
    return ft.Row(entries, spacing=20, run_spacing=4, wrap=True)


def _entry(words: str, heights: Sequence[float], ink: str, mark: str) -> ft.Control:
    values = "/".join(f"{height:g}" for height in heights)
    return texts.body(f"{mark} {words} {values}", color=ink)
