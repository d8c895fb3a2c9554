"""Charts. The finding is the name for those who do not see it; the numbers are one click away."""

from __future__ import annotations

from dash import dcc, html
from dash.development.base_component import Component

from layouts.components.markup import attributes, hb
from layouts.figures.dots import dots_figure, height_of
from layouts.figures.template import CONFIG
from layouts.figures.trend import trend_figure
from services.domain.views import DotPlot, Trend
from services.domain.wording import on_date


def chart(trend: Trend, graph_id: str) -> Component:
    if not any(point.value is not None for point in trend.points):
        words = "No line is drawn: every single month has too few cases. The figure above covers the whole period."
        return html.P(words, className=hb("chart no-chart sub"))
    graph = dcc.Graph(
        id=graph_id,
        figure=trend_figure(trend),
        config=CONFIG,
        style={"position": "absolute", "inset": 0, "height": "100%"},
    )
    marks = "".join(f" {mark.label} on {on_date(mark.day)}." for mark in trend.marks)
    return html.Div(graph, role="img", className=hb("chart"), **attributes(aria_label=f"{trend.finding}{marks}"))


def dot_chart(plot: DotPlot, graph_id: str) -> Component:
    """Groups on one scale, with their intervals; as high as its rows need."""
    if not any(dot.row.value is not None for dot in plot.dots):
        return html.P(plot.empty, className=hb("chart no-chart sub"))
    graph = dcc.Graph(
        id=graph_id,
        figure=dots_figure(plot),
        config=CONFIG,
        style={"position": "absolute", "inset": 0, "height": "100%"},
    )
    height = {"height": f"{height_of(plot)}px"}
    return html.Div(graph, role="img", className=hb("chart dots"), style=height, **attributes(aria_label=plot.finding))
