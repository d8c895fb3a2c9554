"""What a figure's menu asks the server: why it moved, its cases, the tracking system's number, an export, a report."""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Callable, Mapping
from typing import Any

from flask import Response, jsonify, request
from flask.typing import ResponseReturnValue

from callbacks.registry import PageRequest, RouteSpec
from services.access.policy import Action
from services.domain.errors import InvalidInputError
from services.domain.filters import filters_of, to_search
from services.domain.metric import Answer
from services.domain.panels import Panel
from services.domain.people import Viewer
from services.domain.views import Filters
from services.metrics.figure_panels import FigurePanels
from services.metrics.interchange import flat_row, stamp
from services.reporting.problem_reports import ProblemReports

Show = Callable[[FigurePanels, str, Filters, Viewer], Panel]
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def _panels(services: Any) -> FigurePanels:
    return FigurePanels(services.query, services.explanations)


def _panel(show: Show) -> Callable[[PageRequest], ResponseReturnValue]:
    def view(asked: PageRequest) -> ResponseReturnValue:
        panel = show(_panels(asked.services), asked.parameters["metric_id"], filters_of(asked.query), asked.viewer)
        return _private(jsonify(dataclasses.asdict(panel)))

    return view


def _private(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store, private"
    return response


def export(asked: PageRequest) -> ResponseReturnValue:
    """What the figure's page shows, with n, as-of and filters in every line."""
    metric, filters = asked.parameters["metric_id"], filters_of(asked.query)
    answers = _panels(asked.services).export(metric, filters, asked.viewer)
    response = Response(csv_text(answers, filters), mimetype="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{metric}.csv"'
    return _private(response)


def csv_text(answers: tuple[Answer, ...], filters: Filters) -> str:
    """One line a row of the answers. A cell that a spreadsheet would run as a formula is led by an apostrophe."""
    rows = [
        {**flat_row(row), "as_of": stamp(answer.as_of), "snapshot": answer.snapshot, "filters": to_search(filters)}
        for answer in answers
        for row in answer.rows
    ]
    split_by = [name for name in ("month", "top_department") if any(name in row for row in rows)]
    kept = [name for name in (rows[0] if rows else {}) if name not in {"extra", *split_by}]
    text = io.StringIO()
    writer = csv.DictWriter(text, [*split_by, *kept], extrasaction="ignore", restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({name: _safe(value) for name, value in row.items()} for row in rows)
    return text.getvalue()


def _safe(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA_STARTS) else value


def report_problem(asked: PageRequest) -> ResponseReturnValue:
    services = asked.services
    reports = ProblemReports(services.store, services.query, services.policy, services.audit)
    reports.report(asked.viewer, asked.parameters["metric_id"], sent_object())
    return jsonify(message="Your report is kept with this view. The answer will stand under Reported problems.")


def sent_object() -> Mapping[str, Any]:
    """The request's JSON object. Raises InvalidInputError."""
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise InvalidInputError("Something in the request is missing. Reload the page and try again.")
    return body


ROUTES = (
    RouteSpec("/metrics/<metric_id>/why", Action.METRICS_QUERY, _panel(FigurePanels.why)),
    RouteSpec("/metrics/<metric_id>/cases", Action.METRICS_QUERY, _panel(FigurePanels.cases)),
    RouteSpec("/metrics/<metric_id>/match", Action.METRICS_QUERY, _panel(FigurePanels.match)),
    RouteSpec("/metrics/<metric_id>/export", Action.METRICS_QUERY, export),
    RouteSpec("/metrics/<metric_id>/problem", Action.METRICS_QUERY, report_problem, methods=("POST",)),
)
