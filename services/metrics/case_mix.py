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


def expectation(own: Cases, company: Cases, *, is_hazard: bool = False) -> Expectation | None:
    """``company`` holds the subject too: it is taken out first.

    None below 20 own cases, where nobody else has 20, or where nothing was to be expected.
    """
    observed, _, cases = own.totals()
    if cases < POOLED_BELOW:
        return None
    expected = _expected(own, company)
    if expected is None or expected <= 0:
        return None
    if is_hazard:
        low, high = _poisson_interval(observed)
    else:
        shares = wilson(observed, cases) or (0.0, 1.0)
        low, high = shares[0] * cases, shares[1] * cases
    return Expectation(observed, expected, low / expected, high / expected, cases)


def _expected(own: Cases, company: Cases) -> float | None:
    others = Cases(
        _without(company.events, own.events),
        _without(company.out_of, own.out_of),
        _without(company.cases, own.cases),
    )
    depths = range(len(STRATA), -1, -1)
    levels = {depth: _pooled(others, depth) for depth in depths}
    expected = 0.0
    for stratum, amount in own.out_of.items():
        rate = next((found for depth in depths if (found := _rate(levels[depth], stratum[:depth])) is not None), None)
        if rate is None:
            return None
        expected += amount * rate
    return expected


def _without(everybody: Mapping[Stratum, int], own: Mapping[Stratum, int]) -> dict[Stratum, int]:
    """A stratum the company does not have leaves nothing; it cannot become negative."""
    return {key: max(count - own.get(key, 0), 0) for key, count in everybody.items()}


def _pooled(cases: Cases, depth: int) -> Cases:
    events, out_of, known = Counter[Stratum](), Counter[Stratum](), Counter[Stratum]()
    for stratum, count in cases.cases.items():
        events[stratum[:depth]] += cases.events.get(stratum, 0)
        out_of[stratum[:depth]] += cases.out_of.get(stratum, 0)
        known[stratum[:depth]] += count
    return Cases(events, out_of, known)


def _rate(cases: Cases, stratum: Stratum) -> float | None:
    if cases.cases.get(stratum, 0) < POOLED_BELOW or not cases.out_of.get(stratum):
        return None
    return cases.events.get(stratum, 0) / cases.out_of[stratum]


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
