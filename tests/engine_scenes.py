"""The databases beside DuckDB that the suite publishes snapshots to, each test's in one of its own."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import pytest

from tests.clickhouse_server import IS_INSTALLED, ThrowAwayClickHouse
from tests.services_for_tests import ThrowAwayPostgres

_WITHOUT = pytest.mark.skipif(not IS_INSTALLED, reason="ClickHouse is half a gigabyte: script/test --engines has it")
ENGINES = ("postgresql", pytest.param("clickhouse", marks=_WITHOUT))
NewEngine: TypeAlias = Callable[[str], str]
"""From an engine's name to the address of an empty database of it."""


def new_engine(request: pytest.FixtureRequest) -> NewEngine:
    """PostgreSQL's server is the session's; ClickHouse's has no databases in databases, so each is one of its own."""

    def make(engine: str) -> str:
        if engine == "clickhouse":
            server = ThrowAwayClickHouse()
            request.addfinalizer(server.stop)
            return server.url
        postgres: ThrowAwayPostgres = request.getfixturevalue("postgres")
        return postgres.url(postgres.new_database())

    return make


def is_same(one: Any, other: Any) -> bool:
    """To the last digit that matters: sums of doubles may be added up in another order."""
    if isinstance(one, float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12) or (math.isnan(one) and math.isnan(other))
    if isinstance(one, Mapping):
        return one.keys() == other.keys() and all(is_same(value, other[name]) for name, value in one.items())
    return bool(one == other)
