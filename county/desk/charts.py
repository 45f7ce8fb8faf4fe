"""Charts as numbers: where each point, line and label of an SVG stands. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

WIDTH, HEIGHT = 560, 220
LEFT, RIGHT, TOP, BOTTOM = 36, 8, 10, 24
GRID_STEPS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One value on a day; `reported` where the resident told it, `label` is read aloud."""

    on: date
    value: float
    label: str
    series: str = "first"
    reported: bool = False
    over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A line to stay under: `style` is assessment or clinical."""

    value: float
    style: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """A drawn point with its styles and the text that explains it."""

    x: float
    y: float
    styles: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A label on an axis or a line at `at`, in the drawing's units."""

    at: float
    text: str
    style: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A drawing of `width` by `height`: paths, points, grid and limits."""

    width: int
    height: int
    left: int
    right: int
    floor: int
    paths: tuple[tuple[str, str], ...]
    dots: tuple[Dot, ...]
    grid: tuple[Mark, ...]
    months: tuple[Mark, ...]
    limits: tuple[Mark, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a bar chart with its number above and its month below."""

    x: float
    y: float
    width: float
    height: float
    value: int
    text: str
    current: bool


def line_chart(values: Sequence[Measured], limits: Sequence[Limit]) -> Chart | None:
    """The values over time with the limits across; None where there is nothing to draw."""
    if not values:
        return None
    ordered = sorted(values, key=lambda item: item.on)
    low, high = _range([item.value for item in ordered] + [limit.value for limit in limits])
    first, last = ordered[0].on, ordered[-1].on

    def x(day: date) -> float:
        share = (day - first).days / max(1, (last - first).days) if last > first else 0.5
        return round(LEFT + 8 + share * (WIDTH - LEFT - RIGHT - 16), 1)

    def y(value: float) -> float:
        share = (value - low) / (high - low)
        return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)

    return Chart(
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        right=WIDTH - RIGHT,
        floor=HEIGHT - BOTTOM,
        paths=tuple(
            (name, _path([(x(v.on), y(v.value)) for v in ordered if v.series == name]))
            for name in sorted({item.series for item in ordered})
        ),
        dots=tuple(
            Dot(x=x(item.on), y=y(item.value), styles=_styles(item), label=item.label)
            for item in ordered
        ),
        grid=tuple(
            Mark(at=y(value), text=f"{value:g}")
            for value in (low + step * (high - low) / GRID_STEPS for step in range(GRID_STEPS + 1))
        ),
        months=tuple(Mark(at=x(day), text=f"{day:%y-%m}") for day in _month_days(first, last)),
        limits=tuple(
            Mark(at=y(limit.value), text=limit.label, style=limit.style) for limit in limits
        ),
    )


def columns(
    counts: Sequence[tuple[str, int]], current: str, width: int = 560, height: int = 120
) -> tuple[Column, ...]:
    """A column for each (text, count), the highest filling the height; `current` is marked."""
    top = max([count for _, count in counts] + [1])
    step = width / max(1, len(counts))
    room = height - 38
    return tuple(
        Column(
            x=round(index * step + step * 0.18, 1),
            y=round(18 + room * (1 - count / top), 1),
            width=round(step * 0.64, 1),
            height=round(room * count / top, 1),
            value=count,
            text=text,
            current=text == current,
        )
        for index, (text, count) in enumerate(counts)
    )


def _range(values: Sequence[float]) -> tuple[float, float]:
    """Round bounds around the values, in steps that keep the grid's labels short."""
    step = 20 if max(values) > 40 else 2
    low = int(min(values) // step) * step
    high = int(max(values) // step + 1) * step
    while (high - low) % (GRID_STEPS * step // 2 or 1):
        high += step
    return float(low), float(high)


def _path(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{'L' if index else 'M'}{x} {y}" for index, (x, y) in enumerate(points))


def _styles(item: Measured) -> str:
    reported = " reported" if item.reported else ""
    return f"{item.series}{reported}{' over' if item.over and not item.reported else ''}"


def _month_days(first: date, last: date) -> tuple[date, ...]:
    """At most seven days to label: firsts of months, or the only days there are."""
    span = (last.year - first.year) * 12 + last.month - first.month
    if span == 0:
        return (first,) if first == last else (first, last)
    months = (first.month + index for index in range(1, span + 1))
    days = [date(first.year + (m - 1) // 12, (m - 1) % 12 + 1, 1) for m in months]
    every = -(-len(days) // 7)
    return tuple(days[::every])
