"""Records in quarantine: filter, browse by page, and one record."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from layouts import ids
from layouts.components.card import card
from layouts.components.filters import dropdown
from layouts.components.markup import Child, attributes, button, hb, icon, present, spoken
from services.domain.data_health import QuarantinedDetail, QuarantineLine, QuarantineView
from services.domain.wording import at_instant, number

_STATES = {"open": "Waits", "replayed": "Loaded since", "dropped": "Dropped"}


def quarantine_section(view: QuarantineView, timezone: str) -> Component:
    return html.Section(
        [
            html.Header(
                html.Div(
                    [
                        html.H2("Quarantine"),
                        html.P(
                            "Records that could not be loaded. Nothing is thrown away; a record is replayed after its "
                            "cause is fixed.",
                            className=hb("sub"),
                        ),
                    ]
                ),
                className=hb("card-h"),
            ),
            html.Div(quarantine_filters(view), id=ids.HEALTH_FILTERS),
            html.Div(quarantine_body(view, timezone), id=ids.HEALTH_QUARANTINE, className=hb("live-part")),
        ],
        className=hb("card s12"),
    )


def quarantine_filters(view: QuarantineView) -> Component:
    field = html.Div(
        [
            html.Label("Search record or file", htmlFor="quarantine-search", className="visually-hidden"),
            icon("search", "s"),
            dcc.Input(
                id="quarantine-search",
                name="q",
                type="text",
                value=view.chosen.search,
                maxLength=100,
                autoComplete="off",
                placeholder="Record or file",
                className=hb("inp"),
            ),
        ],
        className=hb("search archive-search"),
    )
    reset = button("Reset", classes="btn quiet", data_clear="all") if view.chosen.is_set else None
    return html.Div(
        present(
            field,
            _choice("system", "Source", view.chosen.system, view.systems),
            _choice("field", "Field", view.chosen.field, view.fields),
            reset,
        ),
        className=hb("filters"),
        role="search",
        **attributes(aria_label="Quarantine"),
    )


def _choice(name: str, label: str, chosen: str, values: Sequence[str]) -> Component:
    options = [
        {"label": words or "All", "value": words, "input_id": f"quarantine-{name}-{index}"}
        for index, words in enumerate(("", *values))
    ]
    panel = dbc.RadioItems(options=options, value=chosen, name=name, className=hb("options"))
    return dropdown(name, label, chosen or "All", panel, is_set=bool(chosen))


def quarantine_body(view: QuarantineView, timezone: str) -> Component:
    if not view.lines:
        words = "No record matches. Search for less, or reset." if view.chosen.is_set else "No record waits."
        return html.P(words, className=hb("sub"))
    first = (view.chosen.page - 1) * view.page_size + 1
    shown = f"{number(first)} to {number(first + len(view.lines) - 1)} of {number(view.total)}"
    return html.Div([_table(view, timezone), html.Footer([html.Span(shown), *_paging(view)], className=hb("card-f"))])


def _table(view: QuarantineView, timezone: str) -> Component:
    heads = [("Why", ""), ("Source", "fold"), ("Record", "fold"), ("Field", "fold"), ("Seen", "fold")]
    head = html.Tr(
        [
            *[html.Th(words, scope="col", className=hb(names)) for words, names in heads],
            html.Th(html.Span("Open", className="visually-hidden"), scope="col"),
        ]
    )
    rows = [html.Tr(_row(line, timezone)) for line in view.lines]
    return html.Div(html.Table([html.Thead(head), html.Tbody(rows)], className=hb("tbl tight")), className=hb("tbl-w"))


def _row(line: QuarantineLine, timezone: str) -> list[Component]:
    named = f"{line.resource} {line.record}"
    short = f"{line.system}, {named}" + (f", {line.field}" if line.field else "")
    return [
        html.Th(
            [line.reason, html.Span(line.file), html.Span(short, className=hb("only-m"))],
            scope="row",
            className=hb("two wrap"),
        ),
        html.Td(line.system, className=hb("fold")),
        html.Td(named, className=hb("fold")),
        html.Td(line.field or "–", className=hb("fold")),
        html.Td(at_instant(line.seen_at, timezone), className=hb("nowrap fold")),
        html.Td(
            dcc.Link(
                ["Show", spoken(f" {named}")],
                href=f"/data-health/quarantine/{line.id}",
                className=hb("btn small"),
            ),
            className=hb("right"),
        ),
    ]


def _paging(view: QuarantineView) -> list[Component]:
    links: list[Component] = []
    if view.chosen.page > 1:
        links.append(dcc.Link("Newer", href=_address(view, view.chosen.page - 1)))
    if view.chosen.page < view.pages:
        links.append(dcc.Link("Older", href=_address(view, view.chosen.page + 1)))
    return links


def _address(view: QuarantineView, page: int) -> str:
    chosen = view.chosen
    wanted = {"q": chosen.search, "system": chosen.system, "field": chosen.field, "page": str(page) if page > 1 else ""}
    query = urlencode({name: value for name, value in wanted.items() if value})
    return f"/data-health?{query}" if query else "/data-health"


def quarantined_page(view: QuarantinedDetail, timezone: str) -> Component:
    line = view.line
    heading = html.Div(
        [html.H1(f"{line.resource} {line.record}"), html.P(f"In quarantine, from {line.system}", className=hb("sub"))]
    )
    facts: list[tuple[str, Child]] = [
        ("Why", line.reason),
        ("Field", line.field or "of the whole record"),
        ("File", line.file),
        ("State", _STATES.get(view.state, view.state)),
        ("Seen", at_instant(line.seen_at, timezone)),
    ]
    parts = [part for name, words in facts for part in (html.Dt(name), html.Dd(words))]
    values = [
        part
        for name, words, is_shown in view.values
        for part in (html.Dt(html.Code(name)), html.Dd(words, className="" if is_shown else hb("ink3")))
    ]
    withheld = (
        "Keys, dates and states are shown; what the record says of a person is withheld. Who runs the server reads "
        f"all of it with “hireboard quarantine show {line.id}”."
    )
    return html.Div(
        [
            html.Header([heading, dcc.Link("All of data health", href="/data-health")], className=hb("page-head")),
            html.Div(
                [
                    card("What happened", "", html.Dl(parts, className=hb("dl")), width=6),
                    card("The record as it came", withheld, html.Dl(values, className=hb("dl")), width=6),
                ],
                className=hb("grid"),
            ),
        ],
        **attributes(data_page="quarantine-record"),
    )
