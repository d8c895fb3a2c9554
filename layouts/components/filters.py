"""The filter bar: native check lists in ``details``. The address holds the state; client.js writes it at once."""

from __future__ import annotations

from typing import Any

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from layouts.components.markup import attributes, button, hb, icon, present
from services.domain.filters import set_count
from services.domain.periods import DEFAULT_PERIOD, ROLLING
from services.domain.phrases import listing
from services.domain.views import FilterChoice, FilterOption, Filters
from services.domain.wording import number

_SEARCH_FROM = 8
"""Lists of at least this many options get a search field."""


def filter_bar(filters: Filters, choices: tuple[FilterChoice, ...]) -> Component:
    """Each button reads as a sentence: what it filters, then what is chosen. Set ones are blue and carry a cross."""
    chosen = set_count(filters) - (filters.period != DEFAULT_PERIOD)
    sheet = [_choice(choice) for choice in choices]
    count = f" ({chosen})" if chosen else ""
    return html.Div(
        [
            _period(filters.period),
            button(icon("admin"), f"Filters{count}", classes="btn only-m", data_sheet="filter-sheet"),
            html.Div(
                [
                    html.Div(
                        [
                            html.B("Filters"),
                            button(icon("x"), classes="btn icon", label="Close filters", data_close="filter-sheet"),
                        ],
                        className=hb("sheet-h only-m"),
                    ),
                    *sheet,
                    button("Show results", classes="btn primary only-m", data_close="filter-sheet"),
                ],
                id="filter-sheet",
                className=hb("filter-sheet"),
                **attributes(data_sheet_label="Filters"),
            ),
            html.Span(className=hb("sep hide-m")),
            html.Span(
                [
                    _reset(filters),
                    _saved_views(),
                    button(
                        icon("link"),
                        classes="btn quiet icon hide-m",
                        label="Copy link to this view",
                        data_copy="address",
                        title="Copy link to this view",
                    ),
                ],
                className=hb("filter-end"),
            ),
        ],
        className=hb("filters"),
        role="group",
        **attributes(aria_label="Filters"),
    )


def _saved_views() -> Component:
    """Opened by the script, which asks the server for the list: it is not part of any cached answer."""
    return html.Details(
        [
            html.Summary([icon("flag"), html.Span("Saved views")], className=hb("btn quiet")),
            html.Div(
                html.P("One moment.", className=hb("sub")),
                id="saved-views",
                className=hb("fl-panel views"),
                role="group",
                **attributes(aria_label="Saved views"),
            ),
        ],
        className=hb("fl-d saved hide-m"),
    )


def _reset(filters: Filters) -> Component:
    settings: dict[str, Any] = {"disabled": True} if not set_count(filters) else {}
    return html.Button(
        "Reset",
        type="button",
        className=hb("btn quiet"),
        **settings,
        **attributes(data_clear="all"),
    )


def _period(chosen: str) -> Component:
    options = [{"label": label, "value": key, "input_id": f"period-{key}"} for key, (label, _) in ROLLING.items()]
    panel = dbc.RadioItems(options=options, value=chosen, name="period", className=hb("options"))
    label = ROLLING[chosen][0] if chosen in ROLLING else chosen
    return dropdown("period", "Period", label, panel, is_set=chosen != DEFAULT_PERIOD)


def _choice(choice: FilterChoice) -> Component:
    chosen = tuple(option.label for option in choice.options if option.chosen)
    options = [
        {"label": _option(option), "value": option.value, "input_id": f"{choice.id}-{index}"}
        for index, option in enumerate(choice.options)
    ]
    values = [option.value for option in choice.options if option.chosen]
    check_list = dbc.Checklist(
        options=options,
        value=values,
        name=choice.id,
        className=hb("options"),
    )
    search = _search(choice) if len(choice.options) >= _SEARCH_FROM else None
    body = check_list if choice.options else html.P("Nothing to choose from.", className=hb("sub"))
    panel = html.Div(present(search, body))
    return dropdown(choice.id, choice.label, listing(chosen) or "All", panel, is_set=bool(chosen))


def _search(choice: FilterChoice) -> Component:
    name = f"search-{choice.id}"
    return html.Div(
        [
            html.Label(f"Search {choice.label.lower()}", htmlFor=name, className="visually-hidden"),
            icon("search", "s"),
            dcc.Input(id=name, type="text", autoComplete="off", placeholder="Search", className=hb("inp")),
        ],
        className=hb("search option-search"),
    )


def _option(option: FilterOption) -> Component:
    return html.Span(
        [
            html.Span(option.label, className=hb(f"depth-{min(option.depth, 3)}")),
            html.Span(number(option.count), className=hb("option-n")),
        ],
        className=hb("option"),
    )


def dropdown(name: str, label: str, value: str, panel: Component, *, is_set: bool) -> Component:
    """A button that reads as a sentence and opens ``panel``; set ones are blue and carry a cross."""
    summary = html.Summary(
        [html.Span(label), html.B(value)],
        className=hb("fl down on" if is_set else "fl down"),
        **attributes(data_filter=name),
    )
    options = html.Div(panel, className=hb("fl-panel"), role="group", **attributes(aria_label=label))
    details = html.Details([summary, options], className=hb("fl-d"))
    clear = None
    if is_set:
        clear = button(classes="fl-x with ico-x", label=f"Clear {label.lower()}", data_clear=name)
    return html.Span(present(details, clear), className=hb("fl-set on" if is_set else "fl-set"))
