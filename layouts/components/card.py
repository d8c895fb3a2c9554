"""A card: heading, what it shows, body, foot."""

from __future__ import annotations

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from layouts.components.markup import Child, button, hb, icon, present
from services.domain.views import Note

_NOTE_CLASSES = {"info": "info", "warning": "near", "error": "bad"}
_NOTE_ICONS = {"info": "info", "warning": "near", "error": "bad"}


def card(
    title: str | Component,
    caption: str,
    *body: Child,
    width: int = 12,
    aside: Child = None,
    foot: Sequence[Child] = (),
) -> Component:
    """``width`` in twelfths of the page; cards in a row share their height."""
    heading = html.Div(present(html.H2(title), html.P(caption, className=hb("sub")) if caption else None))
    return html.Section(
        present(
            html.Header(present(heading, aside), className=hb("card-h")),
            *body,
            html.Footer(present(*foot), className=hb("card-f")) if foot else None,
        ),
        className=hb(f"card s{width}"),
    )


def legend(*names: tuple[str, str]) -> Component:
    """(swatch class, name) pairs."""
    return html.Span(
        [html.Span([html.I(className=hb(f"sw {swatch}")), name]) for swatch, name in names],
        className=hb("legend hide-m"),
    )


def as_table_button(figure: str) -> Component:
    """Opens the numbers of a chart as a table."""
    return button("As table", classes="link", data_show="numbers", data_of=figure)


def page_note(note: Note, *actions: Child) -> Component:
    tone = _NOTE_CLASSES[note.kind]
    link = html.A(note.link, href=note.href) if note.href and note.link else None
    words = html.Span(present(note.text, " " if link else None, link), className=hb("grow"))
    return html.Div(present(icon(_NOTE_ICONS[note.kind]), words, *actions), className=hb(f"note {tone}"))


def empty_card(shape: str, title: str, words: str, *actions: Child) -> Component:
    """A page without figures says whether zero is a fact, and what to do next."""
    return html.Section(
        html.Div(
            present(
                icon(shape),
                html.H2(title),
                html.P(words, className=hb("sm ink3")),
                html.Div(present(*actions), className=hb("row")) if any(actions) else None,
            ),
            className=hb("empty"),
        ),
        className=hb("card"),
    )
