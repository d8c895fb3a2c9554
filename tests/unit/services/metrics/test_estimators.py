"""Capability 5: the estimators agree with exact fractions and with lifelines, statsmodels and numpy."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import AalenJohansenFitter, KaplanMeierFitter
from lifelines.utils import median_survival_times
from statsmodels.stats.proportion import proportion_confint

from services.metrics.competing_risks import Exits, aalen_johansen
from services.metrics.estimators import Lifetimes, kaplan_meier, mean, quantile_type7, to_grid, wilson

NO_GUARD = 1

subjects = st.lists(st.tuples(st.integers(1, 40), st.booleans(), st.integers(0, 30)), min_size=1, max_size=60)


def exact_survival(
    durations: Sequence[int], observed: Sequence[bool], entries: Sequence[int | None]
) -> dict[int, Fraction]:
    survival, curve = Fraction(1), {}
    for time in sorted({t for t, is_event in zip(durations, observed, strict=True) if is_event}):
        rows = list(zip(durations, observed, entries, strict=True))
        at_risk = sum((entry is None or entry < time) and time <= stop for stop, _, entry in rows)
        events = sum(stop == time and is_event for stop, is_event, _ in rows)
        survival *= Fraction(at_risk - events, at_risk)
        curve[time] = survival
    return curve


def exact_quantile(curve: dict[int, Fraction], level: Fraction) -> int | None:
    return next((time for time, survival in curve.items() if survival <= level), None)


class TestKaplanMeier:
    """Capability 5: Kaplan-Meier by exact fractions, with late entry."""

    def test_golden_g03_ties_even_n_and_interval(self) -> None:
        days = [3, 5, 5, 8, 8, 12, 20, 20]
        left = [True, True, False, True, True, False, True, True]
        curve = kaplan_meier(Lifetimes.of(days, left), minimum_at_risk=NO_GUARD)
        assert curve.times.tolist() == [3, 5, 8, 20]
        assert curve.at_risk.tolist() == [8, 7, 5, 2]
        assert curve.survival == pytest.approx([0.875, 0.75, 0.45, 0.0], abs=1e-12)
        assert (curve.quantile(0.75), curve.quantile(0.5), curve.quantile(0.25)) == (5, 8, 20)
        low, high = curve.interval()
        assert (low[2], high[2]) == pytest.approx((0.107578, 0.751274), abs=1e-6)
        assert curve.quantile_interval(0.5) == (3, 20)

    def test_golden_g03_even_n_headline_is_the_curve_and_naive_the_ordinary_median(self) -> None:
        curve = kaplan_meier(Lifetimes.of([1, 2, 3, 4], [True] * 4), minimum_at_risk=NO_GUARD)
        assert curve.quantile(0.5) == 2
        assert quantile_type7(np.array([1, 2, 3, 4]), np.array([1, 1, 1, 1]), 0.5) == 2.5

    def test_golden_g03_median_not_reached(self) -> None:
        lifetimes = Lifetimes.of([2, 4, 6] + [9] * 7, [True] * 3 + [False] * 7)
        curve = kaplan_meier(lifetimes, minimum_at_risk=NO_GUARD)
        assert curve.quantile(0.5) is None
        assert curve.quantile(0.75) == 6
        assert curve.end == 9

    def test_golden_g02_data_begin_half_way(self) -> None:
        durations = [90, 30, 125, 15, 35, 45, 70, 122, 25, 90, 141]
        observed = [True, True, True, True, True, False, True, False, True, False, False]
        entries = [60, 20, 85, None, None, None, None, None, None, 10, None]
        curve = kaplan_meier(Lifetimes.of(durations, observed, entries), minimum_at_risk=NO_GUARD)
        assert curve.times.tolist() == [15, 25, 30, 35, 70, 90, 125]
        assert curve.at_risk.tolist() == [8, 8, 7, 6, 5, 5, 2]
        expected = [0.875, 0.765625, 0.65625, 0.546875, 0.4375, 0.35, 0.175]
        assert curve.survival == pytest.approx(expected, abs=1e-12)
        assert curve.quantile(0.5) == 70
        ignoring_entry = kaplan_meier(Lifetimes.of(durations, observed), minimum_at_risk=NO_GUARD)
        assert ignoring_entry.quantile(0.5) == 90

    def test_golden_g01_net_median_and_the_float_trap_at_p25(self) -> None:
        net = [205, 505, 100, 300, 305, 300, 150, 450]
        filled = [True, False, True, False, True, False, True, True]
        curve = kaplan_meier(Lifetimes.of(net, filled), minimum_at_risk=NO_GUARD)
        assert (curve.quantile(0.75), curve.quantile(0.5), curve.quantile(0.25)) == (150, 305, 450)

    def test_a_half_in_fractions_is_a_half_in_floating_point(self) -> None:
        """23/24 * 22/23 * ... * 12/13 comes out as 0.5000000000000001: without slack the median would be 13."""
        curve = kaplan_meier(Lifetimes.of(list(range(1, 25)), [True] * 24), minimum_at_risk=NO_GUARD)
        assert curve.survival[11] > 0.5
        assert curve.quantile(0.5) == 12

    @given(subjects)
    def test_equals_exact_fractions_with_late_entry(self, rows: list[tuple[int, bool, int]]) -> None:
        durations = [stop for stop, _, _ in rows]
        observed = [is_event for _, is_event, _ in rows]
        entries = [min(entry, stop - 1) if entry else None for stop, _, entry in rows]
        curve = kaplan_meier(Lifetimes.of(durations, observed, entries), minimum_at_risk=NO_GUARD)
        expected = exact_survival(durations, observed, entries)
        assert curve.times.tolist() == list(expected)
        assert curve.survival == pytest.approx([float(value) for value in expected.values()], abs=1e-12)
        for level in (Fraction(3, 4), Fraction(1, 2), Fraction(1, 4)):
            assert curve.quantile(float(level)) == exact_quantile(expected, level)

    @settings(max_examples=25, deadline=None)
    @given(subjects)
    @pytest.mark.filterwarnings("ignore")
    def test_interval_equals_lifelines(self, rows: list[tuple[int, bool, int]]) -> None:
        durations = [stop for stop, _, _ in rows]
        observed = [is_event for _, is_event, _ in rows]
        curve = kaplan_meier(Lifetimes.of(durations, observed), minimum_at_risk=NO_GUARD)
        fitter = KaplanMeierFitter().fit(durations, observed)
        low, high = curve.interval()
        for position, time in enumerate(curve.times):
            theirs = fitter.confidence_interval_.loc[float(time)]
            if 0 < curve.survival[position] < 1:
                assert (low[position], high[position]) == pytest.approx(tuple(theirs), abs=1e-9)

    def test_median_interval_equals_lifelines(self) -> None:
        days = [3, 5, 5, 8, 8, 12, 20, 20, 21, 22, 25, 30, 31, 31, 40]
        left = [True, True, False, True, True, False, True, True, True, True, False, True, True, True, True]
        curve = kaplan_meier(Lifetimes.of(days, left), minimum_at_risk=NO_GUARD)
        theirs = median_survival_times(KaplanMeierFitter().fit(days, left).confidence_interval_)
        assert curve.quantile_interval(0.5) == tuple(theirs.iloc[0])

    def test_the_curve_ends_where_fewer_than_five_are_at_risk(self) -> None:
        lifetimes = Lifetimes.of(list(range(1, 11)), [True] * 10)
        curve = kaplan_meier(lifetimes)
        assert curve.times.tolist() == [1, 2, 3, 4, 5, 6]
        assert curve.end == 6
        assert curve.quantile(0.5) == 5
        assert curve.quantile(0.25) is None

    def test_the_guard_waits_for_late_entries(self) -> None:
        durations = [2, *range(20, 30)]
        entries = [None, *[10] * 10]
        curve = kaplan_meier(Lifetimes.of(durations, [True] * 11, entries))
        assert curve.times.tolist() == [20, 21, 22, 23, 24, 25]

    def test_nobody_gives_an_empty_curve(self) -> None:
        curve = kaplan_meier(Lifetimes.of([], []))
        assert curve.end is None
        assert curve.quantile(0.5) is None
        assert curve.at(10) == 1.0


class TestAalenJohansen:
    """Capability 5: competing exits are never censored."""

    DAYS = (2, 3, 4, 5, 5, 8, 10, 12, 14, 15, 20, 28)
    OUTCOMES = "rejected advanced withdrawn advanced rejected open advanced filled rejected open advanced open"
    CAUSES = ("advanced", "rejected", "withdrawn", "filled")

    def exits(self) -> Exits:
        table = np.array([[outcome == cause for outcome in self.OUTCOMES.split()] for cause in self.CAUSES])
        times = np.unique(self.DAYS)
        causes = np.array([[row[np.array(self.DAYS) == t].sum() for t in times] for row in table])
        censored = np.bincount(self.DAYS, minlength=times.max() + 1)[times] - causes.sum(axis=0)
        return Exits(times, np.zeros_like(times), causes, censored)

    def test_golden_g04_screen_to_interview(self) -> None:
        estimate = aalen_johansen(self.exits(), minimum_at_risk=NO_GUARD)
        assert estimate.at(0, 30) == pytest.approx(float(Fraction(59, 144)), abs=1e-12)
        assert estimate.at(0, 15) == pytest.approx(0.263889, abs=1e-6)
        others = [estimate.at(cause, 30) for cause in (1, 2, 3)]
        assert others == pytest.approx([0.263889, 0.083333, 0.097222], abs=1e-6)
        assert estimate.remaining(30) == pytest.approx(0.145833, abs=1e-6)
        assert estimate.at(0, 30) + sum(others) + estimate.remaining(30) == pytest.approx(1.0, abs=1e-12)

    @pytest.mark.filterwarnings("ignore")
    def test_incidence_and_variance_equal_lifelines_without_ties(self) -> None:
        rng = np.random.default_rng(11)
        times = rng.permutation(np.arange(1, 201))
        causes = rng.integers(0, 3, 200)
        fitter = AalenJohansenFitter(calculate_variance=True).fit(times, causes, event_of_interest=1)
        order = np.argsort(times)
        table = np.array([(causes[order] == cause).astype(int) for cause in (1, 2)])
        exits = Exits(times[order], np.zeros(200, dtype=int), table, (causes[order] == 0).astype(int))
        estimate = aalen_johansen(exits, minimum_at_risk=NO_GUARD)
        for horizon in (20, 100, 180):
            theirs = float(fitter.cumulative_density_.loc[:horizon].iloc[-1, 0])
            assert estimate.at(0, horizon) == pytest.approx(theirs, abs=1e-9)
            variance = float(fitter.variance_.loc[:horizon].iloc[-1])
            assert estimate.variance(0, horizon) == pytest.approx(variance, rel=1e-6)

    def test_without_competition_it_is_the_complement_of_kaplan_meier(self) -> None:
        days, left = [3, 5, 5, 8, 8, 12, 20, 20], [True, True, False, True, True, False, True, True]
        lifetimes = Lifetimes.of(days, left)
        exits = Exits(lifetimes.times, lifetimes.entries, lifetimes.events[np.newaxis], lifetimes.censored)
        estimate = aalen_johansen(exits, minimum_at_risk=NO_GUARD)
        curve = kaplan_meier(lifetimes, minimum_at_risk=NO_GUARD)
        for day in range(25):
            assert estimate.at(0, day) == pytest.approx(1 - curve.at(day), abs=1e-12)
        greenwood = curve.survival[2] ** 2 * curve.variance_term[2]
        assert estimate.variance(0, 8) == pytest.approx(greenwood, rel=1e-9)

    def test_interval_holds_the_estimate_and_is_absent_where_there_is_no_spread(self) -> None:
        estimate = aalen_johansen(self.exits(), minimum_at_risk=NO_GUARD)
        low, high = estimate.interval(0, 30) or (1.0, 0.0)
        assert 0 < low < estimate.at(0, 30) < high < 1
        assert estimate.interval(0, 1) is None
        assert estimate.reaches(0, 0.25) == 10
        assert estimate.reaches(0, 0.9) is None

    def test_the_estimate_ends_where_fewer_than_five_are_at_risk(self) -> None:
        assert aalen_johansen(self.exits()).end == 12


class TestPlain:
    def test_wilson_equals_statsmodels(self) -> None:
        for successes, total in ((4, 10), (40, 100), (0, 7), (7, 7), (1, 3)):
            theirs = proportion_confint(successes, total, method="wilson")
            assert wilson(successes, total) == pytest.approx(theirs, abs=1e-9)
        assert wilson(4, 10) == pytest.approx((0.168180, 0.687326), abs=1e-6)
        assert wilson(0, 0) is None

    @given(st.lists(st.integers(0, 500), min_size=1, max_size=80), st.sampled_from([0.1, 0.25, 0.5, 0.9]))
    def test_type_7_quantile_equals_numpy(self, values: list[int], level: float) -> None:
        unique, counts = np.unique(values, return_counts=True)
        assert quantile_type7(unique, counts, level) == pytest.approx(float(np.quantile(values, level)), abs=1e-9)
        assert mean(unique, counts) == pytest.approx(float(np.mean(values)), abs=1e-9)

    def test_nothing_has_neither_quantile_nor_mean(self) -> None:
        empty = np.array([], dtype=np.int64)
        assert quantile_type7(empty, empty, 0.5) is None
        assert mean(empty, empty) is None

    def test_the_grid_is_a_tenth_of_a_day_half_up(self) -> None:
        assert [to_grid(seconds) for seconds in (0, 4319, 4320, 12959, 12960, 86400)] == [0, 0, 1, 1, 2, 10]
        assert to_grid(round(0.92 * 86400)) == 9
