"""The few marks every component uses: our class prefix, icons, text for screen readers, attributes with a dash."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

Child = Component | str | None


def hb(names: str) -> str:
    """``hb("st good")`` is ``hb-st hb-good``: our classes carry a prefix, because Bootstrap owns the short ones."""
    return " ".join(f"hb-{name}" for name in names.split())


def attributes(**values: object) -> dict[str, Any]:
    """Attributes whose names hold a dash: ``aria_label`` is ``aria-label``. None drops out."""
    return {name.replace("_", "-"): value for name, value in values.items() if value is not None}


def icon(name: str, size: str = "") -> Component:
    """A shape in the colour of the text beside it; ``size`` is ``s`` or ``l``. Never the only sign of anything."""
    return html.I(className=hb(f"ico ico-{name} {size}"), **attributes(aria_hidden="true"))


def with_icon(names: str, shape: str) -> str:
    """Classes that draw the icon before the element's text: half the components of an icon of its own."""
    return hb(f"{names} with ico-{shape}")


def spoken(text: str) -> Component:
    """Text for screen readers only."""
    return html.Span(text, className="visually-hidden")


def present(*children: Child) -> list[Component | str]:
    """The children that are there."""
    return [child for child in children if child is not None and child != ""]


def button(*children: Child, classes: str = "btn", label: str | None = None, **data: object) -> Component:
    """A plain button for the browser's own script: ``data_*`` says what it does."""
    return html.Button(present(*children), type="button", className=hb(classes), **attributes(aria_label=label, **data))
