"""Dialogs of the frame: the list of keys, and the jump to a page. Native ``dialog``, opened by assets/client.js."""

from __future__ import annotations

from collections.abc import Sequence

from dash import dcc, html
from dash.development.base_component import Component

from layouts.components.markup import attributes, button, hb, icon
from layouts.navigation import NavItem

KEYS = (
    ("/", "Jump to a page"),
    ("g then o", "Overview"),
    ("g then a", "Actions"),
    ("g then r", "Reports"),
    ("f", "Filters"),
    ("m", "Menu of the figure in focus; in it d, t, c"),
    ("j, k", "In Actions: next, previous"),
    ("a, s", "In Actions: acknowledge, snooze"),
    ("Esc", "Close, and back to where you were"),
    ("?", "This list"),
)


def _dialog(name: str, title: str, *body: Component) -> Component:
    return html.Dialog(
        [
            html.Header(
                [
                    html.H2(title, id=f"{name}-title"),
                    button(icon("x"), classes="btn icon small", label="Close", data_dialog_close=name),
                ],
                className=hb("card-h"),
            ),
            *body,
        ],
        id=name,
        className=hb("dialog"),
        **attributes(aria_labelledby=f"{name}-title"),
    )


def keys_dialog() -> Component:
    pairs = [part for key, words in KEYS for part in (html.Dt(html.Kbd(key)), html.Dd(words))]
    switch = button("Switch single letters off", classes="btn", data_letters="toggle", aria_pressed="false")
    note = html.P("Keys never act while you type in a field.", className=hb("sub"))
    return _dialog("keys", "Keys", html.Dl(pairs, className=hb("dl")), note, switch)


def jump_dialog(items: Sequence[NavItem]) -> Component:
    links = [
        html.Li(dcc.Link([icon(item.icon), html.Span(item.title)], href=item.path, className=hb("menu-i")))
        for item in items
    ]
    field = html.Div(
        [
            html.Label("Page", htmlFor="jump-field", className="visually-hidden"),
            icon("search", "s"),
            dcc.Input(id="jump-field", type="text", autoComplete="off", placeholder="Page", className=hb("inp")),
        ],
        className=hb("search"),
    )
    return _dialog("jump", "Jump to a page", field, html.Ul(links, className=hb("jump-list")))
