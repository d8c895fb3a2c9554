"""8: observed against what the same mix of work would give, worked by hand; below 20 nothing is compared."""

from __future__ import annotations

import pytest

from services.domain.metric import Row, Unit
from services.reporting.definitions.case_mix import expectation


def cases(family: str, level: str, country: str, hits: int, total: int) -> Row:
    dims = {"job_family": family, "seniority": level, "country": country}
    return Row("offer_acceptance_rate", dims, None, Unit.RATE, n=total, numerator=hits, denominator=total)


def test_expected_is_the_others_rate_weighted_with_ones_own_cases():
    """Engineering: the others accept 30 of 60 = 0.5; sales 45 of 50 = 0.9. 12 x 0.5 + 10 x 0.9 = 15 of 22."""
    own = [cases("Engineering", "Senior", "DE", 9, 12), cases("Sales", "Junior", "FR", 8, 10)]
    company = [cases("Engineering", "Senior", "DE", 39, 72), cases("Sales", "Junior", "FR", 53, 60)]
    found = expectation(own, company)
    assert found is not None
    assert found.expected_rate == pytest.approx(15 / 22)
    assert found.observed_rate == pytest.approx(17 / 22)
    assert found.ratio == pytest.approx(17 / 15)
    assert found.low < found.ratio < found.high
    assert found.n == 22


def test_a_thin_stratum_is_pooled_over_countries_then_levels_then_families():
    own = [cases("Engineering", "Senior", "DE", 20, 20)]
    thin = [cases("Engineering", "Senior", "DE", 20, 25)]
    by_country = [*thin, cases("Engineering", "Senior", "FR", 9, 25)]
    assert expectation(own, by_country).expected_rate == pytest.approx(9 / 30)
    by_level = [*thin, cases("Engineering", "Junior", "FR", 3, 15)]
    assert expectation(own, by_level).expected_rate == pytest.approx(3 / 20)
    by_family = [*thin, cases("Sales", "Junior", "FR", 6, 35)]
    assert expectation(own, by_family).expected_rate == pytest.approx(6 / 40)


def test_nothing_is_compared_below_twenty_own_cases_or_without_others():
    many = [cases("Sales", "Junior", "FR", 500, 1000)]
    assert expectation([cases("Sales", "Junior", "FR", 10, 19)], many) is None
    assert expectation([cases("Sales", "Junior", "FR", 10, 20)], many) is not None
    assert expectation([cases("Sales", "Junior", "FR", 10, 20)], [cases("Sales", "Junior", "FR", 12, 39)]) is None
    assert expectation([cases("Sales", "Junior", "FR", 10, 20)], [cases("Sales", "Junior", "FR", 10, 60)]) is None
