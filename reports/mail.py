"""View model to mail: subject, 600 px HTML tables and a plain text alternative with the numbers of the PDF."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

import jinja2

from reports.charts import BRAND, STATUS_COLOUR
from reports.printable import finalize, printable
from reports.printed import PrintedCell, PrintedRow, PrintedTable, PrintedTile, print_report
from services.domain import wording
from services.domain.phrases import STATUS_WORDS
from services.domain.views import Column, Note, ReportView

_CHIPS = {
    "off": ("#a5211a", "#fbe6e4", "\N{BLACK UP-POINTING TRIANGLE}"),
    "near": ("#7f4a00", "#fcefd8", "\N{BLACK DIAMOND}"),
    "on": ("#0c6a4e", "#e0f2ea", "\N{CHECK MARK}"),
    "hold": ("#465870", "#e9eef3", "\N{MEDIUM VERTICAL BAR}\N{MEDIUM VERTICAL BAR}"),
}
_TILES_A_ROW = 3
_SNAPSHOT_LENGTH = 12
_SUBJECT_LENGTH = 120
TABLES_IN_MAIL = frozenset({"requisitions"})
"""The rest is in the PDF: a mail is read on a phone."""


@dataclass(frozen=True)
class MailParts:
    subject: str
    text: str
    html: str


@dataclass(frozen=True)
class _MailCell:
    column: Column
    cell: PrintedCell
    row_status: str


@dataclass(frozen=True)
class _MailRow:
    label: str
    detail: str
    cells: tuple[_MailCell, ...]


@dataclass(frozen=True)
class _MailTable:
    title: str
    caption: str
    empty: str
    rows: tuple[_MailRow, ...]


def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=jinja2.select_autoescape(enabled_extensions=("html.j2",), disabled_extensions=("txt.j2",)),
        undefined=jinja2.StrictUndefined,
        finalize=finalize,
        trim_blocks=True,
    )


_TEMPLATES = _environment()


def render_mail(view: ReportView, *, archive_url: str, attachment_name: str | None) -> MailParts:
    """The mail that carries ``view``. ``attachment_name`` None = the PDF is not attached (sensitive): a link only.

    ``archive_url`` is absolute; every link of the mail leads to it or to a page of the same server.
    """
    head = view.head
    printed = print_report(view)
    subject = printable(f"{head.title}: {head.subject_name}, {head.period_label}", limit=_SUBJECT_LENGTH)
    context = {
        "view": view,
        "head": head,
        "printed": printed,
        "subject": subject,
        "heading": head.subject_name if not view.asks else f"{_things(len(view.asks))} you, {head.subject_name}",
        "preview": view.lede,
        "asks": [_absolute(ask, archive_url) for ask in view.asks],
        "tile_rows": _rows_of(printed.tiles),
        "tables": [_mail_table(table) for table in printed.tables if table.id in TABLES_IN_MAIL],
        "archive_url": archive_url,
        "attached": f"The same as PDF is attached: {attachment_name}."
        if attachment_name
        else "This report is not attached; it opens in the archive after sign-in.",
        "as_of": wording.at_instant(head.stamp.as_of, head.stamp.timezone),
        "snapshot": head.stamp.snapshot[:_SNAPSHOT_LENGTH],
        "chips": _CHIPS,
        "bars": {**STATUS_COLOUR, "on": BRAND},
        "status_words": STATUS_WORDS,
    }
    return MailParts(
        subject=subject,
        text=_TEMPLATES.get_template("mail.txt.j2").render(context),
        html=_TEMPLATES.get_template("mail.html.j2").render(context),
    )


def _things(count: int) -> str:
    words = {1: "One thing waits for", 2: "Two things wait for", 3: "Three things wait for"}
    return words.get(count, f"{count} things wait for")


def _absolute(ask: Note, archive_url: str) -> Note:
    """An anchor of the PDF leads to the report in the archive, a path to its page on the same server."""
    if not ask.href or not ask.link:
        return Note(ask.kind, ask.text)
    href = archive_url if ask.href.startswith("#") else urljoin(archive_url, ask.href)
    return Note(ask.kind, ask.text, href, ask.link)


def _rows_of(tiles: tuple[PrintedTile, ...]) -> list[tuple[PrintedTile, ...]]:
    return [tiles[start : start + _TILES_A_ROW] for start in range(0, len(tiles), _TILES_A_ROW)]


def _mail_table(table: PrintedTable) -> _MailTable:
    return _MailTable(table.title, table.caption, table.empty, tuple(_mail_row(table, row) for row in table.rows))


def _mail_row(table: PrintedTable, row: PrintedRow) -> _MailRow:
    status = next((cell.status for cell in row.cells if cell.status), None) or ""
    cells = tuple(_MailCell(column, cell, status) for column, cell in zip(table.columns, row.cells, strict=True))
    return _MailRow(row.label, row.detail, cells)
