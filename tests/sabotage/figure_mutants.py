"""The rules of the figures' menu, saved views, reported problems and administration that are turned off."""

from __future__ import annotations

from tests.sabotage.mutants import Mutant

MENU_TESTS = "tests/http/test_figure_menu.py"
ADMINISTRATION_TESTS = "tests/http/test_administration.py"
MARK_TESTS = "tests/unit/services/metrics/test_trend_marks.py"

FIGURE_MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "5.3 the export forgets the filters",
        "callbacks/pages/figures.py",
        '    metric, filters = asked.parameters["metric_id"], filters_of(asked.query)\n',
        '    metric, filters = asked.parameters["metric_id"], Filters()\n',
        f"{MENU_TESTS}::TestFigures::test_5_3_page_api_and_export_say_the_same_number",
    ),
    Mutant(
        "A25 a metric of another class answers as itself",
        "services/metrics/lifecycle.py",
        "    if metric is None or metric.column_class not in viewer.classes:",
        "    if metric is None:",
        f"{MENU_TESTS}::TestFigures::test_no_access_and_nonsense_are_refused_in_words",
    ),
    Mutant(
        "4.3 a cell starts a formula",
        "callbacks/pages/figures.py",
        "isinstance(value, str) and value.startswith(_FORMULA_STARTS)",
        "False",
        f"{MENU_TESTS}::TestFigures::test_a_cell_never_starts_a_formula",
    ),
    Mutant(
        "5.3 anybody deletes a view",
        "services/reporting/saved_views.py",
        "        mine = sa.and_(SavedView.id == view_id, SavedView.user_id == viewer.user_id)",
        "        mine = SavedView.id == view_id",
        f"{MENU_TESTS}::TestSavedViews::test_5_3_a_shared_view_is_in_everybodys_list_and_only_its_owner_deletes_it",
    ),
    Mutant(
        "5.3 a view leads elsewhere",
        "services/reporting/addresses.py",
        "or not _PATH.fullmatch(path)",
        "",
        f"{MENU_TESTS}::TestSavedViews::test_a_view_never_leads_elsewhere",
    ),
    Mutant(
        "8.5 everybody reads everybody's reports",
        "services/reporting/problem_reports.py",
        "        mine = sa.true() if can_answer else report.user_id == viewer.user_id",
        "        mine = sa.true()",
        f"{MENU_TESTS}::TestProblems::test_a_report_keeps_the_view_and_is_answered_once",
    ),
    Mutant(
        "5.4 a freeze of others is told",
        "services/metrics/trend_marks.py",
        "query if reach is None else query.where(reach)",
        "query",
        f"{MARK_TESTS}::test_a_freeze_of_others_is_not_told",
    ),
    Mutant(
        "4.1 an administrator deactivates herself",
        "services/accounts/people_page.py",
        '        if user_id == viewer.user_id:\n            raise ConflictError("You cannot deactivate',
        '        if False:\n            raise ConflictError("You cannot deactivate',
        f"{ADMINISTRATION_TESTS}::test_nobody_locks_oneself_out",
    ),
    Mutant(
        "4.1 a company day changes no batch",
        "services/ingest/company_days.py",
        '            write_changes(connection, "reference", [None])\n            detail = {"on": day.isoformat()',
        '            detail = {"on": day.isoformat()',
        f"{ADMINISTRATION_TESTS}::test_a_company_day_asks_for_a_new_batch_and_stands_in_the_log",
    ),
)
