"""Actions: the list of incidents, one in full, and what a person does about it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from dash import Input, Output, State, ctx
from dash.exceptions import PreventUpdate

from callbacks.registry import GuardedDash, PageRequest
from callbacks.routing import parse_query
from callbacks.session import current_viewer, tell_if_refused
from layouts import ids
from layouts.components.card import page_note
from layouts.pages.actions import SNOOZES, actions_body, actions_page, incident_detail, incident_items
from layouts.pages.states import nothing_found
from services.access.policy import Action
from services.domain.errors import HireboardError, InvalidInputError, NotFoundError
from services.domain.views import Note

if TYPE_CHECKING:
    from dash.development.base_component import Component

    from services.container import Services
    from services.domain.people import Viewer

_ADDRESS = re.compile(r"/actions/([0-9]{1,18})", re.ASCII)
STATES = frozenset({"open", "closed", "all"})
LARGEST_VERSION = 2**31
LONGEST_REASON = 2_000


def parse_state(query: Mapping[str, Sequence[str]]) -> str:
    """Which incidents the address asks for; open ones when it does not say it in our words."""
    value = next(iter(query.get("state", ())), "")
    return value if value in STATES else "open"


def parse_incident(path: object) -> int | None:
    """The number in the address (hostile: any JSON value)."""
    found = _ADDRESS.fullmatch(path) if isinstance(path, str) else None
    return int(found[1]) if found else None


def _now() -> datetime:
    return datetime.now(UTC)


def page(request: PageRequest) -> Component:
    view = request.services.alerts.incidents.view(request.viewer, state=parse_state(request.query))
    return actions_page(view, request.viewer.timezone, _now())


def one_page(request: PageRequest) -> Component:
    incidents, viewer = request.services.alerts.incidents, request.viewer
    chosen = parse_incident(f"/actions/{request.parameters['incident_id']}")
    view = incidents.view(viewer, state=parse_state(request.query), chosen=chosen)
    if view.chosen is None:
        words = "There is no such incident, or it is not for you. Look at the list of those you may see."
        return nothing_found("No incident here", words, can_reset=False)
    return actions_page(view, viewer.timezone, _now())


def register(app: GuardedDash, services: Services) -> None:
    @app.callback(
        Output(ids.ACTIONS_BODY, "children"),
        Input(ids.URL, "search"),
        State(ids.URL, "pathname"),
        requires=Action.INCIDENTS_VIEW,
        prevent_initial_call=True,
    )
    def refresh(search: object, path: object) -> list[Component]:
        viewer = current_viewer()
        state = parse_state(parse_query(search))
        view = services.alerts.incidents.view(viewer, state=state, chosen=parse_incident(path))
        return actions_body(view, viewer.timezone, _now())

    @app.callback(
        Output(ids.ACTIONS_LIST, "children"),
        Output(ids.ACTIONS_DETAIL, "children"),
        Input(ids.ACTIONS_ACKNOWLEDGE, "n_clicks"),
        Input(ids.ACTIONS_SNOOZE, "n_clicks"),
        Input(ids.ACTIONS_CLOSE, "n_clicks"),
        State(ids.ACTIONS_SNOOZE_DAYS, "value"),
        State(ids.ACTIONS_REASON, "value"),
        State(ids.ACTIONS_VERSION, "data"),
        State(ids.URL, "pathname"),
        State(ids.URL, "search"),
        requires=Action.INCIDENTS_HANDLE,
        prevent_initial_call=True,
    )
    def handle(
        acknowledged: object,
        snoozed: object,
        closed: object,
        days: object,
        reason: object,
        version: object,
        path: object,
        search: object,
    ) -> tuple[list[Component], list[Component | str]]:
        if not (acknowledged or snoozed or closed):
            raise PreventUpdate  # the buttons have only been drawn
        return _after(services, path, search, _act(services, ctx.triggered_id, path, days, reason, version))


def _act(services: Services, pressed: object, path: object, days: object, reason: object, version: object) -> Note:
    """Do what was pressed (all hostile); words for what was done, or why not."""
    incidents, viewer = services.alerts.incidents, current_viewer()
    number, known = parse_incident(path), _version(version)
    if number is None or known is None:
        return Note("error", "There is no such incident. Choose one from the list.")
    try:
        if pressed == ids.ACTIONS_ACKNOWLEDGE:
            incidents.acknowledge(number, viewer, version=known)
            return Note("info", "Acknowledged. Nobody else is told unless it gets worse.")
        if pressed == ids.ACTIONS_SNOOZE:
            incidents.snooze(number, _until(days), viewer, version=known)
            return Note("info", "Snoozed. After it the wait begins anew.")
        incidents.close(number, _reason(reason), viewer, version=known)
        return Note("info", "Closed. The reason is in the history.")
    except HireboardError as error:
        tell_if_refused(error, "/actions/<incident_id>")
        return Note("error", str(error))


def _version(version: object) -> int | None:
    if not isinstance(version, int) or isinstance(version, bool):
        return None
    return version if 0 < version < LARGEST_VERSION else None


def _until(days: object) -> datetime:
    chosen = next((amount for amount, _ in SNOOZES if str(amount) == days), None)
    if chosen is None:
        raise InvalidInputError("Choose for how long to snooze it.")
    return _now().replace(microsecond=0) + timedelta(days=chosen)


def _reason(reason: object) -> str:
    if not isinstance(reason, str) or len(reason) > LONGEST_REASON:
        raise InvalidInputError("Say why in words.")
    return reason


def _after(
    services: Services, path: object, search: object, done: Note
) -> tuple[list[Component], list[Component | str]]:
    viewer: Viewer = current_viewer()
    now, state = _now(), parse_state(parse_query(search))
    number = parse_incident(path)
    view = services.alerts.incidents.view(viewer, state=state)
    items = incident_items(view.entries, number, state, viewer.timezone, now)
    try:
        if number is None:
            return items, [page_note(done)]
        detail = services.alerts.incidents.one(number, viewer)
    except NotFoundError:
        return items, [page_note(done)]
    return items, incident_detail(detail, state, viewer.timezone, now, done)
