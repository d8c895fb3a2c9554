"""The metric catalogue, and one metric: what it says, how it is worked out, where it is used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from layouts import ids
from layouts.components.card import card
from layouts.components.filters import dropdown
from layouts.components.markup import attributes, button, hb, icon, present, with_icon
from layouts.components.status import chip
from layouts.pages.states import nothing_found
from services.domain.metric import Row, Status
from services.domain.metric_pages import (
    CatalogueEntry,
    CatalogueView,
    Example,
    ExampleStep,
    MetricView,
    Related,
    Use,
    VersionStep,
)
from services.domain.wording import NOTHING, number, on_date, shown

TONES: Mapping[Status, tuple[str, str]] = {
    Status.CERTIFIED: ("good", "shield"),
    Status.DRAFT: ("hold", "clock"),
    Status.DEPRECATED: ("near", "near"),
    Status.RETIRED: ("hold", "lock"),
}
"""Status -> tone and shape of its chip."""


# --- the catalogue ---


def catalogue_page(view: CatalogueView) -> Component:
    heading = html.Div(
        [html.H1("Metrics"), html.P("What each figure means, and where it is used", className=hb("sub"))]
    )
    return html.Div(
        [
            html.Header(heading, className=hb("page-head")),
            html.Div(catalogue_filters(view), id=ids.METRICS_FILTERS),
            html.Div(catalogue_body(view), id=ids.METRICS_BODY, className=hb("live-part")),
        ],
        **attributes(data_page="metrics"),
    )


def catalogue_filters(view: CatalogueView) -> Component:
    field = html.Div(
        [
            html.Label("Search the metrics", htmlFor="metric-search", className="visually-hidden"),
            icon("search", "s"),
            dcc.Input(
                id="metric-search",
                name="q",
                type="text",
                value=view.search,
                maxLength=100,
                autoComplete="off",
                placeholder="Name, id or what it counts",
                className=hb("inp"),
            ),
        ],
        className=hb("search archive-search"),
    )
    is_set = bool(view.search or view.status or view.unit)
    return html.Div(
        present(
            field,
            _choice("status", "Status", view.status, view.statuses),
            _choice("unit", "Unit", view.unit, view.units),
            button("Reset", classes="btn quiet", data_clear="all") if is_set else None,
        ),
        className=hb("filters"),
        role="search",
        **attributes(aria_label="Metrics"),
    )


def _choice(name: str, label: str, chosen: str, values: Sequence[str]) -> Component:
    options = [
        {"label": words, "value": value, "input_id": f"{name}-{index}"}
        for index, (value, words) in enumerate({"": "All", **{one: one.capitalize() for one in values}}.items())
    ]
    panel = dbc.RadioItems(options=options, value=chosen, name=name, className=hb("options"))
    return dropdown(name, label, chosen.capitalize() or "All", panel, is_set=bool(chosen))


def catalogue_body(view: CatalogueView) -> Component:
    if not view.entries:
        return nothing_found("No metric matches", "Search for fewer words, or reset to see every metric.")
    heads = [
        html.Th("Metric", scope="col", className=hb("main-col")),
        html.Th("What it says", scope="col", className=hb("fold")),
        html.Th("Unit", scope="col", className=hb("fold")),
        html.Th("Version", scope="col", className=hb("n fold")),
        html.Th("Used by", scope="col", className=hb("n fold")),
        html.Th("Status", scope="col"),
    ]
    rows = [html.Tr(_row(entry)) for entry in view.entries]
    table = html.Table([html.Thead(html.Tr(heads)), html.Tbody(rows)], className=hb("tbl"))
    count = f"{number(len(view.entries))} of {number(view.total)} metrics you may see"
    listing = card(
        "Catalogue",
        "Every figure on a page, in a report or a mail is one of these.",
        html.Div(table, className=hb("tbl-w")),
        foot=[html.Span(count)],
    )
    return html.Div(listing, className=hb("grid"))


def _row(entry: CatalogueEntry) -> list[Component]:
    return [
        html.Th(
            [
                dcc.Link(entry.name, href=f"/metrics/{entry.metric_id}"),
                html.Span(entry.metric_id),
                html.Span(entry.summary, className=hb("only-m")),
            ],
            scope="row",
            className=hb("two"),
        ),
        html.Td(entry.summary, className=hb("fold")),
        html.Td(entry.unit, className=hb("fold nowrap")),
        html.Td(number(entry.version), className=hb("n fold")),
        html.Td(number(entry.uses) if entry.uses else NOTHING, className=hb("n fold")),
        html.Td(_status(entry.status)),
    ]


def _status(status: Status) -> Component:
    tone, shape = TONES[status]
    return chip(tone, status.value.capitalize(), shape)


# --- one metric ---


def metric_page(view: MetricView) -> Component:
    words = f"{view.status_words}; version {view.version}, owner {view.owner}"
    heading = html.Div(
        [
            html.P([dcc.Link("Metrics", href="/metrics"), f" / {view.metric_id}"], className=hb("crumb")),
            html.H1(view.name),
            html.P(html.Span([_status(view.status), words], className=hb("row wrap")), className=hb("sub")),
        ]
    )
    as_of = html.Span(f"As of {view.as_of_words}", className=with_icon("asof", "clock")) if view.as_of_words else None
    return html.Div(
        [
            html.Header(present(heading, as_of), className=hb("page-head")),
            html.Div(
                [
                    _definition(view),
                    html.Div(
                        present(_figure(view), _versions(view.versions)),
                        className=hb("s5 stack fill"),
                    ),
                ],
                className=hb("grid"),
            ),
            html.Div(present(_uses(view.uses), _related(view.related)), className=hb("grid")),
        ],
        **attributes(data_page="metric"),
    )


def no_metric() -> Component:
    """The same for a metric that does not exist and for one of a class the viewer has not."""
    words = "There is no such metric, or it is not for you. The catalogue lists every metric you may see."
    return nothing_found("No metric here", words, can_reset=False)


def _definition(view: MetricView) -> Component:
    facts = [part for term, words in view.facts for part in (html.Dt(term), html.Dd(words))]
    body = [
        html.P(view.summary, className=hb("lead-words")),
        html.Dl(facts, className=hb("dl")),
        *_counts(view.counts),
        *_example(view.example),
    ]
    splits = [html.Span(f"Splits by {', '.join(view.dimensions)}.")] if view.dimensions else []
    caption = f"Fields of version {view.version}; the words are written from them."
    return card("Definition", caption, *body, width=7, foot=splits)


def _counts(counts: Sequence[tuple[str, str]]) -> list[Component]:
    if not counts:
        return []
    rows = [part for name, words in counts for part in (html.Dt(html.Code(name)), html.Dd(words))]
    return [html.H3("Also answered", className=hb("mt-4")), html.Dl(rows, className=hb("dl"))]


def _example(example: Example | None) -> list[Component]:
    if example is None:
        return []
    parts: list[Component | None] = [
        html.H3(f"Worked example: {example.title}", className=hb("mt-4")),
        _steps(example.steps, "The latest finished case within your reach"),
        html.P(example.remark, className=hb("sm ink3 mt-2")) if example.remark else None,
    ]
    return [part for part in parts if part is not None]


def _steps(steps: Sequence[ExampleStep], caption: str) -> Component:
    rows = [
        html.Tr([html.Th(step.what, scope="row"), html.Td(step.words)], className=hb("total") if step.is_result else "")
        for step in steps
    ]
    table = html.Table(
        [html.Caption(caption, className="visually-hidden"), html.Tbody(rows)], className=hb("tbl tight")
    )
    return html.Div(table, className=hb("tbl-w"))


def _figure(view: MetricView) -> Component:
    if view.figure is None:
        return card("Your figure", "", html.P(view.figure_words, className=hb("sub")))
    parts = present(_value(view.figure), _steps(view.figure_steps, "How the figure comes about"))
    return card("Your figure", view.figure_words, *parts)


def _value(row: Row) -> Component:
    printed = shown(row)
    parts = present(html.B(printed.text), html.Span(printed.unit) if printed.unit else None)
    words = html.P(printed.note, className=hb("sm ink3"))
    return html.Div([html.P(parts, className=hb("tile-v")), words])


def _versions(versions: Sequence[VersionStep]) -> Component:
    steps = [
        html.Li(
            [
                html.B(f"v{one.version}, since {on_date(one.effective_from)}"),
                html.Br(),
                html.Span(one.words, className=hb("ink3")),
            ],
            className=hb("now") if one.is_current else "",
        )
        for one in versions
    ]
    caption = "Archived reports keep the version they were made with."
    return card("Versions", caption, html.Ol(steps, className=hb("steps")))


def _uses(uses: Sequence[Use]) -> Component:
    caption = "What a change of this definition would reach."
    if not uses:
        words = "No page, report or alert rule asks it; it is answered to whoever asks."
        return card("Where it is used", caption, html.P(words, className=hb("sub")), width=7)
    rows = [html.Tr([html.Th(_use_name(use), scope="row"), html.Td(use.kind)]) for use in uses]
    head = html.Thead(html.Tr([html.Th("Where", scope="col"), html.Th("Kind", scope="col")]))
    table = html.Table([head, html.Tbody(rows)], className=hb("tbl tight"))
    return card("Where it is used", caption, html.Div(table, className=hb("tbl-w")), width=7)


def _use_name(use: Use) -> Component | str:
    return dcc.Link(use.name, href=use.href) if use.href else use.name


def _related(related: Sequence[Related]) -> Component | None:
    if not related:
        return None
    lines = [html.Li([dcc.Link(one.name, href=f"/metrics/{one.metric_id}"), f" {one.words}"]) for one in related]
    return card("Related", "Other answers to nearly the same question.", html.Ul(lines, className=hb("sm")), width=5)
