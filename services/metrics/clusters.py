"""Which subjects belong together, and the bootstrap intervals of a question that asks for them.

Seats share requisitions and applications share people. The family's own rows are tabulated once more with the cluster
as one dimension further; whoever is alone in a cluster is only counted, since such subjects are independent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from services.domain.metric import Metric, Unit
from services.metrics import hire_cohort, pass_through, time_to_fill, time_to_start
from services.metrics.bootstrap import (
    ClusterTable,
    Interval,
    conditional_median_interval,
    incidence_interval,
    median_interval,
)
from services.metrics.dimensions import Dimension, Kind
from services.metrics.estimators import AT_RISK_MINIMUM
from services.metrics.figures import TENTHS
from services.metrics.plan import LATE_ENTRY, Dims, Executor, Plan, Prepare, Statement
from services.metrics.question import Question
from services.metrics.transitions import DISTANT_DAYS

ALONE = -1
"""Cluster of subjects that share theirs with nobody."""
Dimensions = Mapping[str, str | None]


@dataclass(frozen=True)
class Clustering:
    """What a metric's subjects share, in which count table they are, and how its interval is drawn."""

    column: str
    tag: str | None
    """None = the table of the group's transition."""
    draw: Callable[[ClusterTable, int, int], Interval]
    """From a table, the horizon and the smallest number at risk, both of them and the result in grid points."""


def _median(tag: str, events: Sequence[int], censored: Sequence[int]) -> Clustering:
    def draw(table: ClusterTable, horizon: int, guard: int) -> Interval:
        del horizon
        return median_interval(table, entry=LATE_ENTRY, events=events, censored=censored, minimum_at_risk=guard)

    return Clustering("requisition_id", tag, draw)


def _incidence(table: ClusterTable, horizon: int, guard: int) -> Interval:
    return incidence_interval(table, **_WAYS_OUT, horizon=horizon, minimum_at_risk=guard)


def _conditional_median(table: ClusterTable, horizon: int, guard: int) -> Interval:
    return conditional_median_interval(table, **_WAYS_OUT, horizon=horizon, minimum_at_risk=guard)


_WAYS_OUT: Any = {"entry": LATE_ENTRY, "causes": pass_through.CAUSES, "censored": (pass_through.OPEN,)}
_SEAT_ENDS = (time_to_fill.FILLED,), (time_to_fill.CANCELLED, time_to_fill.OPEN)
_NO_START = (time_to_start.CANCELLED, time_to_start.OPEN, time_to_start.ACCEPTED)
CLUSTERED: Mapping[str, Clustering] = {
    "time_to_fill": _median("seat_net", *_SEAT_ENDS),
    "time_to_fill_gross": _median("seat_gross", *_SEAT_ENDS),
    "time_to_fill_opened": _median("time_to_fill_opened", *_SEAT_ENDS),
    "time_to_start": _median("time_to_start", (time_to_start.STARTED,), _NO_START),
    "pass_through_rate": Clustering("candidate_id", None, _incidence),
    "source_conversion": Clustering("candidate_id", "conversion", _incidence),
    "time_to_hire_cohort": Clustering("candidate_id", hire_cohort.TAG, _conditional_median),
}


class ClusterPlan(Plan):
    """A plan whose tables keep the clusters apart: the question's last dimension is the cluster."""

    def __init__(self, question: Question, column: str, prepare: Prepare | None = None) -> None:
        cluster = Dimension("cluster", "Cluster", Kind.REFERENCE, column)
        super().__init__(replace(question, by=(*question.by, cluster)), prepare)
        self._clustered: list[Statement] = []

    def tabulate(
        self,
        tag: str,
        fact: str,
        rows: sa.Subquery | sa.CTE,
        *,
        entry: bool = False,
        weighted: bool = False,
        constant: Mapping[str, str] | None = None,
    ) -> None:
        """As a plan does it; ``fact`` and ``weighted`` do not matter here."""
        del fact, weighted
        known = constant or {}
        groups: list[sa.ColumnElement[Any]] = [
            sa.literal_column(f"'{known[dimension.id]}'") if dimension.id in known else rows.c[f"g{index}"]
            for index, dimension in enumerate(self.question.by)
        ]
        self._clustered.append(_by_cluster(tag, groups, rows, entry=entry))

    def clusters(self, executor: Executor) -> Iterator[tuple[str, Dims, npt.NDArray[np.int64]]]:
        """(tag, raw dimension values, clusters and times and kinds and counts) of every group."""
        if not self._clustered:
            return
        names = ("tag", *(f"d{index}" for index in range(len(self.question.by) - 1)))
        rows = (sa.union_all(*self._clustered) if len(self._clustered) > 1 else self._clustered[0]).subquery(
            "clustered"
        )
        statement = sa.select(*rows.c).order_by(*(rows.c[name] for name in names))
        yield from _groups_of(executor.fetch_arrays(statement), names)


def _by_cluster(
    tag: str, groups: Sequence[sa.ColumnElement[Any]], rows: sa.Subquery | sa.CTE, *, entry: bool
) -> Statement:
    """Counts per cluster (the last group), time and kind; a late entry is a row of its own, at its age."""
    entered: sa.ColumnElement[int] = rows.c.entry if entry else sa.literal_column("-1")
    *shown_groups, cluster = groups
    width = len(shown_groups)
    shares = sa.func.count().over(partition_by=cluster) > 1
    sized = (
        sa.select(
            *(group.label(f"g{index}") for index, group in enumerate(shown_groups)),
            rows.c.t,
            rows.c.kind,
            entered.label("entry"),
            # a late entry and its end have to stay together
            sa.case((sa.or_(shares, entered >= 0), cluster), else_=ALONE).label("cluster"),
        )
        .select_from(rows)
        .cte(f"sized_{tag}")
    )
    own = sized.c

    def counts(at: sa.ColumnElement[int], kind: sa.ColumnElement[int], *keys: sa.ColumnElement[int]) -> Statement:
        keyed = [own[f"g{index}"] for index in range(width)]
        shown = [sa.cast(group, sa.String).label(f"d{index}") for index, group in enumerate(keyed)]
        numbers = [
            sa.cast(column, sa.BigInteger).label(name)
            for name, column in (("cluster", own.cluster), ("t", at), ("kind", kind))
        ]
        name: sa.ColumnElement[str] = sa.literal_column(f"'{tag}'")
        statement = sa.select(name.label("tag"), *shown, *numbers, sa.func.count().label("n"))
        return statement.where(own.t >= 0, at >= 0).group_by(*keyed, own.cluster, *keys)

    stops = counts(own.t, own.kind, own.t, own.kind)
    if not entry:
        return stops
    late = counts(own.entry, sa.literal_column(str(LATE_ENTRY)), own.entry)
    both = sa.union_all(stops, late).subquery(f"clustered_{tag}")
    return sa.select(*both.c)


def _groups_of(
    arrays: Mapping[str, np.ndarray[Any, Any]], names: Sequence[str]
) -> Iterator[tuple[str, Dims, npt.NDArray[np.int64]]]:
    """Consecutive rows with equal tag and dimensions as one group."""
    keys = [np.ma.filled(arrays[name], None) for name in names]
    table = np.stack([np.asarray(arrays[name], dtype=np.int64) for name in ("cluster", "t", "kind", "n")])
    count = table.shape[1]
    if count == 0:
        return
    begins = np.zeros(count, dtype=np.bool_)
    begins[0] = True
    for key in keys:
        begins[1:] |= key[1:] != key[:-1]
    starts = np.flatnonzero(begins)
    for start, end in zip(starts, [*starts[1:], count], strict=True):
        tag, *dims = (key[start] for key in keys)
        group = table[:, start:end]
        # in one order whatever the engine's: what is drawn depends on it
        yield tag, tuple(dims), group[:, np.lexsort(group[2::-1])]


Planner = Callable[[Plan, Metric], None]


def tables(
    metrics: Sequence[tuple[Metric, Planner]], question: Question, executor: Executor, prepare: Prepare | None
) -> list[tuple[str, Dims, npt.NDArray[np.int64]]]:
    """Count tables by cluster of those ``metrics`` that have clusters: one statement a kind of cluster."""
    found: list[tuple[str, Dims, npt.NDArray[np.int64]]] = []
    known = [(metric, planner) for metric, planner in metrics if metric.id in CLUSTERED]
    for column in sorted({CLUSTERED[metric.id].column for metric, _ in known}):
        plan = ClusterPlan(question, column, prepare)
        for metric, planner in known:
            if CLUSTERED[metric.id].column == column:
                planner(plan, metric)
        found.extend(plan.clusters(executor))
    return found


def interval_of(
    metric: Metric, question: Question, dims: Dimensions, parts: Mapping[str, Sequence[npt.NDArray[np.int64]]]
) -> Interval | None:
    """The interval of one group from its tables by tag; None where the metric has no clusters or the group nothing."""
    clustering = CLUSTERED.get(metric.id)
    if clustering is None:
        return None
    tag, days = clustering.tag, DISTANT_DAYS
    if tag is None:
        transition = pass_through.asked_transition(question, dims)
        tag, days = f"cohort_{transition.tag}", transition.horizon_days
    if not parts.get(tag):
        return None
    table = ClusterTable(*np.concatenate(list(parts[tag]), axis=1))
    low, high = clustering.draw(table, days * TENTHS, 1 if question.raw else AT_RISK_MINIMUM)
    if metric.unit is Unit.RATE:
        return low, high
    return (None if low is None else low / TENTHS), (None if high is None else high / TENTHS)
