"""One archived report: what it is, open, download, who got it and when."""

from __future__ import annotations

from dash import dcc, html
from dash.development.base_component import Component

from layouts.components.card import card
from layouts.components.markup import hb, present
from layouts.pages.states import nothing_found
from services.domain.views import ArchiveEntry
from services.domain.wording import at_instant, number

_HOW_WORDS = {"mail": "got it by mail", "opened": "opened it", "downloaded": "downloaded it"}
_KILO = 1024


def report_page(entry: ArchiveEntry, timezone: str) -> Component:
    address = f"/reports/{entry.public_id}"
    facts = (
        ("Period", entry.period),
        ("Made", at_instant(entry.created_at, timezone)),
        ("Size", f"{number(max(1, round(entry.size_bytes / _KILO)))} kB"),
        ("SHA-256", html.Code(entry.sha256, style={"overflowWrap": "anywhere", "color": "inherit"})),
    )
    rows = [html.Tr([html.Th(name, scope="row"), html.Td(value)]) for name, value in facts]
    buttons = html.Div(
        [
            html.A("Open", href=f"{address}/open", target="_blank", className=hb("btn primary")),
            html.A("Download PDF", href=f"{address}/download", className=hb("btn with ico-download")),
        ],
        className=hb("row"),
    )
    heading = html.Div([html.H1(f"{entry.title}, {entry.subject_name}"), html.P(entry.period, className=hb("sub"))])
    document = card(
        "Document",
        "It cannot be changed; a correction is a new report.",
        html.Table(html.Tbody(rows), className=hb("tbl tight")),
        width=6,
        foot=[buttons],
    )
    return html.Div(
        [
            html.Header(heading, className=hb("page-head")),
            html.Div(present(document, _receipts(entry, timezone)), className=hb("grid")),
            html.P(dcc.Link("All reports", href="/reports"), className=hb("mt-4")),
        ]
    )


def _receipts(entry: ArchiveEntry, timezone: str) -> Component | None:
    if not entry.deliveries:
        return None
    lines = [
        html.Li(f"{address} {_HOW_WORDS.get(how, how)}, {at_instant(when, timezone)}")
        for address, how, when in entry.deliveries
    ]
    return card("Received", "Who got it and when", html.Ul(lines), width=6)


def no_report() -> Component:
    """The same for a report that does not exist and for one of somebody else."""
    words = "There is no such report, or it is not for you. The archive lists every report you may open."
    return nothing_found("No report here", words, can_reset=False)
