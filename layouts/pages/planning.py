"""Pages of settings: what is in force in tables, and a dialog for each thing that may be changed."""

from __future__ import annotations

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from layouts.components.card import page_note
from layouts.components.markup import Child, attributes, button, hb, present, with_icon
from layouts.components.tables import data_table
from services.domain.settings_pages import Asking, Field, Form, Section, SettingsView
from services.domain.views import Table

LONGEST_TEXT = 500


def settings_page(view: SettingsView) -> Component:
    head = html.Header(
        html.Div([html.H1(view.title), html.P(view.subtitle, className=hb("sub"))]), className=hb("page-head")
    )
    sections = [_section(section, view.path) for section in view.sections]
    page = view.path.rpartition("/")[2]
    return html.Div([head, html.Div(sections, className=hb("stack settings"))], **attributes(data_page=page))


def _section(section: Section, path: str) -> Component:
    heading = html.Div([html.H2(section.title), html.P(section.caption, className=hb("sub"))])
    openers = [button(form.title, classes="btn", data_dialog=form.id) for form in section.forms]
    if section.refused:
        openers = [html.P(section.refused, className=with_icon("sub", "lock"))]
    return html.Section(
        present(
            html.Header([heading, html.Div(openers, className=hb("row wrap gap-2"))], className=hb("card-h wrap")),
            *(page_note(note) for note in section.notes),
            _asking(section.asking, section.id, path) if section.asking else None,
            *(_table(table) for table in section.tables),
            *(_dialog(form) for form in section.forms),
        ),
        id=section.id,
        className=hb("card mt-4"),
    )


def _table(table: Table) -> Component:
    """A table of a section, under its own heading where the section has several."""
    heading = html.H3(table.title, className=hb("mt-4")) if table.title else None
    caption = html.P(table.caption, className=hb("sub")) if table.caption else None
    body = data_table(table) if table.rows else html.P(table.empty, className=hb("sub"))
    return html.Div(present(heading, caption, body))


def _asking(asking: Asking, section: str, path: str) -> Component:
    fields = [_labelled(field, f"{section}-ask") for field in asking.fields]
    ask = html.Button(asking.submit, type="submit", className=hb("btn"))
    return html.Form(
        [*fields, ask], method="GET", action=f"{path}#{section}", className=hb("form row wrap gap-3 asking")
    )


def _dialog(form: Form) -> Component:
    fields = [_labelled(field, form.id) for field in form.fields]
    seen = dcc.Input(type="hidden", name="seen", value=form.seen) if form.seen else None
    buttons = html.Div(
        [
            html.Button(form.submit, type="submit", className=hb("btn primary")),
            button("Cancel", classes="btn", data_dialog_close=form.id),
        ],
        className=hb("row mt-4"),
    )
    status = html.P(className=hb("sm t-bad"), **attributes(role="alert", data_form_status="true"))
    parts = present(*fields, seen, status, buttons)
    body = html.Form(parts, className=hb("form"), **attributes(data_setting=form.action))
    return html.Dialog(
        [html.H2(form.title, id=f"{form.id}-title"), html.P(form.words, className=hb("sub")), body],
        id=form.id,
        className=hb("dialog"),
        **attributes(aria_labelledby=f"{form.id}-title"),
    )


def _labelled(field: Field, prefix: str) -> Component:
    name = f"{prefix}-{field.name}"
    note: Child = html.Span(field.help, className=hb("xs ink3 block")) if field.help else None
    return html.Div(present(html.Label(field.label, htmlFor=name, className=hb("lab")), _control(field, name), note))


def _control(field: Field, name: str) -> Component:
    if field.kind == "choice":
        options = [{"value": value, "label": words} for value, words in field.choices]
        choice: Component = dbc.Select(
            id=name, name=field.name, options=options, value=field.value, required=field.required
        )
        return choice
    if field.kind == "lines":
        return dcc.Textarea(
            id=name, name=field.name, value=field.value, rows=5, required=field.required, className=hb("inp area")
        )
    return dcc.Input(
        id=name,
        name=field.name,
        value=field.value,
        type="text",
        maxLength=LONGEST_TEXT,
        placeholder="2027-01-31" if field.kind == "date" else "",
        required=field.required,
        autoComplete="off",
        className=hb("inp"),
    )
