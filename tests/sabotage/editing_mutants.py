"""The rules of editing requisitions that are turned off."""

from __future__ import annotations

from tests.sabotage.mutants import Mutant

TESTS = "tests/integration/test_p4_1_editing.py"
EDITING = "services/requisitions/editing.py"

EDITING_MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "4.1 whoever sees a requisition changes it",
        EDITING,
        "        if not self._policy.can(viewer, Action.REQUISITIONS_EDIT):\n            return False\n",
        "        return True\n",
        f"{TESTS}::test_4_1_max_sets_the_target_date_once_ada_allows_it_and_nothing_else",
    ),
    Mutant(
        "4.1 a right reaches through another role",
        EDITING,
        "reaches(self._accounts.scope_as(viewer, Role.HRBP), standing)",
        "reaches(viewer.scope, standing)",
        f"{TESTS}::test_4_1_a_right_of_one_role_does_not_reach_through_another",
    ),
    Mutant(
        "4.1 the last one to save wins",
        EDITING,
        "        if version == held.version:\n            return\n",
        "        if version <= held.version:\n            return\n",
        f"{TESTS}::test_4_1_the_second_of_two_edits_is_refused_shows_both_values_and_loses_no_text",
    ),
    Mutant(
        "4.1 an edit leaves no change row",
        EDITING,
        '        write_changes(connection, "requisition", [requisition_id])\n',
        "",
        f"{TESTS}::test_4_1_the_mart_uses_the_edited_values_and_an_increment_equals_a_full_build",
    ),
    Mutant(
        "4.1 outside the scope is told apart from what is not there",
        EDITING,
        "        if found is None or not reaches(viewer.scope, found):\n",
        "        if found is None:\n",
        f"{TESTS}::test_4_1_outside_the_scope_is_answered_as_if_it_were_not_there",
    ),
    Mutant(
        "4.1 a hold made here outlives the source's end",
        "services/mart/sql/10_requisitions.sql",
        "WHEN status = 'open' AND is_held",
        "WHEN is_held",
        f"{TESTS}::test_4_1_an_end_in_the_source_wins_over_a_hold_made_here",
    ),
    Mutant(
        "4.1 seats the source has since listed count twice",
        "services/mart/sql/08_overlays.sql",
        "FROM added WHERE place <= missing",
        "FROM added",
        f"{TESTS}::test_4_1_the_source_catches_up_with_seats_and_owners_without_counting_them_twice",
    ),
)
