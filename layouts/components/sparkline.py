"""The small trend on a tile: an SVG used as a mask, so that it takes its colour from the theme."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from urllib.parse import quote

from dash import html
from dash.development.base_component import Component

from layouts.components.markup import attributes, hb

WIDTH, HEIGHT = 240, 30
_PAD_X, _PAD_Y = 3.0, 4.0
_PLAIN = " =/:'"


def sparkline(values: Sequence[float | None], target: float | None = None) -> Component | None:
    """Up to 12 points, oldest first; a missing point leaves a gap. None when fewer than two points are known.

    Decoration: the same numbers are in the tile's table.
    """
    known = [value for value in values if value is not None]
    if len(known) <= 1:
        return None
    low, high = _limits(known, target)
    layers = [_layer("line", _svg(_path(values, low, high), 1.5))]
    if target is not None:
        y = _y(target, low, high)
        layers.insert(0, _layer("goal", _svg(f"M0 {y:.1f}H{WIDTH}", 1.25, dash="5 4")))
    return html.Span(layers, className=hb("spark"), **attributes(aria_hidden="true"))


def _limits(known: Sequence[float], target: float | None) -> tuple[float, float]:
    reach = [*known, target] if target is not None else list(known)
    return min(reach), max(reach)


def _y(value: float, low: float, high: float) -> float:
    if high == low:
        return HEIGHT / 2
    return _PAD_Y + (high - value) / (high - low) * (HEIGHT - 2 * _PAD_Y)


def _path(values: Sequence[float | None], low: float, high: float) -> str:
    step = (WIDTH - 2 * _PAD_X) / max(1, len(values) - 1)
    points = [
        (None if value is None else f"{_PAD_X + index * step:.1f} {_y(value, low, high):.1f}")
        for index, value in enumerate(values)
    ]
    runs = [list(run) for is_known, run in groupby(points, key=lambda point: point is not None) if is_known]
    return "".join("M" + "L".join(str(point) for point in run) for run in runs)


def _svg(path: str, width: float, dash: str = "") -> str:
    dashes = f" stroke-dasharray='{dash}'" if dash else ""
    svg = (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {HEIGHT}' preserveAspectRatio='none'>"
        f"<path d='{path}' fill='none' stroke='#000' stroke-width='{width}' stroke-linejoin='round' "
        f"stroke-linecap='round' vector-effect='non-scaling-stroke'{dashes}/></svg>"
    )
    return f'url("data:image/svg+xml,{quote(svg, safe=_PLAIN)}")'


def _layer(name: str, image: str) -> Component:
    return html.I(className=hb(f"spark-{name}"), style={"WebkitMaskImage": image, "maskImage": image})
