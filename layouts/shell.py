"""The frame around every page: side bar with what the viewer may open, the container the router fills."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from layouts import ids
from layouts.navigation import NavItem
from services.domain.people import Viewer


def shell_layout(viewer: Viewer | None, nav_items: Sequence[NavItem]) -> Component:
    """``viewer`` None = nobody is signed in (Dash asks once for the first visitor, whoever it is): an empty frame."""
    if viewer is None:
        return html.Div()
    return html.Div(
        [
            dcc.Location(id=ids.URL, refresh=False),
            dcc.Store(id=ids.SNAPSHOT),
            html.Aside([_navigation(nav_items), _foot(viewer)], className="side"),
            html.Main(id=ids.PAGE, className="main", tabIndex="-1"),
        ],
        className="app",
    )


def _navigation(items: Sequence[NavItem]) -> Component:
    groups = [
        html.Div(
            [
                html.P(name),
                *(dcc.Link(item.title, href=item.path, className="nav-i") for item in members),
            ],
            className="nav-g",
        )
        for name, members in groupby(items, key=lambda item: item.group)
    ]
    label: dict[str, Any] = {"aria-label": "Main"}
    return html.Nav(groups, **label)


def _foot(viewer: Viewer) -> Component:
    return html.Div(html.Span(html.B(viewer.name), className="who"), className="side-foot")
