"""Whether two groups differ, and how many of many differences are real: log-rank test and Benjamini-Hochberg."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from services.metrics.distributions import chi_squared_tail
from services.metrics.estimators import Counts, Lifetimes


@dataclass(frozen=True)
class LogRank:
    observed: int
    expected: float
    """Events of the first group had both the same hazard."""
    chi_squared: float
    p: float


def log_rank(first: Lifetimes, second: Lifetimes) -> LogRank | None:
    """Two curves against each other, late entry included; None where nothing can be compared."""
    times = np.union1d(first.times, second.times)
    (events, at_risk), (other_events, other_at_risk) = _on(first, times), _on(second, times)
    all_events, everybody = events + other_events, at_risk + other_at_risk
    compared = (all_events > 0) & (everybody > 1)
    share = at_risk[compared] / everybody[compared]
    happened, total = all_events[compared].astype(np.float64), everybody[compared].astype(np.float64)
    expected = float((happened * share).sum())
    variance = float((happened * share * (1 - share) * (total - happened) / (total - 1)).sum())
    if variance <= 0:
        return None
    observed = int(events[compared].sum())
    value = (observed - expected) ** 2 / variance
    return LogRank(observed, expected, value, chi_squared_tail(value, 1))


def _on(lifetimes: Lifetimes, times: Counts) -> tuple[Counts, Counts]:
    """Events and numbers at risk of a group at ``times``, which hold all of its own."""
    own = np.searchsorted(times, lifetimes.times)
    tables = []
    for counts in (lifetimes.entries, lifetimes.events, lifetimes.censored):
        table = np.zeros(len(times), dtype=np.int64)
        table[own] = counts
        tables.append(table)
    entries, events, censored = tables
    return events, Lifetimes(times, entries, events, censored).at_risk()


def benjamini_hochberg(p_values: Sequence[float]) -> tuple[float, ...]:
    """Each p adjusted for the number of tests, in the given order: below 0.05 = at most 5 % false discoveries."""
    count = len(p_values)
    order = sorted(range(count), key=p_values.__getitem__, reverse=True)
    adjusted = [1.0] * count
    smallest = 1.0
    for rank, position in zip(range(count, 0, -1), order, strict=True):
        smallest = min(smallest, p_values[position] * count / rank)
        adjusted[position] = smallest
    return tuple(adjusted)
