"""From a SQLAlchemy select to DuckDB SQL and its bound values. The dialect only compiles; nothing runs through it."""

from __future__ import annotations

import duckdb
import sqlalchemy as sa
from duckdb_sqlalchemy import Dialect

from services.mart.compiled import Compiler

DIALECT: sa.Dialect = Dialect(paramstyle="qmark")
# The dialect has just read the reserved words through the default connection. Its threads would not survive the fork
# of a web server, and the worker would abort at its exit while waiting for them.
duckdb.default_connection().close()
_COMPILER = Compiler(DIALECT)


def compile_select(statement: sa.SelectBase) -> tuple[str, list[object]]:
    """SQL text with ``?`` and the values in order. IN lists are expanded; enums become their values."""
    return _COMPILER.in_order(statement)
