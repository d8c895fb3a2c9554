"""The rules about sensitive classes and works agreements, turned off one by one."""

from __future__ import annotations

from tests.sabotage.mutants import Mutant

RELEASE_TESTS = "tests/unit/services/metrics/test_release.py"
ANSWER_TESTS = "tests/unit/services/metrics/test_sensitive_answers.py"
MART_TESTS = "tests/integration/test_4_mart_demographics.py"

SENSITIVE_MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "4.5 everybody has the class",
        "services/metrics/sensitive_answers.py",
        "        if metric.column_class not in viewer.classes:\n",
        "        if not viewer.classes:\n",
        f"{ANSWER_TESTS}::test_4_5_without_the_class_nothing_is_even_looked_at[representation]",
    ),
    Mutant(
        "4.5 an officer asks without the rule",
        "services/metrics/sensitive_answers.py",
        "    if query.raw and viewer.user_id is not None:\n",
        "    if query.raw and not viewer.roles:\n",
        f"{ANSWER_TESTS}::test_4_5_without_the_rule_only_on_the_server_itself",
    ),
    Mutant(
        "4.5 leadership has the k of HR",
        "services/metrics/sensitive.py",
        "OUTSIDE_HR = 10",
        "OUTSIDE_HR = 5",
        f"{ANSWER_TESTS}::test_4_5_k_by_role_and_class",
    ),
    Mutant(
        "4.5 only single people are protected",
        "services/metrics/release.py",
        "masks[masks @ self.counts < self.k]",
        "masks[masks @ self.counts < 2]",
        f"{RELEASE_TESTS}::test_4_5_what_one_cell_holds_beyond_another_inside_it_counts_too",
    ),
    Mutant(
        "4.5 no neighbour is hidden with a small cell",
        "services/metrics/release.py",
        "        if (left <= _ZERO).any():\n            return False\n",
        "",
        f"{RELEASE_TESTS}::test_4_5_what_one_cell_holds_beyond_another_inside_it_counts_too",
    ),
    Mutant(
        "4.5 small cells hide each other however few they are",
        "services/metrics/release.py",
        "    _hide_remainders(table, cells, masks, shown)\n    return",
        "    return",
        f"{RELEASE_TESTS}::test_4_5_several_small_cells_that_are_few_together_take_one_more",
    ),
    Mutant(
        "4.5 what others show is forgotten",
        "services/metrics/release.py",
        "        table.learn(table.vector(mask))\n",
        "        table.vector(mask)\n",
        f"{RELEASE_TESTS}::test_4_5_a_number_that_others_show_already_counts_as_known",
    ),
    Mutant(
        "4.5 years are released before their quarters",
        "services/metrics/sensitive.py",
        "        key.window.end,\n",
        "        key.window.first // 4,\n",
        f"{RELEASE_TESTS}::test_4_5_what_was_shown_at_the_end_of_a_quarter_is_shown_for_ever",
    ),
    Mutant(
        "1.5 a declined ethnicity is disclosed by its race",
        "services/mart/sql/85_demographics.sql",
        "            WHEN is_declined(hispanic) THEN 'declined'\n",
        "",
        f"{MART_TESTS}::test_1_5_hispanic_wins_and_a_declined_ethnicity_is_not_disclosed",
    ),
    Mutant(
        "1.5 race wins over Hispanic",
        "services/mart/sql/85_demographics.sql",
        "WHEN s.count > 1 THEN 'two_or_more'",
        "WHEN s.count > 9 THEN 'two_or_more'",
        f"{MART_TESTS}::test_1_5_one_combined_question_may_have_several_answers",
    ),
    Mutant(
        "1.5 one more instead of one moved",
        "services/metrics/selection_rates.py",
        "    left = reference.selected - 1\n",
        "    left = reference.selected\n",
        f"{ANSWER_TESTS}::test_1_5_one_selection_moved_not_one_more",
    ),
    Mutant(
        "1.5 a tiny group gets a verdict",
        "services/metrics/selection_rates.py",
        "    if p >= SIGNIFICANT and is_tiny:\n",
        "    if p > 1 and is_tiny:\n",
        f"{ANSWER_TESTS}::test_1_5_the_verdict_needs_ratio_and_test",
    ),
    Mutant(
        "3.6 pay of few follows by subtraction",
        "services/metrics/compensation.py",
        "    if small and others and",
        "    if not small and others and",
        f"{ANSWER_TESTS}::test_3_6_groups_that_are_few_together_take_the_smallest_other_with_them",
    ),
    Mutant(
        "X8 people of an agreed place are named",
        "services/metrics/question.py",
        ", *agreed]",
        "]",
        f"{ANSWER_TESTS}::"
        "test_x8_neither_people_nor_requisitions_of_an_agreed_place_are_in_a_figure_of_one_person[agreed0]",
    ),
    Mutant(
        "X8 small teams are shown",
        "services/metrics/agreement.py",
        "SMALLEST_TEAM = 5",
        "SMALLEST_TEAM = 0",
        f"{ANSWER_TESTS}::test_x8_a_team_under_five_has_counts_and_no_durations",
    ),
    Mutant(
        "X8 agreements are not part of the cache key",
        "services/domain/people.py",
        "            dataclasses.astuple(scope.agreed),\n",
        "",
        f"{ANSWER_TESTS}::test_x8_agreements_are_part_of_the_cache_key",
    ),
)
