"""Capability 3: the special functions agree with scipy, and the sum of unequal chances with enumeration."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from services.metrics.distributions import at_least, chi_squared_tail, log_choose, normal_cdf, two_sided


@pytest.mark.parametrize("z", [-6.0, -1.959963984540054, -0.3, 0.0, 1.0, 4.5])
def test_the_normal_distribution_equals_scipy(z: float) -> None:
    assert normal_cdf(z) == pytest.approx(stats.norm.cdf(z), rel=1e-12)
    assert two_sided(z) == pytest.approx(2 * stats.norm.sf(abs(z)), rel=1e-12)


@given(st.floats(0.001, 200), st.integers(1, 40))
def test_the_chi_squared_tail_equals_scipy(value: float, degrees: int) -> None:
    assert chi_squared_tail(value, degrees) == pytest.approx(stats.chi2.sf(value, degrees), rel=1e-9, abs=1e-14)


def test_no_distance_has_a_tail_of_one() -> None:
    assert chi_squared_tail(0, 3) == 1.0


def test_a_binomial_coefficient() -> None:
    assert math.exp(log_choose(52, 5)) == pytest.approx(math.comb(52, 5), rel=1e-10)


def enumerated(chances: list[float], successes: int) -> float:
    return sum(
        math.prod(p if hit else 1 - p for p, hit in zip(chances, hits, strict=True))
        for hits in itertools.product((False, True), repeat=len(chances))
        if sum(hits) >= successes
    )


@given(st.lists(st.floats(0, 1), max_size=8), st.integers(0, 9))
def test_7_4_the_chance_that_enough_of_unequal_candidates_are_hired(chances: list[float], seats: int) -> None:
    assert at_least(chances, seats) == pytest.approx(enumerated(chances, seats), abs=1e-12)


def test_7_4_nothing_needed_is_certain_and_too_few_candidates_are_hopeless() -> None:
    assert at_least([], 0) == 1.0
    assert at_least([1.0, 1.0], 3) == 0.0
    assert at_least([0.5] * 10, 3) == pytest.approx(stats.binom.sf(2, 10, 0.5), rel=1e-12)
