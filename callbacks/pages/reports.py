"""The archive of reports, and the addresses of its documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Literal, NamedTuple

from dash import Input, Output
from flask import send_file
from flask.typing import ResponseReturnValue

from callbacks.registry import GuardedDash, PageRequest
from callbacks.routing import parse_query
from callbacks.session import current_viewer
from layouts import ids
from layouts.pages.reports import archive_body, archive_filters, reports_page
from services.access.policy import Action

if TYPE_CHECKING:
    from dash.development.base_component import Component

    from services.container import Services
    from services.domain.people import Viewer
    from services.domain.views import ArchiveView

LONGEST_WORD = 100
LAST_PAGE = 100_000


class Wanted(NamedTuple):
    """What the address asks for."""

    search: str
    kind: str
    period: str
    page: int


def parse_wanted(query: Mapping[str, Sequence[str]]) -> Wanted:
    """Hostile input: what cannot be meant is left out."""

    def word(name: str) -> str:
        value = next(iter(query.get(name, ())), "")
        return value if len(value) <= LONGEST_WORD and value.isprintable() else ""

    number = word("page")
    page = int(number) if number.isascii() and number.isdigit() and len(number) <= len(str(LAST_PAGE)) else 1
    return Wanted(word("q"), word("kind"), word("period"), max(1, page))


def _view(services: Services, viewer: Viewer, wanted: Wanted) -> ArchiveView:
    return services.archive_page.view(
        viewer, search=wanted.search, kind=wanted.kind, period=wanted.period, page=wanted.page
    )


def page(request: PageRequest) -> Component:
    view = _view(request.services, request.viewer, parse_wanted(request.query))
    return reports_page(view, request.viewer.timezone)


def register(app: GuardedDash, services: Services) -> None:
    @app.callback(
        Output(ids.ARCHIVE_FILTERS, "children"),
        Output(ids.ARCHIVE_BODY, "children"),
        Input(ids.URL, "search"),
        requires=Action.ARCHIVE_VIEW,
        prevent_initial_call=True,
    )
    def refresh(search: object) -> tuple[Component, Component]:
        viewer = current_viewer()
        view = _view(services, viewer, parse_wanted(parse_query(search)))
        return archive_filters(view), archive_body(view, viewer.timezone)


def download(request: PageRequest) -> ResponseReturnValue:
    return _document(request, "downloaded")


def open_document(request: PageRequest) -> ResponseReturnValue:
    return _document(request, "opened")


def _document(request: PageRequest, how: Literal["opened", "downloaded"]) -> ResponseReturnValue:
    """The archived bytes. Raises NotFoundError, in the same words, for a missing report and for somebody else's."""
    document = request.services.archive_page.open(request.parameters["public_id"], request.viewer, how)
    response = send_file(
        BytesIO(document.content),
        mimetype=document.media_type,
        as_attachment=how == "downloaded",
        download_name=document.file_name,
    )
    response.headers["Cache-Control"] = "no-store, private"
    return response
