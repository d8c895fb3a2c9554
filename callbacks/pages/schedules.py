"""Schedules: run one now, preview, and where the latest runs stand."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from dash import Input, Output, State
from flask import request as flask_request
from flask import send_file

from callbacks.registry import GuardedDash, PageRequest
from callbacks.session import current_viewer, tell_if_refused
from layouts import ids
from layouts.pages.schedules import run_status, schedules_page
from reports.apart import render_apart
from services.access.policy import Action
from services.domain.errors import HireboardError, InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from dash.development.base_component import Component
    from flask.typing import ResponseReturnValue

    from services.container import Services

LONGEST = 12


def page(request: PageRequest) -> Component:
    return schedules_page(request.services.schedule_page.view(request.viewer), request.viewer.timezone)


def preview(request: PageRequest) -> ResponseReturnValue:
    """One subject's report as the viewer may see it: not archived, not sent.

    ``subject`` not given = the first the viewer may choose. Raises InvalidInputError, NotFoundError, ForbiddenError.
    """
    services, viewer = request.services, request.viewer
    schedule = services.schedules.named(_word(request, "schedule"))
    period = _word(request, "period")
    subject = _word(request, "subject", required=False)
    if not subject:
        subjects = services.reports.subjects(schedule.report_kind, viewer)
        if not subjects:
            raise NotFoundError("There is nobody you may report on, so there is nothing to preview.")
        subject = subjects[0].id
    view = services.reports.view(schedule.report_kind, subject, period, viewer)
    content = render_apart(view, flask_request.url_root)
    return send_file(BytesIO(content), mimetype="application/pdf", download_name=f"preview-{view.head.report_id}.pdf")


def _word(request: PageRequest, name: str, *, required: bool = True) -> str:
    value = next(iter(request.query.get(name, ())), "")
    if len(value) > LONGEST or not value.isprintable() or (required and not value):
        raise InvalidInputError(f"The preview needs a {name}: choose one on the page of schedules.")
    return value


def register(app: GuardedDash, services: Services) -> None:
    @app.callback(
        Output(ids.RUN_STATUS, "children"),
        Input(ids.RUN_NOW, "n_clicks"),
        State(ids.RUN_SCHEDULE, "value"),
        State(ids.RUN_PERIOD, "value"),
        requires=Action.REPORTS_RUN,
        prevent_initial_call=True,
    )
    def run_now(_clicks: object, schedule: object, period: object) -> Component:
        return run_schedule(services, schedule, period)


def run_schedule(services: Services, schedule: object, period: object) -> Component:
    """Enter a schedule's reports for a period (both hostile); words for what was done or why not."""
    if not isinstance(schedule, str) or not schedule.isascii() or not schedule.isdigit() or len(schedule) > LONGEST:
        return run_status("Choose a schedule.", is_refused=True)
    if not isinstance(period, str) or len(period) > LONGEST:
        return run_status("Write a month like 2026-10 or a week like 2026-W47.", is_refused=True)
    try:
        entered = services.schedules.run_now(services.schedules.named(schedule), period.strip(), current_viewer())
    except HireboardError as error:
        tell_if_refused(error, "/reports/schedules")
        return run_status(str(error), is_refused=True)
    if not entered:
        return run_status(f"Every report for {period} was entered before; those made stay as they are.")
    return run_status(f"{entered} reports for {period} are due and being made. Reload to see where they stand.")
