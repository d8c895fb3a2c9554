"""8: reports as PDF: complete, safe against their own content, the same bytes for the same input."""

from __future__ import annotations

import hashlib
import http.server
import io
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pypdf
import pytest
from fontTools.ttLib import TTFont
from weasyprint import HTML
from weasyprint.urls import FatalURLFetchingError

from reports.csv_attachment import render_csv
from reports.render import PackagedFontsOnly, PdfRenderer
from services.domain.errors import InvalidInputError
from services.domain.metric import Unit
from services.domain.views import ReportView, TableRow
from tests.report_factories import a_head, a_row, a_scorecard, a_sparse_scorecard, a_weekly_report

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def renderer() -> PdfRenderer:
    return PdfRenderer("https://hiring.northwind.example")


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)


@pytest.fixture(scope="module")
def scorecard(renderer) -> bytes:
    return renderer.render(a_scorecard())


def test_the_scorecard_prints_every_part_of_its_view(scorecard):
    text = text_of(scorecard)
    for words in ("Recruiter Rita", "38.0", "88%", "n 41, 25 filled", "Pass-through", "Employee referral", "Overdue"):
        assert words in text
    assert "Not in your hands" in text
    assert "Page 1 of 2" in text


def test_absent_and_few_values_are_words_and_no_frame_is_empty(renderer):
    text = text_of(renderer.render(a_sparse_scorecard()))
    assert "n 3, too few to judge" in text
    assert "none in the period" in text
    assert "Nobody reached a stage in this period." in text
    for wrong in ("nan", "None", "Undefined"):
        assert wrong not in text


def test_a_figure_from_few_cases_is_grey_and_not_judged(renderer):
    tile = replace(a_scorecard().tiles[1], row=a_row("offer_acceptance_rate", 0.9, Unit.RATE, n=12), status="on")
    html = renderer.html(a_scorecard(tiles=(tile,)))
    assert 'class="tile none"' in html
    assert 'class="value muted"' in html
    judged = replace(tile, row=a_row("offer_acceptance_rate", 0.9, Unit.RATE, n=20))
    assert 'class="tile on"' in renderer.html(a_scorecard(tiles=(judged,)))


@pytest.mark.parametrize(("paper", "points"), [("A4", (595, 842)), ("Letter", (612, 792))])
def test_paper_is_as_asked(renderer, paper, points):
    page = pypdf.PdfReader(io.BytesIO(renderer.render(replace(a_sparse_scorecard(), head=a_head(paper=paper))))).pages[
        0
    ]
    assert (round(page.mediabox.width), round(page.mediabox.height)) == points


@pytest.mark.parametrize("fields", [{"paper": "A3"}, {"locale": "tlh"}])
def test_unknown_paper_or_locale_is_refused_with_what_is_accepted(renderer, fields):
    with pytest.raises(InvalidInputError, match="Use one of"):
        renderer.render(a_scorecard(head=a_head(**fields)))


def test_it_is_tagged_pdf_a_3a_in_the_language_of_the_report(scorecard):
    reader = pypdf.PdfReader(io.BytesIO(scorecard))
    catalogue = reader.trailer["/Root"]
    assert catalogue["/MarkInfo"]["/Marked"]
    assert "/StructTreeRoot" in catalogue
    assert catalogue["/Lang"] == "en"
    metadata = catalogue["/Metadata"].get_data().decode()
    assert "<pdfaid:part>3<" in metadata or 'pdfaid:part="3"' in metadata
    assert reader.metadata.title == "Recruiter scorecard, Recruiter Rita, Oct 2026"
    assert reader.metadata.creation_date.isoformat() == "2026-11-01T06:00:00+00:00"


def _structure(entry: Any) -> Iterator[Any]:
    yield entry
    kids = entry.get("/K", [])
    for kid in kids if isinstance(kids, list) else [kids]:
        inner = kid.get_object()
        if isinstance(inner, dict):
            yield from _structure(inner)


def test_every_figure_says_its_finding_to_a_screen_reader(scorecard):
    reader = pypdf.PdfReader(io.BytesIO(scorecard))
    entries = _structure(reader.trailer["/Root"]["/StructTreeRoot"])
    figures = [entry for entry in entries if entry.get("/S") == "/Figure"]
    assert len(figures) > 20
    assert all(str(figure.get("/Alt", "")).strip() for figure in figures)


def test_header_cells_say_whether_they_head_a_column_or_a_row(scorecard):
    reader = pypdf.PdfReader(io.BytesIO(scorecard))
    heads = [entry for entry in _structure(reader.trailer["/Root"]["/StructTreeRoot"]) if entry.get("/S") == "/TH"]
    scopes = [head["/A"]["/Scope"] for head in heads]
    assert scopes.count("/Column") == sum(1 + len(table.columns) for table in a_scorecard().tables)
    assert scopes.count("/Row") == sum(len(table.rows) for table in a_scorecard().tables)


def test_the_numbers_are_attached_as_csv(scorecard):
    attachments = pypdf.PdfReader(io.BytesIO(scorecard)).attachments
    assert attachments == {"RS-2026-10-4187.csv": [render_csv(a_scorecard())]}


SCRIPT = """
import hashlib, sys
from reports.render import PdfRenderer
from tests.report_factories import a_scorecard
renderer = PdfRenderer("https://hiring.northwind.example")
for view in (a_scorecard(), a_scorecard()):
    print(hashlib.sha256(renderer.render(view)).hexdigest())
"""


def test_equal_input_gives_equal_bytes_in_every_process(scorecard):
    runs = [
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo"))
    ]
    assert runs[0] == runs[1]
    assert runs[0][0] == runs[0][1] == hashlib.sha256(scorecard).hexdigest()


HOSTILE = (
    "<script>alert(1)</script>",
    "{{7*7}}",
    "{% raw %}",
    "</title><h1>x",
    "' onload='x",
    "&amp;lt;",
)
NAMES = ("李明", "佐藤花子", "김민준", "نورالدين", "שלוםכהן", "สมชาย", "Łukasz Żółć", "Nguyễn Ánh", "Ωμέγα", "Дмитрий")


def test_hostile_names_are_printed_literally_everywhere(renderer):
    view = _named("".join(HOSTILE))
    table = replace(view.tables[0], rows=tuple(replace(view.tables[0].rows[0], label=name) for name in HOSTILE))
    text = text_of(renderer.render(replace(view, tables=(table,)))).replace("\n", "").replace(" ", "")
    for name in HOSTILE:
        assert text.count(name.replace(" ", "")) >= 4
    assert "49" not in text


def test_markup_in_a_name_stays_text_in_the_document(renderer):
    html = renderer.html(_named("<script>alert(1)</script>"))
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


def _named(name: str) -> ReportView:
    view = a_weekly_report()
    table = view.tables[2]
    row = replace(table.rows[0], label=name, detail=name)
    tile = replace(view.tiles[0], title=name, trend=())
    return replace(
        view,
        head=replace(view.head, subject_name=name),
        lede=name,
        tiles=(tile,),
        tables=(replace(table, rows=(row,)),),
    )


def test_names_of_every_script_are_set_with_shipped_fonts(renderer):
    view = a_weekly_report()
    rows = tuple(replace(view.tables[2].rows[0], label=name) for name in NAMES)
    pdf = renderer.render(replace(view, tables=(replace(view.tables[2], rows=rows),)))
    text = text_of(pdf)
    for name in NAMES:
        missing = {letter for letter in name if letter not in text}
        assert not missing, f"{name}: {missing}"
    names = {
        font.get_object()["/BaseFont"].split("+")[-1]
        for page in pypdf.PdfReader(io.BytesIO(pdf)).pages
        for font in page["/Resources"]["/Font"].values()
    }
    assert len(names) >= 5
    assert all(name.startswith(("Inter", "Noto-Sans", "NotoSans", "Droid")) for name in names), names


@pytest.mark.parametrize("font", sorted((ROOT / "reports/static/fonts").glob("*.ttf")), ids=lambda path: path.stem)
def test_every_shipped_font_can_set_a_name_of_two_words(font):
    """Text is set run by run: a fallback without a space would print a box between the words of a name."""
    glyphs = TTFont(font).getBestCmap()
    assert ord(" ") in glyphs


def test_a_megabyte_in_a_name_field_does_not_become_a_book(renderer):
    pdf = renderer.render(_named("W" * 1_000_000))
    assert len(pypdf.PdfReader(io.BytesIO(pdf)).pages) <= 3


def test_control_characters_and_broken_surrogates_are_left_out(renderer):
    text = text_of(renderer.render(_named("Rita\x00\x1b[31m\udcffRaman")))
    assert "\x00" not in text
    assert "Raman" in text


@pytest.fixture
def canary() -> Iterator[tuple[str, list[str]]]:
    """A web server on loopback that remembers who asked for what."""
    asked: list[str] = []

    class Remember(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
            """Silent."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Remember)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", asked
    server.shutdown()
    server.server_close()
    thread.join()


def test_no_name_and_no_link_makes_the_server_fetch(renderer, canary):
    address, asked = canary
    nested = f"data:text/html,<img src={address}/nested>"
    view = _named(f'"><img src="{address}/a"><link rel=stylesheet href="{address}/b"><style>@import url({address}/c)')
    row = TableRow("x", f"url({address}/d)", {}, href=nested, detail=f"<iframe src='{nested}'>")
    table = replace(view.tables[0], rows=(row,))
    pdf = renderer.render(replace(view, tables=(table,)))
    assert asked == []
    assert b"data:text/html" not in pdf


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/hostname",
        "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'/>",
        "https://example.org/x.png",
        "font:../report.css",
        "font:Missing.ttf",
        "/etc/hostname",
    ],
)
def test_the_fetcher_knows_only_the_packaged_fonts(url):
    """Even markup of our own that asked for more would stop the report instead of printing it."""
    with pytest.raises(FatalURLFetchingError):
        PackagedFontsOnly().fetch(url)
    with pytest.raises(FatalURLFetchingError):
        HTML(string=f"<img src={url!r}>", url_fetcher=PackagedFontsOnly(), base_url="https://x.example/").write_pdf()


def test_links_lead_to_our_server_or_nowhere(renderer):
    html = renderer.html(a_weekly_report())
    assert 'href="https://hiring.northwind.example/reports"' in html
    assert 'href="#requisitions"' in html
    assert 'id="requisitions"' in html
    bad = replace(a_weekly_report().asks[0], href="//evil.example/x")
    assert "evil.example" not in renderer.html(a_weekly_report(asks=(bad,)))
    assert "href=" not in PdfRenderer().html(a_weekly_report(asks=a_weekly_report().asks[:1]))


def test_no_text_is_set_with_font_features():
    """WeasyPrint 70 keeps the Pango attributes of each such text for ever: 0.1 MB a scorecard."""
    css = (ROOT / "reports/static/report.css").read_text(encoding="utf-8")
    rules = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    assert "font-feature" not in rules
    assert "font-variant" not in rules


def test_memory_does_not_grow_with_the_number_of_reports(renderer):
    import gc
    import weakref

    import weasyprint.document

    alive: list[weakref.ref[object]] = []
    original = weasyprint.document.Document.__init__

    def remember(self, *args, **kwargs):
        alive.append(weakref.ref(self))
        original(self, *args, **kwargs)

    weasyprint.document.Document.__init__ = remember
    try:
        for _ in range(3):
            renderer.render(a_sparse_scorecard())
    finally:
        weasyprint.document.Document.__init__ = original
    gc.collect()
    assert len(alive) == 3
    assert not any(reference() for reference in alive)
