"""A trend as a chart. Its finding is its name for those who do not see it; its numbers are one click away."""

from __future__ import annotations

from dash import dcc, html
from dash.development.base_component import Component

from layouts.components.markup import attributes, hb
from layouts.figures.template import CONFIG
from layouts.figures.trend import trend_figure
from services.domain.views import Trend


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
    return html.Div(graph, role="img", className=hb("chart"), **attributes(aria_label=trend.finding))
