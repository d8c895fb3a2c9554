"""The databases beside DuckDB that the suite publishes snapshots to, each test's in one of its own."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import pytest

ENGINES = ("postgresql",)
NewEngine: TypeAlias = Callable[[str], str]
"""From an engine's name to the address of an empty database of it."""


def new_engine(request: pytest.FixtureRequest) -> NewEngine:
    """Servers start with the first test that asks for one."""

    def make(engine: str) -> str:
        server = request.getfixturevalue({"postgresql": "postgres"}[engine])
        return str(server.url(server.new_database()))

    return make


def is_same(one: Any, other: Any) -> bool:
    """To the last digit that matters: sums of doubles may be added up in another order."""
    if isinstance(one, float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12) or (math.isnan(one) and math.isnan(other))
    if isinstance(one, Mapping):
        return one.keys() == other.keys() and all(is_same(value, other[name]) for name, value in one.items())
    return bool(one == other)
