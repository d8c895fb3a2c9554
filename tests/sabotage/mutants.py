"""The rules that are turned off, capability by capability."""

from __future__ import annotations

from typing import NamedTuple


class Mutant(NamedTuple):
    name: str
    """Number of the capability and what is gone."""
    file: str
    rule: str
    instead: str
    test: str


SUPERVISOR_TESTS = "tests/integration/test_1_supervisor.py"
SETTING_TESTS = "tests/unit/dashapp/test_config.py"
IMPORT_TESTS = "tests/integration/test_2_import_transactions.py"
STORE_TESTS = "tests/integration/test_3_store_transactions.py"
FACT_TESTS = "tests/integration/test_4_mart_facts.py"
INCREMENT_TESTS = "tests/integration/test_4_mart_increments.py"
PUBLISHING_TESTS = "tests/integration/test_4_mart_publishing.py"
DEMO_TESTS = "tests/integration/test_11_demonstration_company.py"
GATE_TESTS = "tests/http/test_6_gate.py"
TOKEN_TESTS = "tests/integration/test_a12_tokens.py"
REFUSED_TESTS = "tests/integration/test_6_refused_access.py"
SIGN_IN_TESTS = "tests/http/test_6_sign_in.py"
ACCOUNT_TESTS = "tests/integration/test_6_accounts.py"
REPORT_TESTS = "tests/integration/test_8_reports.py"
RENDER_TESTS = "tests/unit/reports/test_render.py"
LEDGER_TESTS = "tests/integration/test_9_ledger_and_outbox.py"
RUN_TESTS = "tests/integration/test_9_run_report.py"
SCHEDULE_TESTS = "tests/integration/test_9_schedules.py"
KILL_TESTS = "tests/integration/test_9_kill.py"
ARCHIVE_TESTS = "tests/integration/test_10_archive.py"
OVERVIEW_TESTS = "tests/unit/services/metrics/test_overview.py"
OVERVIEW_PAGE_TESTS = "tests/unit/layouts/test_overview_page.py"
FILTER_TESTS = "tests/unit/domain/test_filters.py"
JUDGEMENT_TESTS = "tests/unit/domain/test_judgement.py"

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "3 an import writes everything at once",
        "services/ingest/loader.py",
        "ROWS_AT_A_TIME = 2_000",
        "ROWS_AT_A_TIME = 2_000_000",
        f"{IMPORT_TESTS}::test_3_no_transaction_of_an_import_writes_more_than_2000_rows",
    ),
    Mutant(
        "1 a killed supervisor leaves its roles behind",
        "dashapp/supervisor.py",
        "            tie_to_parent()\n            if os.getppid()",
        "            if os.getppid()",
        f"{SUPERVISOR_TESTS}::test_kill_9_of_the_supervisor_leaves_no_orphan",
    ),
    Mutant(
        "1 what a dead role had started lives on",
        "dashapp/supervisor.py",
        "        _kill_group(process.pid)  # whatever",
        "        # whatever",
        f"{SUPERVISOR_TESTS}::test_a_killed_role_is_started_again_and_its_children_go",
    ),
    Mutant(
        "1 embedded mode serves strangers",
        "dashapp/setting_rules.py",
        "    if not is_loopback(host):",
        "    if not host:",
        f"{SETTING_TESTS}::test_a_wrong_setting_is_named_with_what_it_accepts",
    ),
    Mutant(
        "1 production takes a key from an example",
        "dashapp/setting_rules.py",
        "    if any(part in plain for part in KNOWN_KEY_PARTS):",
        "    if plain in KNOWN_KEY_PARTS:",
        f"{SETTING_TESTS}::test_production_refuses_a_key_that_can_be_guessed",
    ),
    Mutant(
        "1 the embedded key can be read by others",
        "dashapp/signing_key.py",
        "0o600",
        "0o644",
        f"{SETTING_TESTS}::test_the_embedded_key_is_made_once_and_only_its_owner_may_read_it",
    ),
    Mutant(
        "3 a read may write",
        "services/store/database.py",
        "PRAGMA query_only = ON",
        "PRAGMA query_only = OFF",
        f"{STORE_TESTS}::test_a_read_cannot_write",
    ),
    Mutant(
        "3 a naive instant is taken",
        "services/store/types.py",
        "if value.tzinfo is None:",
        "if value.year < 0:",
        f"{STORE_TESTS}::test_a_naive_instant_is_refused",
    ),
    Mutant(
        "4 an unfinished import is published",
        "services/mart/publishing.py",
        "        if unfinished:\n",
        "        if len(unfinished) < 0:\n",
        f"{PUBLISHING_TESTS}::test_4_nothing_is_published_while_an_import_is_being_applied",
    ),
    Mutant(
        "4 a damaged snapshot is served",
        "services/mart/snapshots.py",
        "            if sha256_of(path) != manifest.sha256:\n                return False\n",
        "",
        f"{PUBLISHING_TESTS}::test_4_a_flipped_bit_is_found_before_serving_and_the_previous_snapshot_is_used",
    ),
    Mutant(
        "4 a requisition changes without its applications",
        "services/mart/changes.py",
        "    applications |= _ids(store, Application.id, Application.requisition_id, requisitions)\n",
        "",
        f"{INCREMENT_TESTS}::test_4_each_kind_of_change_reaches_the_increment[reorganise]",
    ),
    Mutant(
        "4 PostgreSQL's times are read in the session's zone",
        "services/mart/extract.py",
        'return sa.func.timezone("UTC", column) if at_utc',
        'return sa.func.timezone("Asia/Tokyo", column) if at_utc',
        f"{FACT_TESTS}::test_both_stores_give_the_same_tables_and_so_the_same_snapshot",
    ),
    Mutant(
        "4 hold and freeze are added, not united",
        "services/mart/sql/20_holds.sql",
        "SELECT *, coalesce(from_at > max(to_at) OVER (",
        "SELECT *, coalesce(from_at >= min(from_at) OVER (",
        f"{FACT_TESTS}::test_g01_net_clocks_skip_the_union_of_hold_and_freeze",
    ),
    Mutant(
        "4 a mis-click is a visit",
        "services/mart/sql/40_visits.sql",
        "AND before_id = after_id AND before_id <> stage_id",
        "AND false",
        f"{FACT_TESTS}::test_a_move_taken_back_within_a_minute_never_happened",
    ),
    Mutant(
        "4 tests are counted",
        "services/mart/sql/30_applications.sql",
        "NOT a.is_prospect AND NOT a.is_test AND",
        "NOT a.is_prospect AND",
        f"{FACT_TESTS}::test_prospects_tests_and_merged_duplicates_leave_every_count_and_are_counted",
    ),
    Mutant(
        "6 the gate lets every callback pass",
        "dashapp/security.py",
        "self.policy.require(viewer, action)\n        if not self.app.accepts(body):",
        "if not self.app.accepts(body):",
        f"{GATE_TESTS}::test_the_gate_refuses_when_the_wrapper_is_open",
    ),
    Mutant(
        "6 the wrapper lets everybody pass",
        "callbacks/registry.py",
        "self.policy.require(current_viewer(), action)",
        "current_viewer()",
        f"{GATE_TESTS}::test_the_wrapper_refuses_when_the_gate_is_open",
    ),
    Mutant(
        "6 a callback is registered without a policy",
        "callbacks/registry.py",
        "if not isinstance(requires, Action):",
        "if isinstance(requires, int):",
        f"{GATE_TESTS}::test_a_callback_without_a_policy_is_not_registered",
    ),
    Mutant(
        "6 a page is open to every role",
        "dashapp/security.py",
        "action = found[0].action",
        "action = Action.SESSION_USE",
        f"{GATE_TESTS}::test_a15_the_observed_matrix_is_the_dumped_one",
    ),
    Mutant(
        "6 no token against requests from other sites",
        "dashapp/security.py",
        "            self.csrf.protect()\n",
        "            pass\n",
        f"{SIGN_IN_TESTS}::test_a37_every_changing_route_needs_the_token",
    ),
    Mutant(
        "6 a deactivated user stays signed in",
        "services/accounts/directory.py",
        "return bool(user.is_active and (self._demo_accounts or not user.is_demo))",
        "return bool(self._demo_accounts or not user.is_demo)",
        f"{ACCOUNT_TESTS}::test_an_inactive_user_has_no_session_even_if_a_row_is_left",
    ),
    Mutant(
        "6 sessions never get idle",
        "services/accounts/sessions.py",
        '"not_idle": now - IDLE}',
        '"not_idle": now - ABSOLUTE}',
        f"{ACCOUNT_TESTS}::test_a03_a_session_ends_after_thirty_idle_minutes",
    ),
    Mutant(
        "6 no throttle",
        "services/accounts/throttle.py",
        "PER_USER_AND_ORIGIN = 10",
        "PER_USER_AND_ORIGIN = 30",
        f"{SIGN_IN_TESTS}::test_a05_the_eleventh_try_is_refused_with_words",
    ),
    Mutant(
        "6 pay through a second, wider role",
        "services/access/policy.py",
        "if givers and self.scope_of(givers, person_id) == total:",
        "if givers:",
        "tests/unit/services/access/test_policy.py::"
        "test_pay_in_one_region_does_not_become_pay_everywhere_through_a_wider_role",
    ),
    Mutant(
        "6 the audit chain is not compared",
        "services/audit/log.py",
        "elif event.seal(previous) != sealed:",
        "elif event.seal(previous) == GENESIS:",
        "tests/integration/test_audit_log.py::test_a59_two_hundred_random_mutations_are_all_found_and_located",
    ),
    Mutant(
        "8 markup in a name is markup",
        "reports/render.py",
        "autoescape=True",
        "autoescape=False",
        f"{RENDER_TESTS}::test_markup_in_a_name_stays_text_in_the_document",
    ),
    Mutant(
        "8 a report may fetch files",
        "reports/render.py",
        'raise FatalURLFetchingError(f"A report may fetch nothing, and asked for {url[:80]!r}.")',
        "return super().fetch(url, headers)",
        f"{RENDER_TESTS}::test_the_fetcher_knows_only_the_packaged_fonts",
    ),
    Mutant(
        "8 the clock is in the bytes",
        "reports/render.py",
        "            created=issued_at,\n",
        "",
        f"{RENDER_TESTS}::test_equal_input_gives_equal_bytes_in_every_process",
    ),
    Mutant(
        "8 few cases are judged",
        "reports/printed.py",
        "        status=tile.status if wording.is_judged(tile.row) else None,\n        comparison=",
        "        status=tile.status,\n        comparison=",
        f"{RENDER_TESTS}::test_a_figure_from_few_cases_is_grey_and_not_judged",
    ),
    Mutant(
        "8 a freeze is the manager's to release",
        "services/reporting/definitions/hiring_manager_weekly.py",
        "if item.requisition.is_on_hold and item.requisition.stopped_since]",
        "if item.requisition.stopped_since]",
        "tests/unit/services/reporting/test_report_parts.py::test_a_freeze_is_not_the_managers_to_release",
    ),
    Mutant(
        "8 somebody else's report is made",
        "services/reporting/definitions/subjects.py",
        "return statement if reach is None else statement.where(reach)",
        "return statement",
        f"{REPORT_TESTS}::test_a_region_sees_only_its_own_part_of_a_recruiters_work",
    ),
    Mutant(
        "9 a worker that was overtaken may write",
        "services/delivery/ledger.py",
        "ReportRun.fence == claim.fence, ReportRun.state",
        "ReportRun.fence >= claim.fence, ReportRun.state",
        f"{LEDGER_TESTS}::test_an_expired_lease_returns_the_run_and_the_late_worker_may_not_write[sqlite]",
    ),
    Mutant(
        "9 DATA begins before transmitting is committed",
        "services/delivery/sending.py",
        "        if not self._outbox.start_transmission(mail):\n",
        "        if mail.id < 0:\n",
        f"{KILL_TESTS}::test_a_sender_killed_at_every_point_leaves_sent_or_in_doubt[sqlite]",
    ),
    Mutant(
        "9 what may have arrived is sent again by itself",
        "services/delivery/outbox.py",
        '.values(state="in_doubt", error=reason',
        '.values(state="pending", error=reason',
        f"{LEDGER_TESTS}::test_an_expired_transmission_is_in_doubt_and_only_a_person_sends_it_again[sqlite]",
    ),
    Mutant(
        "9 a key has another Message-ID each time",
        "services/delivery/message.py",
        "hashlib.sha256(key.encode()).hexdigest()[:40]",
        "hashlib.sha256(repr(object()).encode()).hexdigest()[:40]",
        "tests/unit/services/delivery/test_message.py::test_the_message_id_follows_from_the_key_alone",
    ),
    Mutant(
        "9 reports are made with full rights",
        "services/reporting/run_report.py",
        "viewer = self._accounts.viewer_for(claim.recipient_user_id)",
        "viewer = self._accounts.local_operator()",
        f"{RUN_TESTS}::test_a34_the_report_is_made_under_the_recipients_permissions[sqlite]",
    ),
    Mutant(
        "9 a file appears before it is complete",
        "services/delivery/archive.py",
        "_write_durably(temporary, content)",
        "_write_durably(path, content)",
        "tests/unit/services/delivery/test_archive.py::test_f03_a_kill_in_the_middle_of_a_file_leaves_nothing_visible",
    ),
    Mutant(
        "9 every missed period is made",
        "services/reporting/schedules.py",
        "self._state_missed(connection, schedule, fire)",
        "self._enter(connection, schedule, fire, runs)",
        f"{SCHEDULE_TESTS}::test_f27_after_three_missed_periods_the_latest_is_made_and_the_others_are_stated[sqlite]",
    ),
    Mutant(
        "9 a period follows from UTC, not from the local date",
        "services/reporting/periods.py",
        "fired_at.astimezone(ZoneInfo(timezone)).date()",
        "fired_at.date()",
        "tests/unit/services/reporting/test_report_periods.py::"
        "test_f25_every_change_of_clocks_in_twenty_zones_gives_one_run_a_day",
    ),
    Mutant(
        "10 everybody opens every report",
        "services/reporting/archive_page.py",
        "if self._sees_all(viewer) else own",
        "if self._sees_all(viewer) else true()",
        f"{ARCHIVE_TESTS}::test_a21_somebody_elses_report_is_to_the_last_word_a_missing_one[sqlite]",
    ),
    Mutant(
        "10 a damaged document is handed out",
        "services/delivery/archive.py",
        "if hashlib.sha256(content).hexdigest() != sha256:",
        "if len(content) < 0:",
        f"{ARCHIVE_TESTS}::test_a_damaged_file_is_not_handed_out[sqlite]",
    ),
    Mutant(
        "11 the slow panel is not planted",
        "services/ingest/demonstration/evaluation.py",
        "hours = np.where(slow, hours * draft.stories.slow_panel_delay_factor, hours)",
        "hours = np.where(slow, hours, hours)",
        f"{DEMO_TESTS}::test_the_slow_panel_is_the_one_the_stories_name",
    ),
    Mutant(
        "11 the seed does not decide",
        "services/ingest/demonstration/load.py",
        "rng = np.random.default_rng([self.seed, 3, self.chunk])",
        "rng = np.random.default_rng()",
        f"{DEMO_TESTS}::test_another_seed_gives_another_company",
    ),
    Mutant(
        "7 everybody sees the recruiters",
        "services/metrics/overview.py",
        "sees_people = ColumnClass.PERSON in selection.viewer.classes",
        "sees_people = True",
        f"{OVERVIEW_TESTS}::test_only_who_may_see_figures_of_people_gets_recruiters",
    ),
    Mutant(
        "7 a filter value nobody offers reaches the question",
        "services/domain/filters.py",
        "if value in known.get(name, set())",
        "if True",
        f"{FILTER_TESTS}::test_values_that_no_option_offers_are_left_out",
    ),
    Mutant(
        "7 few cases are judged",
        "services/domain/judgement.py",
        "row.value is None or not is_judged(row)",
        "row.value is None",
        f"{JUDGEMENT_TESTS}::test_without_target_direction_or_enough_cases_nothing_is_judged",
    ),
    Mutant(
        "7 a kept view outlives its snapshot",
        "services/metrics/overview.py",
        'key = (f"{stamp.snapshot} {as_of}", viewer.fingerprint(), filters)',
        'key = ("", viewer.fingerprint(), filters)',
        f"{OVERVIEW_TESTS}::test_a_new_snapshot_or_other_rights_are_never_answered_from_memory",
    ),
    Mutant(
        "7 the chart has no name",
        "layouts/components/chart.py",
        '**attributes(aria_label=f"{trend.finding}{marks}")',
        "",
        f"{OVERVIEW_PAGE_TESTS}::test_the_chart_is_a_picture_with_its_finding_as_name",
    ),
    Mutant(
        "7 a series with a gap is drawn through",
        "layouts/components/sparkline.py",
        'return "".join("M" + "L".join(str(point) for point in run) for run in runs)',
        'return "M" + "L".join(str(point) for run in runs for point in run)',
        f"{OVERVIEW_PAGE_TESTS}::test_a_gap_in_the_series_breaks_the_line",
    ),
    Mutant(
        "6 refusals may flood the log",
        "services/audit/refusals.py",
        "if connection.execute(select(RefusedAccess.id).where(*same)).first() is not None:",
        "if connection.closed:",
        f"{REFUSED_TESTS}::test_a_flood_of_refusals_is_one_row_a_minute",
    ),
    Mutant(
        "6 a refusal in words is not written down",
        "callbacks/routing.py",
        "        tell_refused(page.path)\n",
        "",
        "tests/http/test_6_refused_access.py::test_a_page_that_the_router_refuses_in_words_is_written_down",
    ),
    Mutant(
        "9 any certificate will do",
        "services/delivery/transports.py",
        "tls or ssl.create_default_context()",
        "tls or ssl._create_unverified_context()",
        "tests/integration/test_9_mail_over_tls.py::test_9_a_certificate_nobody_vouches_for_is_refused_in_words",
    ),
    Mutant(
        "A12 a token is kept as it is",
        "services/accounts/tokens.py",
        'return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()',
        'return token.encode("utf-8", "surrogatepass")[-32:]',
        f"{TOKEN_TESTS}::test_a12_a_token_is_shown_once_and_found_in_no_dump",
    ),
    Mutant(
        "A13 a leaver's tokens live on",
        "services/accounts/directory.py",
        "revoked = end_tokens(connection, user_id, now, actor)",
        "revoked = 0",
        f"{TOKEN_TESTS}::test_a13_a_deactivated_owner_has_no_token",
    ),
    Mutant(
        "A12 any scope will do",
        "dashapp/api/bearer.py",
        "        caller.require(SCOPES[rule])\n",
        "",
        "tests/http/test_a12_api.py::test_a12_a_scope_is_no_wider_than_it_says",
    ),
    Mutant(
        "A12 a token may ask for ever",
        "services/accounts/tokens.py",
        "        if number > PER_MINUTE:\n",
        "        if number < 0:\n",
        f"{TOKEN_TESTS}::test_requests_at_the_same_moment_are_all_counted",
    ),
    Mutant(
        "A25 the catalogue names every metric",
        "services/reporting/metric_pages.py",
        "seen = [metric for metric in REGISTRY.values() if metric.column_class in viewer.classes]",
        "seen = list(REGISTRY.values())",
        "tests/http/test_metric_pages.py::test_a25_the_catalogue_names_only_metrics_of_the_viewers_classes",
    ),
    Mutant(
        "X3 an example shows another's case",
        "services/metrics/examples.py",
        "rows = reader.execute(query if reach is None else query.where(reach))",
        "rows = reader.execute(query)",
        "tests/unit/services/metrics/test_examples.py::test_an_example_lies_within_the_viewers_reach",
    ),
)
