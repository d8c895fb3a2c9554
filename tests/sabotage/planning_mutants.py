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
)
