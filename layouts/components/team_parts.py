"""Parts of the pages about teams and people: a switch in the address, a scale of ratios, a what-if form."""

from __future__ import annotations

import math

from dash import dcc, html
from dash.development.base_component import Component

from layouts.components.card import card
from layouts.components.markup import Child, attributes, hb, present
from services.domain.team_views import Expected, ExpectedRow, Field, Switch, WhatIf
from services.domain.views import Section
from services.domain.wording import NOTHING, number

_WIDEST = 4.0
"""The scale runs from a quarter to four times, logarithmic: half and double lie equally far from 1."""


def switch_card(switch: Switch, section: Section) -> Component:
    """Links, so that each way to read the page can be shared and gone back from."""
    links = [
        html.Span(choice.label, className=hb("seg-i on"), **attributes(aria_current="true"))
        if choice.chosen
        else dcc.Link(choice.label, href=choice.href, className=hb("seg-i"))
        for choice in switch.choices
    ]
    group = html.Div(links, className=hb("seg-l"), role="group", **attributes(aria_label=switch.title))
    return card(switch.title, switch.caption, group, width=section.width)


def expected_card(content: Expected, section: Section) -> Component:
    head = [
        html.Th("Figure", scope="col"),
        html.Th("Observed", scope="col", className=hb("n")),
        html.Th("Expected", scope="col", className=hb("n")),
        html.Th("Ratio, 95%", scope="col", className=hb("n")),
        html.Th("¼ to 4, tick = 1", scope="col", className=hb("fold")),
    ]
    rows = [html.Tr(_expected_row(row)) for row in content.rows]
    table = html.Table([html.Thead(html.Tr(head)), html.Tbody(rows)], className=hb("tbl tight"))
    foot = [html.Span(content.note)] if content.note else ()
    return card(content.title, content.caption, html.Div(table, className=hb("tbl-w")), width=section.width, foot=foot)


def _expected_row(row: ExpectedRow) -> list[Component]:
    name = html.Th(present(row.label, html.Span(row.why or row.n)), scope="row", className=hb("two"))
    cells: list[Child] = [NOTHING, NOTHING, NOTHING, NOTHING]
    if row.ratio is not None and row.low is not None and row.high is not None:
        words = f"{number(row.ratio, decimals=2)} ({number(row.low, decimals=2)}{NOTHING}"
        words += f"{number(row.high, decimals=2)})"
        cells = [row.observed, row.expected, words, _dot(row.ratio, row.low, row.high)]
    classes = ("n", "n", "n nowrap", "fold wide")
    return [name, *(html.Td(cell, className=hb(names)) for cell, names in zip(cells, classes, strict=True))]


def _dot(ratio: float, low: float, high: float) -> Component:
    """A dot with its interval; the numbers stand beside it."""
    start, end = _place(low), _place(high)
    marks = [
        html.U(style={"left": f"{start:.2f}%", "width": f"{end - start:.2f}%"}),
        html.S(style={"left": "50%"}),
        html.B(style={"left": f"{_place(ratio):.2f}%"}),
    ]
    return html.Span(marks, className=hb("bul rel"), **attributes(aria_hidden="true"))


def _place(ratio: float) -> float:
    if ratio <= 0:
        return 0.0
    share = (math.log(ratio) / math.log(_WIDEST) + 1) / 2
    return 100 * max(0.0, min(1.0, share))


def what_if_card(form: WhatIf, section: Section) -> Component:
    """A plain form: it works by keyboard and without scripts, and its numbers are in the address afterwards."""
    kept = [dcc.Input(type="hidden", name=name, value=value) for name, value in form.kept]
    fields = [_field(field) for field in form.fields]
    reset = html.A("Clear", href=form.reset, className=hb("btn quiet")) if form.reset else None
    row = html.Div(
        present(html.Button("Work out", type="submit", className=hb("btn primary")), reset), className=hb("row mt-4")
    )
    body = html.Form([*kept, html.Div(fields, className=hb("what-if")), row], action=form.path, method="GET")
    error = html.P(form.error, className=hb("t-bad"), role="alert") if form.error else None
    return card(form.title, form.caption, *present(error, body), width=section.width)


def _field(field: Field) -> Component:
    name = f"what-if-{field.name}"
    return html.Div(
        present(
            html.Label(field.label, htmlFor=name, className=hb("lab")),
            dcc.Input(
                id=name,
                name=field.name,
                type="text",
                inputMode="numeric",
                value=field.value,
                maxLength=8,
                autoComplete="off",
                className=hb("inp"),
            ),
            html.Span(field.hint, className=hb("sub")) if field.hint else None,
        ),
    )
