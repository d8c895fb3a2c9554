"""Data health: the page, the quarantine's filters, one record, and replay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dash import Input, Output, State, ctx

from callbacks.registry import GuardedDash, PageRequest
from callbacks.routing import parse_query
from callbacks.session import current_viewer, tell_if_refused
from layouts import ids
from layouts.pages.data_health import data_health_page
from layouts.pages.quarantine import quarantine_body, quarantine_filters, quarantined_page
from layouts.pages.replay import plan_words, refused, replay_status
from services.access.policy import Action
from services.domain.errors import HireboardError
from services.reporting.data_health import DataHealth
from services.reporting.quarantine_page import QuarantinePage
from services.reporting.quarantine_replay import QuarantineReplay

if TYPE_CHECKING:
    from dash.development.base_component import Component

    from services.container import Services

PATH = "/data-health"


def _quarantine(services: Services) -> QuarantinePage:
    return QuarantinePage(services.store, services.policy, services.audit)


def _replay(services: Services) -> QuarantineReplay:
    return QuarantineReplay(services.store, services.policy, services.audit, services.import_folder)


def page(request: PageRequest) -> Component:
    services = request.services
    health = DataHealth(
        services.store, services.mart, services.query, services.policy, _quarantine(services), _replay(services)
    )
    return data_health_page(health.view(request.viewer, request.query), request.viewer.timezone)


def record(request: PageRequest) -> Component:
    detail = _quarantine(request.services).detail(request.viewer, request.parameters["record_id"])
    return quarantined_page(detail, request.viewer.timezone)


def register(app: GuardedDash, services: Services) -> None:
    @app.callback(
        Output(ids.HEALTH_FILTERS, "children"),
        Output(ids.HEALTH_QUARANTINE, "children"),
        Input(ids.URL, "search"),
        requires=Action.DATA_HEALTH_RECORDS,
        prevent_initial_call=True,
    )
    def browse(search: object) -> tuple[Component, Component]:
        viewer = current_viewer()
        view = _quarantine(services).view(viewer, parse_query(search))
        return quarantine_filters(view), quarantine_body(view, viewer.timezone)

    @app.callback(
        Output(ids.REPLAY_PLAN, "children"),
        Output(ids.REPLAY_COUNTED, "data"),
        Output(ids.REPLAY_START, "disabled"),
        Input(ids.REPLAY_COUNT, "n_clicks"),
        State(ids.REPLAY_SYSTEM, "value"),
        requires=Action.DATA_IMPORT,
        prevent_initial_call=True,
    )
    def count(_clicks: object, system: object) -> tuple[Component, object, bool]:
        return counted(services, system)

    @app.callback(
        Output(ids.REPLAY_STATUS, "children"),
        Output(ids.REPLAY_TICK, "disabled"),
        Input(ids.REPLAY_START, "n_clicks"),
        Input(ids.REPLAY_TICK, "n_intervals"),
        State(ids.REPLAY_SYSTEM, "value"),
        State(ids.REPLAY_COUNTED, "data"),
        requires=Action.DATA_IMPORT,
        prevent_initial_call=True,
    )
    def watch(_clicks: object, _ticks: object, system: object, expected: object) -> tuple[Component | None, bool]:
        if ctx.triggered_id == ids.REPLAY_START:
            return started(services, system, expected)
        return watched(services)


def counted(services: Services, system: object) -> tuple[Component, object, bool]:
    """Words for what a replay would do, how many records it takes, and whether it may not be started."""
    try:
        plan = _replay(services).plan(current_viewer(), system)
    except HireboardError as error:
        tell_if_refused(error, PATH)
        return refused(str(error)), None, True
    return plan_words(plan), plan.waiting, False


def started(services: Services, system: object, expected: object) -> tuple[Component | None, bool]:
    """Begin; the second says whether nothing is left to watch."""
    viewer = current_viewer()
    try:
        progress = _replay(services).begin(viewer, system, expected)
    except HireboardError as error:
        tell_if_refused(error, PATH)
        return refused(str(error)), True
    return replay_status(progress, viewer.timezone), False


def watched(services: Services) -> tuple[Component | None, bool]:
    viewer = current_viewer()
    progress = _replay(services).progress(viewer)
    if progress is None:
        return None, True
    return replay_status(progress, viewer.timezone), progress.state != "running"
