"""Observed against expected as a scorecard prints it; the arithmetic is ``services.metrics.case_mix``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from services.domain.metric import Row
from services.metrics import case_mix
from services.metrics.case_mix import STRATA, Stratum

__all__ = ["STRATA", "Expectation", "expectation"]


@dataclass(frozen=True)
class Expectation:
    observed_rate: float
    expected_rate: float
    ratio: float
    low: float
    high: float
    """95 % interval of the ratio: Wilson's for the observed rate, over the expected one."""
    n: int


def expectation(own: Iterable[Row], company: Iterable[Row]) -> Expectation | None:
    """Rows of one rate by STRATA, of the subject and of the whole company (the subject included).

    None below 20 own cases, where nobody else has 20, or where nothing was to be expected.
    """
    found = case_mix.expectation(_cases(own), _cases(company))
    if found is None:
        return None
    n = found.cases
    return Expectation(found.observed / n, found.expected / n, found.ratio, found.low, found.high, n)


def _cases(rows: Iterable[Row]) -> case_mix.Cases:
    hits, total = Counter[Stratum](), Counter[Stratum]()
    for row in rows:
        stratum = tuple(row.dims.get(name) for name in STRATA)
        hits[stratum] += int(row.numerator or 0)
        total[stratum] += int(row.denominator or 0)
    return case_mix.Cases(hits, total, total)
