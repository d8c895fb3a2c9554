"""Answers of sensitive metrics: who may have them, at what k, and one refusal for everybody else.

Page, command line, CSV, mail and API ask the query layer, which comes here; so none of them can answer otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol

from services.domain.errors import ForbiddenError, InvalidInputError
from services.domain.metric import Metric, Query, Reason
from services.domain.people import ColumnClass, Viewer
from services.metrics import registry
from services.metrics.catalog import Catalog
from services.metrics.dimensions import DIMENSIONS, Dimension, Kind
from services.metrics.figures import Asking, Figure
from services.metrics.plan import Executor
from services.metrics.question import Question
from services.metrics.sensitive import smallest_cell

MAX_DIMENSIONS = 4
SENSITIVE = frozenset({ColumnClass.COMPENSATION, ColumnClass.DIVERSITY})
Answered = tuple[Metric, Mapping[str, str | None], Figure]


class Snapshot(Protocol):
    @property
    def as_of(self) -> datetime: ...
    @property
    def data_from(self) -> datetime | None: ...
    @property
    def counts(self) -> Mapping[str, int]: ...


def check_classes(metrics: Iterable[Metric], viewer: Viewer) -> None:
    """Raises ForbiddenError, before anything is looked at, for a metric whose class the viewer does not have."""
    for metric in metrics:
        if metric.column_class not in viewer.classes:
            raise ForbiddenError(f"Your role does not include {metric.name.lower()}.")


def check_raw(query: Query, viewer: Viewer) -> None:
    """Single records need a purpose and are no figures: only whoever has the server itself asks without the rule."""
    if query.raw and viewer.user_id is not None:
        raise ForbiddenError("Sensitive figures are never shown without the small-number rule. Ask without raw.")


def answers(
    query: Query,
    metrics: Sequence[Metric],
    viewer: Viewer,
    given: tuple[Executor, Catalog, Snapshot],
    fiscal_year_start: int,
) -> Iterator[Answered]:
    """Every row of every metric, as it is shown to ``viewer``. Raises ForbiddenError and InvalidInputError."""
    check_classes(metrics, viewer)
    check_raw(query, viewer)
    executor, catalog, snapshot = given
    by = _dimensions(query, metrics)
    question = _question(query, by, viewer, catalog, snapshot, fiscal_year_start)
    for metric in metrics:
        family = registry.family_of(metric.id)
        kind = family.needs.get(metric.id, "application")
        if family.whole is None:
            continue
        if not snapshot.counts.get(f"loaded_{kind}", 1):
            yield metric, dict.fromkeys(query.by), Figure(None, 0, Reason.NOT_LOADED)
            continue
        k = None if query.raw else smallest_cell(viewer, metric.column_class)
        rows = list(family.whole(Asking(executor, question, catalog, k), metric))
        for dims, figure in sorted(rows, key=_by_position(catalog, by)):
            yield metric, {dimension.id: dims.get(dimension.id) for dimension in by}, figure


def _by_position(
    catalog: Catalog, by: Sequence[Dimension]
) -> Callable[[tuple[Mapping[str, str | None], Figure]], tuple[object, ...]]:
    def position(row: tuple[Mapping[str, str | None], Figure]) -> tuple[object, ...]:
        return tuple(catalog.position(dimension, row[0].get(dimension.id)) for dimension in by)

    return position


def _dimensions(query: Query, metrics: Sequence[Metric]) -> tuple[Dimension, ...]:
    names = tuple(dict.fromkeys(query.by))
    for name in (*names, *query.where):
        if name not in DIMENSIONS:
            raise InvalidInputError(f"There is no dimension {name!r}. Choose from: {', '.join(DIMENSIONS)}.")
        for metric in metrics:
            if name not in metric.dimensions:
                accepted = ", ".join(metric.dimensions)
                raise InvalidInputError(f"{metric.id} cannot be split or filtered by {name}. It accepts: {accepted}.")
    by = tuple(DIMENSIONS[name] for name in names)
    if sum(dimension.kind is Kind.TIME for dimension in by) > 1 or len(by) > MAX_DIMENSIONS:
        raise InvalidInputError(f"Ask for one time grain and at most {MAX_DIMENSIONS} dimensions at a time.")
    return by


def _question(
    query: Query,
    by: tuple[Dimension, ...],
    viewer: Viewer,
    catalog: Catalog,
    snapshot: Snapshot,
    fiscal_year_start: int,
) -> Question:
    start, end = query.period.start, query.period.end
    if start and end and start >= end:
        raise InvalidInputError(f"The period ends on {end} before it begins on {start}. Swap the two dates.")
    as_of = _naive(query.as_of or snapshot.as_of)
    chosen = {
        name: catalog.resolve(DIMENSIONS[name], values, viewer.scope) for name, values in query.where.items() if values
    }
    return Question(
        as_of=as_of,
        data_from=_naive(snapshot.data_from) if snapshot.data_from else None,
        first_on=catalog.first_on or as_of.date(),
        period=query.period,
        by=by,
        chosen=chosen,
        scope=viewer.scope,
        zones=catalog.zones,
        stages=catalog.stages,
        fiscal_year_start=fiscal_year_start,
        raw=query.raw,
        is_latest=as_of >= _naive(snapshot.as_of),
    )


def _naive(instant: datetime) -> datetime:
    """As the mart keeps it; an instant without a zone is taken as UTC."""
    aware = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    return aware.astimezone(UTC).replace(tzinfo=None, microsecond=0)
