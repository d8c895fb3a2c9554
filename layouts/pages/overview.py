"""The Overview: one sentence, the first metric, tiles, pass-through, sources, departments, recruiters, the batch."""

from __future__ import annotations

from dash import dcc, html
from dash.development.base_component import Component

from layouts import ids
from layouts.components.card import as_table_button, card, page_note
from layouts.components.chart import chart
from layouts.components.filters import filter_bar
from layouts.components.markup import Child, attributes, button, hb, present, with_icon
from layouts.components.page_parts import lede, page_head, time_of, trust_line, version_of
from layouts.components.panel import TREND, panel_data
from layouts.components.status import sample_chip, status_chip
from layouts.components.tables import funnel_table, table_card
from layouts.components.tile import kpi_tile, more_button
from layouts.pages.states import nothing_matches
from services.domain.filters import to_search
from services.domain.metric import Row
from services.domain.phrases import against_target, change, target
from services.domain.views import Filters, OverviewView, Tile
from services.domain.wording import amount, sample, shown

_TOP_TILES = 4
"""Tiles beside the hero; the rest stand in a row of four below."""


def overview_page(view: OverviewView) -> Component:
    return html.Div(
        [
            html.Div(overview_head(view), id=ids.OVERVIEW_HEAD),
            html.Div(filter_bar(view.filters, view.choices), id=ids.OVERVIEW_FILTERS),
            html.Div(overview_body(view), id=ids.OVERVIEW_BODY, className=hb("live-part")),
            html.Div(overview_foot(view), id=ids.OVERVIEW_FOOT),
            dcc.Store(id=ids.OVERVIEW_SHOWN, data=shown_token(version_of(view.stamp), view.filters)),
        ],
        **attributes(data_page="overview"),
    )


def overview_head(view: OverviewView) -> Component:
    return page_head(view.title, view.subtitle, view.stamp)


def shown_token(version: str, filters: Filters) -> str:
    return f"{version}{to_search(filters)}"


def overview_body(view: OverviewView) -> list[Component]:
    notes = [page_note(note) for note in view.notes]
    if view.is_empty:
        return [*notes, nothing_matches(view.lede)]
    time = time_of(view.stamp)
    beside = [kpi_tile(tile, time) for tile in view.tiles[:_TOP_TILES]]
    below = [kpi_tile(tile, time) for tile in view.tiles[_TOP_TILES:]]
    return [
        lede(view.lede, view.rules),
        *notes,
        html.Div([_hero(view), html.Div(beside, className=hb("s5 tiles two-wide"))], className=hb("grid")),
        html.Div(below, className=hb("tiles mt-4")),
        html.Div([_funnel(view), table_card(view.sources, width=5)], className=hb("grid mt-4")),
        html.Div(
            present(table_card(view.departments), table_card(view.recruiters) if view.recruiters else None),
            className=hb("grid mt-4"),
        ),
        panel_data(view.details, (view.hero, *view.tiles), {TREND: view.hero_trend}),
    ]


def _hero(view: OverviewView) -> Component:
    tile, trend = view.hero, view.hero_trend
    return card(
        html.Span(button(tile.title, classes="name", data_show="definition", data_of=tile.metric_id)),
        trend.caption,
        _hero_value(tile),
        chart(trend, ids.OVERVIEW_CHART),
        width=7,
        aside=more_button(tile.metric_id, tile.title, classes="btn small icon"),
        foot=[*_hero_foot(view), as_table_button(TREND)],
    )


def _hero_value(tile: Tile) -> Component:
    printed = shown(tile.row)
    words = None
    if tile.status is not None and tile.target is not None and tile.row.value is not None:
        words = against_target(tile.row.value, tile.target, tile.unit)
    moved = change(tile.comparison, tile.unit)
    value = html.P(
        present(
            html.B(printed.text),
            html.Span(printed.unit) if printed.unit else None,
            status_chip(tile.status, words) or sample_chip(tile.row),
        ),
        className=hb("hero-v"),
    )
    compared = html.P(moved.text, className=with_icon("sm ink2", moved.arrow)) if moved else None
    return html.Div(present(value, compared), className=hb("row wrap between hero-row"))


def _hero_foot(view: OverviewView) -> list[Child]:
    tile, row = view.hero, view.hero.row
    version = next((detail.version for detail in view.details if detail.metric_id == tile.metric_id), None)
    return [
        html.Span(target(tile.target, tile.unit, tile.better)),
        html.Span(sample(row)),
        _naive(row),
        html.Span(f"v{version}", className=hb("hide-m")) if version is not None else None,
    ]


def _naive(row: Row) -> Child:
    if row.naive is None or row.value is None:
        return None
    return html.Span(f"Filled only would say {amount(row.naive, row.unit)}")


def _funnel(view: OverviewView) -> Component:
    if not view.funnel:
        return card(
            "Pass-through by stage", "", html.P("Nobody applied in this selection.", className=hb("sub")), width=7
        )
    return card(
        "Pass-through by stage",
        "Share who reach the next stage, people still in process counted (Aalen–Johansen). Line: 95% interval.",
        funnel_table(view.funnel),
        width=7,
        foot=[html.Span(f"Stage reached {view.period_label}")] if view.period_label else (),
    )


def overview_foot(view: OverviewView) -> Component:
    return trust_line(view.trust)
