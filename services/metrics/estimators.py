"""Estimators on integer count tables: Kaplan-Meier, quantiles, Wilson. No data access, no rounding on the way.

A duration sits on an integer grid before anything is estimated (``to_grid``), so that every engine gives the same
answer. SQL reduces a question to counts per grid point; everything here works on those counts and costs milliseconds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

SLACK = 1e-9
"""23/24 * 22/23 * ... * 12/13 is 0.5000000000000001 in floats: without slack a median jumps to the next event."""
Z95 = 1.959963984540054
AT_RISK_MINIMUM = 5
"""A curve ends where fewer subjects are at risk."""
DAY_SECONDS = 86_400
GRID_SECONDS = 8_640
"""A tenth of a day."""


def to_grid(seconds: int) -> int:
    """Whole tenths of a day, half up, in integer arithmetic."""
    return (seconds + GRID_SECONDS // 2) // GRID_SECONDS


@dataclass(frozen=True)
class Lifetimes:
    """Counts per grid point, ``times`` ascending and unique.

    ``entries`` counts late entries at that age: such a subject is at risk only after it. Everybody else is at risk from
    the beginning, a duration of 0 included. ``censored`` includes ways out that are administrative.
    """

    times: Counts
    entries: Counts
    events: Counts
    censored: Counts

    @classmethod
    def of(
        cls, durations: Sequence[int], observed: Sequence[bool], entries: Sequence[int | None] | None = None
    ) -> Lifetimes:
        """Counts of single subjects; ``entries`` None = nobody entered late."""
        late = [entry for entry in entries or () if entry is not None]
        times = np.array(sorted({*durations, *late}), dtype=np.int64)
        at = {int(time): position for position, time in enumerate(times)}
        table = np.zeros((3, len(times)), dtype=np.int64)
        for entry in late:
            table[0, at[entry]] += 1
        for duration, is_event in zip(durations, observed, strict=True):
            table[1 if is_event else 2, at[duration]] += 1
        return cls(times, table[0], table[1], table[2])

    @property
    def subjects(self) -> int:
        return int(self.events.sum() + self.censored.sum())

    def at_risk(self) -> Counts:
        """At risk at t: entry < t <= stop."""
        leaving = self.events + self.censored
        left_before = np.cumsum(leaving) - leaving
        entered_before = np.cumsum(self.entries) - self.entries
        from_the_start = self.subjects - int(self.entries.sum())
        at_risk: Counts = from_the_start + entered_before - left_before
        return at_risk


@dataclass(frozen=True)
class Curve:
    """Kaplan-Meier at the event times. ``end`` is the last grid point the curve covers, whether an event or not."""

    times: Counts
    at_risk: Counts
    events: Counts
    survival: Floats
    variance_term: Floats
    """Greenwood's sum of d / (n (n - d)); infinite once nobody is left."""
    end: int | None

    def at(self, time: int) -> float:
        """S(time); 1 before the first event."""
        position = int(np.searchsorted(self.times, time, side="right")) - 1
        return float(self.survival[position]) if position >= 0 else 1.0

    def quantile(self, level: float) -> int | None:
        """First t with S(t) <= level; None = the curve does not come down that far."""
        reached = np.flatnonzero(self.survival <= level + SLACK)
        return int(self.times[reached[0]]) if reached.size else None

    def interval(self) -> tuple[Floats, Floats]:
        """Pointwise 95 % interval on the log(-log) scale."""
        return _log_log_interval(self.survival, self.variance_term)

    def quantile_interval(self, level: float) -> tuple[int | None, int | None]:
        """By inversion (Brookmeyer and Crowley): the times at which the pointwise interval holds ``level``."""
        low, high = self.interval()
        return _first_at_or_below(self.times, low, level), _first_at_or_below(self.times, high, level)


def _first_at_or_below(times: Counts, values: Floats, level: float) -> int | None:
    reached = np.flatnonzero(values <= level + SLACK)
    return int(times[reached[0]]) if reached.size else None


def _log_log_interval(survival: Floats, variance_term: Floats) -> tuple[Floats, Floats]:
    low, high = survival.copy(), survival.copy()
    inside = (survival > 0) & (survival < 1)
    log_s = np.log(survival[inside])
    spread = Z95 * np.sqrt(variance_term[inside]) / np.abs(log_s)
    low[inside] = np.exp(log_s * np.exp(spread))
    high[inside] = np.exp(log_s * np.exp(-spread))
    return low, high


def kaplan_meier(lifetimes: Lifetimes, *, minimum_at_risk: int = AT_RISK_MINIMUM) -> Curve:
    """The survival curve; events come before censorings at a tie.

    It ends before the first grid point at which fewer than ``minimum_at_risk`` are at risk once it has begun (1 = no
    guard). With late entry the risk set can be small at the beginning and grow: the guard waits until it has been large
    enough once, and drops the points before.
    """
    at_risk = lifetimes.at_risk()
    leaving = lifetimes.events + lifetimes.censored > 0
    covered = covered_points(at_risk, leaving, minimum_at_risk)
    times, at_risk = lifetimes.times[covered], at_risk[covered]
    events = lifetimes.events[covered]
    end = int(times[-1]) if times.size else None
    happened = events > 0
    times, at_risk, events = times[happened], at_risk[happened], events[happened]
    remaining = at_risk - events
    survival: Floats = np.cumprod(remaining / at_risk, dtype=np.float64)
    with np.errstate(divide="ignore"):
        terms: Floats = np.where(remaining > 0, events / (at_risk * remaining), np.inf)
    return Curve(times, at_risk, events, survival, np.cumsum(terms, dtype=np.float64), end)


def covered_points(at_risk: Counts, leaving: npt.NDArray[np.bool_], minimum: int) -> npt.NDArray[np.bool_]:
    """Grid points at which somebody leaves, from the first with enough at risk until the first with too few again."""
    points = np.flatnonzero(leaving & (at_risk > 0))
    covered = np.zeros(len(at_risk), dtype=np.bool_)
    enough = at_risk[points] >= minimum
    if not enough.any():
        return covered
    first = int(np.argmax(enough))
    after = enough[first:]
    last = len(after) if after.all() else int(np.argmin(after))
    covered[points[first : first + last]] = True
    return covered


def quantile_type7(values: Counts, counts: Counts, level: float) -> float | None:
    """Type 7 quantile (as quantile_cont, percentile_cont) of grid ``values`` seen ``counts`` times each."""
    total = int(counts.sum())
    if total == 0:
        return None
    position = level * (total - 1)
    below = int(np.floor(position + SLACK))
    above = min(below + 1, total - 1)
    reached = np.cumsum(counts)
    low = int(values[np.searchsorted(reached, below, side="right")])
    high = int(values[np.searchsorted(reached, above, side="right")])
    return low + max(0.0, position - below) * (high - low)


def quantiles_of_few(pairs: Sequence[tuple[int, int]], levels: Sequence[float]) -> list[float]:
    """As ``quantile_type7`` at each of ``levels``, of a few values with their counts (ascending, at least one)."""
    ordered = [value for value, count in pairs for _ in range(count)]
    last = len(ordered) - 1
    found: list[float] = []
    for level in levels:
        position = level * last
        below = math.floor(position + SLACK)
        low = ordered[below]
        found.append(low + max(0.0, position - below) * (ordered[min(below + 1, last)] - low))
    return found


def mean(values: Counts, counts: Counts) -> float | None:
    """Mean of grid ``values`` seen ``counts`` times each; None of nothing."""
    total = int(counts.sum())
    return float((values * counts).sum()) / total if total else None


def wilson(successes: int, total: int, z: float = Z95) -> tuple[float, float] | None:
    """Wilson's score interval of a proportion; None of nothing."""
    if total == 0:
        return None
    share = successes / total
    centre = share + z * z / (2 * total)
    spread = z * float(np.sqrt(share * (1 - share) / total + z * z / (4 * total * total)))
    scale = 1 + z * z / total
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)
