"""Bars inside table cells: a value against its target with its interval, and parts of a whole."""

from __future__ import annotations

import math

from dash import html
from dash.development.base_component import Component

from layouts.components.markup import attributes, hb, spoken
from services.domain.views import Spread

_PARTS = ("d", "c", "b", "a")
"""Light to dark in the order of the buckets."""


def _share(value: float, full: float) -> str:
    return f"{max(0.0, min(1.0, value / full)) * 100:.2f}%" if full > 0 else "0%"


def bullet_bar(
    value: float,
    *,
    full: float,
    tone: str = "",
    target: float | None = None,
    span: tuple[float, float] | None = None,
) -> Component:
    """A bar from zero to ``full``; tick = target, thin line = interval. The number itself stands beside it."""
    marks: list[Component] = [html.I(className=hb(tone), style={"width": _share(value, full)})]
    if span is not None:
        low, high = span
        left = max(0.0, low)
        marks.append(html.U(style={"left": _share(left, full), "width": _share(min(high, full) - left, full)}))
    if target is not None:
        marks.append(html.S(style={"left": _share(target, full)}))
    return html.Span(marks, className=hb("bul"), **attributes(aria_hidden="true"))


def stacked_bar(parts: tuple[int, ...], labels: tuple[str, ...]) -> Component:
    """Parts of a whole, light to dark; the counts are read out, since the light parts are too faint to stand alone."""
    total = sum(parts)
    words = ", ".join(f"{label}: {part}" for label, part in zip(labels, parts, strict=True))
    pieces = [
        html.I(style={"width": _share(part, total), "background": f"var(--c1-{shade})"}, title=f"{label}: {part}")
        for part, shade, label in zip(parts, _PARTS, labels, strict=True)
        if part
    ]
    return html.Span(
        [html.Span(pieces, className=hb("stk"), **attributes(aria_hidden="true")), spoken(words)], title=words
    )


def dot_line(spread: Spread, value: float, tone: str = "") -> Component:
    """A dot with its interval as a line; dashed = the scale's mark. The numbers themselves stand beside it."""
    marks: list[Component] = []
    if spread.mark is not None:
        marks.append(html.S(style={"left": _place(spread.mark, spread)}))
    if spread.low is not None and spread.high is not None:
        left, right = _position(spread.low, spread), _position(spread.high, spread)
        marks.append(html.U(className=hb(tone), style={"left": f"{left:.2f}%", "width": f"{right - left:.2f}%"}))
    marks.append(html.I(className=hb(tone), style={"left": _place(value, spread)}))
    return html.Span(marks, className=hb("dotl"), **attributes(aria_hidden="true"))


def _place(value: float, spread: Spread) -> str:
    return f"{_position(value, spread):.2f}%"


def _position(value: float, spread: Spread) -> float:
    """Per cent of the scale, kept inside it."""
    low, high = spread.ends
    inside = min(max(value, low), high)
    if spread.is_log:
        return 100 * math.log(inside / low) / math.log(high / low)
    return 100 * (inside - low) / (high - low)
