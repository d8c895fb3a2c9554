"""The rules of estimators, attribution and comparison that are turned off."""

from __future__ import annotations

from tests.sabotage.mutants import Mutant

_UNIT = "tests/unit/services/metrics"

STATISTICS_MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "3 sources are compared without regard to the job family",
        "services/metrics/association.py",
        "difference = float(((a * n0 - b * n1) / total).sum()) / weight",
        "difference = pooled",
        f"{_UNIT}/test_association.py::TestG09::test_g09_the_stratified_difference_turns_the_pooled_one_around",
    ),
    Mutant(
        "3 Fisher's test is one-sided",
        "services/metrics/association.py",
        "for log in logs if log <= observed + _TIE)",
        "for log in logs[: table.successes - low + 1])",
        f"{_UNIT}/test_association.py::TestG08",
    ),
    Mutant(
        "3 single seats are drawn instead of requisitions",
        "services/metrics/bootstrap.py",
        "    alone = table.cluster < 0\n",
        "    alone = table.cluster < 10**12\n",
        f"{_UNIT}/test_bootstrap.py::test_seats_of_one_requisition_are_not_independent",
    ),
    Mutant(
        "3 false discoveries are not accounted for",
        "services/metrics/comparison.py",
        "p_values[position] * count / rank",
        "p_values[position]",
        f"{_UNIT}/test_comparison.py::test_benjamini_hochberg_by_hand",
    ),
    Mutant(
        "3 a rater's own mean is not shrunk",
        "services/metrics/scores.py",
        "PRIOR_RATINGS = 5",
        "PRIOR_RATINGS = 0",
        f"{_UNIT}/test_scores.py::test_g12_two_raters_one_of_whom_rated_once",
    ),
    Mutant(
        "5.1 a person is compared with a company that holds their own cases",
        "services/metrics/case_mix.py",
        "max(whole.get(key, 0) - part.get(key, 0), 0)",
        "whole.get(key, 0)",
        f"{_UNIT}/test_case_mix.py::test_5_1_expected_is_the_others_rate_without_this_person",
    ),
    Mutant(
        "5.1 time on hold earns credit",
        "services/metrics/credits.py",
        "SecondsBetween(own.from_at, own.to_at) - sa.func.sum(stopped)",
        "SecondsBetween(own.from_at, own.to_at) - sa.func.sum(stopped) * 0",
        f"{_UNIT}/test_owners.py::test_g11_split_credits_add_up_to_the_hires_exactly",
    ),
    Mutant(
        "5.1 what a division leaves over is lost",
        "services/metrics/credits.py",
        "parts = shared.c.parts + sa.case((shared.c.rank == 1, over), else_=0)",
        "parts = shared.c.parts + 0 * over",
        f"{_UNIT}/test_owners.py::test_g11_split_credits_add_up_to_the_hires_exactly",
    ),
    Mutant(
        "5.1 shown credits are rounded one by one",
        "services/metrics/attribution.py",
        "reverse=True)[:missing]:",
        "reverse=True)[:0]:",
        f"{_UNIT}/test_attribution.py::test_g11_shown_credits_still_add_up",
    ),
    Mutant(
        "5.1 whoever takes over is at risk from the opening on",
        "services/metrics/owned_seats.py",
        "start = sa.func.greatest(own.start_at, owners.c.from_at)",
        "start = own.start_at",
        f"{_UNIT}/test_owners.py::test_5_1_whoever_takes_over_late_is_not_at_risk_before",
    ),
    Mutant(
        "6.6 few cases are an outlier",
        "services/metrics/outliers.py",
        "if n >= CASES_NEEDED else (None, None)",
        "",
        f"{_UNIT}/test_outliers.py::test_6_6_few_cases_are_no_outlier",
    ),
    Mutant(
        "6.6 a run is said again in every period",
        "services/metrics/outliers.py",
        " and _side(before[-1], median) != sides[0]",
        "",
        f"{_UNIT}/test_outliers.py::test_6_6_eight_in_a_row_on_one_side_are_said_once",
    ),
    Mutant(
        "2 a hold stops a notice period",
        "services/metrics/time_to_start.py",
        "        (own.is_accepted, own.filled_net),\n",
        "",
        f"{_UNIT}/test_time_to_start.py::test_2_a_hold_after_the_acceptance_does_not_stop_a_notice_period",
    ),
    Mutant(
        "7.1 applications count before their 120 days are over",
        "services/metrics/source_comparison.py",
        "    rows = rows.where(own.applied_at <= question.as_of - timedelta(days=DISTANT_DAYS))\n",
        "",
        f"{_UNIT}/test_source_comparison.py::test_7_1_who_counts_in_the_matured_cohort",
    ),
)
