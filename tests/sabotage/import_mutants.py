"""The rules of imports, seats and the demonstration company that are turned off."""

from __future__ import annotations

from tests.sabotage.mutants import Mutant

AGAIN_TESTS = "tests/integration/test_2_delivered_again.py"
BAD_INPUT_TESTS = "tests/integration/test_2_bad_input.py"
CUT_TESTS = "tests/integration/test_2_cut_imports.py"
DEMO_TESTS = "tests/integration/test_11_demonstration_company.py"
EVERGREEN_TESTS = "tests/integration/test_5_evergreen_seats.py"
GOLDEN_IMPORT_TESTS = "tests/integration/test_2_golden_imports.py"
HEALTH_TESTS = "tests/http/test_data_health.py"
IMPORT_TESTS = "tests/integration/test_2_import_transactions.py"
INCREMENT_TESTS = "tests/integration/test_4_mart_increments.py"
SHAPE_TESTS = "tests/integration/test_2_greenhouse_shapes.py"

IMPORT_MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "2 an older export undoes a newer one",
        "services/ingest/loader.py",
        "return item.version is None or known.version is None or item.version >= known.version",
        "return True",
        f"{BAD_INPUT_TESTS}::test_2_an_older_export_does_not_undo_a_newer_one",
    ),
    Mutant(
        "2 a broken record is quarantined again and again",
        "services/ingest/quarantine.py",
        "        if number is None:\n            bulk.upsert",
        "        if True:\n            bulk.upsert",
        f"{BAD_INPUT_TESTS}::test_2_the_same_broken_record_is_not_quarantined_twice",
    ),
    Mutant(
        "2 the future has happened",
        "services/ingest/fields.py",
        "if text is not None and reading.earliest <= text <= (reading.latest if spec.past else _LATEST):",
        "if text is not None:",
        f"{BAD_INPUT_TESTS}::test_2_a_broken_record_is_quarantined_with_file_record_field_and_reason",
    ),
    Mutant(
        "2 a correction takes no visit away",
        "services/ingest/visits.py",
        "visit.key not in keys and not (whole",
        "not (whole",
        f"{IMPORT_TESTS}::test_2_versions_may_come_in_any_order_and_any_number_of_deliveries",
    ),
    Mutant(
        "2 an emptied row of stage dates keeps its visits",
        "services/ingest/visits.py",
        "whole = emptied or any(",
        "whole = any(",
        f"{AGAIN_TESTS}::test_2_a_row_of_stage_dates_that_is_emptied_takes_every_visit_away[sqlite]",
    ),
    Mutant(
        "2 a corrected hold takes days from another",
        "services/ingest/loader.py",
        "for item in same] if chunk[0].rank == _HOLD_RANK else []",
        "for item in same] if chunk[0].rank < 0 else []",
        f"{AGAIN_TESTS}::test_2_a_hold_that_is_corrected_gives_back_the_days_it_had_cut_from_another[sqlite]",
    ),
    Mutant(
        "2 holds are laid against those that are gone",
        "services/ingest/timeline.py",
        "        timeline = _without_hold(timeline, hold.from_at)\n    for hold in ordered:\n",
        "        pass\n    for hold in ordered:\n        timeline = _without_hold(timeline, hold.from_at)\n",
        f"{AGAIN_TESTS}::test_2_a_hold_that_is_corrected_gives_back_the_days_it_had_cut_from_another[sqlite]",
    ),
    Mutant(
        "2 an import that fails leaves nothing to resume",
        "services/ingest/spool.py",
        "        self.path, self._is_kept = path, True\n",
        "        self.path, self._is_kept = path, False\n",
        f"{CUT_TESTS}::test_2_a_cut_import_is_finished_without_the_export_it_came_from[sqlite]",
    ),
    Mutant(
        "2 finishing late undoes what a later import said",
        "services/ingest/loader.py",
        "        if self._keeps_later and known",
        "        if not self._keeps_later and known",
        f"{CUT_TESTS}::test_2_finishing_late_does_not_undo_what_a_later_import_said[sqlite]",
    ),
    Mutant(
        "2 an abandoned import is shown by half",
        "services/domain/import_batches.py",
        "BatchState.FAILED.value, BatchState.ABANDONED.value)",
        "BatchState.FAILED.value)",
        f"{CUT_TESTS}::test_2_what_was_written_over_older_records_stays_unseen_until_they_are_said_again[sqlite]",
    ),
    Mutant(
        "2 any import takes the place of one that was abandoned",
        "services/ingest/batches.py",
        "            if number not in left:\n",
        "            if number:\n",
        f"{CUT_TESTS}::test_2_what_was_written_over_older_records_stays_unseen_until_they_are_said_again[sqlite]",
    ),
    Mutant(
        "2 an older export cannot bring back what was before",
        "services/ingest/abandoning.py",
        "            _forget_versions(store, batch_id)\n",
        "            pass\n",
        f"{CUT_TESTS}::test_2_an_older_version_brings_back_what_was_before_an_abandoned_import",
    ),
    Mutant(
        "2 what others could write is read",
        "services/ingest/kept_spool.py",
        "    _require_own(path)\n    try:",
        "    try:",
        f"{CUT_TESTS}::test_2_what_was_kept_is_used_only_when_it_is_whole_and_ours[writable]",
    ),
    Mutant(
        "2 taking an import back deletes other sources",
        "services/ingest/abandoning.py",
        "        return table.c.source_system == system\n",
        "        return table.c.source_system != ''\n",
        f"{CUT_TESTS}::test_2_taking_back_leaves_other_sources_alone[sqlite]",
    ),
    Mutant(
        "2 a hire is not dated by its acceptance",
        "services/ingest/visits.py",
        "        _date_hires(connection, wanted)\n",
        "",
        f"{IMPORT_TESTS}::test_2_the_history_ends_as_it_should",
    ),
    Mutant(
        "2 on hold needs no mapping",
        "services/ingest/connectors/greenhouse/vocabulary.py",
        'return self.close_reasons.get(_key(name or ""))',
        'return "on_hold"',
        f"{SHAPE_TESTS}::test_2_on_hold_is_a_close_reason_that_needs_the_mapping",
    ),
    Mutant(
        "2 a plain date begins in UTC",
        "services/ingest/fields.py",
        "replace(tzinfo=ZoneInfo(zone))",
        'replace(tzinfo=ZoneInfo("UTC"))',
        f"{GOLDEN_IMPORT_TESTS}::test_2_plain_dates_begin_at_midnight_of_the_office_and_leave_stays_dates[sqlite]",
    ),
    Mutant(
        "4 a corrected offer leaves its seat as it was",
        "services/mart/changes.py",
        "    seats |= _ids(store, Opening.id, Opening.application_id, applications)\n",
        "",
        f"{INCREMENT_TESTS}::test_4_each_kind_of_change_reaches_the_increment[correct_an_offer]",
    ),
    Mutant(
        "5 a seat made for its offer is filled fast",
        "services/mart/sql/50_facts.sql",
        "a.extended_at < o.opened_at + INTERVAL 3 DAY",
        "false",
        f"{EVERGREEN_TESTS}::test_5_a_seat_made_less_than_three_days_before_the_offer_is_out_and_counted"
        "[time_to_fill-with it]",
    ),
    Mutant(
        "5 a closed period moves with a later offer",
        "services/metrics/time_to_fill.py",
        "own.evergreen_at <= span.c.cut_at, EVERGREEN",
        "own.evergreen_at.is_not(None), EVERGREEN",
        f"{EVERGREEN_TESTS}::test_5_a_closed_period_does_not_move_when_the_offer_comes_after_it",
    ),
    Mutant(
        "11 managers see nobody",
        "services/ingest/demonstration/evaluation.py",
        "is_manager = (seat == 0) &",
        "is_manager = (seat > 9) &",
        f"{DEMO_TESTS}::test_managers_interview_too_and_owe_feedback_themselves",
    ),
    Mutant(
        "11 a demonstration that was cut off cannot be loaded again",
        "services/ingest/demonstration/load.py",
        "if not _is_named(connection):",
        "if not connection.closed:",
        f"{DEMO_TESTS}::test_one_that_was_cut_off_is_taken_back_and_loaded_again",
    ),
    Mutant(
        "data health: where the exports lie, for whoever looks",
        "services/reporting/data_health.py",
        "    return found if sees_places else [one._replace(place=Path(one.place).name) for one in found]",
        "    return found",
        f"{HEALTH_TESTS}::test_failed_and_cut_imports_say_what_to_do",
    ),
    Mutant(
        "data health: a record tells everything it says of a person",
        "services/reporting/quarantine_page.py",
        "    safe = plain and _SHOWN_NAME.search(name)",
        "    safe = plain or _SHOWN_NAME.search(name)",
        f"{HEALTH_TESTS}::test_a_record_shows_keys_dates_and_states_and_nothing_of_the_person",
    ),
    Mutant(
        "data health: a reason quotes what somebody earns",
        "services/reporting/quarantine_page.py",
        '        reason = _QUOTED.sub("a value", reason)\n',
        "        pass\n",
        f"{HEALTH_TESTS}::test_a_reason_does_not_quote_what_a_person_said_or_earns",
    ),
    Mutant(
        "data health: replay whatever waits, not what was counted",
        "services/reporting/quarantine_replay.py",
        "        if waiting != expected:",
        "        if not waiting:",
        f"{HEALTH_TESTS}::test_a_replay_of_another_number_than_was_counted_is_refused",
    ),
    Mutant(
        "data health: counting loads",
        "services/ingest/replay.py",
        'None, spool_dir, "", dry_run=True)',
        'None, spool_dir, "", dry_run=False)',
        f"{HEALTH_TESTS}::test_ada_counts_first_and_replays_what_was_repaired",
    ),
)
