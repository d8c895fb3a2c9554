"""Parts of the page Diversity that no other page has: which question is looked at, and the way to single records."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple
from urllib.parse import urlencode

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from layouts import ids
from layouts.components.card import card, page_note
from layouts.components.markup import attributes, hb, icon, present
from services.domain.views import Note
from services.domain.wording import number

LONGEST_PURPOSE = 500


class Record(NamedTuple):
    """One answer as it is listed."""

    application: int
    applied_on: str
    state: str
    answer: str


def word(name: str) -> str:
    return name.replace("_", " ").capitalize()


def question_links(names: Sequence[str], chosen: str, kept: Sequence[tuple[str, str]], width: int) -> Component:
    """``kept``: what else the address says, which a change of the question keeps."""
    links = [
        dcc.Link(
            word(name),
            href=f"/diversity?{urlencode([*kept, ('question', name)])}",
            className=hb("tab on" if name == chosen else "tab"),
        )
        for name in names
    ]
    nav = html.Nav(links, className=hb("tabs"), **attributes(aria_label=f"Question, showing {word(chosen)}"))
    return html.Div(nav, className=hb(f"s{width}"))


def record_form(questions: Sequence[str], applied_from: date, applied_until: date, width: int) -> Component:
    """A purpose is asked for first; what is opened, by whom and why goes to the audit log."""
    options = [
        {"label": word(name), "value": name, "input_id": f"record-question-{index}"}
        for index, name in enumerate(questions)
    ]
    purpose = html.Div(
        [
            html.Label("Purpose, in words", htmlFor=ids.RECORDS_PURPOSE, className=hb("lab")),
            dcc.Textarea(id=ids.RECORDS_PURPOSE, value="", maxLength=LONGEST_PURPOSE, className=hb("inp")),
        ]
    )
    question = html.Fieldset(
        [
            html.Legend("Question", className=hb("lab")),
            dbc.RadioItems(
                id=ids.RECORDS_QUESTION,
                name="record-question",
                options=options,
                value=questions[0] if questions else None,
                className=hb("options"),
            ),
        ]
    )
    button = html.Button(
        [icon("lock"), "Open records"], id=ids.RECORDS_OPEN, type="button", n_clicks=0, className=hb("btn mt-4")
    )
    return card(
        "Single records",
        "What single applicants said of themselves. Say what it is for: purpose, person and time are written to the "
        "audit log before anything is shown.",
        purpose,
        question,
        _day(ids.RECORDS_FROM, "Applied from (year-month-day)", applied_from),
        _day(ids.RECORDS_UNTIL, "Applied until (year-month-day)", applied_until),
        html.Div(button),
        html.Div(id=ids.RECORDS_FOUND, role="status", className=hb("mt-4")),
        width=width,
    )


def _day(identity: str, label: str, day: date) -> Component:
    return html.Div(
        [
            html.Label(label, htmlFor=identity, className=hb("lab")),
            dcc.Input(id=identity, type="text", value=day.isoformat(), maxLength=10, className=hb("inp")),
        ]
    )


def records_found(records: Sequence[Record], purpose: str) -> list[Component]:
    head = html.Tr([html.Th(words, scope="col") for words in ("Application", "Applied", "State", "Answer")])
    body = [
        html.Tr(
            [
                html.Th(str(one.application), scope="row"),
                html.Td(one.applied_on),
                html.Td(word(one.state)),
                html.Td(one.answer),
            ]
        )
        for one in records
    ]
    words = f"{number(len(records))} records opened for: {purpose}. This is in the audit log."
    table = html.Div(
        html.Table([html.Thead(head), html.Tbody(body)], className=hb("tbl tight")),
        className=hb("tbl-w"),
    )
    note: Component = page_note(Note("info", words))
    rest = table if records else html.P("Nobody applied in these days and was asked.", className=hb("sub"))
    return [child for child in present(note, rest) if not isinstance(child, str)]


def records_refused(words: str) -> list[Component]:
    return [page_note(Note("error", words))]
