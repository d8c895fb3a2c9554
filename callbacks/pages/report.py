"""One archived report: where the link in its mail leads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from layouts.pages.report import no_report, report_page
from services.domain.errors import NotFoundError

if TYPE_CHECKING:
    from dash.development.base_component import Component

    from callbacks.registry import PageRequest


def page(request: PageRequest) -> Component:
    try:
        entry = request.services.archive_page.entry(request.parameters["public_id"], request.viewer)
    except NotFoundError:
        return no_report()
    return report_page(entry, request.viewer.timezone)
