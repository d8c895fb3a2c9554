"""The life of a definition and what it has to say: draft, certified, deprecated with a successor, retired.

A draft and a deprecated metric answer and say so; a retired one is refused by name of its successor. A definition with
a changed field is a new version; the registry keeps what held before and from when.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from itertools import pairwise

from services.domain.errors import InvalidInputError, NotFoundError
from services.domain.metric import Estimator, Metric, Status, Unit
from services.domain.people import Viewer
from services.metrics import registry


def state(metric: Metric, day: date | None = None) -> Status:
    """The status on a day (today): a deprecated metric is retired from its announced day on."""
    has_ended = metric.retires_on is not None and (day or _today()) >= metric.retires_on
    return Status.RETIRED if metric.status is Status.DEPRECATED and has_ended else metric.status


def answerable(metric_id: str) -> Metric:
    """The definition, if it may be asked. Raises InvalidInputError for an unknown or retired id."""
    metric = registry.metric(metric_id)
    if state(metric) is not Status.RETIRED:
        return metric
    since = metric.retires_on if metric.status is Status.DEPRECATED else metric.status_from
    instead = f"Ask {metric.successor} instead" if metric.successor else "Nothing takes its place"
    raise InvalidInputError(
        f"{metric.id} was retired on {since}. {instead}; `hireboard metrics show {metric.id}` shows what it meant."
    )


def answerable_for(metric_id: str, viewer: Viewer) -> Metric:
    """As ``answerable``. A metric of a class the viewer has not is missing, in the same words as one there is not.

    Raises NotFoundError.
    """
    metric = registry.REGISTRY.get(metric_id)
    if metric is None or metric.column_class not in viewer.classes:
        raise NotFoundError("There is no such metric for you. The metric catalogue lists those there are.")
    return answerable(metric_id)


def remarked(metric: Metric, note: str | None) -> str | None:
    """A value's note with what a reader has to know of its definition."""
    match state(metric):
        case Status.DRAFT:
            remark = "draft definition"
        case Status.DEPRECATED:
            until = f", answers until {metric.retires_on}" if metric.retires_on else ""
            remark = f"deprecated: ask {metric.successor}{until}"
        case _:
            return note
    return f"{note}; {remark}" if note else remark


def problems(metrics: Mapping[str, Metric]) -> list[str]:
    """Where a registry breaks the rules of the life cycle or leaves a field unsaid; empty = nowhere."""
    return [f"{metric.id}: {problem}" for metric in metrics.values() for problem in _problems(metric, metrics)]


def _problems(metric: Metric, metrics: Mapping[str, Metric]) -> Iterable[str]:
    if unsaid := _unsaid(metric):
        yield f"does not say {', '.join(unsaid)}"
    numbers = [revision.version for revision in metric.revisions]
    if [*numbers, metric.version] != list(range(1, metric.version + 1)):
        yield f"version {metric.version} does not follow its revisions {numbers}"
    days = [*(revision.effective_from for revision in metric.revisions), metric.effective_from]
    if any(later <= earlier for earlier, later in pairwise(days)):
        yield "a version takes effect before the one it replaces"
    if metric.status in {Status.DEPRECATED, Status.RETIRED}:
        if metric.status_from is None:
            yield f"{metric.status} without a date"
        yield from _successor_problems(metric, metrics)
    elif metric.successor or metric.retires_on or metric.status_from:
        yield f"{metric.status} with a successor or an end"


def _unsaid(metric: Metric) -> list[str]:
    """Fields without which a value of this kind could mean two things."""
    wanted = ["grain", "summary", "source", "owner"]
    if metric.estimator is not Estimator.COUNT:
        wanted.append("denominator")
    if metric.unit in _DURATIONS:
        wanted += ["start", "stop", "clock"]
    if metric.estimator is Estimator.AALEN_JOHANSEN and metric.unit is Unit.RATE:
        wanted.append("horizon_days")
    return [name for name in wanted if not getattr(metric, name)]


_DURATIONS = frozenset({Unit.DAYS, Unit.HOURS, Unit.BUSINESS_HOURS, Unit.BUSINESS_DAYS})


def _successor_problems(metric: Metric, metrics: Mapping[str, Metric]) -> Iterable[str]:
    if metric.successor is None:
        if metric.status is Status.DEPRECATED:
            yield "deprecated without a successor"
        return
    successor = metrics.get(metric.successor)
    if successor is None:
        yield f"its successor {metric.successor} does not exist"
    elif successor.status is not Status.CERTIFIED:
        yield f"its successor {metric.successor} is not certified"


def _today() -> date:
    return datetime.now(UTC).date()
