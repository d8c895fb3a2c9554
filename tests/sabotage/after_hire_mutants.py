"""The rules of what follows a hire, of records and of a definition's life that are turned off."""

from __future__ import annotations

from tests.sabotage.mutants import Mutant

AFTER_HIRE_TESTS = "tests/unit/services/metrics/test_after_the_hire.py"
ATTRITION_TESTS = "tests/unit/services/metrics/test_attrition.py"
LIFECYCLE_TESTS = "tests/unit/services/metrics/test_lifecycle.py"
QUALITY_TESTS = "tests/unit/services/metrics/test_quality.py"
RECORD_TESTS = "tests/unit/services/metrics/test_loads_and_records.py"

AFTER_HIRE_MUTANTS: tuple[Mutant, ...] = (
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
