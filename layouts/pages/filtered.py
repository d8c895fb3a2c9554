"""The frame of a page of figures under the filter bar: head, filters, sentence, notes, tiles, sections, trust line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from dash import dcc, html
from dash.development.base_component import Component

from layouts.components.card import as_table_button, card, page_note
from layouts.components.chart import chart, dot_chart
from layouts.components.filters import filter_bar
from layouts.components.markup import Child, attributes, hb, present
from layouts.components.page_parts import lede, page_head, time_of, trust_line
from layouts.components.panel import panel_data
from layouts.components.tables import funnel_table, table_card
from layouts.components.tile import kpi_tile
from layouts.pages.states import nothing_matches
from services.domain.views import DotPlot, Funnel, PageView, Section, Table, Trend

Draw = Callable[[Any, Section], Component]
"""Draws the content of a section as a card of the section's width."""
_ROW = 12


class PartIds(NamedTuple):
    """Ids of the five parts that the page's one callback fills."""

    head: str
    filters: str
    body: str
    foot: str
    shown: str
    """dcc.Store: version and address of what is drawn, so that nothing is drawn twice."""

    @classmethod
    def of(cls, page: str) -> PartIds:
        return cls(*(f"{page}-{part}" for part in cls._fields))


class Parts(NamedTuple):
    head: Component
    filters: Component
    body: list[Component]
    foot: Component
    shown: str


def parts_of(view: PageView, shown: str, draw: Mapping[type, Draw]) -> Parts:
    """``draw`` by the type of a section's content, beside those every page knows."""
    return Parts(
        page_head(view.title, view.subtitle, view.stamp),
        filter_bar(view.filters, view.choices),
        _body(view, {**_KNOWN, **draw}),
        trust_line(view.trust),
        shown,
    )


def filtered_page(page: str, parts: Parts) -> Component:
    ids = PartIds.of(page)
    return html.Div(
        [
            html.Div(parts.head, id=ids.head),
            html.Div(parts.filters, id=ids.filters),
            html.Div(parts.body, id=ids.body, className=hb("live-part")),
            html.Div(parts.foot, id=ids.foot),
            dcc.Store(id=ids.shown, data=parts.shown),
        ],
        **attributes(data_page=page),
    )


def _body(view: PageView, draw: Mapping[type, Draw]) -> list[Component]:
    notes: list[Component] = [page_note(note) for note in view.notes]
    if view.is_empty:
        return [*notes, nothing_matches(view.lede)]
    time = time_of(view.stamp)
    body = [lede(view.lede, view.rules)] if view.lede else []
    body += notes
    if view.tiles:
        body.append(html.Div([kpi_tile(tile, time) for tile in view.tiles], className=hb("tiles mt-4")))
    body += [html.Div(row, className=hb("grid mt-4")) for row in _rows(view, draw)]
    trends = {section.id: section.content for section in view.sections if isinstance(section.content, Trend)}
    dots = {section.id: section.content for section in view.sections if isinstance(section.content, DotPlot)}
    return [*body, panel_data(view.details, view.tiles, trends, dots)]


def _rows(view: PageView, draw: Mapping[type, Draw]) -> list[list[Component]]:
    """Sections side by side as long as they fit into the page's twelve columns."""
    rows: list[list[Component]] = []
    left = 0
    for section in view.sections:
        if section.width > left:
            rows.append([])
            left = _ROW
        rows[-1].append(draw[type(section.content)](section.content, section))
        left -= section.width
    return rows


def _table(content: Table, section: Section) -> Component:
    return table_card(content, width=section.width)


def _trend(content: Trend, section: Section) -> Component:
    return card(
        content.title,
        content.caption,
        chart(content, f"chart-{section.id}"),
        width=section.width,
        foot=[as_table_button(section.id)],
    )


def _dots(content: DotPlot, section: Section) -> Component:
    note = html.Span(content.note) if content.note else None
    drawn = dot_chart(content, f"chart-{section.id}")
    foot = present(note, as_table_button(section.id))
    return card(content.title, content.caption, drawn, width=section.width, foot=foot)


def _funnel(content: Funnel, section: Section) -> Component:
    body: Child = funnel_table(content.steps) if content.steps else html.P(content.empty, className=hb("sub"))
    foot = [html.Span(content.note)] if content.note else ()
    return card(content.title, content.caption, body, width=section.width, foot=foot)


_KNOWN: Mapping[type, Draw] = {Table: _table, Trend: _trend, Funnel: _funnel, DotPlot: _dots}
