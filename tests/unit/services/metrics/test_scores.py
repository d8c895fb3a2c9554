"""Capability 3: shrunken raters (golden G12) and the promoter score with its margin."""

from __future__ import annotations

import pytest

from services.metrics.scores import promoter_score, shrunken_raters

G12 = {"A": [0.75, 1.0, 0.75], "B": [2 / 3]}


def test_g12_two_raters_one_of_whom_rated_once() -> None:
    raters = shrunken_raters(G12)
    assert raters is not None
    assert raters.mean == pytest.approx(0.791667, abs=1e-6)
    assert raters.deviation == pytest.approx(0.144338, abs=1e-6)
    assert raters.means == pytest.approx({"A": 0.807292, "B": 0.770833}, abs=1e-6)
    shown = [raters.performance(rater, rating) for rater, given in G12.items() for rating in given]
    assert shown == pytest.approx([34.5710, 90.9082, 34.5710, 23.5243], abs=1e-4)


def test_a_rater_nobody_knows_is_taken_as_average() -> None:
    raters = shrunken_raters(G12)
    assert raters is not None
    assert raters.z("C", raters.mean) == pytest.approx(0.0)


def test_ratings_without_spread_say_nothing() -> None:
    raters = shrunken_raters({"A": [0.5, 0.5], "B": [0.5]})
    assert raters is not None
    assert raters.z("A", 0.5) is None
    assert raters.performance("A", 0.5) is None
    assert shrunken_raters({"A": [0.5]}) is None


@pytest.mark.parametrize(("n", "margin"), [(10, 48), (30, 28), (100, 15)])
def test_the_margin_of_half_promoters_and_a_fifth_detractors(n: int, margin: int) -> None:
    found = promoter_score({10: n // 2, 8: 3 * n // 10, 3: n // 5})
    assert found is not None
    assert found.score == pytest.approx(30)
    assert round(found.margin) == margin
    assert (found.promoters, found.detractors, found.n) == (n // 2, n // 5, n)


def test_the_borders_of_promoters_and_detractors() -> None:
    found = promoter_score({9: 1, 6: 1, 7: 1, 8: 1})
    assert found is not None
    assert (found.promoters, found.detractors, found.score) == (1, 1, 0.0)
    assert promoter_score({}) is None
    everybody = promoter_score({10: 5})
    assert everybody is not None
    assert (everybody.score, everybody.margin) == (100.0, 0.0)
