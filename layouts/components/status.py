"""Status is a shape, a word and a colour, never a colour alone."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from layouts.components.markup import with_icon
from services.domain.judgement import Display, display_of
from services.domain.metric import Row
from services.domain.phrases import STATUS_WORDS

TONES = {"on": "good", "near": "near", "off": "bad"}
"""Status of the view model -> class and icon of the style sheet."""


def chip(tone: str, words: str, shape: str | None = None) -> Component:
    return html.Span(words, className=with_icon(f"st {tone}", shape or tone))


def status_chip(status: str | None, words: str | None = None) -> Component | None:
    """On target, near or off target; None = not judged, so nothing is shown."""
    if status is None:
        return None
    return chip(TONES[status], words or STATUS_WORDS[status])


def sample_chip(row: Row) -> Component | None:
    """Says when few cases keep a figure from being judged."""
    words = {Display.COUNT_ONLY: "Count only", Display.THIN: "Too few"}.get(display_of(row))
    return chip("hold", words, "unknown") if words else None
