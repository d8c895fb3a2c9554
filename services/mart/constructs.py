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


@compiles(QuantileCont, "clickhousedb")
def _quantile_clickhouse(element: QuantileCont, compiler: SQLCompiler, **options: Any) -> str:
    column, level = _arguments(element, compiler, options)
    return f"quantileExactInclusive({level})({column})"


@compiles(CountIf)
def _count_if(element: CountIf, compiler: SQLCompiler, **options: Any) -> str:
    (condition,) = _arguments(element, compiler, options)
    return f"count(*) FILTER (WHERE {condition})"


@compiles(CountIf, "clickhousedb")
def _count_if_clickhouse(element: CountIf, compiler: SQLCompiler, **options: Any) -> str:
    (condition,) = _arguments(element, compiler, options)
    # signed: a case of a count and a number would have no type otherwise
    return f"toInt64(countIf({condition}))"


@compiles(EpochSeconds)
def _epoch(element: EpochSeconds, compiler: SQLCompiler, **options: Any) -> str:
    (at,) = _arguments(element, compiler, options)
    return f"CAST(epoch({at}) AS BIGINT)"


@compiles(EpochSeconds, "postgresql")
def _epoch_postgresql(element: EpochSeconds, compiler: SQLCompiler, **options: Any) -> str:
    (at,) = _arguments(element, compiler, options)
    return f"CAST(extract(epoch FROM {at}) AS BIGINT)"


@compiles(EpochSeconds, "clickhousedb")
def _epoch_clickhouse(element: EpochSeconds, compiler: SQLCompiler, **options: Any) -> str:
    (at,) = _arguments(element, compiler, options)
    # its own function of that meaning knows nothing before 1970
    return f"dateDiff('second', toDateTime64('1970-01-01 00:00:00', 0, 'UTC'), {at})"


@compiles(SecondsBetween)
def _seconds(element: SecondsBetween, compiler: SQLCompiler, **options: Any) -> str:
    start, end = _arguments(element, compiler, options)
    return f"date_diff('second', {start}, {end})"


@compiles(SecondsBetween, "postgresql")
def _seconds_postgresql(element: SecondsBetween, compiler: SQLCompiler, **options: Any) -> str:
    start, end = _arguments(element, compiler, options)
    return f"CAST(extract(epoch FROM {end} - {start}) AS BIGINT)"


@compiles(SecondsBetween, "clickhousedb")
def _seconds_clickhouse(element: SecondsBetween, compiler: SQLCompiler, **options: Any) -> str:
    start, end = _arguments(element, compiler, options)
    return f"dateDiff('second', {start}, {end})"


@compiles(DaysBetween)
def _days(element: DaysBetween, compiler: SQLCompiler, **options: Any) -> str:
    start, end = _arguments(element, compiler, options)
    return f"(date_diff('second', {start}, {end}) / 86400.0)"


@compiles(DaysBetween, "postgresql")
def _days_postgresql(element: DaysBetween, compiler: SQLCompiler, **options: Any) -> str:
    start, end = _arguments(element, compiler, options)
    return f"(CAST(extract(epoch FROM {end} - {start}) AS DOUBLE PRECISION) / 86400.0)"


@compiles(DaysBetween, "clickhousedb")
def _days_clickhouse(element: DaysBetween, compiler: SQLCompiler, **options: Any) -> str:
    start, end = _arguments(element, compiler, options)
    return f"(dateDiff('second', {start}, {end}) / 86400.0)"


@compiles(CalendarDays)
def _calendar_days(element: CalendarDays, compiler: SQLCompiler, **options: Any) -> str:
    start, end = _arguments(element, compiler, options)
    return f"({end} - {start})"


@compiles(CalendarDays, "clickhousedb")
def _calendar_days_clickhouse(element: CalendarDays, compiler: SQLCompiler, **options: Any) -> str:
    start, end = _arguments(element, compiler, options)
    return f"dateDiff('day', {start}, {end})"


@compiles(TenthsOfDay)
def _tenths(element: TenthsOfDay, compiler: SQLCompiler, **options: Any) -> str:
    (seconds,) = _arguments(element, compiler, options)
    return f"(({seconds} + {HALF_A_TENTH_S}) // {TENTH_OF_A_DAY_S})"


@compiles(TenthsOfDay, "postgresql")
def _tenths_postgresql(element: TenthsOfDay, compiler: SQLCompiler, **options: Any) -> str:
    (seconds,) = _arguments(element, compiler, options)
    return f"(({seconds} + {HALF_A_TENTH_S}) / {TENTH_OF_A_DAY_S})"


@compiles(TenthsOfDay, "clickhousedb")
def _tenths_clickhouse(element: TenthsOfDay, compiler: SQLCompiler, **options: Any) -> str:
    (seconds,) = _arguments(element, compiler, options)
    return f"intDiv({seconds} + {HALF_A_TENTH_S}, {TENTH_OF_A_DAY_S})"


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


@compiles(WholeQuotient, "clickhousedb")
def _quotient_clickhouse(element: WholeQuotient, compiler: SQLCompiler, **options: Any) -> str:
    whole, part = _arguments(element, compiler, options)
    return f"intDiv({whole}, {part})"


class HeldAt(FunctionElement[bool]):
    """``HeldAt(exists, requisition_id, at)``: whether one of the requisition's holds covers an instant.

    ``exists`` says so in plain SQL; the other two are for the engine that cannot correlate it with a join.
    """

    type = sa.Boolean()
    name = "held_at"
    inherit_cache = True


@compiles(HeldAt)
def _held(element: HeldAt, compiler: SQLCompiler, **options: Any) -> str:
    return _arguments(element, compiler, options)[0]


@compiles(HeldAt, "clickhousedb")
def _held_clickhouse(element: HeldAt, compiler: SQLCompiler, **options: Any) -> str:
    requisition_id, at = (compiler.process(clause, **options) for clause in list(element.clauses)[1:])
    # no hold has the id 0; the holds of all requisitions are read once
    holds = (
        "(SELECT mapFromArrays(groupArray(assumeNotNull(requisition_id)), groupArray(holds)) FROM "
        "(SELECT requisition_id, groupArray((assumeNotNull(from_at), to_at)) AS holds FROM requisition_hold "
        "GROUP BY requisition_id))"
    )
    covers = f"hold -> hold.1 <= {at} AND (hold.2 IS NULL OR hold.2 > {at})"
    return f"arrayExists({covers}, {holds}[coalesce({requisition_id}, 0)])"
