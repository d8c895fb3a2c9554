"""The rules of the live lane, the choice of lanes and the refresh that are turned off."""

from __future__ import annotations

from tests.sabotage.mutants import Mutant

_LANE = "tests/integration/test_p5_2_live_lane.py::test_5_2_each_kind_of_change_reaches_the_live_lane"

LANE_MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "5.2 a mis-click counts as a move in the live lane",
        "services/ingest/current_stage.py",
        "    return 0 <= took <= SLIP_S\n",
        "    return False\n",
        "tests/unit/services/ingest/test_current_stage.py::test_5_2_a_move_taken_back_within_a_minute_never_happened",
    ),
    Mutant(
        "5.2 a freeze stops no clock in the live lane",
        "services/ingest/live_stops.py",
        "    if not freezes:\n        return {}\n",
        "    if freezes is not None:\n        return {}\n",
        _LANE,
    ),
    Mutant(
        "5.4 a role on hold counts as active",
        "services/metrics/pipeline_selects.py",
        '        (sa.and_(status == "open", sa.not_(stops)), State.ACTIVE.value),\n',
        '        (status.in_(("open", "on_hold")), State.ACTIVE.value),\n',
        "tests/http/test_pipeline_page.py"
        "::test_5_4_candidates_of_a_role_on_hold_or_cancelled_are_counted_beside_never_as_active",
    ),
    Mutant(
        "5.2 the live lane is never left",
        "services/metrics/lane_choice.py",
        "            if len(self._took) >= limits.at_least and over / len(self._took) > limits.most_over:\n",
        "            if len(self._took) > limits.looked_at and over / len(self._took) > limits.most_over:\n",
        "tests/unit/services/metrics/test_lane_choice.py"
        "::test_5_2_under_load_live_is_left_and_comes_back_after_good_answers_in_a_row",
    ),
    Mutant(
        "5.5 the mart is built although nothing changed",
        "services/reporting/refresh.py",
        "now - current.as_of < UNCHANGED_FOR and not self._has_news(current)",
        "now < current.as_of and not self._has_news(current)",
        "tests/integration/test_p5_5_refresh.py"
        "::test_5_5_all_dashboards_due_are_served_by_one_build_and_none_when_nothing_changed",
    ),
    Mutant(
        "5.2 names of candidates for everybody",
        "services/reporting/pipeline_names.py",
        "sees = ColumnClass.CANDIDATE in viewer.classes",
        "sees = bool(viewer.classes)",
        "tests/http/test_pipeline_page.py::test_5_2_names_of_candidates_only_for_those_with_their_class",
    ),
)
