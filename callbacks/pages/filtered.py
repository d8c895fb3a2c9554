"""A page of figures under the filter bar: one callback refreshes all of it when the address or the snapshot changes.

A page declares itself once::

    TEAMS = FilteredPage("teams", "/teams", "Teams", Action.TEAMS_VIEW, lambda request: make_teams(request.services)...)
    PageSpec("/teams", "Teams", Action.TEAMS_VIEW, icon="teams", group="Performance", layout=TEAMS.page,
             register=TEAMS.register, filtered=True)
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from dash import Input, Output, State
from dash.exceptions import PreventUpdate

from callbacks.pages.holding import held_or_fresh
from callbacks.registry import GuardedDash, PageRequest, path_parameters
from callbacks.routing import parse_query
from callbacks.session import current_viewer, tell_if_refused
from layouts import ids
from layouts.components.page_parts import version_of
from layouts.pages.filtered import Draw, PartIds, Parts, filtered_page, parts_of
from layouts.pages.states import failed, no_snapshot
from services.access.policy import Action
from services.domain.errors import HireboardError, RetryLaterError
from services.domain.views import PageView, Trend
from services.metrics.trend_marks import marked

if TYPE_CHECKING:
    from dash.development.base_component import Component

    from services.container import Services

log = logging.getLogger(__name__)

RESPONSE_SECONDS = 300


@dataclass(frozen=True)
class FilteredPage:
    """``view`` makes the page from filters and further settings in ``request.query`` and from the path's placeholders.

    It raises HireboardErrors; ForbiddenError and NotFoundError are answered in words.
    """

    id: str
    path: str
    title: str
    action: Action
    view: Callable[[PageRequest], PageView]
    draw: Mapping[type, Draw] = field(default_factory=dict)
    """How sections of the page's own kinds are drawn."""
    response_seconds: int = RESPONSE_SECONDS
    """How long one answer serves everybody with the same rights; 0 = the page reads the store, not only the batch."""

    def page(self, request: PageRequest) -> Component:
        """The whole page on arrival; filters come from the address."""
        if not _has_snapshot(request.services):
            return no_snapshot(self.title)
        try:
            return filtered_page(self.id, self._parts(request))
        except HireboardError as error:
            tell_if_refused(error, self.path)
            return failed(self.title, str(error), _reference(self.id, error))

    def _parts(self, request: PageRequest) -> Parts:
        with held_or_fresh(request.services, request.query, request.viewer) as notes:
            view = _marked(self.view(request), request)
        view = replace(view, notes=(*notes, *view.notes))
        return parts_of(view, shown_token(version_of(view.stamp), request.query), self.draw)

    def register(self, app: GuardedDash, services: Services) -> None:
        part = PartIds.of(self.id)

        @app.callback(
            Output(part.head, "children"),
            Output(part.filters, "children"),
            Output(part.body, "children"),
            Output(part.foot, "children"),
            Output(part.shown, "data"),
            Input(ids.URL, "search"),
            Input(ids.SNAPSHOT, "data"),
            State(ids.URL, "pathname"),
            State(part.shown, "data"),
            requires=self.action,
            cache_response=self.response_seconds,
            prevent_initial_call=True,
        )
        def refresh(search: object, _snapshot: object, path: object, shown: object) -> Parts:
            parameters = path_parameters(self.path, path)
            query = parse_query(search)
            # The address changes for the next page before this one is gone; and Dash calls once more right after
            # the page was drawn.
            if parameters is None or shown == shown_token(services.mart.snapshot().version, query):
                raise PreventUpdate
            return self._parts(PageRequest(current_viewer(), services, parameters, query))


def _marked(view: PageView, request: PageRequest) -> PageView:
    """Every trend shows what changed the ground under it."""
    sections = tuple(
        replace(section, content=marked(section.content, request.services.mart, request.viewer))
        if isinstance(section.content, Trend)
        else section
        for section in view.sections
    )
    return replace(view, sections=sections)


def shown_token(version: str, query: Mapping[str, Sequence[str]]) -> str:
    """What is drawn: the snapshot's version and the address, whatever the order of its settings."""
    return f"{version}?{urlencode(sorted((name, sorted(values)) for name, values in query.items()), doseq=True)}"


def _has_snapshot(services: Services) -> bool:
    try:
        services.mart.snapshot()
    except RetryLaterError:
        return False
    return True


def _reference(page: str, error: Exception) -> str:
    """A short code that the log line carries too, so that a reader can quote it."""
    reference = secrets.token_hex(3).upper()
    log.warning("page %s failed, reference %s: %s", page, reference, error)
    return reference
