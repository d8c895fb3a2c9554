"""How the query layer's selects are spelt for PostgreSQL. Only compiles; the raw driver runs what comes out."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.psycopg import PGCompiler_psycopg, PGDialect_psycopg
from sqlalchemy.sql import operators
from sqlalchemy.sql.compiler import SQLCompiler


class _Compiler(PGCompiler_psycopg):
    """Where a function of the same name means something else than in DuckDB, whose meaning the metrics are written for.

    Functions of other names are ``services.mart.constructs``.
    """

    def visit_truediv_binary(self, binary: sa.BinaryExpression[Any], operator: Any, **kw: Any) -> str:
        """Quotients are doubles: NUMERIC would round a ratio at another digit."""
        left, right = self.process(binary.left, **kw), self.process(binary.right, **kw)
        return f"CAST({left} AS DOUBLE PRECISION) / ({right})"

    def visit_desc_op_unary_modifier(self, unary: sa.UnaryExpression[Any], operator: Any, **kw: Any) -> str:
        """NULL comes last in either direction."""
        return f"{self.process(unary.element, **kw)} DESC NULLS LAST"

    def visit_nulls_last_op_unary_modifier(self, unary: sa.UnaryExpression[Any], operator: Any, **kw: Any) -> str:
        return without_said_nulls(self, unary, **kw)

    def visit_round_func(self, function: sa.Function[Any], **kw: Any) -> str:
        """Halves away from zero; PostgreSQL rounds a double's half to the even neighbour."""
        value = self.process(function.clauses, **kw)
        return f"trunc(CAST({value} AS DOUBLE PRECISION) + sign(CAST({value} AS DOUBLE PRECISION)) * 0.5)"

    def visit_generate_series_func(self, function: sa.Function[Any], **kw: Any) -> str:
        """Of dates it would give instants in the session's zone."""
        first, last, step = (self.process(clause, **kw) for clause in function.clauses)
        return f"generate_series(CAST({first} AS TIMESTAMP), CAST({last} AS TIMESTAMP), {step})"

    def visit_unnest_func(self, function: sa.Function[Any], **kw: Any) -> str:
        """A series is a set of rows already."""
        return self.process(function.clauses, **kw)


def without_said_nulls(compiler: SQLCompiler, unary: sa.UnaryExpression[Any], **kw: Any) -> str:
    """``NULLS LAST`` once, where a descending order says it already."""
    inner = unary.element
    said = isinstance(inner, sa.UnaryExpression) and inner.modifier is operators.desc_op
    return compiler.process(inner, **kw) + ("" if said else " NULLS LAST")


class _Dialect(PGDialect_psycopg):
    statement_compiler = _Compiler
    supports_statement_cache = True


DIALECT: sa.Dialect = _Dialect()  # type: ignore[no-untyped-call]
