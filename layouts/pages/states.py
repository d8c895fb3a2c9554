"""What stands in for a page: its shape while it loads, and words when there is nothing to show or something failed."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from layouts.components.card import empty_card
from layouts.components.markup import attributes, button, hb, icon


def skeleton() -> Component:
    """The page's shape, drawn after 200 ms by the style sheet; no spinner."""
    tile = html.Div(className=hb("sk sk-tile"))
    return html.Div(
        [
            html.Div(className=hb("sk sk-title")),
            html.Div(className=hb("sk sk-line")),
            html.Div(
                [html.Div(className=hb("sk sk-card s7")), html.Div(className=hb("sk sk-card s5"))], className=hb("grid")
            ),
            html.Div([tile] * 4, className=hb("tiles mt-4")),
        ],
        className=hb("skeleton"),
        **attributes(aria_hidden="true"),
    )


def _page(title: str, body: Component) -> Component:
    return html.Div([html.Header(html.H1(title), className=hb("page-head")), body])


def no_snapshot(title: str) -> Component:
    """Before the first import: nothing has been counted yet, so zero would be a lie."""
    return _page(
        title,
        empty_card(
            "data",
            "There are no numbers yet",
            "No data has been loaded, so nothing has been counted. An administrator loads an export with "
            "“hireboard import”; this page fills itself as soon as the first batch is published.",
        ),
    )


def failed(title: str, words: str, reference: str) -> Component:
    """A page that could not be worked out: what happened, what to do, and the reference to quote."""
    return _page(title, failure_note(words, reference))


def failure_note(words: str, reference: str) -> Component:
    return html.Div(
        [
            icon("bad"),
            html.Span(
                [html.B("These numbers could not be worked out. "), words, f" Reference {reference}."],
                className=hb("grow"),
            ),
            button("Try again", classes="btn small", data_reload="page"),
        ],
        className=hb("note bad"),
        role="alert",
    )


def no_access(title: str, words: str) -> Component:
    """A page reached by a link that the role does not include."""
    return _page(title, empty_card("lock", f"You cannot open {title}", words))


def nothing_matches(words: str) -> Component:
    """The filters leave nothing: zero is a fact here."""
    return nothing_found("Nothing in this selection", words)


def nothing_found(title: str, words: str, *, can_reset: bool = True) -> Component:
    reset = button("Reset filters", classes="btn small", data_clear="all") if can_reset else None
    return empty_card("search" if can_reset else "reports", title, words, reset)
