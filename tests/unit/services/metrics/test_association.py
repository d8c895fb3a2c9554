"""Capability 3: tests of two by two tables, and the golden Simpson case, against scipy, statsmodels and by hand."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import StratifiedTable
from statsmodels.stats.proportion import proportions_ztest

from services.metrics.association import Fourfold, chi_squared, fisher_exact, mantel_haenszel, two_proportion_z

ENGINEERING, SALES = Fourfold(40, 100, 9, 20), Fourfold(2, 20, 15, 100)


@st.composite
def fourfolds(draw: st.DrawFn, largest: int = 60) -> Fourfold:
    cases, others = draw(st.integers(1, largest)), draw(st.integers(1, largest))
    return Fourfold(draw(st.integers(0, cases)), cases, draw(st.integers(0, others)), others)


def cells(table: Fourfold) -> list[list[int]]:
    return [
        [table.successes, table.cases - table.successes],
        [table.reference_successes, table.reference_cases - table.reference_successes],
    ]


class TestG09:
    """Golden G09: referral looks 15 points better and is 5 points worse in every family."""

    def test_g09_the_stratified_difference_turns_the_pooled_one_around(self) -> None:
        found = mantel_haenszel([ENGINEERING, SALES])
        assert found is not None
        assert found.pooled == pytest.approx(0.15, abs=1e-12)
        assert found.difference == pytest.approx(-0.05, abs=1e-12)
        assert found.standard_error == pytest.approx(0.071676, abs=1e-6)
        assert (found.low, found.high) == pytest.approx((-0.190483, 0.090483), abs=1e-6)
        assert found.odds_ratio == pytest.approx(0.753086, abs=1e-6)
        assert found.chi_squared == pytest.approx(0.455067, abs=1e-6)
        assert found.p == pytest.approx(0.499939, abs=1e-6)
        assert not found.excludes_zero

    def test_g09_the_pooled_figure_looks_convincing(self) -> None:
        assert fisher_exact(Fourfold(42, 120, 24, 120)) == pytest.approx(0.013648, abs=1e-6)

    def test_g09_by_hand_in_fractions(self) -> None:
        weights = [Fraction(100 * 20, 120), Fraction(20 * 100, 120)]
        differences = [Fraction(40, 100) - Fraction(9, 20), Fraction(2, 20) - Fraction(15, 100)]
        pooled = sum(w * d for w, d in zip(weights, differences, strict=True)) / sum(weights)
        assert pooled == Fraction(-1, 20)


class TestG08:
    """The tests that golden G08's verdicts are made from."""

    @pytest.mark.parametrize(
        ("table", "p", "z"),
        [
            (Fourfold(60, 200, 13, 40), 0.850839, -0.313741),
            (Fourfold(9, 60, 13, 40), 0.049759, -2.069593),
            (Fourfold(8, 40, 13, 40), 0.309510, -1.270514),
            (Fourfold(3, 8, 13, 40), 1.000000, 0.273861),
        ],
    )
    def test_g08_fisher_and_z(self, table: Fourfold, p: float, z: float) -> None:
        assert fisher_exact(table) == pytest.approx(p, abs=1e-6)
        assert two_proportion_z(table) == pytest.approx(z, abs=1e-6)

    def test_g08_the_smallest_expected_count(self) -> None:
        assert Fourfold(3, 8, 13, 40).smallest_expected() == pytest.approx(8 * 16 / 48)


@given(fourfolds())
def test_fisher_equals_scipy(table: Fourfold) -> None:
    assert fisher_exact(table) == pytest.approx(stats.fisher_exact(cells(table)).pvalue, rel=1e-8)


@given(fourfolds())
@pytest.mark.filterwarnings("ignore")
def test_z_equals_statsmodels(table: Fourfold) -> None:
    counts, cases = [table.successes, table.reference_successes], [table.cases, table.reference_cases]
    z = two_proportion_z(table)
    if 0 < sum(counts) < sum(cases):
        assert z == pytest.approx(proportions_ztest(counts, cases)[0], rel=1e-9, abs=1e-12)
    else:
        assert z is None


@settings(max_examples=50)
@given(st.lists(fourfolds(), min_size=1, max_size=6))
@pytest.mark.filterwarnings("ignore")
def test_odds_ratio_and_chi_squared_equal_statsmodels(strata: list[Fourfold]) -> None:
    found = mantel_haenszel(strata)
    theirs = StratifiedTable([np.array(cells(stratum), dtype=float) for stratum in strata])
    assert found is not None
    if found.chi_squared is not None:
        test = theirs.test_null_odds(correction=False)
        assert found.chi_squared == pytest.approx(test.statistic, rel=1e-9, abs=1e-12)
        assert found.p == pytest.approx(test.pvalue, rel=1e-6, abs=1e-12)
    if found.odds_ratio:
        assert found.odds_ratio == pytest.approx(theirs.oddsratio_pooled, rel=1e-9)


@given(fourfolds())
def test_one_stratum_is_the_plain_difference(table: Fourfold) -> None:
    found = mantel_haenszel([table])
    assert found is not None
    assert found.difference == pytest.approx(found.pooled, abs=1e-12)
    rates = [(table.successes, table.cases), (table.reference_successes, table.reference_cases)]
    spread = sum(a / n * (1 - a / n) / n for a, n in rates)
    assert found.standard_error == pytest.approx(spread**0.5, abs=1e-12)


def test_a_stratum_without_the_other_group_says_nothing_about_the_difference() -> None:
    found = mantel_haenszel([ENGINEERING, SALES, Fourfold(5, 5, 0, 0)])
    assert found is not None
    assert (found.strata, found.difference) == (2, pytest.approx(-0.05))
    assert found.pooled == pytest.approx(47 / 125 - 24 / 120)
    assert mantel_haenszel([Fourfold(5, 5, 0, 0), Fourfold(0, 0, 3, 4)]) is None
    assert mantel_haenszel([]) is None


def test_all_alike_has_no_chi_squared() -> None:
    found = mantel_haenszel([Fourfold(0, 10, 0, 10)])
    assert found is not None
    assert (found.difference, found.odds_ratio, found.chi_squared, found.p) == (0.0, None, None, None)
    assert not found.excludes_zero


def test_an_interval_on_one_side_of_zero_is_noticed() -> None:
    for table in (Fourfold(80, 100, 20, 100), Fourfold(20, 100, 80, 100)):
        found = mantel_haenszel([table])
        assert found is not None
        assert found.excludes_zero


def test_1_2_chi_squared_equals_scipy() -> None:
    rows = [(12, 40), (30, 55), (9, 31)]
    theirs = stats.chi2_contingency([[s, n - s] for s, n in rows], correction=False)
    assert chi_squared(rows) == pytest.approx((theirs.statistic, theirs.pvalue), rel=1e-9)
    assert chi_squared([(3, 10), (0, 0)]) is None
    assert chi_squared([(0, 10), (0, 5)]) is None


def test_nothing_has_neither_difference_nor_expectation() -> None:
    assert Fourfold(0, 0, 1, 2).difference is None
    assert two_proportion_z(Fourfold(0, 0, 1, 2)) is None
    assert Fourfold(0, 0, 0, 0).smallest_expected() == 0.0
