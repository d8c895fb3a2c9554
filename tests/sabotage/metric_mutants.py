"""The rules of metrics, of what follows a hire and of a definition's life that are turned off."""

from __future__ import annotations

from tests.sabotage.mutants import Mutant

ESTIMATOR_TESTS = "tests/unit/services/metrics/test_estimators.py"
QUERY_TESTS = "tests/unit/services/metrics/test_query.py"
AFTER_HIRE_TESTS = "tests/unit/services/metrics/test_after_the_hire.py"
ATTRITION_TESTS = "tests/unit/services/metrics/test_attrition.py"
LIFECYCLE_TESTS = "tests/unit/services/metrics/test_lifecycle.py"
QUALITY_TESTS = "tests/unit/services/metrics/test_quality.py"
RECORD_TESTS = "tests/unit/services/metrics/test_loads_and_records.py"

METRIC_MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "5 floating point moves a median",
        "services/metrics/estimators.py",
        "SLACK = 1e-9",
        "SLACK = 0.0",
        f"{ESTIMATOR_TESTS}::TestKaplanMeier::test_a_half_in_fractions_is_a_half_in_floating_point",
    ),
    Mutant(
        "5 late entry is ignored",
        "services/metrics/estimators.py",
        "            table[0, at[entry]] += 1\n",
        "            table[0, at[entry]] += 0\n",
        f"{ESTIMATOR_TESTS}::TestKaplanMeier::test_golden_g02_data_begin_half_way",
    ),
    Mutant(
        "5 the viewer is not compiled in",
        "services/metrics/scope.py",
        "    if scope.everything:\n",
        "    if scope.everything or scope.regions:\n",
        f"{QUERY_TESTS}::TestScope::test_hana_sees_her_departments_in_her_region_only",
    ),
    Mutant(
        "5 few cases are shown",
        "services/metrics/suppression.py",
        "SHOWN_FROM = 10",
        "SHOWN_FROM = 1",
        f"{QUERY_TESTS}::TestSmallNumbers::test_a_median_of_few_is_withheld_and_its_count_is_shown",
    ),
    Mutant(
        "5 a person is judged on a handful",
        "services/metrics/suppression.py",
        "PERSON_FROM = 20",
        "PERSON_FROM = 1",
        f"{QUERY_TESTS}::TestSmallNumbers::test_people_need_twenty_unless_it_is_oneself",
    ),
    Mutant(
        "5 kept rows are shown without the viewer's limits",
        "services/metrics/time_to_fill.py",
        ").where(*question.conditions(followed), stop >= 0,",
        ").where(stop >= 0,",
        "tests/integration/test_5_prepared_rows.py::test_5_kept_rows_never_change_an_answer",
    ),
    Mutant(
        "5 an unknown place is inside a scope",
        "services/metrics/scope.py",
        "if others else [column.is_not(None)]",
        "if others else []",
        "tests/unit/services/metrics/test_scope.py::test_5_a_role_without_department_is_outside_every_limited_scope",
    ),
    Mutant(
        "5 what was asked together is mixed up",
        "services/mart/together.py",
        'order = np.argsort(number, kind="stable")',
        'order = np.argsort(-number, kind="stable")',
        "tests/integration/test_5_together.py::test_5_every_metric_is_answered_together_as_alone",
    ),
    Mutant(
        "5 a page asks question by question",
        "services/metrics/page.py",
        "STATEMENTS = 2",
        "STATEMENTS = 9",
        "tests/integration/test_5_together.py::test_5_a_page_needs_few_statements",
    ),
    Mutant(
        "5 rows in use are dropped",
        "services/mart/prepared.py",
        "            if kept.used_at < idle_since:",
        "            if kept.used_at <= self._clock():",
        "tests/integration/test_5_prepared_rows.py::test_5_a_table_in_use_is_never_dropped",
    ),
    Mutant(
        "5 a rehire is another employment",
        "services/metrics/attrition.py",
        "BRIDGED_DAYS = 30",
        "BRIDGED_DAYS = 0",
        f"{ATTRITION_TESTS}::test_golden_g10_causes_compete_and_add_up",
    ),
    Mutant(
        "5 a move inside the company is leaving",
        "services/metrics/after_hire.py",
        "sa.and_(hire.c.left_on <= today(question), sa.not_(has_moved()))",
        "hire.c.left_on <= today(question)",
        f"{ATTRITION_TESTS}::test_golden_g10_causes_compete_and_add_up",
    ),
    Mutant(
        "5 contractors and interns count as staff",
        "services/metrics/attrition.py",
        ".where(*has_started(question), is_staff())",
        ".where(*has_started(question))",
        f"{ATTRITION_TESTS}::test_contractors_and_interns_are_out_and_counted",
    ),
    Mutant(
        "5 leavers fall out of the quality of hire",
        "services/metrics/quality.py",
        "is_known = ((kind & LEAVER) > 0) | (weight",
        "is_known = ((kind & LEAVER) == 0) & (weight",
        f"{QUALITY_TESTS}::test_golden_g12_index_with_and_without_the_leaver",
    ),
    Mutant(
        "5 a rater's mean is not shrunk",
        "services/metrics/after_hire.py",
        "PRIOR_RATINGS = 5",
        "PRIOR_RATINGS = 0.001",
        f"{QUALITY_TESTS}::test_golden_g12_z_shrinks_each_rater_towards_everybody",
    ),
    Mutant(
        "5 unknown in the HR system is not ready",
        "services/metrics/onboarding.py",
        "else_=UNKNOWN)",
        "else_=NOT_READY)",
        f"{AFTER_HIRE_TESTS}::TestOnboarding::test_ready_means_everything_due_by_the_first_day_was_done_by_then",
    ),
    Mutant(
        "5 ten answers of one manager are ten voices",
        "services/metrics/satisfaction.py",
        "managers = len(np.unique(voices))",
        "managers = len(voices)",
        f"{AFTER_HIRE_TESTS}::TestHiringManagers::test_n_is_distinct_managers_and_silence_is_shown",
    ),
    Mutant(
        "5 the candidates' score is not weighted to those asked",
        "services/metrics/satisfaction.py",
        "score = sum(part.delivered / asked * part.score for part in heard)",
        "score = sum(part.answers / answers * part.score for part in heard)",
        f"{AFTER_HIRE_TESTS}::TestCandidates::test_the_whole_is_weighted_to_the_outcomes_of_those_asked",
    ),
    Mutant(
        "6 everybody sees what a check found",
        "services/metrics/checks.py",
        "        column_class=ColumnClass.CHECK,\n",
        "",
        f"{AFTER_HIRE_TESTS}::TestChecks::test_what_a_check_found_is_for_compliance_alone",
    ),
    Mutant(
        "5 a hold does not stop the clock of silence",
        "services/metrics/record_quality.py",
        "placed.c.now_days - placed.c.since_days - sa.func.coalesce(held.c.days, 0.0)",
        "placed.c.now_days - placed.c.since_days - 0.0 * sa.func.coalesce(held.c.days, 0.0)",
        f"{RECORD_TESTS}::TestSilence::test_a_hold_of_ten_business_days_moves_it_by_exactly_ten",
    ),
    Mutant(
        "5 leave does not lower the cap",
        "services/metrics/loads.py",
        "sa.case((leave.c.person_id.is_(None), 1), else_=0)",
        "sa.case((leave.c.person_id.is_(None), 1), else_=1)",
        f"{RECORD_TESTS}::TestInterviewers::test_leave_and_holidays_lower_the_cap",
    ),
    Mutant(
        "5 a retired metric still answers",
        "services/metrics/lifecycle.py",
        "if state(metric) is not Status.RETIRED:",
        "if state(metric):",
        f"{LIFECYCLE_TESTS}::test_a_retired_metric_is_refused_by_name_of_its_successor",
    ),
)
