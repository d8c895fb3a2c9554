"""Capability 3 (5.1): observed against expected for the same mix, worked by hand; of rates and of hazards."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from scipy import stats

from services.metrics.case_mix import Cases, Stratum, expectation, outside

ENGINEERING, SALES = ("Engineering", "Senior", "DE"), ("Sales", "Junior", "FR")


def rates(counts: Mapping[Stratum, tuple[int, int]]) -> Cases:
    hits = {stratum: hits for stratum, (hits, _) in counts.items()}
    total = {stratum: total for stratum, (_, total) in counts.items()}
    return Cases(hits, total, total)


def hazards(counts: Mapping[Stratum, tuple[int, int, int]]) -> Cases:
    """(events, days at risk, cases)."""
    parts = [{stratum: row[index] for stratum, row in counts.items()} for index in range(3)]
    return Cases(parts[0], parts[1], parts[2])


def test_5_1_expected_is_the_others_rate_without_this_person() -> None:
    """The others: 30 of 60 = 0.5 and 45 of 50 = 0.9. 12 x 0.5 + 10 x 0.9 = 15; with Rita in it 15.33."""
    rita = rates({ENGINEERING: (9, 12), SALES: (8, 10)})
    found = expectation(rita, rates({ENGINEERING: (39, 72), SALES: (53, 60)}))
    assert found is not None
    assert (found.observed, found.cases) == (17, 22)
    assert found.expected == pytest.approx(15)
    assert found.ratio == pytest.approx(17 / 15)
    assert found.low < found.ratio < found.high


def test_5_1_a_thin_stratum_is_pooled_over_countries_then_levels_then_families() -> None:
    rita = rates({ENGINEERING: (20, 20)})
    thin = {ENGINEERING: (20, 39)}
    for beside, rate in (
        ({("Engineering", "Senior", "FR"): (9, 11)}, 9 / 30),
        ({("Engineering", "Junior", "FR"): (3, 1)}, 3 / 20),
        ({SALES: (6, 21)}, 6 / 40),
    ):
        found = expectation(rita, rates({**thin, **beside}))
        assert found is not None
        assert found.expected == pytest.approx(20 * rate)
    not_thin = expectation(rita, rates({ENGINEERING: (25, 40), ("Engineering", "Senior", "FR"): (9, 10)}))
    assert not_thin is not None
    assert not_thin.expected == pytest.approx(20 * 5 / 20)


def test_5_1_nothing_is_compared_below_twenty_or_without_others() -> None:
    many = rates({SALES: (500, 1000)})
    assert expectation(rates({SALES: (10, 19)}), many) is None
    assert expectation(rates({SALES: (10, 20)}), many) is not None
    assert expectation(rates({SALES: (10, 20)}), rates({SALES: (12, 39)})) is None
    assert expectation(rates({SALES: (10, 20)}), rates({SALES: (10, 60)})) is None


def test_5_1_a_hazard_is_events_per_day_at_risk() -> None:
    """The others fill 40 seats in 2,000 days, 0.02 a day. Rita's 25 seats were open for 500 days: 10 expected."""
    rita = hazards({SALES: (15, 500, 25)})
    found = expectation(rita, hazards({SALES: (55, 2500, 80)}), is_hazard=True)
    assert found is not None
    assert (found.observed, found.expected) == (15, pytest.approx(10))
    exact = stats.chi2.ppf(0.025, 30) / 2 / 10, stats.chi2.ppf(0.975, 32) / 2 / 10
    assert (found.low, found.high) == pytest.approx(exact, rel=0.01)


def test_5_1_nobody_hired_has_an_interval_from_zero() -> None:
    found = expectation(hazards({SALES: (0, 500, 25)}), hazards({SALES: (40, 2500, 80)}), is_hazard=True)
    assert found is not None
    assert found.low == 0.0
    assert found.ratio == 0.0
    assert found.high > 0


def test_6_6_three_standard_errors_across_peers() -> None:
    """Of 100 at 0.5 the spread is 5: 65 lies at three, 66 beyond."""
    company = rates({SALES: (500, 1000)})
    for hits, is_outside in ((65, False), (66, True), (35, False), (34, True)):
        others = {SALES: (500 + hits, 1100)}
        found = expectation(rates({SALES: (hits, 100)}), rates(others))
        assert found is not None
        assert found.expected == pytest.approx(50)
        assert outside(found) is is_outside
    assert company.totals() == (500, 1000, 1000)
