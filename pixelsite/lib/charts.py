"""Bars of a chart, as numbers for an SVG of 720×220: what templates/components/bar_chart.html draws. No scripts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

WIDTH, HEIGHT = 720.0, 220.0
_LEFT, _TOP, _BOTTOM = 52.0, 12.0, 24.0
_BAR_SHARE = 0.72  # of a day's width
_DATES = 6  # written below the bars, about


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A piece of a day's column: where it stands, whose it is (0, 1, …), and what it says."""

    x: float
    y: float
    width: float
    height: float
    series: int
    title: str


@dataclass(frozen=True, kw_only=True)
class Tick:
    """A number beside the chart, or a date below it."""

    at: float
    text: str


@dataclass(frozen=True, kw_only=True)
class Chart:
    """Columns by day, stacked by series."""

    series: Sequence[str]
    bars: list[Bar]
    levels: list[Tick]
    dates: list[Tick]

    @property
    def is_empty(self) -> bool:
        return not self.bars


def daily_chart(
    values: Mapping[tuple[date, str], int], *, first: date, last: date, series: Sequence[str], unit: str
) -> Chart:
    """Stack what each series has on each day from `first` to `last`. Days without values stay empty."""
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    totals = [sum(values.get((day, name), 0) for name in series) for day in days]
    top = _rounded_up(max(totals, default=0))
    step = (WIDTH - _LEFT) / max(len(days), 1)
    bars = []
    for place, day in enumerate(days):
        floor = HEIGHT - _BOTTOM
        for number, name in enumerate(series):
            value = values.get((day, name), 0)
            if value <= 0:
                continue
            height = value / top * (HEIGHT - _TOP - _BOTTOM)
            floor -= height
            bars.append(
                Bar(
                    x=round(_LEFT + (place + (1 - _BAR_SHARE) / 2) * step, 2),
                    y=round(floor, 2),
                    width=round(step * _BAR_SHARE, 2),
                    height=round(height, 2),
                    series=number,
                    title=f"{day:%-d %B}, {name}: {value:,} {unit}",
                )
            )
    every = max(1, round(len(days) / _DATES))
    dates = [
        Tick(at=round(_LEFT + (place + 0.5) * step, 2), text=f"{day:%-d %b}")
        for place, day in enumerate(days)
        if place % every == 0
    ]
    return Chart(series=series, bars=bars, levels=_levels(top), dates=dates)


def _levels(top: int) -> list[Tick]:
    span = HEIGHT - _TOP - _BOTTOM
    return [
        Tick(at=round(HEIGHT - _BOTTOM - share * span, 2), text=f"{round(top * share):,}") for share in (0.0, 0.5, 1.0)
    ]


def _rounded_up(value: int) -> int:
    """The next even number of one digit and noughts: half of it is a whole number too."""
    unit = int(10 ** max(len(str(value)) - 1, 0))
    return max(2, -(-value // (2 * unit)) * 2 * unit)
