"""The rules of the pages about teams, recruiters and interviews that are turned off."""

from __future__ import annotations

from tests.sabotage.mutants import Mutant

_PEOPLE = "tests/http/test_5_1_recruiter_pages.py"
_TEAMS = "tests/http/test_1_6_teams_page.py"
_INTERVIEWS = "tests/http/test_7_2_interviews_page.py"

TEAM_PAGE_MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "5.1 a recruiter opens everybody's page",
        "services/reporting/pages/recruiters.py",
        "Action.RECRUITERS_VIEW)\n        if ColumnClass.PERSON not in viewer.classes:\n",
        "Action.RECRUITERS_VIEW_OWN)\n        if False:\n",
        f"{_PEOPLE}::test_5_1_rita_is_led_to_her_own_page_and_to_nobody_elses",
    ),
    Mutant(
        "5.1 the others' part of a hire is forgotten",
        "services/reporting/pages/recruiter.py",
        '"others": of - mine})',
        '"others": Fraction(0)})',
        "tests/unit/services/reporting/test_recruiter_page.py::test_5_1_parts_of_a_shared_hire_add_up_as_they_are_shown",
    ),
    Mutant(
        "5.1 recruiters stand in an order of results",
        "services/reporting/pages/recruiters.py",
        "| set(parts), key=str.casefold)\n",
        "| set(parts), key=lambda name: -parts.get(name, Fraction(0)))\n",
        f"{_PEOPLE}::test_5_1_the_list_is_in_alphabetical_order_and_has_no_results",
    ),
    Mutant(
        "X8 an agreement hides nobody's page",
        "services/reporting/pages/recruiter.py",
        "        if self._snapshots.execute(inside):\n",
        "        if not self._snapshots.execute(inside):\n",
        f"{_PEOPLE}::test_x8_a_works_agreement_leaves_the_page_to_the_person_herself",
    ),
    Mutant(
        "X7 the manager's wait is everybody's",
        "services/reporting/definitions/waiting.py",
        "    clocks = {key: subtract(parts, holds.get(key, ())) for key, parts in running.items()}\n",
        "    manager, feedback = feedback, manager\n"
        "    clocks = {key: subtract(parts, holds.get(key, ())) for key, parts in running.items()}\n",
        f"{_PEOPLE}::test_x7_waits_of_the_page_are_days_of_open_requisitions",
    ),
    Mutant(
        "1.6 what-if inputs are not listened to",
        "services/metrics/capacity_plan.py",
        "    return replace(known, **said)\n",
        "    return known\n",
        f"{_TEAMS}::test_1_6_what_if_changes_the_plan_and_nothing_else",
    ),
    Mutant(
        "7.2 nine roles are enough for a breach",
        "services/reporting/pages/interviews.py",
        "    if int(roles.denominator or roles.n) < BREACH_ROLES:\n",
        "    if False:\n",
        f"{_INTERVIEWS}::test_7_2_the_rule_is_the_metrics_own",
    ),
)
