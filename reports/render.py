"""View model to PDF: Jinja template, our SVG charts, shipped fonts, WeasyPrint; equal input gives equal bytes."""

from __future__ import annotations

import atexit
import gc
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import jinja2
from weasyprint import CSS, HTML, Attachment
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

from reports import charts
from reports.csv_attachment import render_csv
from reports.printable import finalize, printable
from reports.printed import PrintedReport, PrintedTable, print_report
from services.domain import wording
from services.domain.errors import InvalidInputError
from services.domain.views import ReportView

_HERE = Path(__file__).parent
_FONTS = _HERE / "static" / "fonts"
_FONT_FILES = frozenset(path.name for path in _FONTS.glob("*.ttf"))
PAPERS = {"A4": "A4", "Letter": "letter"}
LOCALES = ("en", "en-GB", "en-US")
PDF_VARIANTS = ("pdf/a-3a", "pdf/ua-1")
_SNAPSHOT_LENGTH = 12
_PRINT = 4
"""Annotation flag: shown on paper too."""


class PackagedFontsOnly(URLFetcher):  # type: ignore[misc]  # WeasyPrint ships no types
    """Answers ``font:NAME`` from the package and refuses everything else, files and data URLs included.

    A refusal is fatal: a document that asks for anything from outside is not printed at all.
    """

    def __init__(self) -> None:
        super().__init__(allowed_protocols=(), allow_redirects=False, fail_on_errors=True)

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
        """Bytes of one packaged font. Raises FatalURLFetchingError for any other address."""
        del headers
        name = url.removeprefix("font:")
        if url.startswith("font:") and name in _FONT_FILES:
            return URLFetcherResponse(url, (_FONTS / name).read_bytes(), {"Content-Type": "font/ttf"})
        raise FatalURLFetchingError(f"A report may fetch nothing, and asked for {url[:80]!r}.")


class PdfRenderer:
    """Prints report views. One a process (fonts and style sheets are read once); not for several threads at a time.

    ``base_url`` is the address of the server for links in the document; empty = links are left out.
    """

    def __init__(self, base_url: str = "", *, variant: str = "pdf/a-3a") -> None:
        if variant not in PDF_VARIANTS:
            raise InvalidInputError(f"There is no PDF variant {variant!r}. Use one of {', '.join(PDF_VARIANTS)}.")
        self._base_url = base_url
        self._variant = variant
        self._fetcher = PackagedFontsOnly()
        self._fonts = FontConfiguration()
        self._sheets: dict[str, list[CSS]] = {}
        self._template = _environment(self._link).get_template("report.html.j2")
        self._is_warm = False

    def render(self, view: ReportView) -> bytes:
        """The report as PDF with its numbers attached. Raises InvalidInputError for an unknown paper or locale."""
        html = self.html(view)
        sheets = self._style(view.head.paper)
        document = HTML(string=html, url_fetcher=self._fetcher)
        issued_at = _aware(view.head.issued_at)
        numbers = Attachment(
            string=render_csv(view),
            name=f"{view.head.report_id}.csv",
            description="The numbers of this report",
            created=issued_at,
            modified=issued_at,
            relationship="Data",
            url_fetcher=self._fetcher,
        )
        pdf: bytes = document.write_pdf(
            font_config=self._fonts,
            stylesheets=sheets,
            pdf_variant=self._variant,
            attachments=[numbers],
            finisher=_finish,
        )
        self._settle()
        return pdf

    def html(self, view: ReportView) -> str:
        """The document before layout: what tests and the preview look at."""
        head = view.head
        if head.locale not in LOCALES:
            raise InvalidInputError(f"Reports are not printed in {head.locale!r}. Use one of {', '.join(LOCALES)}.")
        printed = print_report(view)
        zone = head.stamp.timezone
        return self._template.render(
            view=view,
            head=head,
            printed=printed,
            table_groups=_side_by_side(printed),
            logo=charts.logo(head.company),
            as_of=wording.at_instant(head.stamp.as_of, zone),
            issued=wording.at_instant(head.issued_at, zone),
            issued_iso=_aware(head.issued_at).strftime("%Y-%m-%dT%H:%M:%SZ"),
            snapshot=head.stamp.snapshot[:_SNAPSHOT_LENGTH],
            dashboard_url=self._link("/") if self._base_url else "",
        )

    def _link(self, href: str) -> str:
        """Anchors inside the document stay; a path becomes an address on our server; anything else is dropped."""
        if href.startswith("#"):
            return href
        if self._base_url and href.startswith("/") and not href.startswith("//"):
            return urljoin(self._base_url, href)
        return ""

    def _style(self, paper: str) -> list[CSS]:
        if paper not in PAPERS:
            raise InvalidInputError(f"There is no paper {paper!r}. Use one of {', '.join(PAPERS)}.")
        if "all" not in self._sheets:
            css = (_HERE / "static" / "report.css").read_text(encoding="utf-8")
            self._sheets["all"] = [self._css(css)]
        if paper not in self._sheets:
            size = self._css(f"@page{{size:{PAPERS[paper]}}}")
            self._sheets[paper] = [*self._sheets["all"], size]
        return self._sheets[paper]

    def _css(self, text: str) -> CSS:
        return CSS(string=text, font_config=self._fonts, url_fetcher=self._fetcher, base_url="font:")

    def _settle(self) -> None:
        """WeasyPrint's box trees are cyclic: collect per document; what the first one loaded is frozen."""
        gc.collect()
        if not self._is_warm:
            gc.freeze()
            # what stays frozen at exit is never torn down, and DuckDB's bindings report it as leaked
            atexit.register(gc.unfreeze)
            self._is_warm = True


def _environment(link: Any) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=finalize,
        trim_blocks=True,
    )
    environment.filters["printable"] = lambda text, limit: printable(text, limit=limit)
    environment.globals.update(icon=charts.icon, link=link)
    return environment


def _aware(instant: datetime) -> datetime:
    return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)


def _side_by_side(printed: PrintedReport) -> list[list[PrintedTable]]:
    """Tables in order; two half-wide ones that follow each other share a row."""
    groups: list[list[PrintedTable]] = []
    for table in printed.tables:
        is_half = table.width == "half"
        if is_half and groups and len(groups[-1]) == 1 and groups[-1][0].width == "half":
            groups[-1].append(table)
        else:
            groups.append([table])
    return groups


def _finish(document: Any, pdf: Any) -> None:
    """Scope of header cells and printable annotations: PDF/UA and PDF/A ask for them, WeasyPrint writes neither."""
    del document
    entries: list[Any] = [item for item in pdf.objects if isinstance(item, dict)]
    by_reference = {item.reference: item for item in entries}
    for item in entries:
        if item.get("Type") == "/Annot":
            item["F"] = _PRINT
        if item.get("S") == "/TH":
            section = by_reference[by_reference[item["P"]]["P"]]
            item["A"]["Scope"] = "/Column" if section["S"] == "/THead" else "/Row"
