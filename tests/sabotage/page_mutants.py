"""The rules of the pages about sources, offers and diversity, turned off one by one."""

from __future__ import annotations

from tests.sabotage.mutants import Mutant

HTTP_TESTS = "tests/http/test_sources_offers_diversity.py"
UNIT_TESTS = "tests/unit/services/metrics/pages"

PAGE_MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "3.6 the page asks pay for everybody",
        "services/metrics/pages/offers.py",
        "if sees_pay else None",
        "if opened.viewer else None",
        f"{HTTP_TESTS}::test_3_6_without_the_class_there_is_no_pay_in_the_page_at_all[admin]",
    ),
    Mutant(
        "3.6 column classes are not part of the cache key",
        "services/domain/people.py",
        "            sorted(self.classes),\n            sorted(self.roles),\n",
        "",
        f"{HTTP_TESTS}::test_3_6_the_answer_kept_for_hana_is_never_ron_s_who_reaches_the_same_rows",
    ),
    Mutant(
        "4.5 everybody may open records",
        "callbacks/pages/diversity.py",
        "        requires=Action.DIVERSITY_RECORDS,\n",
        "        requires=Action.SESSION_USE,\n",
        f"{HTTP_TESTS}::test_4_5_leadership_has_groups_from_ten_on_and_no_way_to_records",
    ),
    Mutant(
        "1.5 enough answers hide that a figure is incomplete",
        "services/metrics/pages/diversity.py",
        '    if "incomplete" in (row.note or ""):\n        return Mark("near", "Incomplete")\n',
        "",
        f"{UNIT_TESTS}/test_diversity.py::test_1_5_the_mark_incomplete_wins_and_low_is_said",
    ),
    Mutant(
        "4.5 who answered is told beside a hidden group",
        "services/metrics/pages/diversity.py",
        '        "answered": _of_asked(extra.get("disclosed"), asked),\n',
        '        "answered": _of_asked(extra.get("disclosed", extra.get("disclosed_at_least")), asked),\n',
        f"{UNIT_TESTS}/test_diversity.py::test_4_5_where_a_group_is_hidden_those_who_answered_are_too",
    ),
    Mutant(
        "1.5 a goal is judged on few",
        "services/metrics/pages/diversity.py",
        "    if one.n < FEW_GREY:\n",
        "    if one.n < 1:\n",
        f"{UNIT_TESTS}/test_diversity.py::test_1_5_a_goal_says_how_far_it_is_met",
    ),
)
