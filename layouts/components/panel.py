"""The page's one menu, and the one panel that shows a definition or a figure's numbers. assets/client.js moves them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dash import html
from dash.development.base_component import Component

from layouts.components.markup import attributes, button, hb, icon
from services.domain.views import MetricDetail, Tile, Trend
from services.domain.wording import NOTHING, amount, number, unit_word

_ENTRIES = (
    ("metrics", "Definition", "definition", "D"),
    ("table", "Numbers as table", "numbers", "T"),
)


def tile_menu() -> Component:
    """Only entries that work. The key stands beside each."""
    entries = [
        html.Button(
            [icon(shape), html.Span(words), html.Span(key, className=hb("key"))],
            type="button",
            role="menuitem",
            tabIndex=-1,
            **attributes(data_show=show, data_key=key.lower()),
        )
        for shape, words, show, key in _ENTRIES
    ]
    copy = html.Button(
        [icon("link"), html.Span("Copy link to this figure"), html.Span("C", className=hb("key"))],
        type="button",
        role="menuitem",
        tabIndex=-1,
        **attributes(data_copy="figure", data_key="c"),
    )
    return html.Div(
        [*entries, copy],
        id="tile-menu",
        role="menu",
        hidden=True,
        className=hb("menu float"),
        **attributes(aria_label="This figure"),
    )


def side_panel() -> Component:
    """An empty dialog at the right edge; the script copies the wanted section into it."""
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


def sources_of_panel(details: Sequence[MetricDetail], tiles: Iterable[Tile], trend: Trend) -> Component:
    """Definitions and number tables, kept out of sight until the panel asks for one."""
    sections = [_definition(detail) for detail in details]
    sections += [_section(tile.metric_id, "numbers", tile.title, _tile_numbers(tile)) for tile in tiles]
    sections.append(_section("trend", "numbers", trend.title, _trend_numbers(trend)))
    return html.Div(sections, hidden=True, id="panel-sources")


def _section(figure: str, part: str, title: str, body: Component) -> Component:
    return html.Div(body, title=title, **attributes(data_part=part, data_figure=figure))


def _definition(detail: MetricDetail) -> Component:
    pairs = [part for term, words in detail.facts for part in (html.Dt(term), html.Dd(words))]
    body = html.Dl([*pairs, html.Dt("Version"), html.Dd(str(detail.version))], className=hb("dl"))
    return _section(detail.metric_id, "definition", detail.name, body)


def _head(*names: str) -> Component:
    first, *others = names
    cells = [html.Th(first, scope="col"), *(html.Th(name, scope="col", className=hb("n")) for name in others)]
    return html.Thead(html.Tr(cells))


def _row(name: str, *cells: str) -> Component:
    return html.Tr([html.Th(name, scope="row"), *(html.Td(cell, className=hb("n")) for cell in cells)])


def _tile_numbers(tile: Tile) -> Component:
    rows = [_row(label, amount(value, tile.unit) if value is not None else NOTHING) for label, value in tile.trend]
    if not rows:
        return html.P("There is no series behind this figure: it is counted as of one moment.", className=hb("sub"))
    return html.Table(
        [_head("Month", unit_word(tile.unit).capitalize() or tile.title), html.Tbody(rows)], className=hb("tbl tight")
    )


def _trend_numbers(trend: Trend) -> Component:
    rows = [
        _row(
            point.label,
            *(
                amount(value, trend.unit) if value is not None else NOTHING
                for value in (point.value, point.p25, point.p75, point.year_before)
            ),
            number(point.n),
        )
        for point in trend.points
    ]
    return html.Table(
        [_head("Month", "Median", "P25", "P75", "Year before", "n"), html.Tbody(rows)], className=hb("tbl tight")
    )
