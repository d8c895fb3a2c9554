"""From a SQLAlchemy select to a dialect's SQL and its bound values. The dialects only compile; nothing runs there."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.util import LRUCache

REMEMBERED = 3000
"""Statements by structure, as an engine keeps them: values are bound anew each time."""


class Compiler:
    """Compiles selects for one dialect and remembers them."""

    def __init__(self, dialect: sa.Dialect) -> None:
        self._dialect = dialect
        self._cache: LRUCache[Any, Any] = LRUCache(REMEMBERED)

    def in_order(self, statement: sa.SelectBase) -> tuple[str, list[object]]:
        """SQL text with ``?`` and the values in order. IN lists are expanded; enums become their values."""
        _, state = self._state(statement)
        return state.statement, [_plain(state.parameters[name]) for name in state.positiontup or ()]

    def by_name(self, statement: sa.SelectBase) -> tuple[str, dict[str, object]]:
        """SQL text with ``%(name)s`` and the values by name, else as ``in_order``."""
        escaped, state = self._state(statement)
        return state.statement, {escaped.get(name, name): _plain(value) for name, value in state.parameters.items()}

    def _state(self, statement: sa.SelectBase) -> tuple[Mapping[str, str], Any]:
        """How names of values are written where the dialect does not take them as they are, and the expanded text."""
        # the engine's own way to the compiled cache; there is no public one without a driver
        compiled, extracted, collected, _ = statement._compile_w_cache(  # noqa: SLF001
            self._dialect, compiled_cache=self._cache, column_keys=[]
        )
        if not isinstance(compiled, SQLCompiler):
            raise TypeError(f"{type(statement).__name__} is not a select")
        values = compiled.construct_params(
            extracted_parameters=extracted, escape_names=False, _collected_params=collected
        )
        return compiled.escaped_bind_names, compiled._process_parameters_for_postcompile(values)  # noqa: SLF001 - as above


def _plain(value: object) -> object:
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.value if isinstance(value, enum.Enum) else value
