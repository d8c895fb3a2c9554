"""Functions that engines spell differently. The default form is DuckDB's; others are compiled beside it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

TENTH_OF_A_DAY_S = 8640
HALF_A_TENTH_S = 4320


class QuantileCont(FunctionElement[float]):
    """Type 7 quantile of a column: ``QuantileCont(column, literal)``. None over no rows."""

    type = sa.Double()
    name = "quantile_cont"
    inherit_cache = True


class CountIf(FunctionElement[int]):
    """Rows for which a condition holds: 0 when none."""

    type = sa.BigInteger()
    name = "count_if"
    inherit_cache = True


class EpochSeconds(FunctionElement[int]):
    """Whole seconds since 1970-01-01 of a naive UTC timestamp."""

    type = sa.BigInteger()
    name = "epoch_seconds"
    inherit_cache = True


class SecondsBetween(FunctionElement[int]):
    """Whole seconds from the first timestamp to the second; negative when backwards."""

    type = sa.BigInteger()
    name = "seconds_between"
    inherit_cache = True


class DaysBetween(FunctionElement[float]):
    """Elapsed days, a double, from the first timestamp to the second."""

    type = sa.Double()
    name = "days_between"
    inherit_cache = True


class CalendarDays(FunctionElement[int]):
    """Whole days from the first date to the second; negative when backwards."""

    type = sa.Integer()
    name = "calendar_days"
    inherit_cache = True


class TenthsOfDay(FunctionElement[int]):
    """Seconds put on the grid of 0.1 day, half up, in integers: the grid of every estimate."""

    type = sa.BigInteger()
    name = "tenths_of_day"
    inherit_cache = True


def _arguments(element: FunctionElement[Any], compiler: SQLCompiler, options: dict[str, Any]) -> list[str]:
    return [compiler.process(clause, **options) for clause in element.clauses]


@compiles(QuantileCont)
def _quantile(element: QuantileCont, compiler: SQLCompiler, **options: Any) -> str:
    column, level = _arguments(element, compiler, options)
    return f"quantile_cont({column}, {level})"


@compiles(QuantileCont, "postgresql")
def _quantile_postgresql(element: QuantileCont, compiler: SQLCompiler, **options: Any) -> str:
    column, level = _arguments(element, compiler, options)
    return f"percentile_cont({level}) WITHIN GROUP (ORDER BY {column})"


@compiles(CountIf)
def _count_if(element: CountIf, compiler: SQLCompiler, **options: Any) -> str:
    (condition,) = _arguments(element, compiler, options)
    return f"count(*) FILTER (WHERE {condition})"


@compiles(EpochSeconds)
def _epoch(element: EpochSeconds, compiler: SQLCompiler, **options: Any) -> str:
    (at,) = _arguments(element, compiler, options)
    return f"CAST(epoch({at}) AS BIGINT)"


@compiles(EpochSeconds, "postgresql")
def _epoch_postgresql(element: EpochSeconds, compiler: SQLCompiler, **options: Any) -> str:
    (at,) = _arguments(element, compiler, options)
    return f"CAST(extract(epoch FROM {at}) AS BIGINT)"


@compiles(SecondsBetween)
def _seconds(element: SecondsBetween, compiler: SQLCompiler, **options: Any) -> str:
    start, end = _arguments(element, compiler, options)
    return f"date_diff('second', {start}, {end})"


@compiles(SecondsBetween, "postgresql")
def _seconds_postgresql(element: SecondsBetween, compiler: SQLCompiler, **options: Any) -> str:
    start, end = _arguments(element, compiler, options)
    return f"CAST(extract(epoch FROM {end} - {start}) AS BIGINT)"


@compiles(DaysBetween)
def _days(element: DaysBetween, compiler: SQLCompiler, **options: Any) -> str:
    start, end = _arguments(element, compiler, options)
    return f"(date_diff('second', {start}, {end}) / 86400.0)"


@compiles(DaysBetween, "postgresql")
def _days_postgresql(element: DaysBetween, compiler: SQLCompiler, **options: Any) -> str:
    start, end = _arguments(element, compiler, options)
    return f"(CAST(extract(epoch FROM {end} - {start}) AS DOUBLE PRECISION) / 86400.0)"


@compiles(CalendarDays)
def _calendar_days(element: CalendarDays, compiler: SQLCompiler, **options: Any) -> str:
    start, end = _arguments(element, compiler, options)
    return f"({end} - {start})"


@compiles(TenthsOfDay)
def _tenths(element: TenthsOfDay, compiler: SQLCompiler, **options: Any) -> str:
    (seconds,) = _arguments(element, compiler, options)
    return f"(({seconds} + {HALF_A_TENTH_S}) // {TENTH_OF_A_DAY_S})"


@compiles(TenthsOfDay, "postgresql")
def _tenths_postgresql(element: TenthsOfDay, compiler: SQLCompiler, **options: Any) -> str:
    (seconds,) = _arguments(element, compiler, options)
    return f"(({seconds} + {HALF_A_TENTH_S}) / {TENTH_OF_A_DAY_S})"


class WholeQuotient(FunctionElement[int]):
    """How often the second integer goes into the first, both positive: the rest is dropped."""

    type = sa.BigInteger()
    name = "whole_quotient"
    inherit_cache = True


@compiles(WholeQuotient)
def _quotient(element: WholeQuotient, compiler: SQLCompiler, **options: Any) -> str:
    whole, part = _arguments(element, compiler, options)
    return f"({whole} // {part})"


@compiles(WholeQuotient, "postgresql")
def _quotient_postgresql(element: WholeQuotient, compiler: SQLCompiler, **options: Any) -> str:
    whole, part = _arguments(element, compiler, options)
    return f"({whole} / {part})"
