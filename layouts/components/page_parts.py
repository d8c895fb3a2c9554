"""What stands on every page of figures: title with as-of, the sentence, the trust line."""

from __future__ import annotations

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from layouts.components.markup import attributes, button, hb, icon, present, spoken, with_icon
from services.domain.views import Stamp
from services.domain.wording import at_instant

_SNAPSHOT_CHARACTERS = 12


def page_head(title: str, subtitle: str, stamp: Stamp) -> Component:
    as_of = html.Span(f"As of {_as_of(stamp)}", className=with_icon("asof", "clock"))
    printer = button(icon("print"), spoken("Print"), classes="btn icon hide-m", data_print="page", title="Print")
    hold = button(icon("lock"), "Hold", classes="btn hide-m", data_hold="view", title="Keep these numbers as they are")
    return html.Header(
        [
            html.Div([html.H1(title), html.P(subtitle, className=hb("sub"))]),
            html.Div([as_of, hold, printer], className=hb("row gap-3")),
        ],
        className=hb("page-head"),
        **attributes(data_version=version_of(stamp)),
    )


def version_of(stamp: Stamp) -> str:
    """As /api/version names it: the same content published again for a later time is another version."""
    return f"{stamp.snapshot}-{stamp.as_of:%Y%m%d%H%M%S}"


def _as_of(stamp: Stamp) -> str:
    return f"{at_instant(stamp.as_of, stamp.timezone)}, {stamp.lane} {stamp.snapshot[:_SNAPSHOT_CHARACTERS]}"


def time_of(stamp: Stamp) -> str:
    """``06:00``: the time of day on each tile; the date stands in the head."""
    return at_instant(stamp.as_of, stamp.timezone).split(", ")[1].split(" ")[0]


def lede(words: str, rules: Sequence[str]) -> Component:
    """The sentence, and which rules wrote it."""
    noun = "rules" if len(rules) > 1 else "rule"
    written = html.Span(
        f"Written by {noun} {' and '.join(rules)} from the numbers below. “Before” is the year before.",
        className=hb("sub"),
    )
    return html.P(present(words, written if rules else None), className=hb("lede"))


def trust_line(sentences: Sequence[str]) -> Component:
    return html.Footer(
        [html.Span(words, className=with_icon("", "clock")) for words in sentences], className=hb("trust")
    )
