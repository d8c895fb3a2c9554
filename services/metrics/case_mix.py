"""What the company's rate for the same mix of work would have given: observed against expected, never a rank.

Expected = sum over job family x level x country of the subject's cases times the rate of everybody else there. A
stratum in which everybody else has fewer than 20 cases is pooled upward: first over countries, then over levels, then
over families. Of a curve the rate is the hazard: events per day at risk.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from services.metrics.estimators import Z95, wilson

STRATA = ("job_family", "seniority", "country")
POOLED_BELOW = 20
Stratum = tuple[str | None, ...]


@dataclass(frozen=True)
class Cases:
    """Per stratum: what happened, out of how much, and by how many cases that is known.

    Of a rate ``out_of`` is the cases themselves; of a hazard it is the time at risk.
    """

    events: Mapping[Stratum, int]
    out_of: Mapping[Stratum, int]
    cases: Mapping[Stratum, int]

    def totals(self) -> tuple[int, int, int]:
        return sum(self.events.values()), sum(self.out_of.values()), sum(self.cases.values())


@dataclass(frozen=True)
class Expectation:
    observed: int
    expected: float
    """Events the company's rates would have given for the same mix."""
    low: float
    high: float
    """95 % interval of observed over expected."""
    cases: int

    @property
    def ratio(self) -> float:
        return self.observed / self.expected


class Levels:
    """The same cases by stratum and pooled: over countries, then levels, then families. Worked out once for many."""

    def __init__(self, cases: Cases) -> None:
        self._by_depth = [_pooled(cases, depth) for depth in range(len(STRATA) + 1)]

    def rate_without(self, own: Levels, stratum: Stratum) -> float | None:
        """Rate of everybody else in the narrowest pool around ``stratum`` in which they have 20 cases."""
        for depth in range(len(STRATA), -1, -1):
            key, everybody, mine = stratum[:depth], self._by_depth[depth], own._by_depth[depth]
            cases, out_of, events = (
                max(whole.get(key, 0) - part.get(key, 0), 0)
                for whole, part in (
                    (everybody.cases, mine.cases),
                    (everybody.out_of, mine.out_of),
                    (everybody.events, mine.events),
                )
            )
            if cases >= POOLED_BELOW and out_of:
                return events / out_of
        return None


def expectation(own: Cases, company: Cases | Levels, *, is_hazard: bool = False) -> Expectation | None:
    """``company`` holds the subject too: it is taken out first.

    None below 20 own cases, where nobody else has 20, or where nothing was to be expected.
    """
    observed, _, cases = own.totals()
    if cases < POOLED_BELOW:
        return None
    expected = _expected(own, company if isinstance(company, Levels) else Levels(company))
    if expected is None or expected <= 0:
        return None
    if is_hazard:
        low, high = _poisson_interval(observed)
    else:
        shares = wilson(observed, cases) or (0.0, 1.0)
        low, high = shares[0] * cases, shares[1] * cases
    return Expectation(observed, expected, low / expected, high / expected, cases)


def _expected(own: Cases, company: Levels) -> float | None:
    mine, expected = Levels(own), 0.0
    for stratum, amount in own.out_of.items():
        rate = company.rate_without(mine, stratum)
        if rate is None:
            return None
        expected += amount * rate
    return expected


def _pooled(cases: Cases, depth: int) -> Cases:
    events, out_of, known = Counter[Stratum](), Counter[Stratum](), Counter[Stratum]()
    for stratum, count in cases.cases.items():
        key = stratum[:depth]
        events[key] += cases.events.get(stratum, 0)
        out_of[key] += cases.out_of.get(stratum, 0)
        known[key] += count
    return Cases(events, out_of, known)


def _poisson_interval(events: int) -> tuple[float, float]:
    """95 % interval of a Poisson mean after ``events`` events (Byar's approximation)."""
    low = events * (1 - 1 / (9 * events) - Z95 / (3 * math.sqrt(events))) ** 3 if events else 0.0
    upper = events + 1
    return max(0.0, low), upper * (1 - 1 / (9 * upper) + Z95 / (3 * math.sqrt(upper))) ** 3


def outside(found: Expectation, standard_errors: float = 3.0) -> bool:
    """Across peers: whether the observed count lies further from the expected one than so many standard errors."""
    share = min(1.0, found.expected / found.cases)
    spread = math.sqrt(found.expected * (1 - share)) if share < 1 else math.sqrt(found.expected)
    return abs(found.observed - found.expected) > standard_errors * spread if spread else False
