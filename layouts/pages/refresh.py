"""Refresh intervals: the rules with their forms, which lane each page gets, and how fresh the numbers were."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from layouts.components.card import card
from layouts.components.forms import Field, form
from layouts.components.markup import hb
from layouts.components.tables import table_card
from services.domain.refresh_page import FreshnessEntry, LaneEntry, RefreshEntry, RefreshView
from services.domain.views import Column, Table, TableRow
from services.domain.wording import NOTHING, at_instant, number, percent

TITLE = "Refresh intervals"
RULES = "/admin/refresh/rules"


def refresh_page(view: RefreshView) -> Component:
    subtitle = "How often numbers are brought up to date, and how fresh they were. A change holds within half a minute."
    return html.Div(
        [
            html.Header(html.Div([html.H1(TITLE), html.P(subtitle, className=hb("sub"))]), className=hb("page-head")),
            html.Div([_rule(entry, view) for entry in view.rules], className=hb("grid mt-4")),
            html.Div(table_card(_lanes(view.lanes)), className=hb("grid mt-4")),
            html.Div(table_card(_history(view.history, view.timezone)), className=hb("grid mt-4")),
        ]
    )


def _rule(entry: RefreshEntry, view: RefreshView) -> Component:
    offices = (("", "Round the clock"), *((str(key), f"Working hours of {name}") for key, name in view.offices))
    fields = (
        Field("interval", "Interval, minutes", kind="number", value=str(entry.interval_minutes)),
        Field("office", "When", value=str(entry.office_id or ""), options=offices, is_required=False),
        Field("jitter", "Put off by up to, seconds", kind="number", value=str(entry.jitter_s)),
        Field("objective", "Never older than, minutes", kind="number", value=str(entry.objective_minutes)),
    )
    set_by = f"Version {entry.version}, set by {entry.changed_by}" if entry.version else "The standard: nobody set one"
    met = "no look yet" if entry.met_share is None else f"{percent(entry.met_share)} of the looks in 7 days"
    address = f"{RULES}?dashboard={entry.dashboard}&seen={entry.version}"
    return card(
        entry.name,
        set_by,
        form(address, f"refresh-{entry.dashboard}", fields, f"Set {entry.name.lower()}"),
        width=4,
        foot=[html.Span(f"Objective met: {met}")],
    )


def _lanes(lanes: tuple[LaneEntry, ...]) -> Table:
    columns = (
        Column("need", "Needs it no older than"),
        Column("budget", "May cost", fold=True),
        Column("lane", "Lane"),
        Column("met", "Need"),
    )
    rows = tuple(
        TableRow(one.name, one.name, {"need": one.freshness, "budget": one.budget, "lane": one.lane, "met": one.met})
        for one in lanes
    )
    return Table("Lanes", "The cheapest lane that is fresh enough within its cost.", columns, rows, heading="Page")


def _history(history: tuple[FreshnessEntry, ...], timezone: str) -> Table:
    columns = (
        Column("at", "Looked at"),
        Column("as_of", "Numbers of", fold=True),
        Column("objective", "Objective", fold=True),
        Column("met", "Result"),
        Column("problem", "What failed", fold=True),
    )
    rows = tuple(
        TableRow(
            str(index),
            one.name,
            {
                "at": at_instant(one.at, timezone),
                "as_of": at_instant(one.as_of, timezone) if one.as_of else NOTHING,
                "objective": f"{number(one.objective_minutes)} min",
                "met": "met" if one.is_met else "missed",
                "problem": one.problem or NOTHING,
            },
        )
        for index, one in enumerate(history)
    )
    empty = "Nobody has looked yet. The first look comes one interval after the scheduler's start."
    return Table("Freshness", "Each refresh is one look.", columns, rows, empty=empty, heading="Dashboard")
