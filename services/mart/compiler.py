"""From a SQLAlchemy select to DuckDB SQL and its bound values. The dialect only compiles; nothing runs through it."""

from __future__ import annotations

import enum
from typing import Any

import duckdb
import sqlalchemy as sa
from duckdb_sqlalchemy import Dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.util import LRUCache

DIALECT: sa.Dialect = Dialect(paramstyle="qmark")
# The dialect has just read the reserved words through the default connection. Its threads would not survive the fork
# of a web server, and the worker would abort at its exit while waiting for them.
duckdb.default_connection().close()
_CACHE: LRUCache[Any, Any] = LRUCache(3000)
"""Compiled statements by structure, as an engine keeps them: values are bound anew each time."""


def compile_select(statement: sa.SelectBase) -> tuple[str, list[object]]:
    """SQL text with ``?`` and the values in order. IN lists are expanded; enums become their values."""
    # the engine's own way to the compiled cache; there is no public one without a driver
    compiled, extracted, collected, _ = statement._compile_w_cache(  # noqa: SLF001
        DIALECT, compiled_cache=_CACHE, column_keys=[]
    )
    if not isinstance(compiled, SQLCompiler):
        raise TypeError(f"{type(statement).__name__} is not a select")
    values = compiled.construct_params(extracted_parameters=extracted, escape_names=False, _collected_params=collected)
    state = compiled._process_parameters_for_postcompile(values)  # noqa: SLF001 - as above
    return state.statement, [_plain(state.parameters[name]) for name in state.positiontup or ()]


def _plain(value: object) -> object:
    return value.value if isinstance(value, enum.Enum) else value
