"""How the query layer's selects are spelt for ClickHouse, with values bound on the server: ``{name:Type}``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, ClassVar

import sqlalchemy as sa
from clickhouse_connect.cc_sqlalchemy.dialect import ClickHouseDialect
from clickhouse_connect.cc_sqlalchemy.sql.compiler import ChStatementCompiler
from clickhouse_connect.driver.binding import format_str
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.type_api import TypeEngine

from services.mart.engines.postgresql_spelling import without_said_nulls

_TYPES: tuple[tuple[type[TypeEngine[Any]], str], ...] = (
    (sa.SmallInteger, "Int16"),
    (sa.BigInteger, "Int64"),
    (sa.Integer, "Int32"),
    (sa.Float, "Float64"),
    # exact, and as wide as sums of squares need
    (sa.Numeric, "Int128"),
    (sa.Boolean, "Bool"),
    (sa.DateTime, "DateTime64(0, 'UTC')"),
    (sa.Date, "Date32"),
    (sa.String, "String"),
)
_TYPES_OF_VALUES: dict[type, TypeEngine[Any]] = {
    bool: sa.Boolean(),
    int: sa.Integer(),
    float: sa.Double(),
    date: sa.Date(),
    datetime: sa.DateTime(),
}
SETTINGS = {
    # what is missing in a join or of no rows is NULL, not a zero
    "join_use_nulls": 1,
    "aggregate_functions_null_for_empty": 1,
    "cast_keep_nullable": 1,
    # a name in WHERE or GROUP BY means the column, as everywhere else
    "prefer_column_name_to_alias": 1,
    "enable_materialized_cte": 1,
    "allow_experimental_correlated_subqueries": 1,
}


def type_name(kind: TypeEngine[Any]) -> str:
    """ClickHouse's type: its own ``Date`` and ``DateTime`` begin in 1970 only. What is not known is text."""
    return next((name for known, name in _TYPES if isinstance(kind, known)), "String")


class _Compiler(ChStatementCompiler):
    """Where a function of the same name means something else than in DuckDB, whose meaning the metrics are written for.

    Functions of other names are ``services.mart.constructs``.
    """

    bindname_escape_characters: ClassVar[Mapping[str, str]] = {
        **ChStatementCompiler.bindname_escape_characters,
        "-": "m",
    }

    def visit_bindparam(self, bindparam: Any, **kw: Any) -> str:  # type: ignore[override] # its flags are passed on
        if isinstance(bindparam.type, sa.types.NullType):
            # beside a literal column nobody said what it is
            bindparam = bindparam._with_value(bindparam.value)  # noqa: SLF001 - a copy; it finds the type of its value
            bindparam.type = _TYPES_OF_VALUES.get(type(bindparam.value), sa.String())
        text: str = super().visit_bindparam(bindparam, **kw)  # type: ignore[no-untyped-call]
        return text

    def bindparam_string(self, name: str, **kw: Any) -> str:  # type: ignore[override] # as above
        plain = SQLCompiler.bindparam_string(self, name, **kw)
        if kw.get("post_compile") or kw.get("expanding"):
            return plain
        kind = kw.get("bindparam_type") or self._ch_bind_type
        return "{" + self.escaped_bind_names.get(name, name) + ":" + type_name(kind or sa.String()) + "}"

    def _ch_expanding_bindparam(self, bindparam: sa.BindParameter[Any], **kw: Any) -> str:
        super()._ch_expanding_bindparam(bindparam, **kw)  # type: ignore[no-untyped-call]
        name: str = self._truncate_bindparam(bindparam)  # type: ignore[no-untyped-call]
        return "{" + self.escaped_bind_names.get(name, name) + ":Array(" + type_name(bindparam.type) + ")}"

    def _generate_prefixes(self, stmt: Any, prefixes: Any, **kw: Any) -> str:
        """A common table expression that is read several times is worked out once."""
        text: str = super()._generate_prefixes(stmt, prefixes, **kw)  # type: ignore[no-untyped-call]
        return f"MATERIALIZED {text}" if isinstance(stmt, sa.CTE) else text

    def visit_count_func(self, function: sa.Function[Any], *, is_inner: bool = False, **kw: Any) -> str:
        """Signed: a case of a count and a number would have no type otherwise."""
        counted = f"count{self.function_argspec(function, **kw)}"
        return counted if is_inner else f"toInt64({counted})"

    def visit_over(self, over: sa.Over[Any], **kw: Any) -> str:
        is_count = getattr(over.element, "name", "") == "count"
        passed = {**kw, "is_inner": True} if is_count else kw
        text: str = super().visit_over(over, **passed)  # type: ignore[no-untyped-call]
        is_unsigned = is_count or getattr(over.element, "name", "") in {"row_number", "rank"}
        return f"toInt64({text})" if is_unsigned else text

    def visit_truediv_binary(self, binary: sa.BinaryExpression[Any], operator: Any, **kw: Any) -> str:
        """Quotients are doubles already."""
        return f"{self.process(binary.left, **kw)} / ({self.process(binary.right, **kw)})"

    def visit_cast(self, cast: sa.Cast[Any], **kw: Any) -> str:
        """Into a whole number by rounding: ClickHouse would cut the rest off."""
        value, kind = self.process(cast.clause, **kw), type_name(cast.type)
        if isinstance(cast.type, sa.Integer) and not isinstance(cast.clause.type, sa.Integer | sa.Boolean):
            value = f"round({value})"
        return f"CAST({value} AS Nullable({kind}))"

    def visit_round_func(self, function: sa.Function[Any], **kw: Any) -> str:
        """Halves away from zero; ClickHouse rounds them to the even neighbour."""
        value = self.process(function.clauses, **kw)
        return f"trunc({value} + sign({value}) * 0.5)"

    def visit_generate_series_func(self, function: sa.Function[Any], **kw: Any) -> str:
        """As an array: a step of months and days, repeated while it stays within the end."""
        first, last, step = (self.process(clause, **kw) for clause in function.clauses)
        number, unit = step.removeprefix("INTERVAL '").rstrip("'").split()
        began, ended = f"assumeNotNull(toDate32({first}))", f"assumeNotNull(toDate32({last}))"
        steps = f"intDiv(dateDiff('{unit.lower()}', {began}, {ended}), {number})"
        moved = f"toDateTime64(add{unit.capitalize()}s({began}, step * {number}), 0, 'UTC')"
        return f"arrayMap(step -> {moved}, if({began} > {ended}, [], range(toUInt32(greatest({steps}, 0) + 1))))"

    def visit_unnest_func(self, function: sa.Function[Any], **kw: Any) -> str:
        return f"arrayJoin({self.process(function.clauses, **kw)})"

    def visit_split_part_func(self, function: sa.Function[Any], **kw: Any) -> str:
        text, mark, position = (self.process(clause, **kw) for clause in function.clauses)
        return f"splitByString({mark}, assumeNotNull({text}))[{position}]"

    def visit_product_func(self, function: sa.Function[Any], **kw: Any) -> str:
        return f"arrayProduct(groupArray({self.process(function.clauses, **kw)}))"

    def visit_funcfilter(self, funcfilter: Any, **kw: Any) -> str:
        """Of a function of functions only the inner one takes a filter."""
        if funcfilter.func.name == "product":
            value = self.process(funcfilter.func.clauses, **kw)
            return f"arrayProduct(groupArrayIf({value}, coalesce({self.process(funcfilter.criterion, **kw)}, false)))"
        if funcfilter.func.name == "count":
            kw["is_inner"] = True
        text: str = super().visit_funcfilter(funcfilter, **kw)  # type: ignore[no-untyped-call]
        return f"toInt64({text})" if funcfilter.func.name == "count" else text

    def visit_desc_op_unary_modifier(self, unary: sa.UnaryExpression[Any], operator: Any, **kw: Any) -> str:
        """NULL comes last in either direction."""
        return f"{self.process(unary.element, **kw)} DESC NULLS LAST"

    def visit_nulls_last_op_unary_modifier(self, unary: sa.UnaryExpression[Any], operator: Any, **kw: Any) -> str:
        return without_said_nulls(self, unary, **kw)

    def visit_values(self, element: Any, asfrom: Any = False, **kw: Any) -> str:  # type: ignore[override] # noqa: FBT002 - as SQLAlchemy calls it
        """A table function that names its columns and their types."""
        structure = ", ".join(f"{column.name} Nullable({type_name(column.type)})" for column in element.columns)
        rows = (f"({', '.join(map(_literal, row))})" for chunk in element._data for row in chunk)  # noqa: SLF001 - no public way
        quoted = structure.replace("'", "\\'")
        text = f"SELECT * FROM VALUES('{quoted}', {', '.join(rows)})"  # noqa: S608 - escaped
        return f"({text}) AS {self.preparer.quote(str(element.name))}" if asfrom else text


def _literal(value: object) -> str:
    """Of a table of values: bound one by one they would not fit into an address."""
    if value is None:
        return "NULL"
    return format_str(str(value)) if isinstance(value, str | date) else str(value)


class _Dialect(ClickHouseDialect):
    statement_compiler = _Compiler
    supports_statement_cache = True


DIALECT: sa.Dialect = _Dialect(server_side_params=True)
