"""The rules of profiles, templates, capacity and completeness that are turned off."""

from __future__ import annotations

from tests.sabotage.mutants import Mutant

PLANNING_MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "1.1 a new profile rewrites months that are over",
        "services/metrics/profiles.py",
        " and one.effective_from <= on\n",
        "\n",
        "tests/integration/test_p1_1_priority_profiles.py"
        "::test_1_1_past_periods_stay_byte_identical_when_the_profile_changes",
    ),
    Mutant(
        "1.2 the widest template wins",
        "services/metrics/scorecard_templates.py",
        "return Resolved(chain[-1], chain,",
        "return Resolved(chain[0], chain,",
        "tests/unit/services/metrics/test_scorecard_templates.py::test_1_2_every_level_inherits_from_the_wider_one",
    ),
    Mutant(
        "1.6 a thin cell is not pooled",
        "services/metrics/capacity_plan.py",
        "    chosen = widened(levels)\n",
        "    chosen = levels[0]\n",
        "tests/integration/test_p1_6_capacity_plan.py::test_1_6_a_cell_under_20_is_pooled_upward_and_named",
    ),
    Mutant(
        "1.5 nothing is ever incomplete",
        "services/metrics/completeness_floor.py",
        "share < least - ROUNDING",
        "share < -1",
        "tests/integration/test_p1_5_goals.py::test_1_5_offer_and_hire_figures_are_incomplete_until_enough_were_asked",
    ),
    Mutant(
        "5.6 last month's export counts as fresh",
        "services/validation/freshness.py",
        "    if written[oldest] < now - timedelta(hours=fresh_hours):\n",
        "    if written[oldest] < now - timedelta(days=9_999):\n",
        "tests/integration/test_5_6_monthly_validation.py"
        "::test_5_6_a_missing_or_stale_export_is_one_incident_that_says_what_to_do",
    ),
    Mutant(
        "2.4 a stale limit that is set changes nothing",
        "services/metrics/record_quality.py",
        "    limits = question.limits.stale_days\n",
        "    limits = STANDARD_STALE\n",
        "tests/integration/test_2_4_limits.py"
        "::test_2_4_a_stale_limit_that_is_set_changes_the_count_and_what_answers_are_known_by",
    ),
    Mutant(
        "1.2 a template set today rewrites reports of months that are over",
        "services/reporting/definitions/selection.py",
        "book_of(connection, until=ended_at)",
        "book_of(connection)",
        "tests/integration/test_1_2_report_templates.py"
        "::test_1_2_reports_follow_the_template_and_profile_of_their_period",
    ),
    Mutant(
        "1.1 a form overwrites a profile its page did not show",
        "callbacks/pages/planning.py",
        "        expected_version=words.seen_version(sent, place),\n",
        "        expected_version=None,\n",
        "tests/http/test_1_planning_pages.py::test_1_1_a_profile_is_set_once_by_who_saw_the_newest",
    ),
)
