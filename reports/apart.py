"""One PDF in a process of its own: its layout takes time and memory that a web process should not give."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from reports.render import PdfRenderer
from services.domain.errors import RetryLaterError
from services.domain.views import ReportView


def render_apart(view: ReportView, base_url: str) -> bytes:
    """As ``PdfRenderer.render``. Raises RetryLaterError when the process was killed."""
    with ProcessPoolExecutor(max_workers=1, mp_context=multiprocessing.get_context("spawn")) as pool:
        try:
            return pool.submit(_render, view, base_url).result()
        except BrokenProcessPool as error:
            raise RetryLaterError("The preview was stopped before it was ready. Try again in a moment.") from error


def _render(view: ReportView, base_url: str) -> bytes:
    return PdfRenderer(base_url).render(view)
