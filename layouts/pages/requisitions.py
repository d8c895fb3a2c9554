"""The list of requisitions: search, state, sortable table, pages."""

from __future__ import annotations

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from layouts.components.card import card
from layouts.components.markup import attributes, button, hb, icon, present, spoken
from layouts.components.status import chip
from layouts.pages.states import nothing_found
from services.domain.requisition_pages import (
    LONGEST_SEARCH,
    STATE_WORDS,
    STATES,
    ListSettings,
    RequisitionList,
    RequisitionRow,
)
from services.domain.views import Section
from services.domain.wording import NOTHING, number, on_date

TONES = {
    "open": ("info", "info"),
    "on_hold": ("hold", "hold"),
    "filled": ("good", "good"),
    "cancelled": ("hold", "x"),
    "closed": ("hold", "lock"),
}
URGENCY_WORDS = {"critical": "Critical", "high": "High", "normal": "Normal", "low": "Low"}
_DESCENDING_FIRST = frozenset({"net", "gross", "held", "openings", "owed", "urgency"})


def draw_list(content: RequisitionList, section: Section) -> Component:
    body = _table(content) if content.rows else _nothing(content.settings)
    span = _span(content)
    return card(
        "List",
        "As it stands in the batch, whatever the period. Net days leave out holds and freezes.",
        _controls(content),
        body,
        width=section.width,
        foot=[html.Span(span), _pager(content)],
    )


def _nothing(settings: ListSettings) -> Component:
    words = "No requisition you may see is in this state and selection. That is counted, not missing."
    if settings.search:
        words = "Search for fewer letters, or choose another state. The search reads titles and codes."
    return nothing_found("No requisition here", words)


def _controls(content: RequisitionList) -> Component:
    counts = dict(content.counts)
    options = [{"label": f"{words} ({number(counts.get(state, 0))})", "value": state} for state, words in STATES]
    search = html.Div(
        [
            html.Label("Search requisitions", htmlFor="requisition-search", className="visually-hidden"),
            icon("search", "s"),
            dcc.Input(
                id="requisition-search",
                name="q",
                type="text",
                value=content.settings.search,
                maxLength=LONGEST_SEARCH,
                autoComplete="off",
                placeholder="Title or code",
                className=hb("inp"),
            ),
        ],
        className=hb("search archive-search"),
    )
    state = html.Div(
        [
            html.Label("State", htmlFor="requisition-state", className=hb("sm ink3")),
            dbc.Select(
                id="requisition-state",
                name="state",
                options=options,
                value=content.settings.state,
                className=hb("inp"),
            ),
        ],
        className=hb("row"),
    )
    return html.Div(
        [search, state], className=hb("settings row wrap"), role="search", **attributes(aria_label="Requisitions")
    )


def _table(content: RequisitionList) -> Component:
    settings = content.settings
    heads = present(
        _head(settings, "title", "Requisition", ""),
        _head(settings, "status", "State", ""),
        _head(settings, "owed", "Feedback you owe", "n fold") if content.shows_owed else None,
        _head(settings, "net", "Net days", "n"),
        _head(settings, "gross", "Gross", "n fold"),
        _head(settings, "held", "Held", "n fold"),
        _head(settings, "target", "Target date", "fold"),
        _head(settings, "openings", "Filled", "n fold"),
        _head(settings, "urgency", "Urgency", "fold"),
        html.Th("Owners", scope="col", className=hb("fold")) if content.shows_owners else None,
    )
    rows = [html.Tr(_row(row, content)) for row in content.rows]
    table = html.Table(
        [
            html.Caption("Requisitions you may see", className="visually-hidden"),
            html.Thead(html.Tr(heads)),
            html.Tbody(rows),
        ],
        className=hb("tbl"),
    )
    return html.Div(table, className=hb("tbl-w mt-4"))


def _head(settings: ListSettings, name: str, words: str, classes: str) -> Component:
    is_on = settings.sort == name
    order = ("descending" if settings.descending else "ascending") if is_on else None
    turned = not settings.descending if is_on else name in _DESCENDING_FIRST
    shape = icon("dn" if settings.descending else "up", "s") if is_on else None
    sort = button(
        words,
        shape,
        classes="sort link",
        data_set=f"sort={name}&order={'desc' if turned else 'asc'}",
        id=f"sort-{name}",
    )
    return html.Th(sort, scope="col", className=hb(classes), **attributes(aria_sort=order))


def _row(row: RequisitionRow, content: RequisitionList) -> list[Component | str]:
    target = on_date(row.target_on) if row.target_on else NOTHING
    return present(
        html.Th(
            present(
                dcc.Link(row.title, href=f"/requisitions/{row.id}"),
                html.Span(", ".join(part for part in (row.code, row.place) if part)),
                html.Span(
                    f"{row.filled} of {row.openings} filled, target {target}{', late' if row.is_late else ''}",
                    className=hb("only-m"),
                ),
            ),
            scope="row",
            className=hb("two"),
        ),
        html.Td(state_chip(row.state, is_frozen=row.is_frozen)),
        html.Td(number(row.owed), className=hb("n fold")) if content.shows_owed else None,
        html.Td(days(row.net_days), className=hb("n")),
        html.Td(days(row.gross_days), className=hb("n fold")),
        html.Td(days(row.held_days), className=hb("n fold")),
        html.Td(present(target, " ", chip("bad", "Late") if row.is_late else None), className=hb("fold")),
        html.Td(f"{number(row.filled)} of {number(row.openings)}", className=hb("n fold nowrap")),
        html.Td(URGENCY_WORDS.get(row.urgency, row.urgency) or NOTHING, className=hb("fold")),
        html.Td(_owners(row), className=hb("fold")) if content.shows_owners else None,
    )


def _owners(row: RequisitionRow) -> Component | str:
    lines = [words for words in (row.recruiter, row.hiring_manager and f"for {row.hiring_manager}") if words]
    return html.Span([html.Span(words, className=hb("block")) for words in lines]) if lines else NOTHING


def state_chip(state: str, *, is_frozen: bool = False) -> Component:
    if is_frozen:
        return chip("hold", "Frozen", "hold")
    tone, shape = TONES.get(state, ("hold", "clock"))
    return chip(tone, STATE_WORDS.get(state, state), shape)


def days(value: float | None) -> str:
    return NOTHING if value is None else number(value, decimals=1)


def _span(content: RequisitionList) -> str:
    if not content.total:
        return "0 requisitions"
    first = (content.settings.page - 1) * content.page_size + 1
    last = first + len(content.rows) - 1
    return f"{number(first)} to {number(last)} of {number(content.total)} requisitions"


def _pager(content: RequisitionList) -> Component | None:
    if content.pages == 1:
        return None
    page = content.settings.page
    return html.Nav(
        present(
            button("Previous", classes="btn small", data_set=f"page={page - 1}") if page > 1 else None,
            html.Span(f"Page {number(page)} of {number(content.pages)}", className=hb("sm")),
            button("Next", classes="btn small", data_set=f"page={page + 1}") if page < content.pages else None,
            spoken("50 requisitions a page"),
        ),
        className=hb("row"),
        **attributes(aria_label="Pages of the list"),
    )
