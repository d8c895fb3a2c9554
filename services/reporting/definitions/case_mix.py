"""What the company's rate for the same mix of work would have given: observed against expected, never a rank.

Expected = sum over job family x level x country of the subject's cases times the rate of everybody else there. A
stratum in which everybody else has fewer than 20 cases is pooled upward: first over countries, then over levels, then
over families.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from services.domain.metric import Row
from services.domain.wording import FEW_GREY
from services.metrics.estimators import wilson

STRATA = ("job_family", "seniority", "country")
Stratum = tuple[str | None, ...]


@dataclass(frozen=True)
class Expectation:
    observed_rate: float
    expected_rate: float
    ratio: float
    low: float
    high: float
    """95 % interval of the ratio: Wilson's for the observed rate, over the expected one."""
    n: int


@dataclass(frozen=True)
class _Cases:
    hits: Counter[Stratum]
    total: Counter[Stratum]


def expectation(own: Iterable[Row], company: Iterable[Row]) -> Expectation | None:
    """Rows of one rate by STRATA, of the subject and of the whole company (the subject included).

    None below 20 own cases, where nobody else has 20, or where nothing was to be expected.
    """
    mine, everybody = _cases(own), _cases(company)
    n = sum(mine.total.values())
    if n < FEW_GREY:
        return None
    others = _Cases(_without(everybody.hits, mine.hits), _without(everybody.total, mine.total))
    levels = [_pooled(others, depth) for depth in (3, 2, 1, 0)]
    expected = 0.0
    for stratum, cases in mine.total.items():
        rate = _rate(levels, stratum)
        if rate is None:
            return None
        expected += cases * rate
    interval = wilson(sum(mine.hits.values()), n)
    if expected <= 0 or interval is None:
        return None
    observed, wanted = sum(mine.hits.values()) / n, expected / n
    return Expectation(observed, wanted, observed / wanted, interval[0] / wanted, interval[1] / wanted, n)


def _cases(rows: Iterable[Row]) -> _Cases:
    found = _Cases(Counter(), Counter())
    for row in rows:
        stratum = tuple(row.dims.get(name) for name in STRATA)
        found.hits[stratum] += int(row.numerator or 0)
        found.total[stratum] += int(row.denominator or 0)
    return found


def _without(all_cases: Mapping[Stratum, int], own: Mapping[Stratum, int]) -> Counter[Stratum]:
    """A stratum the company does not have leaves nothing; it cannot become negative."""
    return Counter({key: max(count - own.get(key, 0), 0) for key, count in all_cases.items()})


def _pooled(cases: _Cases, depth: int) -> _Cases:
    found = _Cases(Counter(), Counter())
    for stratum in cases.total:
        found.hits[stratum[:depth]] += cases.hits[stratum]
        found.total[stratum[:depth]] += cases.total[stratum]
    return found


def _rate(levels: Iterable[_Cases], stratum: Stratum) -> float | None:
    for depth, cases in zip((3, 2, 1, 0), levels, strict=True):
        if cases.total[stratum[:depth]] >= FEW_GREY:
            return cases.hits[stratum[:depth]] / cases.total[stratum[:depth]]
    return None
