"""The page's one menu, and the one panel that shows a definition or a figure's numbers. assets/client.js moves them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from layouts.components.markup import attributes, button, hb, icon
from services.domain.metric import Reason, Unit
from services.domain.views import Dot, DotPlot, MetricDetail, Tile, Trend
from services.domain.wording import FEW_HIDDEN, NOTHING, amount, number, shown, unit_word

TREND = "trend"
"""Name of the chart's own numbers, beside those of the tiles."""

_ENTRIES = (
    ("right", "Why did it move", {"data_ask": "why"}, "W"),
    ("metrics", "Definition", {"data_show": "definition"}, "D"),
    ("table", "Numbers as table", {"data_show": "numbers"}, "T"),
    ("requisition", "Rows behind it", {"data_ask": "cases"}, "R"),
    ("scales", "Match the ATS", {"data_ask": "match"}, "A"),
    ("download", "Export as CSV", {"data_export": "csv"}, "E"),
    ("link", "Copy link to this figure", {"data_copy": "figure"}, "C"),
    ("flag", "Report a problem", {"data_problem": "report"}, "P"),
)


def tile_menu() -> Component:
    """Only entries that work. The key stands beside each."""
    entries = [
        html.Button(
            [icon(shape), html.Span(words), html.Span(key, className=hb("key"))],
            type="button",
            role="menuitem",
            tabIndex=-1,
            **attributes(**what, data_key=key.lower()),
        )
        for shape, words, what, key in _ENTRIES
    ]
    return html.Div(
        entries,
        id="tile-menu",
        role="menu",
        hidden=True,
        className=hb("menu float"),
        **attributes(aria_label="This figure"),
    )


def side_panel() -> Component:
    """An empty dialog at the right edge; the script draws the wanted section into it."""
    return html.Dialog(
        [
            html.Header(
                [
                    html.H2("", id="panel-title"),
                    button(icon("x"), classes="btn icon small", label="Close", data_dialog_close="panel"),
                ],
                className=hb("card-h"),
            ),
            html.Div(id="panel-body"),
        ],
        id="panel",
        className=hb("panel"),
        **attributes(aria_labelledby="panel-title"),
    )


def panel_data(
    details: Sequence[MetricDetail],
    tiles: Iterable[Tile],
    trends: Mapping[str, Trend],
    dots: Mapping[str, DotPlot] | None = None,
) -> Component:
    """Definitions and number tables as data: the script draws the one that is asked for, so the page stays light.

    ``trends`` and ``dots`` by the name their "As table" button carries.
    """
    sections = {
        **{f"definition {detail.metric_id}": _definition(detail) for detail in details},
        **{f"numbers {tile.metric_id}": _tile_numbers(tile) for tile in tiles},
        **{f"numbers {name}": _trend_numbers(trend) for name, trend in trends.items()},
        **{f"numbers {name}": _dot_numbers(plot) for name, plot in (dots or {}).items()},
    }
    text = json.dumps(sections, separators=(",", ":"), ensure_ascii=False)
    return html.Div(hidden=True, id="panel-data", **attributes(data_sections=text))


def _definition(detail: MetricDetail) -> dict[str, Any]:
    pairs = [*detail.facts, ("Version", str(detail.version))]
    return {"title": detail.name, "pairs": pairs, "href": f"/metrics/{detail.metric_id}"}


def _tile_numbers(tile: Tile) -> dict[str, Any]:
    if not tile.trend:
        return {"title": tile.title, "words": "There is no series behind this figure: it is counted as of one moment."}
    head = ("Month", unit_word(tile.unit).capitalize() or tile.title)
    return {
        "title": tile.title,
        "head": head,
        "rows": [(label, _printed(value, tile.unit)) for label, value in tile.trend],
    }


def _trend_numbers(trend: Trend) -> dict[str, Any]:
    rows = []
    for point in trend.points:
        values = (point.value, point.p25, point.p75, point.year_before)
        rows.append((point.label, *(_printed(value, trend.unit) for value in values), number(point.n)))
    return {
        "title": trend.title,
        "head": (trend.grain.capitalize(), "Median", "P25", "P75", "Year before", "n"),
        "rows": rows,
    }


def _dot_numbers(plot: DotPlot) -> dict[str, Any]:
    rows = [
        (dot.label, shown(dot.row).text, _printed(dot.row.low, plot.unit), _printed(dot.row.high, plot.unit), _n(dot))
        for dot in plot.dots
    ]
    return {"title": plot.title, "head": (plot.heading, "Value", "95% from", "to", "n"), "rows": rows}


def _n(dot: Dot) -> str:
    """A sensitive figure that is hidden has no n either; of fewer than five only that is said."""
    if dot.row.reason is Reason.HIDDEN:
        return NOTHING
    is_small = dot.row.value is None and 0 < dot.row.n < FEW_HIDDEN
    return f"under {FEW_HIDDEN}" if is_small else number(dot.row.n)


def _printed(value: float | None, unit: Unit) -> str:
    return amount(value, unit) if value is not None else NOTHING
