"""One figure with everything needed to trust it: value, status, change, trend, target, n and as-of."""

from __future__ import annotations

from dataclasses import replace

from dash import html
from dash.development.base_component import Component

from layouts.components.markup import attributes, button, hb, present, with_icon
from layouts.components.sparkline import sparkline
from layouts.components.status import sample_chip, status_chip
from services.domain.judgement import Display, display_of
from services.domain.phrases import change, expected, target
from services.domain.views import Tile
from services.domain.wording import HIDDEN, amount, sample, shown


def kpi_tile(tile: Tile, as_of: str) -> Component:
    """``as_of`` is the batch's time of day. What an absent value means stands where the change would."""
    display = display_of(tile.row)
    return html.Article(
        present(
            html.Header([tile_name(tile), more_button(tile.metric_id, tile.title)], className=hb("tile-h")),
            _value(tile, display),
            _change(tile, display),
            _trend(tile),
            html.Footer(_foot(tile, display, as_of), className=hb("tile-f")),
        ),
        className=hb("tile thin" if display is Display.THIN else "tile"),
        **attributes(data_metric=tile.metric_id),
    )


def tile_name(tile: Tile) -> Component:
    return html.H2(
        button(tile.title, classes="name", data_show="definition", data_of=tile.metric_id),
        className=hb("tile-n"),
    )


def more_button(metric_id: str, title: str, classes: str = "btn") -> Component:
    """Opens the page's one menu for this figure."""
    return button(
        classes=f"{classes} more with ico-more",
        label=f"More about {title.lower()}",
        data_menu=metric_id,
        aria_haspopup="menu",
        aria_expanded="false",
    )


def _value(tile: Tile, display: Display) -> Component:
    printed = shown(tile.row)
    if display is Display.HIDDEN:
        value = html.B(HIDDEN.capitalize(), className=with_icon("is-hidden", "hidden"))
    else:
        value = html.B(printed.text)
    unit = html.Span(printed.unit) if printed.unit else None
    chip = status_chip(tile.status) or sample_chip(tile.row)
    return html.P(present(value, unit, chip), className=hb("tile-v"))


def _change(tile: Tile, display: Display) -> Component:
    moved = change(tile.comparison and replace(tile.comparison, label="before"), tile.unit)
    row = tile.row
    if display is Display.COUNT_ONLY:
        words = "no share under n 10"
    elif display is Display.THIN and row.low is not None and row.high is not None:
        words = f"95% between {amount(row.low, row.unit)} and {amount(row.high, row.unit)}"
    elif display in {Display.HIDDEN, Display.ABSENT}:
        words = _why_absent(tile, display)
    elif moved is not None:
        against = f"Compared with {tile.comparison.label}" if tile.comparison else None
        return html.P(moved.text, className=with_icon("tile-d", moved.arrow), title=against)
    else:
        words = "nothing to compare with"
    return html.P(words, className=hb("tile-d"))


def _why_absent(tile: Tile, display: Display) -> str:
    return "shown from 5 cases on" if display is Display.HIDDEN else shown(tile.row).note


def _trend(tile: Tile) -> Component | None:
    return sparkline([value for _, value in tile.trend], tile.target) or html.Span(className=hb("spark"))


def _foot(tile: Tile, display: Display, as_of: str) -> list[Component]:
    n = "n under 5" if display is Display.HIDDEN else sample(tile.row)
    usual = expected(tile.row)
    return [
        html.Span(target(tile.target, tile.unit, tile.better)),
        *([html.Span(usual, title="What the same mix of work usually gives")] if usual else []),
        html.Span(n),
        html.Span(as_of, className=hb("opt-m")),
    ]
