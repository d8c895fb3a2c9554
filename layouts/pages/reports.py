"""The archive of reports: search, open, download, who got each one and when."""

from __future__ import annotations

from urllib.parse import urlencode

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from layouts import ids
from layouts.components.card import card
from layouts.components.filters import dropdown
from layouts.components.markup import attributes, button, hb, icon, present
from layouts.pages.states import nothing_found
from services.domain.periods import period_words
from services.domain.views import ArchiveEntry, ArchiveView
from services.domain.wording import at_instant, number

_HOW_WORDS = {"mail": "by mail", "opened": "opened", "downloaded": "downloaded"}
_KILO = 1024
_HASH_CHARACTERS = 12


def reports_page(view: ArchiveView, timezone: str) -> Component:
    return html.Div(
        [
            html.Header(
                html.Div(
                    [
                        html.H1("Reports"),
                        html.P("What was made, for whom, and who received it", className=hb("sub")),
                    ]
                ),
                className=hb("page-head"),
            ),
            html.Div(archive_filters(view), id=ids.ARCHIVE_FILTERS),
            html.Div(archive_body(view, timezone), id=ids.ARCHIVE_BODY, className=hb("live-part")),
        ],
        **attributes(data_page="reports"),
    )


def archive_filters(view: ArchiveView) -> Component:
    field = html.Div(
        [
            html.Label("Search the archive", htmlFor="archive-search", className="visually-hidden"),
            icon("search", "s"),
            dcc.Input(
                id="archive-search",
                name="q",
                type="text",
                value=view.search,
                maxLength=100,
                autoComplete="off",
                placeholder="Title, person or period",
                className=hb("inp"),
            ),
        ],
        className=hb("search archive-search"),
    )
    is_set = bool(view.search or view.kind or view.period)
    reset = button("Reset", classes="btn quiet", data_clear="all") if is_set else None
    return html.Div(
        present(
            field,
            _choice("kind", "Kind", view.kind, {kind: kind_words(kind) for kind in view.kinds}),
            _choice("period", "Period", view.period, {period: period_words(period) for period in view.periods}),
            reset,
        ),
        className=hb("filters"),
        role="search",
        **attributes(aria_label="Archive"),
    )


def _choice(name: str, label: str, chosen: str, values: dict[str, str]) -> Component:
    options = [
        {"label": words, "value": value, "input_id": f"{name}-{index}"}
        for index, (value, words) in enumerate({"": "All", **values}.items())
    ]
    panel = dbc.RadioItems(options=options, value=chosen, name=name, className=hb("options"))
    return dropdown(name, label, values.get(chosen, "All"), panel, is_set=bool(chosen))


def kind_words(kind: str) -> str:
    return kind.replace("_", " ").capitalize()


def archive_body(view: ArchiveView, timezone: str) -> Component:
    if not view.entries:
        return _nothing(view)
    first = (view.page - 1) * view.page_size + 1
    shown = f"{number(first)} to {number(first + len(view.entries) - 1)} of {number(view.total)}"
    return html.Div(
        card(
            "Archive",
            "Newest first. Nothing here can be changed; a correction is a new report.",
            _table(view, timezone),
            foot=[html.Span(shown), *_paging(view)],
        ),
        className=hb("grid"),
    )


def _nothing(view: ArchiveView) -> Component:
    if view.search or view.kind or view.period:
        return nothing_found("No report matches", "Search for fewer words, or reset to see every report you may open.")
    return nothing_found(
        "No reports yet",
        "Reports made for you appear here as soon as their schedule has run. Nothing has been made so far.",
        can_reset=False,
    )


def _paging(view: ArchiveView) -> list[Component]:
    pages = -(-view.total // view.page_size)
    links: list[Component] = []
    if view.page > 1:
        links.append(dcc.Link("Newer", href=_address(view, view.page - 1)))
    if view.page < pages:
        links.append(dcc.Link("Older", href=_address(view, view.page + 1)))
    return links


def _address(view: ArchiveView, page: int) -> str:
    wanted = {"q": view.search, "kind": view.kind, "period": view.period, "page": str(page) if page > 1 else ""}
    query = urlencode({name: value for name, value in wanted.items() if value})
    return f"/reports?{query}" if query else "/reports"


def _table(view: ArchiveView, timezone: str) -> Component:
    has_list = any(entry.deliveries for entry in view.entries)
    heads = [
        html.Th("Report", scope="col", className=hb("main-col")),
        html.Th("Period", scope="col"),
        html.Th("Made", scope="col", className=hb("fold")),
        html.Th("Received", scope="col", className=hb("fold")) if has_list else None,
        html.Th("Size", scope="col", className=hb("n fold")),
        html.Th(html.Span("File", className="visually-hidden"), scope="col"),
    ]
    rows = [html.Tr(_row(entry, timezone, has_list=has_list)) for entry in view.entries]
    table = html.Table([html.Thead(html.Tr(present(*heads))), html.Tbody(rows)], className=hb("tbl"))
    return html.Div(table, className=hb("tbl-w"))


def _row(entry: ArchiveEntry, timezone: str, *, has_list: bool) -> list[Component | str]:
    made = at_instant(entry.created_at, timezone)
    name = f"{entry.title}, {entry.subject_name}" if entry.subject_name else entry.title
    return present(
        html.Th(
            [
                html.A(name, href=f"/reports/{entry.public_id}/open", target="_blank"),
                html.Span(f"SHA-256 {entry.sha256[:_HASH_CHARACTERS]}"),
                html.Span(f"Made {made}", className=hb("only-m")),
            ],
            scope="row",
            className=hb("two"),
        ),
        html.Td(period_words(entry.period), className=hb("nowrap")),
        html.Td(made, className=hb("fold")),
        html.Td(_received(entry, timezone), className=hb("two fold")) if has_list else None,
        html.Td(f"{number(max(1, round(entry.size_bytes / _KILO)))} kB", className=hb("n fold")),
        html.Td(
            html.A(
                "PDF",
                href=f"/reports/{entry.public_id}/download",
                className=hb("btn small with ico-download"),
                **attributes(aria_label=f"Download {name}, {period_words(entry.period)}, PDF"),
            ),
            className=hb("right"),
        ),
    )


def _received(entry: ArchiveEntry, timezone: str) -> Component | str | list[Component | str]:
    """The latest receipt, and all of them one click away."""
    if not entry.deliveries:
        return "Nobody yet"
    receipts = [
        (address, f"{_HOW_WORDS.get(how, how)} {at_instant(when, timezone)}") for address, how, when in entry.deliveries
    ]
    if len(receipts) == 1:
        address, how_and_when = receipts[0]
        return [address, html.Span(how_and_when[0].upper() + how_and_when[1:])]
    lines = [f"{address}, {how_and_when}" for address, how_and_when in receipts]
    return html.Details(
        [html.Summary(f"{number(len(lines))} times"), html.Ul([html.Li(line) for line in lines])],
        className=hb("receipts"),
    )
