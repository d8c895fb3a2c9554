"""The one query layer: every number of the product comes out of ``QueryLayer.ask``.

Scope, column classes and the small-n rule are applied here and nowhere else, so that page, PDF, CSV, mail, API and
command line cannot differ.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
import sqlalchemy as sa

from services.domain.errors import ForbiddenError, HireboardError, InvalidInputError, TooManyGroupsError
from services.domain.metric import Answer, Estimator, Metric, Query, Reason, Row
from services.domain.people import ColumnClass, Role, Viewer
from services.domain.views import FilterChoice
from services.metrics import clusters, expectations, lifecycle, owners, registry, time_to_fill
from services.metrics.agreement import without_small_teams
from services.metrics.bootstrap import Interval
from services.metrics.case_mix import STRATA
from services.metrics.catalog import Catalog, Names
from services.metrics.completeness_floor import CompletenessFloor
from services.metrics.dimensions import APPLICATION, DIMENSIONS, Dimension, Kind
from services.metrics.estimators import Lifetimes
from services.metrics.figures import Family, Figure
from services.metrics.formal_kpis import FormalKpis
from services.metrics.grouping import Key, groups_of, keys_of
from services.metrics.limits import STANDARD, LimitBook, Limits
from services.metrics.options import choices
from services.metrics.page import Page
from services.metrics.plan import Executor, Group, Plan
from services.metrics.question import Question
from services.metrics.rows import RowMaker
from services.metrics.sensitive_answers import answers, check_classes
from services.metrics.strata import Strata
from services.metrics.suppression import suppress

MAX_DIMENSIONS = 3
MAX_BINS = 800
_CURVES = frozenset({Estimator.KAPLAN_MEIER, Estimator.AALEN_JOHANSEN})
_T = TypeVar("_T")


class Snapshot(Protocol):
    """What the query layer needs to know of a snapshot."""

    @property
    def id(self) -> str: ...
    @property
    def as_of(self) -> datetime: ...
    @property
    def data_from(self) -> datetime | None: ...
    @property
    def counts(self) -> Mapping[str, int]: ...


class Reader(Protocol):
    """The part of ``services.mart.reader.MartReader`` that is used here."""

    def hold(self) -> contextlib.AbstractContextManager[Snapshot]: ...

    def execute(self, statement: sa.SelectBase, /) -> list[tuple[Any, ...]]: ...

    def fetch_arrays(self, statement: sa.SelectBase, /) -> dict[str, np.ndarray[Any, Any]]: ...

    def fetch_together(self, statements: Sequence[sa.Select[Any]], /) -> list[dict[str, np.ndarray[Any, Any]]]: ...

    def prepared(self, key: Hashable, build: Callable[[], sa.Select[Any]], now: bool, /) -> sa.FromClause | None: ...  # noqa: FBT001 - as Plan calls it

    def later(self, work: Callable[[], _T], /) -> Callable[[], _T]: ...


class QueryLayer:
    """Answers questions from the current snapshot. Safe for threads; keeps the names of one snapshot in memory."""

    def __init__(
        self,
        reader: Reader,
        names: Names,
        *,
        fiscal_year_start: int = 1,
        formal_kpis: FormalKpis | None = None,
        completeness: CompletenessFloor | None = None,
        limits: LimitBook | None = None,
    ) -> None:
        self._limits = limits
        self._reader = reader
        self._formal_kpis = formal_kpis
        self._completeness = completeness
        self._names = names
        self._fiscal_year_start = fiscal_year_start
        self._lock = threading.Lock()
        self._catalog: tuple[str, Catalog] | None = None
        self._choices: OrderedDict[tuple[str, str], tuple[FilterChoice, ...]] = OrderedDict()

    def ask(self, query: Query, viewer: Viewer) -> Answer:
        """Answer for what ``viewer`` may see.

        Without ``by`` each metric has exactly one row. With ``by`` every group that any of the metrics has appears for
        all of them, every bin of a time grain included: a count of nothing is 0, anything else of nothing is None.
        Raises InvalidInputError (what is unknown, and what is accepted) and ForbiddenError.
        """
        if self._completeness is None or not self._completeness.is_on(query.metrics):
            return self._ask(query, viewer)
        with self._reader.hold() as snapshot:
            answer = self._ask(query, viewer)
            where = {name: values for name, values in query.where.items() if name in APPLICATION}
            whole = dataclasses.replace(query, by=(), where=where, attribution=None, expected=False)
            catalog = self._catalog_of(snapshot)
            question = self._question(whole, (), viewer, snapshot, catalog, is_expected=False)
            marked = self._completeness.mark(answer.rows, question, self._reader, snapshot.id)
        return dataclasses.replace(answer, rows=marked)

    def _ask(self, query: Query, viewer: Viewer) -> Answer:
        if any(registry.is_sensitive(metric_id) for metric_id in query.metrics):
            return self._with_sensitive(query, viewer)
        if not query.expected:
            return self._answer(query, viewer)
        with self._reader.hold():
            answer = self._answer(query, viewer)
            strata = functools.partial(self._answer, is_expected=True)
            return dataclasses.replace(answer, rows=expectations.beside(answer.rows, query, viewer, strata))

    @property
    def limits(self) -> Limits:
        """Caps and stale limits that answers are given by now; their version belongs to what an answer is known by."""
        return self._limits.now() if self._limits is not None else STANDARD

    def later(self, query: Query, viewer: Viewer) -> Callable[[], Answer]:
        """Begin to ask; the call of what is returned waits for the answer, or raises as ``ask`` does.

        The answer comes from the snapshot that this thread holds, or from the current one.
        """
        return self._reader.later(functools.partial(self.ask, query, viewer))

    def together(self, queries: Sequence[Query], viewer: Viewer) -> list[Callable[[], Answer]]:
        """Begin to ask all of them, each fact of all in one statement; each call waits for its answer, or raises.

        The answers come from the snapshot that this thread holds, or from the current one.
        """
        page = Page(self._reader)
        with self._reader.hold():
            found = [self._begin(query, viewer, page) for query in queries]
            page.begin()
        return found

    def _begin(self, query: Query, viewer: Viewer, page: Page) -> Callable[[], Answer]:
        is_marked = self._completeness is not None and self._completeness.is_on(query.metrics)
        is_sensitive = any(registry.is_sensitive(metric_id) for metric_id in query.metrics)
        if is_marked or is_sensitive or query.expected or query.clustered:
            return self.later(query, viewer)
        try:
            planned = self._planned(query, viewer, is_expected=False)
        except HireboardError as error:
            return functools.partial(_raise, error)
        executor = page.executor(planned.plan.parts())
        return lambda: self._finished(planned, query, viewer, executor())

    def _answer(self, query: Query, viewer: Viewer, *, is_expected: bool = False) -> Answer:
        """``is_expected``: asked by stratum for what a figure is compared with, never shown as it is."""
        with self._reader.hold():
            return self._finished(self._planned(query, viewer, is_expected=is_expected), query, viewer, self._reader)

    def _planned(self, query: Query, viewer: Viewer, *, is_expected: bool) -> _Planned:
        """Everything up to the statements. Raises what ``ask`` raises for a question that may not be asked."""
        metrics = [lifecycle.answerable(metric_id) for metric_id in dict.fromkeys(query.metrics)]
        if not metrics:
            raise InvalidInputError("Name at least one metric, for example applications.")
        by = _dimensions(query, metrics, MAX_DIMENSIONS + (len(STRATA) if is_expected else 0))
        _check_raw(query, viewer)
        _check_options(query, metrics)
        with self._reader.hold() as snapshot:
            catalog = self._catalog_of(snapshot)
            question = self._question(query, by, viewer, snapshot, catalog, is_expected=is_expected)
            _check_classes(metrics, query, question, viewer)
            return _Planned(metrics, question, catalog, snapshot, self._plan(metrics, question))

    def _finished(self, planned: _Planned, query: Query, viewer: Viewer, executor: Executor) -> Answer:
        metrics, question, catalog, snapshot, plan = planned
        with self._reader.hold():
            groups = groups_of(plan, question, catalog, executor)
            intervals = self._intervals(metrics, question, catalog) if query.clustered else {}
        if query.most_groups is not None and len(groups) > query.most_groups:
            raise TooManyGroupsError(len(groups), query.most_groups)
        keys = sorted(groups, key=lambda key: _position(catalog, question.by, key))
        named = [(key, _named(question, key)) for key in keys]
        rows: list[Row] = []
        for metric in metrics:
            shown_as = _Shown(metric, question, viewer, is_loaded=_is_loaded(metric, snapshot))
            rows += [
                shown_as.row(groups[key], dims, intervals.get((metric.id, key)) if intervals else None)
                for key, dims in named
            ]
        as_of = question.as_of.replace(tzinfo=UTC)
        with self._reader.hold():
            shown = without_small_teams(rows, question, self._reader, catalog)
        if self._formal_kpis is not None:
            shown = tuple(self._formal_kpis.mark(row, as_of) for row in shown)
        return Answer(as_of, snapshot.id, shown)

    def _with_sensitive(self, query: Query, viewer: Viewer) -> Answer:
        """Sensitive metrics, answered as a whole, and beside them the others as ever."""
        metrics = [lifecycle.answerable(metric_id) for metric_id in dict.fromkeys(query.metrics)]
        check_classes(metrics, viewer)
        apart = [metric for metric in metrics if registry.is_sensitive(metric.id)]
        _check_options(query, apart)
        others = tuple(metric.id for metric in metrics if metric not in apart)
        with self._reader.hold() as snapshot:
            catalog = self._catalog_of(snapshot)
            given = (self._reader, catalog, snapshot)
            shown = list(answers(query, apart, viewer, given, self._fiscal_year_start))
            beside = self._ask(dataclasses.replace(query, metrics=others), viewer).rows if others else ()
            rows = (*beside, *(RowMaker(metric).row(dims, figure) for metric, dims, figure in shown))
            order = {metric.id: index for index, metric in enumerate(metrics)}
            as_of = _naive(query.as_of or snapshot.as_of).replace(tzinfo=UTC)
            return Answer(as_of, snapshot.id, tuple(sorted(rows, key=lambda row: order[row.metric])))

    def hold(self) -> contextlib.AbstractContextManager[Snapshot]:
        """All questions of this thread inside the block are answered by one snapshot, which the block is given."""
        return self._reader.hold()

    def lifetimes(self, query: Query, viewer: Viewer) -> dict[Key, Lifetimes]:
        """Per group of a question about ``time_to_fill`` alone the counts behind its curve: for tests of whole curves.

        Never shown as they are. Raises as ``ask`` does.
        """
        metrics = [time_to_fill.TIME_TO_FILL]
        by = _dimensions(query, metrics, MAX_DIMENSIONS)
        with self._reader.hold() as snapshot:
            catalog = self._catalog_of(snapshot)
            question = self._question(query, by, viewer, snapshot, catalog, is_expected=False)
            _check_classes(metrics, query, question, viewer)
            groups = self._groups(metrics, question, catalog)
        return {key: time_to_fill.lifetimes_of(group) for key, group in groups.items()}

    def strata(self, query: Query, viewer: Viewer) -> Strata:
        """Per group of a question about one metric what its figure is made from, to be put together in another mix.

        Never shown as it is: what may be shown is what ``ask`` answers. Raises as ``ask`` does.
        """
        metric = lifecycle.answerable(query.metrics[0])
        by = _dimensions(query, [metric], MAX_DIMENSIONS)
        with self._reader.hold() as snapshot:
            catalog = self._catalog_of(snapshot)
            question = self._question(query, by, viewer, snapshot, catalog, is_expected=False)
            _check_classes([metric], query, question, viewer)
            return Strata(metric, question, self._groups([metric], question, catalog))

    def filter_options(self, viewer: Viewer) -> tuple[FilterChoice, ...]:
        """The filter bar's dimensions with the values that occur within the viewer's scope, and their applications."""
        with self._reader.hold() as snapshot:
            key = (snapshot.id, viewer.fingerprint())
            with self._lock:
                if key in self._choices:
                    return self._choices[key]
            found = choices(self._reader, self._catalog_of(snapshot), viewer.scope)
        with self._lock:
            self._choices[key] = found
            while len(self._choices) > _KEPT_CHOICES:
                self._choices.popitem(last=False)
        return found

    def _catalog_of(self, snapshot: Snapshot) -> Catalog:
        with self._lock:
            if self._catalog is None or self._catalog[0] != snapshot.id:
                self._catalog = (snapshot.id, Catalog(self._reader, self._names))
            return self._catalog[1]

    def _question(
        self,
        query: Query,
        by: tuple[Dimension, ...],
        viewer: Viewer,
        snapshot: Snapshot,
        catalog: Catalog,
        *,
        is_expected: bool,
    ) -> Question:
        as_of = _naive(query.as_of or snapshot.as_of)
        chosen = {
            name: catalog.resolve(DIMENSIONS[name], values, viewer.scope)
            for name, values in query.where.items()
            if values
        }
        question = Question(
            as_of=as_of,
            data_from=_naive(snapshot.data_from) if snapshot.data_from else None,
            first_on=catalog.first_on or as_of.date(),
            period=query.period,
            by=by,
            chosen=chosen,
            scope=viewer.scope,
            zones=catalog.zones,
            stages=catalog.stages,
            fiscal_year_start=self._fiscal_year_start,
            raw=query.raw,
            is_latest=as_of >= _naive(snapshot.as_of),
            attribution=query.attribution,
            expected=query.expected,
            by_strata=is_expected,
            limits=self.limits,
            places=catalog.places(viewer.scope),
        )
        _check_period(question)
        return question

    def _plan(self, metrics: Sequence[Metric], question: Question) -> Plan:
        plan = Plan(question, self._reader.prepared)
        for metric in metrics:
            _family(metric, question).plan(plan, metric)
        return plan

    def _groups(self, metrics: Sequence[Metric], question: Question, catalog: Catalog) -> dict[Key, Group]:
        return groups_of(self._plan(metrics, question), question, catalog, self._reader)

    def _intervals(
        self, metrics: Sequence[Metric], question: Question, catalog: Catalog
    ) -> dict[tuple[str, Key], Interval]:
        """By cluster bootstrap, per metric and group; without those that have no clusters."""
        planned = [(metric, _family(metric, question).plan) for metric in metrics]
        found = clusters.tables(planned, question, self._reader, self._reader.prepared)
        key_of = keys_of(question, catalog, {dims for _, dims, _ in found})
        parts: dict[Key, dict[str, list[Any]]] = {}
        for tag, dims, columns in found:
            parts.setdefault(key_of[dims], {}).setdefault(tag, []).append(columns)
        return {
            (metric.id, key): interval
            for metric in metrics
            for key, tables in parts.items()
            if (interval := clusters.interval_of(metric, question, _named(question, key), tables)) is not None
        }


class _Planned(NamedTuple):
    """A question that may be asked, and what it asks."""

    metrics: list[Metric]
    question: Question
    catalog: Catalog
    snapshot: Snapshot
    plan: Plan


def _raise(error: HireboardError) -> Answer:
    raise error


class _Shown:
    """Makes a metric's rows as the viewer may see them."""

    def __init__(self, metric: Metric, question: Question, viewer: Viewer, *, is_loaded: bool) -> None:
        self._metric = metric
        self._question = question
        self._rows = RowMaker(metric)
        self._figure = _family(metric, question).figure
        self._is_loaded = is_loaded
        self._is_curve = metric.estimator in _CURVES
        self._is_personal = _is_personal(question, viewer)

    def row(self, group: Group, dims: Mapping[str, str | None], interval: Interval | None) -> Row:
        if not self._is_loaded:
            return self._rows.row(dims, Figure(None, 0, Reason.NOT_LOADED))
        question, metric = self._question, self._metric
        figure = expectations.counted(metric, group) if question.by_strata else None
        if figure is None:
            figure = self._figure(question, metric, group, dims)
        if interval is not None:
            figure = dataclasses.replace(figure, low=interval[0], high=interval[1])
        if not question.raw:
            figure = suppress(figure, is_curve=self._is_curve, is_personal=self._is_personal)
        return self._rows.row(dims, figure)


_KEPT_CHOICES = 200


def _family(metric: Metric, question: Question) -> Family:
    """What computes the metric: by recruiter under a model of attribution it is made from the owners' records."""
    return registry.family_of(metric.id) if question.attribution is None else owners.FAMILY


def _named(question: Question, key: Key) -> dict[str, str | None]:
    return {dimension.id: label for dimension, label in zip(question.by, key, strict=True)}


def _is_loaded(metric: Metric, snapshot: Snapshot) -> bool:
    """Whether records of the kind the metric is made from were ever imported. A snapshot that does not say: yes."""
    kind = registry.family_of(metric.id).needs.get(metric.id, "application")
    return snapshot.counts.get(f"loaded_{kind}", 1) > 0


def _dimensions(query: Query, metrics: Iterable[Metric], most: int) -> tuple[Dimension, ...]:
    """The asked dimensions; raises InvalidInputError for one that does not exist or that a metric does not have."""
    names = tuple(dict.fromkeys(query.by))
    for name in (*names, *query.where):
        if name not in DIMENSIONS:
            raise InvalidInputError(f"There is no dimension {name!r}. Choose from: {', '.join(DIMENSIONS)}.")
        for metric in metrics:
            if name not in metric.dimensions:
                accepted = ", ".join(metric.dimensions)
                raise InvalidInputError(f"{metric.id} cannot be split or filtered by {name}. It accepts: {accepted}.")
    by = tuple(DIMENSIONS[name] for name in names)
    if sum(dimension.kind is Kind.TIME for dimension in by) > 1:
        raise InvalidInputError("Ask for one time grain at a time: day, week, month, quarter or fiscal_year.")
    if len(by) > most:
        raise InvalidInputError(f"Ask for at most {MAX_DIMENSIONS} dimensions at a time.")
    return by


def _check_raw(query: Query, viewer: Viewer) -> None:
    if query.raw and viewer.user_id is not None and Role.ADMIN not in viewer.roles:
        raise ForbiddenError("Figures without the small-number rule are for administrators. Ask without raw.")


def _check_options(query: Query, metrics: Iterable[Metric]) -> None:
    """Raises InvalidInputError where a metric has no such attribution or expectation."""
    for metric in metrics:
        if query.attribution is not None:
            owners.check(metric, query.attribution)
        if query.expected:
            expectations.check(metric)


def _check_period(question: Question) -> None:
    start, end = question.bounds()
    if question.period.start and question.period.end and start >= end:
        raise InvalidInputError(f"The period ends on {end} before it begins on {start}. Swap the two dates.")
    grain = question.grain
    if grain is not None and (end - start).days > MAX_BINS * _DAYS[grain]:
        raise InvalidInputError(
            f"That are more than {MAX_BINS} bins by {grain}. Shorten the period or take a longer grain."
        )


_DAYS = {"day": 1, "week": 7, "month": 30, "quarter": 91, "fiscal_year": 365}


def _check_classes(metrics: Iterable[Metric], query: Query, question: Question, viewer: Viewer) -> None:
    """Columns above the viewer's classes: figures of people, unless the question is limited to the viewer."""
    for metric in metrics:
        if metric.column_class not in viewer.classes:
            raise ForbiddenError(f"Your role does not include {metric.name.lower()}.")
    if ColumnClass.PERSON in viewer.classes:
        return
    for name in (*query.by, *query.where):
        if DIMENSIONS[name].column_class is ColumnClass.PERSON and not _is_oneself(name, question, viewer):
            raise ForbiddenError(
                f"Your role does not include figures of single people. Limit {name} to yourself, or leave it out."
            )


def _is_oneself(name: str, question: Question, viewer: Viewer) -> bool:
    return viewer.person_id is not None and question.chosen.get(name) == (viewer.person_id,)


def _is_personal(question: Question, viewer: Viewer) -> bool:
    """Whether a figure is about single people other than the viewer."""
    return any(
        DIMENSIONS[name].column_class is ColumnClass.PERSON and not _is_oneself(name, question, viewer)
        for name in (*(dimension.id for dimension in question.by), *question.chosen)
    )


def _position(catalog: Catalog, by: tuple[Dimension, ...], key: Key) -> tuple[Any, ...]:
    return tuple(catalog.position(dimension, label) for dimension, label in zip(by, key, strict=True))


def _naive(instant: datetime) -> datetime:
    """As the mart keeps it: UTC without saying so, whole seconds. An instant without a zone is taken as UTC."""
    aware = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    return aware.astimezone(UTC).replace(tzinfo=None, microsecond=0)
