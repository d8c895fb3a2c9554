"""1.1: the composite index, its parts and weights, and the business-cycle rule."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.errors import InvalidInputError
from services.domain.metric import Better
from services.metrics.business_cycle import Signs, suggested
from services.metrics.composite import Part, combined, matured_from, score, scored
from services.metrics.profiles import QUALITY_FIRST, TIME_FIRST, check_weights
from services.metrics.registry import metric

MONTHS = [40.0, 45.0, 50.0, 55.0, 60.0, 50.0, 45.0, 55.0, 50.0, 50.0, 45.0, 55.0]
"""Median 50, MAD 5."""


def part(weight: float, points: float | None) -> Part:
    return Part("x", weight, 1.0, 1.0, 1.0, 0.0, points, 30)


def test_1_1_a_part_is_a_robust_z_on_a_scale_of_50_and_10() -> None:
    median, mad, z = scored(MONTHS, 40.0, Better.LOWER) or (0, 0, 0)
    assert (median, mad) == (50.0, 5.0)
    assert z == pytest.approx(10 / (1.4826 * 5))  # shorter is better: turned around
    assert score(z) == pytest.approx(50 + 100 / (1.4826 * 5))
    assert (scored(MONTHS, 40.0, Better.HIGHER) or (0, 0, 0))[2] == pytest.approx(-10 / (1.4826 * 5))


def test_1_1_the_index_of_the_example() -> None:
    found = scored(MONTHS, 40.0, Better.LOWER)
    assert found is not None
    assert combined([part(0.7, score(found[2])), part(0.3, 50.0)]).value == pytest.approx(59.44, abs=0.005)


def test_1_1_a_score_stays_between_20_and_80() -> None:
    assert (score(9.0), score(-9.0), score(3.0), score(0.0)) == (80.0, 20.0, 80.0, 50.0)


def test_1_1_only_the_last_twelve_months_and_at_least_eight_of_them() -> None:
    assert scored([1000.0, *MONTHS], 40.0, Better.LOWER) == scored(MONTHS, 40.0, Better.LOWER)
    assert scored([None] * 5 + MONTHS[:7], 40.0, Better.LOWER) is None
    assert scored([None] * 4 + MONTHS[:8], 40.0, Better.LOWER) is not None


def test_1_1_months_that_are_all_alike_score_only_their_like() -> None:
    assert scored([5.0] * 12, 5.0, Better.HIGHER) == (5.0, 0.0, 0.0)
    assert scored([5.0] * 12, 6.0, Better.HIGHER) is None


def test_1_1_a_missing_part_rescales_the_others_from_0_6_on() -> None:
    assert combined([part(0.4, 70.0), part(0.2, 40.0), part(0.4, None)]).value == pytest.approx(60.0)
    below = combined([part(0.4, 70.0), part(0.19, 40.0), part(0.41, None)])
    assert (below.value, below.known) == (None, pytest.approx(0.59))


@given(
    st.lists(st.tuples(st.integers(1, 50), st.floats(20, 80) | st.none()), min_size=1, max_size=6),
)
def test_1_1_the_index_lies_between_its_parts_and_exists_from_0_6_on(drawn: list[tuple[int, float | None]]) -> None:
    total = sum(weight for weight, _ in drawn)
    parts = [part(weight / total, points) for weight, points in drawn]
    known = [one for one in parts if one.score is not None]
    index = combined(parts)
    share = sum(weight for weight, points in drawn if points is not None) / total
    if abs(share - 0.6) > 1e-6:
        assert (index.value is not None) == (share > 0.6)
    if index.value is not None:
        points = [one.score for one in known if one.score is not None]
        assert min(points) - 1e-9 <= index.value <= max(points) + 1e-9
        assert combined(list(reversed(parts))).value == pytest.approx(index.value)


@given(st.lists(st.floats(0.01, 1), min_size=2, max_size=4))
def test_1_1_weights_that_do_not_add_up_to_1_are_refused(drawn: list[float]) -> None:
    names = ["time_to_fill", "offer_acceptance_rate", "quality_of_hire_90", "first_year_attrition"][: len(drawn)]
    total = math.fsum(drawn)
    check_weights({name: weight / total for name, weight in zip(names, drawn, strict=True)})
    if abs(total - 1) > 1e-6:
        with pytest.raises(InvalidInputError, match="add up"):
            check_weights(dict(zip(names, drawn, strict=True)))


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ({"hires": 1.0}, "cannot be part"),
        ({"adverse_impact_ratio": 1.0}, "cannot be part"),
        ({"time_to_fill": 1.2, "offer_acceptance_rate": -0.2}, "above 0"),
        ({"time_to_fill": float("nan")}, "above 0"),
        ({"no_such_metric": 1.0}, "no metric"),
    ],
)
def test_1_1_a_wrong_weight_says_what_is_wrong(weights: dict[str, float], words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        check_weights(weights)


def test_1_1_the_suggested_weights_are_good_ones() -> None:
    check_weights(TIME_FIRST)
    check_weights(QUALITY_FIRST)


def test_1_1_a_figure_is_matured_when_nothing_can_come_any_more() -> None:
    end = date(2026, 10, 1)
    assert matured_from(metric("time_to_fill"), end) == end
    assert matured_from(metric("quality_of_hire_90"), end) == date(2027, 1, 29)
    assert matured_from(metric("first_year_attrition"), end) == date(2027, 10, 1)


CALM = Signs(1.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("signs", "first"),
    [
        (CALM, None),
        (replace(CALM, seats_of_median=1.25), None),
        (replace(CALM, seats_of_median=1.26), "time"),
        (replace(CALM, declines_up=0.05), "time"),
        (replace(CALM, declines_up=0.049), None),
        (replace(CALM, attrition_up=0.05), "quality"),
        (replace(CALM, attrition_up=0.049), None),
        (replace(CALM, seats_of_median=0.75), None),
        (replace(CALM, seats_of_median=0.74), "quality"),
        (Signs(1.5, None, 0.06), None),
        (Signs(None, None, None), None),
    ],
)
def test_1_1_the_business_cycle_rule_at_its_limits(signs: Signs, first: str | None) -> None:
    found = suggested(signs)
    assert found.first == first
    assert bool(found.weights) == (first is not None)


def test_1_1_signs_of_both_kinds_are_named_and_suggest_nothing() -> None:
    assert len(suggested(Signs(1.5, None, 0.06)).reasons) == 2
