"""What an engine beside DuckDB must get right, turned off."""

from __future__ import annotations

from tests.sabotage.mutants import Mutant

ENGINE_TESTS = "tests/integration/test_4_engines.py"
SPELLING_TESTS = "tests/unit/services/mart/test_engine_spelling.py"
POSTGRESQL = "services/mart/engines/postgresql.py"
SPELLING = "services/mart/engines/postgresql_spelling.py"

ENGINE_MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "engines: a half-loaded snapshot is shown",
        POSTGRESQL,
        "if counted is None or counted[0] != manifest.counts[table.name]:",
        "if counted is None:",
        f"{ENGINE_TESTS}::test_readers_stay_on_the_last_complete_snapshot[postgresql]",
    ),
    Mutant(
        "engines: an older snapshot becomes current again",
        POSTGRESQL,
        "WHERE is_current AND as_of > %s",
        "WHERE is_current AND as_of > %s AND false",
        f"{ENGINE_TESTS}::test_an_older_snapshot_is_not_made_current_again[postgresql]",
    ),
    Mutant(
        "engines: NULL comes first",
        SPELLING,
        " DESC NULLS LAST",
        " DESC",
        f"{SPELLING_TESTS}::test_null_comes_last_in_either_direction[postgresql]",
    ),
    Mutant(
        "engines: halves to the even neighbour",
        SPELLING,
        'return f"trunc(CAST({value} AS DOUBLE PRECISION) + sign(CAST({value} AS DOUBLE PRECISION)) * 0.5)"',
        'return f"round(CAST({value} AS DOUBLE PRECISION))"',
        f"{SPELLING_TESTS}::test_halves_are_rounded_away_from_zero[postgresql]",
    ),
)
