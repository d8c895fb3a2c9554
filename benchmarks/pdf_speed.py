"""How fast a worker prints: first PDF of a new process, two-page scorecards a minute and core, memory over 300.

    .venv/bin/python -m benchmarks.pdf_speed [--documents 300]

The yardstick in the same run is WeasyPrint alone on the same HTML, without tags, attachment and collection. Rates are
of processor time, so that a busy machine does not count.
"""

from __future__ import annotations

import argparse
import io
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pypdf
from weasyprint import HTML

from benchmarks.machine import describe
from reports.render import PackagedFontsOnly, PdfRenderer
from tests.report_factories import a_scorecard

FIRST = """
import time
began = time.perf_counter()
from reports.render import PdfRenderer
from tests.report_factories import a_scorecard
PdfRenderer("http://localhost:8050").render(a_scorecard())
print(time.perf_counter() - began, time.process_time())
"""
WARM = 20
"""Documents before memory is read for the first time."""


def resident_mib() -> float:
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * resource.getpagesize() / 2**20


def first_pdf() -> tuple[float, float]:
    """Seconds by the clock and of processor time in a new process: import, fonts, one document. The best of three."""
    command = [sys.executable, "-c", FIRST]
    runs = [subprocess.run(command, capture_output=True, check=True, text=True).stdout.split() for _ in range(3)]
    return min((float(wall), float(cpu)) for wall, cpu in runs)


def cpu_s(work: Callable[[], object], times: int) -> float:
    began = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - began) / times


def measure(documents: int) -> dict[str, float]:
    renderer, view = PdfRenderer("http://localhost:8050"), a_scorecard()
    for _ in range(WARM):
        pdf = renderer.render(view)
    before = resident_mib()
    each = cpu_s(lambda: renderer.render(view), documents - WARM)
    after = resident_mib()
    html, sheets, fonts = renderer.html(view), renderer._style("A4"), renderer._fonts  # noqa: SLF001 - the same work
    fetcher = PackagedFontsOnly()
    plain = cpu_s(lambda: HTML(string=html, url_fetcher=fetcher).write_pdf(font_config=fonts, stylesheets=sheets), 10)
    return {
        "pages": len(pypdf.PdfReader(io.BytesIO(pdf)).pages),
        "cpu_s_a_report": round(each, 3),
        "reports_a_minute_and_core": round(60 / each, 1),
        "weasyprint_alone_cpu_s": round(plain, 3),
        "ratio_to_weasyprint_alone": round(each / plain, 2),
        f"memory_mib_after_{WARM}": round(before, 1),
        f"memory_mib_after_{documents}": round(after, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=300)
    documents = max(parser.parse_args().documents, WARM + 1)
    wall, cpu = first_pdf()
    first = {"first_pdf_s": round(wall, 2), "first_pdf_cpu_s": round(cpu, 2)}
    print(json.dumps({"machine": describe(), **first, **measure(documents)}, indent=2))


if __name__ == "__main__":
    main()
