"""The rules of traces, movements, the past and matches that are turned off."""

from __future__ import annotations

from tests.sabotage.mutants import Mutant

DECOMPOSITION_TESTS = "tests/unit/services/metrics/test_decomposition.py"
VENDOR_TESTS = "tests/unit/services/metrics/test_vendor_cases.py"
TRACE_TESTS = "tests/integration/test_x3_clock_trace.py"
PAST_TESTS = "tests/integration/test_x4_time_machine.py"

EXPLANATION_MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "X1 the company's own withdrawals stay a no",
        "services/metrics/vendor_cases.py",
        "            return variant.rescinded",
        "            return True",
        f"{VENDOR_TESTS}::test_x1_offers_of_the_quarter_rule_by_rule",
    ),
    Mutant(
        "X2 one order only, with a residual",
        "services/metrics/decomposition.py",
        "        rate = ((rated - old) + (new - mixed)) / 2",
        "        rate = rated - old",
        f"{DECOMPOSITION_TESTS}::test_x2_the_parts_add_up_to_the_change",
    ),
    Mutant(
        "X3 a trace for whoever asks",
        "services/metrics/requisition_trace.py",
        '    return [(row[0], requisition_title(row[1], row[2], row[0]), row[3] or "UTC") for row in rows]',
        "    rows = asked.reader.execute(query)\n"
        '    return [(row[0], requisition_title(row[1], row[2], row[0]), row[3] or "UTC") for row in rows]',
        f"{TRACE_TESTS}::test_x3_whoever_may_not_see_it_gets_the_answer_for_a_missing_one",
    ),
    Mutant(
        "X4 the day between two kept snapshots is guessed",
        "services/metrics/time_machine.py",
        "    if last is not None and not last.is_logged and last.as_of.date() != day:\n        return None\n",
        "",
        f"{PAST_TESTS}::test_x4_a_folder_without_a_list_vouches_for_the_days_of_its_manifests_alone",
    ),
)
