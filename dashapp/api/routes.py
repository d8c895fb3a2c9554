"""``/api/v1``: definitions and figures, in the very bytes that the command line prints."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from flask import Blueprint, Response, g, jsonify, request

from callbacks.session import current_viewer
from dashapp.api.bearer import DESCRIPTION, LIST, ONE, QUERY
from dashapp.api.description import description
from services.domain.errors import InvalidInputError, NotFoundError, RetryLaterError
from services.metrics.interchange import (
    Asked,
    answer_document,
    json_text,
    metric_document,
    metrics_document,
    query_of,
)
from services.metrics.registry import REGISTRY

if TYPE_CHECKING:
    from services.audit.log import AuditLog
    from services.container import Services
    from services.domain.metric import Metric, Query
    from services.domain.people import Viewer

MOST_METRICS = 20
MOST_FILTERS = 50
AT_ONCE = 3
"""Answers a process works out at a time: programs must not take every thread from the people."""
PATIENCE_S = 10
_MANY = ("metric", "by", "where")
_ONE = ("from", "to", "as_of", "raw", "attribution", "clustered", "expected")


def api_routes(services: Services) -> Blueprint:
    """The gate has admitted who gets here: ``g.viewer`` is the token's owner."""
    blueprint = Blueprint("api", __name__)
    places = threading.BoundedSemaphore(AT_ONCE)

    @blueprint.get(QUERY)
    def query() -> Response:
        viewer, asked = current_viewer(), asked_of(request.args.to_dict(flat=False))
        wanted = query_of(asked)
        with _place(places):
            answer = services.query.ask(wanted, viewer)
        _write_down(services, viewer, wanted)
        return _json(json_text(answer_document(answer)))

    @blueprint.get(LIST)
    def metrics() -> Response:
        return _json(json_text(metrics_document(visible_metrics(current_viewer()))))

    @blueprint.get(ONE)
    def metric(metric_id: str) -> Response:
        for known in visible_metrics(current_viewer()):
            if known.id == metric_id:
                return _json(json_text(metric_document(known)))
        raise NotFoundError(f"There is no such metric, or it is not for you. {LIST} lists those there are.")

    @blueprint.get(DESCRIPTION)
    def openapi() -> Response:
        return jsonify(description())

    return blueprint


def visible_metrics(viewer: Viewer) -> list[Metric]:
    """Metrics of the classes that the viewer has; the others are not even named."""
    return [metric for metric in REGISTRY.values() if metric.column_class in viewer.classes]


def asked_of(given: dict[str, list[str]]) -> Asked:
    """The address's query (hostile) as a question. Raises InvalidInputError, which names what is accepted."""
    accepted = f"It accepts {', '.join((*_MANY, *_ONE))}; {', '.join(_MANY)} may be repeated."
    unknown = [name for name in given if name not in {*_MANY, *_ONE}]
    if unknown:
        raise InvalidInputError(f"There is no parameter {unknown[0][:40]!r}. {accepted}")
    for name in _ONE:
        if len(given.get(name, ())) > 1:
            raise InvalidInputError(f"The parameter {name} can be given once. {accepted}")
    metrics, by, where = (tuple(given.get(name, ())) for name in _MANY)
    if not 1 <= len(metrics) <= MOST_METRICS:
        raise InvalidInputError(f"Name 1 to {MOST_METRICS} metrics, for example metric=applications. {accepted}")
    if len(by) + len(where) > MOST_FILTERS:
        raise InvalidInputError(f"At most {MOST_FILTERS} of by and where fit into one question.")
    return Asked(
        metrics,
        by,
        where,
        start=_only(given.get("from")),
        end=_only(given.get("to")),
        as_of=_only(given.get("as_of")),
        raw=_flag("raw", given.get("raw")),
        attribution=_only(given.get("attribution")),
        clustered=_flag("clustered", given.get("clustered")),
        expected=_flag("expected", given.get("expected")),
    )


def _only(values: Sequence[str] | None) -> str | None:
    return values[0] if values else None


def _flag(name: str, values: Sequence[str] | None) -> bool:
    word = values[0] if values else "false"
    if word not in {"true", "false"}:
        raise InvalidInputError(f"{name} takes true or false, not {word[:40]!r}.")
    return word == "true"


@contextmanager
def _place(places: threading.BoundedSemaphore) -> Iterator[None]:
    if not places.acquire(timeout=PATIENCE_S):
        raise RetryLaterError("Many programs ask at this moment. Ask again in a few seconds.")
    try:
        yield
    finally:
        places.release()


def _write_down(services: Services, viewer: Viewer, query: Query) -> None:
    """As the command line does: who asked for which figures. Without the event there is no answer."""
    audit: AuditLog = services.audit
    detail = {"metrics": query.metrics, "by": query.by, "raw": query.raw, "token": g.get("token_prefix")}
    with services.store.write() as connection:
        audit.append(connection, viewer.email, "metrics.queried", detail=detail)


def _json(text: str) -> Response:
    return Response(f"{text}\n", mimetype="application/json")
