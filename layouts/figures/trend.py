"""The trend of one measure: line with a label at its end, band from P25 to P75, year before, dashed target."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from layouts.figures import template
from services.domain.metric import Unit
from services.domain.phrases import compact
from services.domain.views import Trend, TrendMark, TrendPoint
from services.domain.wording import amount, unit_word

_PLOT_HEIGHT = 196
_LABEL_HEIGHT = 15
_STEPS = (1, 2, 5, 10, 20, 25, 50, 100, 200, 500, 1000)
_MAX_LINES = 6


def trend_figure(trend: Trend) -> dict[str, Any]:
    """A plotly figure as a plain dictionary. Missing points are gaps, never zeros."""
    low, high = _range(trend)
    axis = dict(template.AXIS)
    return {
        "data": list(_traces(trend)),
        "layout": template.layout(
            autosize=True,
            margin={"l": 34, "r": 88, "t": 12, "b": 26 if trend.grain == "month" else 40},
            uirevision=trend.title,
            xaxis={**axis, "type": "date", "showgrid": False, "tickangle": 0, **_ticks(trend)},
            yaxis={**axis, "range": [low, high], "dtick": _step(high - low), "rangemode": "normal"},
            annotations=[*_end_labels(trend, low, high), *_mark_labels(trend)],
            shapes=[_mark_line(mark) for mark in trend.marks],
        ),
    }


def _mark_line(mark: TrendMark) -> dict[str, Any]:
    ends = {"x0": mark.day.isoformat(), "x1": mark.day.isoformat(), "y0": 0, "y1": 1, "yref": "paper"}
    return {"type": "line", **ends, "line": {"width": 1, "color": template.MUTED, "dash": "dot"}}


def _mark_labels(trend: Trend) -> list[dict[str, Any]]:
    """At the top of each line, every other one a line lower, so that neighbours stay readable."""
    return [
        {
            "text": mark.label,
            "x": mark.day.isoformat(),
            "y": 1,
            "yref": "paper",
            "yanchor": "top",
            "yshift": -_LABEL_HEIGHT * (index % 2),
            "xanchor": "left",
            "xshift": 3,
            "showarrow": False,
            "font": {"size": 12},
        }
        for index, mark in enumerate(trend.marks)
    ]


def _ticks(trend: Trend) -> dict[str, Any]:
    if trend.grain == "month":
        return {"tickformat": "%b", "dtick": "M1"}
    return {
        "tickmode": "array",
        "tickvals": [point.start.isoformat() for point in trend.points],
        "ticktext": [point.label.replace(" ", "<br>") for point in trend.points],
    }


def _column(trend: Trend, pick: Callable[[TrendPoint], float | None]) -> list[float | None]:
    return [pick(point) for point in trend.points]


def _scatter(uid: str, points: Sequence[TrendPoint], y: list[float | None], **settings: Any) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "uid": uid,
        "x": [point.start.isoformat() for point in points],
        "y": y,
        "hoverinfo": "skip",
        **settings,
    }


def _traces(trend: Trend) -> Iterable[dict[str, Any]]:
    # a band needs both edges: a month that has only one would pull the other edge onto it
    banded = [point for point in trend.points if point.p25 is not None and point.p75 is not None]
    if banded:
        edge = {"width": 0, "color": template.BAND}
        yield _scatter("band-low", banded, [point.p25 for point in banded], line=edge)
        fill = {"fill": "tonexty", "fillcolor": template.BAND}
        yield _scatter("band", banded, [point.p75 for point in banded], line=edge, **fill)
    before = _column(trend, lambda point: point.year_before)
    if any(value is not None for value in before):
        yield _scatter(
            "year-before",
            trend.points,
            before,
            name="Year before",
            line={"width": 1.5, "color": template.MUTED},
            hoverinfo="all",
            hovertemplate="%{y:,.1f}",
        )
    if trend.target is not None:
        goal: list[float | None] = [trend.target] * len(trend.points)
        yield _scatter("target", trend.points, goal, line={"width": 1.5, "color": template.TARGET, "dash": "5px,4px"})
    yield _scatter(
        "value",
        trend.points,
        _column(trend, lambda point: point.value),
        name=trend.title,
        mode="lines+markers",
        line={"width": 2.25, "color": template.SERIES},
        marker={"size": 7, "color": "#fff", "line": {"width": 2, "color": template.SERIES}},
        hoverinfo="all",
        hovertemplate="%{y:,.1f}",
    )


def _range(trend: Trend) -> tuple[float, float]:
    values = [
        value
        for point in trend.points
        for value in (point.value, point.p25, point.p75, point.year_before)
        if value is not None
    ]
    if trend.target is not None:
        values.append(trend.target)
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    step = _step(max(high - low, 1.0))
    return math.floor(low / step) * step, math.ceil(high / step + 0.01) * step


def _step(span: float) -> float:
    return float(next((step for step in _STEPS if span / step <= _MAX_LINES), _STEPS[-1]))


def _end_labels(trend: Trend, low: float, high: float) -> list[dict[str, Any]]:
    """Labels at the lines' ends, pushed apart where they would overlap. The first two are value and target, always."""
    last = trend.points[-1] if trend.points else None
    if last is None:
        return []
    wanted: list[tuple[str, float | None]] = [
        (_value_label(last.value, trend.unit), last.value),
        (f"Target {compact(trend.target, trend.unit)}" if trend.target is not None else "", trend.target),
        ("Year before", _drawn_end(trend)),
        *_band_labels(last, trend.unit),
    ]
    drawn = {index: y for index, (_, y) in enumerate(wanted) if y is not None}
    placed = _spread(drawn, gap=(high - low) * _LABEL_HEIGHT / _PLOT_HEIGHT)
    return [
        {
            "text": text if index in placed else "",
            "x": 1,
            "xref": "paper",
            "xanchor": "left",
            "xshift": 10,
            "y": placed.get(index, low),
            "yanchor": "middle",
            "showarrow": False,
            "font": {"size": 12},
        }
        for index, (text, _) in enumerate(wanted)
    ]


def _drawn_end(trend: Trend) -> float | None:
    """Where the line of the year before ends; None when its last point stands alone, which no line shows."""
    ends = [point.year_before for point in trend.points[-2:]]
    return None if None in ends else ends[-1]


def _band_labels(last: TrendPoint, unit: Unit) -> list[tuple[str, float | None]]:
    """Both edges or none, as the band is drawn."""
    if last.p25 is None or last.p75 is None:
        return []
    return [(f"P75 {_edge(last.p75, unit)}", last.p75), (f"P25 {_edge(last.p25, unit)}", last.p25)]


def _edge(value: float, unit: Unit) -> str:
    return compact(value if unit is Unit.RATE else round(value), unit)


def _value_label(value: float | None, unit: Unit) -> str:
    return (
        f"<b>{amount(value, unit)} {unit_word(unit, value)}</b>".replace(" </b>", "</b>") if value is not None else ""
    )


def _spread(positions: dict[int, float], gap: float) -> dict[int, float]:
    """Move labels apart until neighbours are ``gap`` away, keeping their order and their middle."""
    order = sorted(positions, key=lambda index: positions[index])
    spread = [positions[index] for index in order]
    for _ in range(len(order) * 8):
        for upper in range(1, len(order)):
            overlap = gap - (spread[upper] - spread[upper - 1])
            if overlap > 0:
                spread[upper] += overlap / 2
                spread[upper - 1] -= overlap / 2
    return dict(zip(order, spread, strict=True))
