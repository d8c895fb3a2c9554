"""Cluster bootstrap: intervals for subjects that are not independent of each other.

Seats of one requisition are filled by the same search, applications of one person by the same person. Whole clusters
are drawn with replacement, never single subjects, and never rows: a draw is a weight per cluster, and a weighted sum of
the clusters' count tables is the count table of the draw. Clusters with equal counts are one kind of cluster, so what
is drawn is how often each kind occurs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.metrics.estimators import AT_RISK_MINIMUM, SLACK, Counts, Floats

DRAWS = 1_000
SEED = 20_260_101
LOW, HIGH = 0.025, 0.975
_CELLS_AT_ONCE = 2_000_000
"""Numbers held for one block of draws: 16 MB a table."""
_DRAWING_BY_KIND = 4
"""Drawing a kind costs about as much as drawing so many single clusters."""
Interval = tuple[float | None, float | None]


@dataclass(frozen=True)
class ClusterTable:
    """Counts per cluster, grid point and kind of exit; one row each."""

    cluster: Counts
    """Any number that names the cluster; -1 = each subject of the row is a cluster of its own."""
    times: Counts
    kinds: Counts
    counts: Counts


@dataclass(frozen=True)
class Draws:
    """Counts of a block of draws: ``entries`` and ``censored`` draws x times, ``causes`` one such table a cause."""

    times: Counts
    entries: Floats
    causes: Floats
    censored: Floats

    def at_risk(self) -> Floats:
        """At risk at t: entry < t <= stop."""
        leaving = self.causes.sum(axis=0) + self.censored
        left_before = np.cumsum(leaving, axis=1) - leaving
        entered_before = np.cumsum(self.entries, axis=1) - self.entries
        from_the_start = (leaving.sum(axis=1) - self.entries.sum(axis=1))[:, np.newaxis]
        at_risk: Floats = from_the_start + entered_before - left_before
        return at_risk


def median_interval(
    table: ClusterTable,
    *,
    entry: int,
    events: Sequence[int],
    censored: Sequence[int],
    minimum_at_risk: int = AT_RISK_MINIMUM,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Interval:
    """95 % percentile interval of the Kaplan-Meier median, in grid points; None = not reached, or below two clusters.

    ``entry``, ``events`` and ``censored`` are kinds of the table.
    """

    def medians(block: Draws) -> Floats:
        survival, covered, _ = _curves(block, minimum_at_risk)
        reached = (survival <= 0.5 + SLACK) & covered
        times: Floats = block.times.astype(np.float64)[reached.argmax(axis=1)]
        times[~reached.any(axis=1)] = np.inf
        return times

    return _interval(table, entry, [list(events)], censored, medians, draws, seed)


def incidence_interval(
    table: ClusterTable,
    *,
    entry: int,
    causes: Sequence[int],
    censored: Sequence[int],
    horizon: int,
    minimum_at_risk: int = AT_RISK_MINIMUM,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Interval:
    """95 % percentile interval of the Aalen-Johansen incidence of the first of ``causes`` by ``horizon``."""

    def incidences(block: Draws) -> Floats:
        total: Floats = _steps(block, horizon, minimum_at_risk).sum(axis=1)
        return total

    return _interval(table, entry, [[cause] for cause in causes], censored, incidences, draws, seed)


def conditional_median_interval(
    table: ClusterTable,
    *,
    entry: int,
    causes: Sequence[int],
    censored: Sequence[int],
    horizon: int,
    minimum_at_risk: int = AT_RISK_MINIMUM,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Interval:
    """The same of the first time at which the incidence has come half the way to where it is at ``horizon``."""

    def medians(block: Draws) -> Floats:
        incidence = np.cumsum(_steps(block, horizon, minimum_at_risk), axis=1)
        whole = incidence[:, -1:]
        times: Floats = block.times.astype(np.float64)[(incidence >= whole / 2 - SLACK).argmax(axis=1)]
        times[whole[:, 0] <= SLACK] = np.inf
        return times

    return _interval(table, entry, [[cause] for cause in causes], censored, medians, draws, seed)


def _steps(block: Draws, horizon: int, minimum_at_risk: int) -> Floats:
    """What the first cause's incidence grows by at each time up to ``horizon``."""
    survival, covered, at_risk = _curves(block, minimum_at_risk)
    before = np.concatenate((np.ones((len(survival), 1)), survival[:, :-1]), axis=1)
    counted = covered & (block.times <= horizon)
    steps: Floats = np.where(counted, before * block.causes[0] / np.maximum(at_risk, 1), 0.0)
    return steps


def _curves(block: Draws, minimum_at_risk: int) -> tuple[Floats, npt.NDArray[np.bool_], Floats]:
    """Survival, where it is covered (as ``estimators.covered_points`` has it), and numbers at risk, per draw."""
    at_risk, left = block.at_risk(), block.causes.sum(axis=0)
    points = (left + block.censored > 0) & (at_risk > 0)
    enough = at_risk >= minimum_at_risk
    begun = np.logical_or.accumulate(points & enough, axis=1)
    over = np.logical_or.accumulate(points & begun & ~enough, axis=1)
    covered = points & begun & ~over
    factors = np.where(covered, 1 - left / np.maximum(at_risk, 1), 1.0)
    survival: Floats = np.cumprod(factors, axis=1, dtype=np.float64)
    return survival, covered, at_risk


def _interval(
    table: ClusterTable,
    entry: int,
    causes: Sequence[Sequence[int]],
    censored: Sequence[int],
    statistic: Callable[[Draws], Floats],
    draws: int,
    seed: int,
) -> Interval:
    kinds = _kinds_of_cluster(table)
    if kinds is None:
        return None, None
    rows = [np.isin(kinds.kinds, wanted) for wanted in ([entry], *causes, censored)]
    times = np.unique(kinds.times)
    found = []
    for weights in _weights(kinds.multiplicity, draws, seed, len(kinds.times)):
        tables = [_summed(weights, kinds, wanted, times) for wanted in rows]
        found.append(statistic(Draws(times, tables[0], np.stack(tables[1:-1]), tables[-1])))
    values = np.concatenate(found)
    low, high = np.quantile(values, (LOW, HIGH), method="inverted_cdf")
    return (float(low) if np.isfinite(low) else None), (float(high) if np.isfinite(high) else None)


@dataclass(frozen=True)
class _Kinds:
    """Rows sorted by time; ``kind_of`` says to which kind of cluster a row belongs."""

    kind_of: Counts
    times: Counts
    kinds: Counts
    counts: Counts
    multiplicity: Counts
    """Clusters of each kind."""


def _kinds_of_cluster(table: ClusterTable) -> _Kinds | None:
    """Equal clusters become one kind with a multiplicity; None below two clusters."""
    alone = table.cluster < 0
    parts = [_of_subjects(table, alone), _of_clusters(table, ~alone)]
    shift, columns, multiplicity = 0, [], []
    for kind_of, rows, counts, many in parts:
        columns.append((kind_of + shift, table.times[rows], table.kinds[rows], counts))
        multiplicity.append(many)
        shift += len(many)
    kind_of, times, kinds, counts = (np.concatenate(column) for column in zip(*columns, strict=True))
    whole = np.concatenate(multiplicity)
    if whole.sum() < 2:  # noqa: PLR2004 - one cluster has no spread
        return None
    order = np.argsort(times, kind="stable")
    return _Kinds(kind_of[order], times[order], kinds[order], counts[order], whole)


_Part = tuple[Counts, npt.NDArray[np.int64], Counts, Counts]


def _of_subjects(table: ClusterTable, alone: npt.NDArray[np.bool_]) -> _Part:
    rows = np.flatnonzero(alone)
    return np.arange(len(rows), dtype=np.int64), rows, np.ones(len(rows), dtype=np.int64), table.counts[rows]


def _of_clusters(table: ClusterTable, shared: npt.NDArray[np.bool_]) -> _Part:
    rows = np.flatnonzero(shared)
    rows = rows[np.lexsort((table.kinds[rows], table.times[rows], table.cluster[rows]))]
    if not rows.size:
        empty = np.zeros(0, dtype=np.int64)
        return empty, rows, empty, empty
    cluster = table.cluster[rows]
    begins = np.concatenate(([True], cluster[1:] != cluster[:-1]))
    starts = np.flatnonzero(begins)
    content = np.stack((table.times[rows], table.kinds[rows], table.counts[rows]), axis=1)
    ends = np.append(starts[1:], len(rows))
    patterns = [content[start:end].tobytes() for start, end in zip(starts, ends, strict=True)]
    numbers: dict[bytes, int] = {}
    kind_of_cluster = np.array([numbers.setdefault(pattern, len(numbers)) for pattern in patterns], dtype=np.int64)
    _, first = np.unique(kind_of_cluster, return_index=True)
    # the rows of the first cluster of each kind stand for all of them
    keep = np.isin(np.cumsum(begins) - 1, first)
    kind_of = np.repeat(kind_of_cluster, ends - starts)[keep]
    return kind_of, rows[keep], table.counts[rows[keep]], np.bincount(kind_of_cluster).astype(np.int64)


def _weights(multiplicity: Counts, draws: int, seed: int, rows: int) -> Iterator[Floats]:
    """How often each kind of cluster occurs, for blocks of draws: a multinomial over all clusters."""
    generator = np.random.default_rng(seed)
    clusters, kinds = int(multiplicity.sum()), len(multiplicity)
    by_kind = kinds * _DRAWING_BY_KIND < clusters
    kind_of_cluster = np.repeat(np.arange(kinds), 1 if by_kind else multiplicity)
    block = max(1, min(draws, _CELLS_AT_ONCE // max(rows, kinds, 1)))
    for begin in range(0, draws, block):
        size = min(block, draws - begin)
        if by_kind:
            yield generator.multinomial(clusters, multiplicity / clusters, size).astype(np.float64)
        else:
            drawn = kind_of_cluster[generator.integers(0, clusters, (size, clusters))]
            yield np.stack([np.bincount(one, minlength=kinds) for one in drawn]).astype(np.float64)


def _summed(weights: Floats, kinds: _Kinds, wanted: npt.NDArray[np.bool_], times: Counts) -> Floats:
    """Weighted counts of the wanted rows at each of ``times``, per draw."""
    found: Floats = np.zeros((len(weights), len(times)))
    rows = np.flatnonzero(wanted)
    if not rows.size:
        return found
    own = kinds.times[rows]
    starts = np.flatnonzero(np.concatenate(([True], own[1:] != own[:-1])))
    weighted = weights[:, kinds.kind_of[rows]] * kinds.counts[rows]
    found[:, np.searchsorted(times, own[starts])] = np.add.reduceat(weighted, starts, axis=1)
    return found
