"""Capability 3 (1.6): entries needed for the hires wanted, with the doubt about each rate."""

from __future__ import annotations

import pytest
from scipy import stats

from services.metrics.capacity import Passage, needed_entries, widened


def test_1_6_the_plan_is_hires_over_the_product_of_rates() -> None:
    plan = needed_entries(6, [Passage("screen", 30, 120), Passage("interview", 20, 40)])
    assert plan.expected == pytest.approx(6 / (0.25 * 0.5))
    assert plan.low < 48 < plan.high


def test_1_6_one_rate_has_the_interval_of_its_beta_posterior() -> None:
    plan = needed_entries(10, [Passage("screen", 12, 40)])
    low, high = stats.beta(12.5, 28.5).ppf([0.1, 0.9])
    assert (plan.low, plan.high) == pytest.approx((10 / high, 10 / low), rel=0.02)


def test_1_6_the_same_question_gets_the_same_answer() -> None:
    passages = [Passage("screen", 3, 30)]
    assert needed_entries(2, passages) == needed_entries(2, passages)


def test_1_6_where_nobody_came_through_there_is_no_plan_but_a_range() -> None:
    plan = needed_entries(1, [Passage("screen", 0, 25)])
    assert plan.expected is None
    assert 0 < plan.low < plan.high


def test_1_6_a_thin_cell_is_widened_and_named() -> None:
    narrow, family, company = Passage("Berlin", 5, 19), Passage("Software", 9, 20), Passage("company", 90, 400)
    assert widened([narrow, family, company]) is family
    assert widened([narrow, Passage("company", 2, 3)]).name == "company"
