"""Two groups with two outcomes each: exact and asymptotic tests, and the comparison within strata.

A pooled difference can point the other way than the difference inside every stratum (Simpson). So sources or groups
are compared within strata, pooled with Mantel-Haenszel weights; the plain pooled figure only stands beside it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from services.metrics.distributions import chi_squared_tail, log_choose, two_sided
from services.metrics.estimators import Z95

_TIE = 1e-7
"""Tables whose probability differs by less than rounding are equally probable (as R and scipy take it)."""


@dataclass(frozen=True)
class Fourfold:
    """Successes among the cases of a group and of the reference it is compared with."""

    successes: int
    cases: int
    reference_successes: int
    reference_cases: int

    @property
    def total(self) -> int:
        return self.cases + self.reference_cases

    @property
    def all_successes(self) -> int:
        return self.successes + self.reference_successes

    @property
    def difference(self) -> float | None:
        """Rate of the group less the rate of the reference; None when one of them has no cases."""
        if not self.cases or not self.reference_cases:
            return None
        return self.successes / self.cases - self.reference_successes / self.reference_cases

    def smallest_expected(self) -> float:
        """Smallest expected count of the four cells when both rates were equal; 0 of nothing."""
        if not self.total:
            return 0.0
        successes, failures = self.all_successes, self.total - self.all_successes
        return min(self.cases, self.reference_cases) * min(successes, failures) / self.total


def fisher_exact(table: Fourfold) -> float:
    """Two-sided p: probability of all tables with these margins that are no more probable than this one."""
    successes, failures = table.all_successes, table.total - table.all_successes
    low = max(0, table.cases - failures)
    high = min(table.cases, successes)
    whole = log_choose(table.total, table.cases)
    logs = [
        log_choose(successes, count) + log_choose(failures, table.cases - count) - whole
        for count in range(low, high + 1)
    ]
    observed = logs[table.successes - low]
    return min(1.0, math.fsum(math.exp(log) for log in logs if log <= observed + _TIE))


def two_proportion_z(table: Fourfold) -> float | None:
    """Test statistic z with the pooled rate, without continuity correction; None where there is no spread."""
    difference = table.difference
    if difference is None:
        return None
    pooled = table.all_successes / table.total
    variance = pooled * (1 - pooled) * (1 / table.cases + 1 / table.reference_cases)
    return difference / math.sqrt(variance) if variance > 0 else None


def chi_squared(rows: Sequence[tuple[int, int]]) -> tuple[float, float] | None:
    """Pearson's statistic and p of (successes, cases) per group, without continuity correction.

    None when fewer than two groups have cases, or all ended alike.
    """
    groups = [(successes, cases) for successes, cases in rows if cases]
    total = sum(cases for _, cases in groups)
    share = sum(successes for successes, _ in groups) / total if total else 0.0
    if len(groups) < 2 or not 0 < share < 1:  # noqa: PLR2004 - two groups make a comparison
        return None
    value = sum((successes - cases * share) ** 2 / (cases * share * (1 - share)) for successes, cases in groups)
    return value, chi_squared_tail(value, len(groups) - 1)


@dataclass(frozen=True)
class Stratified:
    """Group against reference within strata (Mantel-Haenszel), with the pooled difference beside it."""

    pooled: float
    """Difference when strata are ignored: what looks convincing and may be wrong."""
    difference: float
    standard_error: float
    """Greenland and Robins (1985)."""
    low: float
    high: float
    odds_ratio: float | None
    """None where no stratum has a failure of the group and a success of the reference."""
    chi_squared: float | None
    """Cochran-Mantel-Haenszel without continuity correction; None where all ended alike."""
    p: float | None
    strata: int
    """Strata in which both have cases; the others say nothing about the difference and are left out of it."""

    @property
    def excludes_zero(self) -> bool:
        """Whether the 95 % interval of the stratified difference lies on one side of 0."""
        return self.low > 0 or self.high < 0


def mantel_haenszel(strata: Sequence[Fourfold]) -> Stratified | None:
    """None when in no stratum both group and reference have cases."""
    shared = [stratum for stratum in strata if stratum.cases and stratum.reference_cases]
    whole = Fourfold(
        sum(stratum.successes for stratum in strata),
        sum(stratum.cases for stratum in strata),
        sum(stratum.reference_successes for stratum in strata),
        sum(stratum.reference_cases for stratum in strata),
    )
    pooled = whole.difference
    if not shared or pooled is None:
        return None
    rows = [(s.successes, s.cases, s.reference_successes, s.reference_cases) for s in shared]
    a, n1, b, n0 = np.array(rows, dtype=np.float64).T
    total = n1 + n0
    weight = float((n1 * n0 / total).sum())
    difference = float(((a * n0 - b * n1) / total).sum()) / weight
    spread = (a * (n1 - a) * n0**3 + b * (n0 - b) * n1**3) / (n1 * n0 * total**2)
    error = math.sqrt(float(spread.sum())) / weight
    against = float(((n1 - a) * b / total).sum())
    statistic = _cochran(a, n1, a + b, total)
    return Stratified(
        pooled=pooled,
        difference=difference,
        standard_error=error,
        low=difference - Z95 * error,
        high=difference + Z95 * error,
        odds_ratio=float((a * (n0 - b) / total).sum()) / against if against else None,
        chi_squared=statistic,
        p=two_sided(math.sqrt(statistic)) if statistic is not None else None,
        strata=len(shared),
    )


def _cochran(
    successes: np.ndarray[tuple[int], np.dtype[np.float64]],
    cases: np.ndarray[tuple[int], np.dtype[np.float64]],
    both: np.ndarray[tuple[int], np.dtype[np.float64]],
    total: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> float | None:
    """Squared sum of (observed - expected) over the hypergeometric variance; a stratum of one says nothing."""
    many = total > 1
    successes, cases, both, total = successes[many], cases[many], both[many], total[many]
    variance = float((cases * (total - cases) * both * (total - both) / (total**2 * (total - 1))).sum())
    if variance <= 0:
        return None
    return float((successes - cases * both / total).sum()) ** 2 / variance
