"""The frame around every page: side bar with what the viewer may open, the container the router fills, dialogs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from dash import dcc, html
from dash.development.base_component import Component

from layouts import ids
from layouts.components.dialogs import jump_dialog, keys_dialog
from layouts.components.markup import attributes, button, hb, icon, present, spoken
from layouts.components.panel import side_panel, tile_menu
from layouts.navigation import NavItem
from layouts.pages.states import skeleton
from services.domain.people import Role, Viewer

COMPANY = "Hireboard"
_TABS = 3
"""Pages in the bottom bar of a phone, beside "More"."""

ROLE_WORDS: dict[Role, str] = {
    Role.EXECUTIVE: "Executive",
    Role.HIRING_MANAGER: "Hiring manager",
    Role.RECRUITER: "Recruiter",
    Role.RECRUITING_MANAGER: "Recruiting manager",
    Role.HRBP: "HR partner",
    Role.DEI_OFFICER: "Inclusion",
    Role.COMPLIANCE: "Compliance",
    Role.ADMIN: "Administrator",
    Role.WORKS_COUNCIL: "Works council",
}

INDEX_STRING = """<!DOCTYPE html>
<html lang="en" data-bs-theme="light">
<head>{%metas%}<title>{%title%}</title>{%favicon%}<script src="/assets/head/theme.js"></script>{%css%}</head>
<body>{%app_entry%}<footer hidden>{%config%}{%scripts%}{%renderer%}</footer></body>
</html>"""
"""Dash's page with the stored theme set before the first paint. No script of its own: the policy allows files only."""


def shell_layout(viewer: Viewer | None, nav_items: Sequence[NavItem], company: str = COMPANY) -> Component:
    """``viewer`` None = nobody is signed in (Dash asks once for the first visitor, whoever it is): an empty frame."""
    if viewer is None:
        return html.Div()
    return html.Div(
        [
            html.A("Skip to content", href=f"#{ids.PAGE}", className="skip-link"),
            dcc.Location(id=ids.URL, refresh=False),
            dcc.Store(id=ids.SNAPSHOT),
            _top_bar(),
            html.Div(
                [
                    html.Aside(
                        [_brand(company), _jump_button(), _navigation(nav_items), _foot(viewer)],
                        id="side",
                        className=hb("side"),
                        **attributes(aria_label="Side bar", data_sheet_label="Menu"),
                    ),
                    html.Main(
                        [_failure(), html.Div(skeleton(), id=ids.PAGE, tabIndex=-1), tile_menu()],
                        className=hb("main"),
                    ),
                ],
                className=hb("app"),
            ),
            _tab_bar(nav_items),
            html.Div(id="live", role="status", className="visually-hidden", **attributes(aria_live="polite")),
            side_panel(),
            keys_dialog(),
            jump_dialog(nav_items),
        ]
    )


def _failure() -> Component:
    """Filled by the script when a refresh fails: the page keeps its old numbers and says so."""
    return html.Div(
        [
            icon("bad"),
            html.Span([html.B("", id="failure-title"), " ", html.Span("", id="failure-words")], className=hb("grow")),
            button("Try again", classes="btn small", data_reload="page"),
        ],
        id="failure",
        hidden=True,
        className=hb("note bad"),
        role="alert",
    )


def _mark() -> Component:
    return html.Span(icon("mark"), className=hb("mark"))


def _brand(company: str) -> Component:
    name = html.Span(present(html.B(company), html.Span("Hireboard") if company != COMPANY else None))
    return dcc.Link([_mark(), name], href="/", className=hb("brand"))


def _jump_button() -> Component:
    return button(icon("search", "s"), "Jump to a page", html.Kbd("/"), classes="jump", data_dialog="jump")


def _top_bar() -> Component:
    return html.Header(
        [
            button(icon("menu"), classes="btn icon", label="Menu", data_sheet="side"),
            _mark(),
            html.B("Hireboard"),
            button(icon("search"), classes="btn icon end", label="Jump to a page", data_dialog="jump"),
        ],
        className=hb("bar-m"),
    )


def _navigation(items: Sequence[NavItem]) -> Component:
    groups = [
        html.Div([html.P(name), *(_link(item, "nav-i") for item in members)], className=hb("nav-g"))
        for name, members in groupby(items, key=lambda item: item.group)
    ]
    return html.Nav(groups, **attributes(aria_label="Main"))


def _link(item: NavItem, name: str) -> Component:
    """The script adds the filters that are set to the links of pages that follow them."""
    classes = hb(f"{name} filtered" if item.filtered else name)
    has_lock = item.restricted and name == "nav-i"
    lock = html.Span([icon("lock", "s"), spoken("restricted")], className=hb("end")) if has_lock else None
    return dcc.Link(present(icon(item.icon), item.title, lock), href=item.path, className=classes)


def _foot(viewer: Viewer) -> Component:
    roles = ", ".join(ROLE_WORDS[role] for role in sorted(viewer.roles))
    initials = "".join(word[0] for word in viewer.name.split()[:2]).upper()
    entries = [
        button(icon("theme"), html.Span("Light or dark"), classes="menu-i", data_theme="toggle"),
        button(
            icon("help"), html.Span("Keys"), html.Span("?", className=hb("key")), classes="menu-i", data_dialog="keys"
        ),
        button(icon("right"), html.Span("Sign out"), classes="menu-i", data_sign_out="/logout"),
    ]
    return html.Div(
        [
            html.Span(initials, className=hb("ava"), **attributes(aria_hidden="true")),
            html.Span([html.B(viewer.name, title=viewer.name), html.Span(roles)], className=hb("who")),
            html.Details(
                [
                    html.Summary([icon("more"), spoken("Theme, keys, sign out")], className=hb("btn icon small")),
                    html.Div(entries, className=hb("menu up")),
                ],
                className=hb("account"),
            ),
        ],
        className=hb("side-foot"),
    )


def _tab_bar(items: Sequence[NavItem]) -> Component:
    tabs = [_link(item, "tab-i") for item in items[:_TABS]]
    more = button(icon("menu"), "More", classes="tab-i", data_sheet="side")
    return html.Nav([*tabs, more], className=hb("tab-m"), **attributes(aria_label="Quick"))
