"""Forms the script sends as JSON: fields with labels, one message for what went wrong, confirmation before it destroys.

``assets/client.js`` collects the named fields, posts them to the form's address and shows the answer's words; on
success it loads the page again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from layouts.components.markup import attributes, button, hb, present


@dataclass(frozen=True)
class Field:
    """``options`` (value, label) make it a choice; ``lines`` > 1 a text area; ``kind`` is the input's type.

    ``kind`` "checkbox" sends true or false. ``help`` stands under the field and is read with it.
    """

    name: str
    label: str
    kind: str = "text"
    value: str = ""
    options: tuple[tuple[str, str], ...] = ()
    lines: int = 1
    help: str = ""
    is_required: bool = True
    longest: int = 200


def form(
    address: str, name: str, fields: Sequence[Field], submit: str, *, confirm: str = "", danger: bool = False
) -> Component:
    """``name`` makes ids unique on the page; ``confirm`` is asked before anything is sent."""
    tone = "btn danger" if danger else "btn primary"
    return html.Div(
        [
            *(_labelled(name, field) for field in fields),
            html.P("", role="alert", className=hb("form-said")),
            button(submit, classes=tone, data_send="form"),
        ],
        role="form",
        className=hb("form sent"),
        **attributes(data_post=address, data_confirm=confirm or None, aria_label=submit),
    )


def send_button(address: str, words: str, label: str, *, confirm: str) -> Component:
    """A form without fields: one deed, asked before it is done. ``label`` names its object for screen readers."""
    return html.Span(
        [
            button(words, classes="btn small", label=label, data_send="form"),
            html.Span("", role="alert", className=hb("form-said")),
        ],
        **attributes(data_post=address, data_confirm=confirm),
    )


def _labelled(form_name: str, field: Field) -> Component:
    identity = f"{form_name}-{field.name}"
    note = html.P(field.help, id=f"{identity}-help", className=hb("sub")) if field.help else None
    control = _control(identity, field)
    if field.kind == "checkbox":
        return html.Div(present(control, note), className=hb("field"))
    return html.Div(present(html.Label(field.label, htmlFor=identity), control, note), className=hb("field"))


def _control(identity: str, field: Field) -> Any:
    if field.options:
        options = [{"value": value, "label": label} for value, label in field.options]
        return dbc.Select(id=identity, name=field.name, options=options, value=field.value, className=hb("inp"))
    if field.kind == "checkbox":
        return dbc.Checkbox(id=identity, name=field.name, label=field.label, value=bool(field.value))
    if field.lines > 1:
        return dcc.Textarea(
            id=identity,
            name=field.name,
            value=field.value,
            rows=field.lines,
            maxLength=field.longest,
            className=hb("inp area"),
        )
    return dbc.Input(
        id=identity,
        name=field.name,
        type=field.kind,
        value=field.value,
        maxlength=field.longest,
        required=field.is_required,
        autocomplete="off",
        className=hb("inp"),
    )
