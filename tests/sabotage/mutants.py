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


STORE_TESTS = "tests/integration/test_3_store_transactions.py"
DEMO_TESTS = "tests/integration/test_11_demonstration_company.py"

MUTANTS: tuple[Mutant, ...] = (
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
)
