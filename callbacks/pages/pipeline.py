"""Pipeline: one callback draws it again when the address, the live lane or the snapshot changes."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from dash import Input, Output, State
from dash.exceptions import PreventUpdate

from callbacks.registry import GuardedDash, PageRequest
from callbacks.routing import parse_query
from callbacks.session import current_viewer, tell_if_refused
from layouts import ids
from layouts.pages.pipeline import TITLE, Parts, pipeline_page, pipeline_parts
from layouts.pages.states import failed, no_snapshot
from services.access.policy import Action
from services.domain.errors import HireboardError, RetryLaterError
from services.domain.filters import filters_of
from services.domain.pipeline_page import LARGEST_PAGE, MINE, TEAM, PipelineSettings

if TYPE_CHECKING:
    from dash.development.base_component import Component

    from services.container import Services

log = logging.getLogger(__name__)

PATH = "/pipeline"


def settings_of(query: Mapping[str, Sequence[str]]) -> PipelineSettings:
    """What the address says (hostile); what it does not say in our words is as on a fresh page."""
    who, lane, page = (next(iter(query.get(name, ())), "") for name in ("who", "lane", "page"))
    is_number = page.isascii() and page.isdigit() and len(page) <= len(str(LARGEST_PAGE))
    return PipelineSettings(
        who=who if who in {MINE, TEAM} else "",
        lane="batch" if lane == "batch" else "",
        page=min(max(int(page), 1), LARGEST_PAGE) if is_number else 1,
    )


def page(request: PageRequest) -> Component:
    """The whole page on arrival; filters and settings come from the address."""
    try:
        request.services.mart.snapshot()
    except RetryLaterError:
        return no_snapshot(TITLE)
    try:
        return pipeline_page(_parts(request))
    except HireboardError as error:
        tell_if_refused(error, PATH)
        reference = secrets.token_hex(3).upper()
        log.warning("pipeline failed, reference %s: %s", reference, error)
        return failed(TITLE, str(error), reference)


def _parts(request: PageRequest) -> Parts:
    services = request.services
    version = services.mart.snapshot().version
    view = services.pipeline.view(filters_of(request.query), settings_of(request.query), request.viewer)
    # while the batch stands in for the live lane every poll tries again
    is_final = bool(view.version) or view.settings.lane == "batch"
    shown = shown_token(view.version or version, request.query) if is_final else ""
    return pipeline_parts(view, shown, version, has_requisitions=_has_requisitions(request))


def _has_requisitions(request: PageRequest) -> bool:
    from callbacks.pages import PAGES  # noqa: PLC0415 - that module imports this one

    action = next((spec.action for spec in PAGES if spec.path.startswith("/requisitions/<")), None)
    return action is not None and request.services.policy.can(request.viewer, action)


def shown_token(version: str, query: Mapping[str, Sequence[str]]) -> str:
    pairs = sorted((name, sorted(values)) for name, values in query.items())
    return f"{version}?{urlencode(pairs, doseq=True)}"


def register(app: GuardedDash, services: Services) -> None:
    @app.callback(
        Output(ids.PIPELINE_HEAD, "children"),
        Output(ids.PIPELINE_FILTERS, "children"),
        Output(ids.PIPELINE_BODY, "children"),
        Output(ids.PIPELINE_FOOT, "children"),
        Output(ids.PIPELINE_SHOWN, "data"),
        Input(ids.URL, "search"),
        Input(ids.LIVE, "data"),
        Input(ids.SNAPSHOT, "data"),
        State(ids.URL, "pathname"),
        State(ids.PIPELINE_SHOWN, "data"),
        requires=Action.PIPELINE_VIEW,
        prevent_initial_call=True,
    )
    def refresh(search: object, _live: object, _snapshot: object, path: object, shown: object) -> Parts:
        if path != PATH:
            raise PreventUpdate
        query = parse_query(search)
        settings = settings_of(query)
        version = services.mart.snapshot().version
        if settings.lane != "batch":
            version = str(services.pipeline.live_version() or version)
        if shown and shown == shown_token(version, query):
            raise PreventUpdate
        return _parts(PageRequest(current_viewer(), services, {}, query))
