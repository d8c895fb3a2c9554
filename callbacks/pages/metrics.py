"""The metric catalogue and the page of one metric."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from dash import Input, Output

from callbacks.registry import GuardedDash, PageRequest
from callbacks.routing import parse_query
from callbacks.session import current_viewer
from layouts import ids
from layouts.pages.metrics import catalogue_body, catalogue_filters, catalogue_page, metric_page, no_metric
from services.access.policy import Action
from services.domain.errors import NotFoundError
from services.domain.metric import Status, Unit
from services.reporting.metric_pages import MetricPages

if TYPE_CHECKING:
    from dash.development.base_component import Component

    from services.container import Services
    from services.domain.metric_pages import CatalogueView
    from services.domain.people import Viewer

LONGEST_SEARCH = 100
UNITS = frozenset(unit.value.replace("_", " ") for unit in Unit)


class Wanted(NamedTuple):
    """What the address asks for."""

    search: str
    status: str
    unit: str


def parse_wanted(query: Mapping[str, Sequence[str]]) -> Wanted:
    """Hostile input: what cannot be meant is left out."""

    def word(name: str) -> str:
        value = next(iter(query.get(name, ())), "")
        return value if len(value) <= LONGEST_SEARCH and value.isprintable() else ""

    status, unit = word("status"), word("unit")
    return Wanted(word("q"), status if status in set(Status) else "", unit if unit in UNITS else "")


def _pages(services: Services) -> MetricPages:
    return MetricPages(services.query, services.mart, services.store)


def _view(services: Services, viewer: Viewer, wanted: Wanted) -> CatalogueView:
    return _pages(services).catalogue(viewer, search=wanted.search, status=wanted.status, unit=wanted.unit)


def page(request: PageRequest) -> Component:
    return catalogue_page(_view(request.services, request.viewer, parse_wanted(request.query)))


def one_page(request: PageRequest) -> Component:
    try:
        view = _pages(request.services).page(request.parameters["metric_id"], request.viewer)
    except NotFoundError:
        return no_metric()
    return metric_page(view)


def register(app: GuardedDash, services: Services) -> None:
    @app.callback(
        Output(ids.METRICS_FILTERS, "children"),
        Output(ids.METRICS_BODY, "children"),
        Input(ids.URL, "search"),
        requires=Action.METRICS_QUERY,
        prevent_initial_call=True,
    )
    def refresh(search: object) -> tuple[Component, Component]:
        view = _view(services, current_viewer(), parse_wanted(parse_query(search)))
        return catalogue_filters(view), catalogue_body(view)
