"""The rules of thresholds and surveys that are turned off."""

from __future__ import annotations

from tests.sabotage.mutants import Mutant

JUDGING_TESTS = "tests/unit/services/alerts/test_judging.py"
THRESHOLD_TESTS = "tests/integration/test_p1_4_thresholds.py"
LADDER_TESTS = "tests/integration/test_p1_4_ladder.py"
VALIDATION_TESTS = "tests/integration/test_p5_6_validation.py"
SURVEY_TESTS = "tests/integration/test_p1_3_surveys.py"

PROMISE_MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "1.4 a breach without certainty",
        "services/alerts/judging.py",
        "    if low > ceiling:",
        "    if windows[-1].events > ceiling * windows[-1].n:",
        f"{JUDGING_TESTS}::test_1_4_a_breach_needs_the_one_sided_90_percent_bound_above_the_limit",
    ),
    Mutant(
        "1.4 one window is enough to warn",
        "services/alerts/judging.py",
        "    if all(rate > ceiling for rate in rates):",
        "    if rates[-1] > ceiling:",
        f"{JUDGING_TESTS}::test_1_4_a_warning_needs_two_windows_in_a_row_above_the_limit",
    ),
    Mutant(
        "1.4 just inside the limit is clear",
        "services/alerts/judging.py",
        "rate <= CLEAR_SHARE * ceiling",
        "rate <= ceiling",
        f"{JUDGING_TESTS}::test_1_4_it_clears_at_nine_tenths_of_the_limit_in_two_windows",
    ),
    Mutant(
        "1.4 people are told at night",
        "services/alerts/working_time.py",
        "return calendar.is_working(at) and next_step_at",
        "return at > 0 and next_step_at",
        f"{LADDER_TESTS}::test_1_4_a_server_that_was_away_does_not_catch_up_at_night",
    ),
    Mutant(
        "1.4 the wait runs over the weekend",
        "services/alerts/working_time.py",
        "return instant_of(calendar.later(seconds_of(since), step_hours * HOUR_S))",
        "return instant_of(seconds_of(since) + step_hours * HOUR_S)",
        f"{LADDER_TESTS}::test_1_4_nobody_is_told_over_the_weekend",
    ),
    Mutant(
        "1.4 a snapshot is judged twice",
        "services/alerts/evaluation.py",
        "            ThresholdRule.evaluated_snapshot.is_not_distinct_from(rule.evaluated_snapshot),\n",
        "",
        f"{THRESHOLD_TESTS}::test_1_4_two_processes_with_the_same_snapshot_open_one_incident",
    ),
    Mutant(
        "1.4 the ladder climbs over an acknowledgement",
        "services/alerts/escalation.py",
        "                    Incident.version == standing.version,\n",
        "",
        f"{LADDER_TESTS}::test_1_4_an_acknowledgement_between_the_look_and_the_step_wins",
    ),
    Mutant(
        "1.4 a reader of a part gets the whole",
        "services/alerts/sight.py",
        "        if viewer.scope.everything:",
        "        if not viewer.scope.is_empty:",
        f"{LADDER_TESTS}::test_1_4_a_reader_of_a_part_gets_the_own_part_alone",
    ),
    Mutant(
        "1.4 everybody of the role is told",
        "services/alerts/sight.py",
        "        if row.n == 0:",
        "        if row.n < 0:",
        f"{LADDER_TESTS}::test_1_4_whom_nothing_of_it_concerns_is_not_told",
    ),
    Mutant(
        "1.4 what a person closed opens itself again",
        "services/alerts/evaluation.py",
        "or _was_closed_on(connection, rule, finding)",
        "",
        f"{THRESHOLD_TESTS}::test_1_4_a_person_closes_it_and_the_same_window_does_not_open_it_again",
    ),
    Mutant(
        "1.4 every scheduler makes rounds",
        "dashapp/scheduler.py",
        "    def _do(self, chore: Chore) -> None:\n        if self._duty is None:\n            return\n",
        "    def _do(self, chore: Chore) -> None:\n",
        "tests/integration/test_p1_chores.py::test_who_does_not_lead_does_no_chores",
    ),
    Mutant(
        "1.3 candidates are asked before a decision",
        "services/surveys/due.py",
        "            Application.outcome.in_([outcome.value for outcome in DECIDED]),\n",
        "",
        f"{SURVEY_TESTS}::test_1_3_a_candidate_is_asked_after_a_decision_and_never_before",
    ),
    Mutant(
        "1.3 a manager is asked about every hire at once",
        "services/surveys/rounds.py",
        "            SurveyRequest.created_at > since,\n",
        "            SurveyRequest.created_at > now,\n",
        f"{SURVEY_TESTS}::test_1_3_a_manager_is_asked_about_one_hire_in_two_weeks_and_the_others_wait",
    ),
    Mutant(
        "1.3 an opt-out is forgotten",
        "services/surveys/rounds.py",
        "        refused = _among(connection, SurveyOptOut.respondent, SurveyOptOut.respondent, respondents)\n",
        "        refused = set[str]()\n",
        f"{SURVEY_TESTS}::test_1_3_who_opts_out_is_not_asked_or_reminded_again",
    ),
    Mutant(
        "1.3 a link needs no signature",
        "services/surveys/answers.py",
        "            and self._links.is_of(str(token), bytes(row.nonce))\n",
        "",
        f"{SURVEY_TESTS}::test_1_3_whoever_can_write_the_store_cannot_make_a_link",
    ),
    Mutant(
        "1.3 a link works for ever",
        "services/surveys/answers.py",
        "            and row.expires_at > self._clock()\n",
        "",
        f"{SURVEY_TESTS}::test_1_3_a_wrong_an_expired_and_a_declined_link_are_refused_alike",
    ),
    Mutant(
        "1.3 links stay in the outbox",
        "services/surveys/rounds.py",
        'connection.execute(update(OutboxMessage).where(*sent).values(body=b""))',
        "return",
        f"{SURVEY_TESTS}::test_1_3_the_token_is_in_no_table_once_the_mail_is_sent",
    ),
    Mutant(
        "5.6 a changed mapping counts on both sides",
        "services/validation/configuration.py",
        "certified[key][1] if key in certified else value",
        "value",
        f"{VALIDATION_TESTS}::test_5_6_one_mapping_changed_on_purpose_fails_exactly_what_depends_on_it",
    ),
    Mutant(
        "5.6 drift opens no incident",
        "services/validation/validating.py",
        "if drift and here is None:",
        "if drift and here is None and not number:",
        f"{VALIDATION_TESTS}::test_5_6_drift_is_one_incident_with_a_banner_until_a_certificate_holds",
    ),
    Mutant(
        "5.6 nothing is ever called different",
        "services/validation/comparing.py",
        "Verdict.HOLDS if is_same else Verdict.DIFFERS",
        "Verdict.HOLDS",
        f"{VALIDATION_TESTS}::test_5_6_records_that_are_not_as_the_source_has_them_fail_their_metrics",
    ),
    Mutant(
        "5.6 the Overview keeps quiet about drift",
        "services/metrics/overview.py",
        "replace(view, notes=(*standing, *view.notes)) if standing else view",
        "view",
        "tests/unit/services/metrics/test_overview.py"
        "::test_5_6_what_stands_of_all_figures_is_the_first_note_of_every_view_and_kept_with_none",
    ),
)
