"""The Overview: one callback refreshes all of it when the address or the snapshot changes."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from dash import Input, Output, State
from dash.exceptions import PreventUpdate

from callbacks.pages.holding import held_or_fresh
from callbacks.registry import GuardedDash, PageRequest
from callbacks.routing import parse_query
from callbacks.session import current_viewer, tell_if_refused
from layouts import ids
from layouts.components.filters import filter_bar
from layouts.components.page_parts import version_of
from layouts.pages.overview import overview_body, overview_foot, overview_head, overview_page, shown_token
from layouts.pages.states import failed, no_snapshot
from services.access.policy import Action
from services.domain.errors import HireboardError, RetryLaterError
from services.domain.filters import filters_of, parse_filters
from services.domain.views import Filters, OverviewView
from services.metrics.trend_marks import marked

if TYPE_CHECKING:
    from dash.development.base_component import Component

    from services.container import Services
    from services.domain.people import Viewer

log = logging.getLogger(__name__)

TITLE = "Overview"
RESPONSE_SECONDS = 300
Parts = tuple["Component | list[Component] | str", ...]


def page(request: PageRequest) -> Component:
    """The whole page on arrival; filters come from the address."""
    if not _has_snapshot(request.services):
        return no_snapshot(TITLE)
    try:
        return overview_page(_view(request.services, filters_of(request.query), request.viewer, request.query))
    except HireboardError as error:
        tell_if_refused(error, "/")
        return failed(TITLE, str(error), _reference(error))


def _has_snapshot(services: Services) -> bool:
    try:
        services.mart.snapshot()
    except RetryLaterError:
        return False
    return True


def overview_parts(
    services: Services, filters: Filters, viewer: Viewer, query: Mapping[str, Sequence[str]] | None = None
) -> Parts:
    """Head, filter bar, body and foot, and the token of what they show."""
    return _drawn(_view(services, filters, viewer, query or {}))


def _view(services: Services, filters: Filters, viewer: Viewer, query: Mapping[str, Sequence[str]]) -> OverviewView:
    with held_or_fresh(services, query, viewer) as notes:
        view = services.overview.view(filters, viewer)
    trend = marked(view.hero_trend, services.mart, viewer)
    return replace(view, hero_trend=trend, notes=(*notes, *view.notes))


def _drawn(view: OverviewView) -> Parts:
    return (
        overview_head(view),
        filter_bar(view.filters, view.choices),
        overview_body(view),
        overview_foot(view),
        shown_token(version_of(view.stamp), view.filters),
    )


def _reference(error: Exception) -> str:
    """A short code that the log line carries too, so that a reader can quote it."""
    reference = secrets.token_hex(3).upper()
    log.warning("overview failed, reference %s: %s", reference, error)
    return reference


def register(app: GuardedDash, services: Services) -> None:
    @app.callback(
        Output(ids.OVERVIEW_HEAD, "children"),
        Output(ids.OVERVIEW_FILTERS, "children"),
        Output(ids.OVERVIEW_BODY, "children"),
        Output(ids.OVERVIEW_FOOT, "children"),
        Output(ids.OVERVIEW_SHOWN, "data"),
        Input(ids.URL, "search"),
        Input(ids.SNAPSHOT, "data"),
        State(ids.OVERVIEW_SHOWN, "data"),
        requires=Action.OVERVIEW_VIEW,
        cache_response=RESPONSE_SECONDS,
        prevent_initial_call=True,
    )
    def refresh(search: object, _snapshot: object, shown: object) -> Parts:
        filters = parse_filters(search)
        # Dash calls once more right after the page was drawn; drawing it twice would cost the reader a second.
        if shown == shown_token(services.mart.snapshot().version, filters):
            raise PreventUpdate
        return overview_parts(services, filters, current_viewer(), parse_query(search))
