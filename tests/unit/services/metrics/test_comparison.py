"""Capability 3 (1.2): log-rank against lifelines, Benjamini-Hochberg against scipy and by hand."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines.statistics import logrank_test
from scipy.stats import false_discovery_control

from services.metrics.comparison import benjamini_hochberg, log_rank
from services.metrics.estimators import Lifetimes

group = st.lists(st.tuples(st.integers(1, 30), st.booleans()), min_size=2, max_size=40)


@settings(max_examples=40, deadline=None)
@given(group, group)
@pytest.mark.filterwarnings("ignore")
def test_log_rank_equals_lifelines(first: list[tuple[int, bool]], second: list[tuple[int, bool]]) -> None:
    (days, left), (other_days, other_left) = (tuple(zip(*rows, strict=True)) for rows in (first, second))
    found = log_rank(Lifetimes.of(days, left), Lifetimes.of(other_days, other_left))
    if found is None:
        return
    theirs = logrank_test(days, other_days, left, other_left)
    assert found.chi_squared == pytest.approx(theirs.test_statistic, rel=1e-8, abs=1e-12)
    assert found.p == pytest.approx(theirs.p_value, rel=1e-7, abs=1e-12)


def test_one_who_entered_late_is_not_at_risk_before() -> None:
    """At t = 5 there are 2 of the first group at risk, not 3, against 2: one event, expected 2/4."""
    first = Lifetimes.of([5, 9, 9], [True, False, False], [None, None, 6])
    found = log_rank(first, Lifetimes.of([9, 9], [False, False]))
    assert found is not None
    assert (found.observed, found.expected) == (1, pytest.approx(0.5))


def test_curves_without_events_cannot_be_compared() -> None:
    still_there = Lifetimes.of([3, 4], [False, False])
    assert log_rank(still_there, still_there) is None


def test_benjamini_hochberg_by_hand() -> None:
    """Sorted 0.01, 0.02, 0.03, 0.5: 0.04, 0.04, 0.04, 0.5. The smallest of the larger ones counts."""
    assert benjamini_hochberg([0.02, 0.5, 0.01, 0.03]) == pytest.approx((0.04, 0.5, 0.04, 0.04))
    assert benjamini_hochberg([]) == ()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_benjamini_hochberg_equals_scipy(p_values: list[float]) -> None:
    assert benjamini_hochberg(p_values) == pytest.approx(tuple(false_discovery_control(p_values)), abs=1e-12)
