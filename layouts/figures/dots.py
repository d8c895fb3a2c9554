"""Groups with uncertainty: a dot and its 95 % line each, on one common scale, with a line for all together."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from layouts.figures import template
from services.domain.metric import Reason
from services.domain.phrases import compact
from services.domain.views import Dot, DotPlot
from services.domain.wording import FEW_HIDDEN, is_judged, number, shown

_ROW_HEIGHT = 30
_MARGIN = {"l": 8, "r": 72, "t": 24, "b": 28}
_STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)
_MAX_LINES = 5


def height_of(plot: DotPlot) -> int:
    return _ROW_HEIGHT * len(plot.dots) + _MARGIN["t"] + _MARGIN["b"]


def dots_figure(plot: DotPlot) -> dict[str, Any]:
    """A plotly figure as a plain dictionary. First group on top; one without a value says so in its row."""
    low, high, step = _scale(plot)
    ticks = [round(low + step * index, 6) for index in range(round((high - low) / step) + 1)]
    axis = dict(template.AXIS)
    rows = len(plot.dots)
    return {
        "data": list(_traces(plot)),
        "layout": template.layout(
            autosize=True,
            margin=_MARGIN,
            uirevision=plot.title,
            hovermode="closest",
            xaxis={
                **axis,
                "type": "linear",
                "range": [low, high],
                "tickmode": "array",
                "tickvals": ticks,
                "ticktext": [compact(tick, plot.unit) for tick in ticks],
            },
            yaxis={
                **axis,
                "range": [rows - 0.5, -0.5],
                "tickmode": "array",
                "tickvals": list(range(rows)),
                "ticktext": [dot.label for dot in plot.dots],
                "showgrid": False,
                "automargin": True,
            },
            annotations=_annotations(plot, low),
        ),
    }


def _traces(plot: DotPlot) -> Iterable[dict[str, Any]]:
    places = list(enumerate(plot.dots))
    if plot.reference is not None:
        yield {
            "type": "scatter",
            "mode": "lines",
            "uid": "reference",
            "x": [plot.reference, plot.reference],
            "y": [-0.5, len(plot.dots) - 0.5],
            "line": {"width": 1.5, "color": template.MUTED},
            "hoverinfo": "skip",
        }
    judged = [(place, dot) for place, dot in places if dot.row.value is not None and is_judged(dot.row)]
    thin = [(place, dot) for place, dot in places if dot.row.value is not None and not is_judged(dot.row)]
    for uid, group, colour in (("dots", judged, template.SERIES), ("dots-thin", thin, template.MUTED)):
        if group:
            yield _dots(uid, group, colour)


def _dots(uid: str, group: Sequence[tuple[int, Dot]], colour: str) -> dict[str, Any]:
    values = [float(dot.row.value or 0) for _, dot in group]
    return {
        "type": "scatter",
        "mode": "markers",
        "uid": uid,
        "x": values,
        "y": [place for place, _ in group],
        "text": [f"{dot.label}: {shown(dot.row).text}, n {number(dot.row.n)}" for _, dot in group],
        "hovertemplate": "%{text}<extra></extra>",
        "marker": {"size": 10, "color": colour},
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [_reach(dot.row.high, value) for (_, dot), value in zip(group, values, strict=True)],
            "arrayminus": [_reach(value, dot.row.low) for (_, dot), value in zip(group, values, strict=True)],
            "color": colour,
            "thickness": 2,
            "width": 0,
        },
    }


def _reach(high: float | None, low: float | None) -> float:
    """Length of one side of the line; none without an interval."""
    return 0.0 if high is None or low is None else max(0.0, high - low)


def _scale(plot: DotPlot) -> tuple[float, float, float]:
    """Both ends on a round number, and the step between lines."""
    values = [
        float(value)
        for dot in plot.dots
        if dot.row.value is not None
        for value in (dot.row.value, dot.row.low, dot.row.high)
        if value is not None
    ]
    if plot.reference is not None:
        values.append(plot.reference)
    if not values:
        return 0.0, 1.0, 0.5
    low, high = min(values), max(values)
    step = next((one for one in _STEPS if (high - low) / one <= _MAX_LINES), _STEPS[-1])
    return math.floor(low / step) * step, math.ceil(high / step) * step or step, float(step)


def _annotations(plot: DotPlot, low: float) -> list[dict[str, Any]]:
    found = [
        {
            "text": _sample(dot),
            "x": 1,
            "xref": "paper",
            "xanchor": "left",
            "xshift": 10,
            "y": place,
            "showarrow": False,
        }
        for place, dot in enumerate(plot.dots)
    ]
    found += [
        {"text": shown(dot.row).text, "x": low, "xanchor": "left", "xshift": 6, "y": place, "showarrow": False}
        for place, dot in enumerate(plot.dots)
        if dot.row.value is None
    ]
    if plot.reference is not None:
        words = f"{plot.reference_label} {compact(round(plot.reference, 2), plot.unit)}"
        found.append({"text": words, "x": plot.reference, "y": 1, "yref": "paper", "yshift": 12, "showarrow": False})
    return found


def _sample(dot: Dot) -> str:
    if dot.row.reason is Reason.HIDDEN:
        return ""
    is_small = dot.row.value is None and 0 < dot.row.n < FEW_HIDDEN
    return f"n under {FEW_HIDDEN}" if is_small else f"n {number(dot.row.n)}"
