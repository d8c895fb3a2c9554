"""From metrics to statements: single counts of one fact share one scan, count tables of one fact one statement.

Every row of a result is ``(tag, dimensions as text ..., numbers ...)`` and every number is additive, so groups that
share a shown name are merged by adding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol, TypeAlias, TypeVar

import numpy as np
import sqlalchemy as sa

from services.domain.grains import Grain
from services.mart.constructs import CountIf
from services.metrics.dimensions import Dimension, Kind
from services.metrics.estimators import Counts
from services.metrics.question import Question

_T = TypeVar("_T")
Statement: TypeAlias = sa.Select[*tuple[Any, ...]]
Columns: TypeAlias = Sequence[sa.ColumnElement[Any]]
LATE_ENTRY = -1
"""Kind of a count table's row that counts late entries at that age."""


class Executor(Protocol):
    def execute(self, statement: sa.SelectBase, /) -> list[tuple[Any, ...]]: ...


@dataclass(frozen=True)
class _Measure:
    table: sa.FromClause
    conditions: tuple[sa.ColumnElement[bool], ...]
    on: sa.ColumnElement[date] | None
    without: tuple[str, ...] = ()
    value: sa.ColumnElement[int] | None = None


@dataclass
class CountTable:
    """Counts per (grid point, kind)."""

    counts: dict[tuple[int, int], int] = field(default_factory=dict)

    def add(self, time: int, kind: int, count: int) -> None:
        self.counts[time, kind] = self.counts.get((time, kind), 0) + count

    def of_kind(self, *kinds: int) -> int:
        return sum(count for (_, kind), count in self.counts.items() if kind in kinds)

    def times(self, *kinds: int) -> Counts:
        """Grid points of ``kinds``, ascending and unique."""
        return np.array(sorted({time for time, kind in self.counts if kind in kinds}), dtype=np.int64)

    def at(self, times: Counts, *kinds: int) -> Counts:
        """Count of ``kinds`` at each of ``times``."""
        found = [sum(self.counts.get((int(time), kind), 0) for kind in kinds) for time in times]
        return np.array(found, dtype=np.int64)


@dataclass
class Group:
    """What the statements found for one group: single numbers and count tables by tag."""

    numbers: dict[str, int] = field(default_factory=dict)
    tables: dict[str, CountTable] = field(default_factory=dict)

    def number(self, tag: str) -> int:
        return self.numbers.get(tag, 0)

    def table(self, tag: str) -> CountTable:
        return self.tables.get(tag) or CountTable()


class Plan:
    """Collects what the asked metrics need, then runs it in as few statements as there are facts."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self._measures: dict[str, _Measure] = {}
        self._tables: dict[str, tuple[str, list[Statement]]] = {}
        self._shared: dict[str, Any] = {}

    def shared(self, key: str, build: Callable[[], _T]) -> _T:
        """The same subquery for everybody who asks with the same key."""
        if key not in self._shared:
            self._shared[key] = build()
        found: _T = self._shared[key]
        return found

    def count(
        self,
        tag: str,
        table: sa.FromClause,
        *conditions: sa.ColumnElement[bool],
        on: sa.ColumnElement[date] | None = None,
        value: sa.ColumnElement[int] | None = None,
    ) -> None:
        """Rows of ``table`` (or the sum of ``value`` over them) that meet ``conditions``; ``on`` dates them."""
        self._measures[tag] = _Measure(table, conditions, on, (), value)

    def tabulate(self, tag: str, fact: str, rows: sa.Subquery | sa.CTE, *, entry: bool = False) -> None:
        """A count table from ``rows`` with columns g0 .. gN (``group_columns``), ``t``, ``kind`` and perhaps ``entry``.

        ``fact`` says which statement it joins. A late ``entry`` is an age >= 0; -1 = from the beginning.
        """
        groups = [rows.c[f"g{index}"] for index in range(len(self.question.by))]
        selects = [_tabulated(tag, groups, rows.c.t, rows.c.kind)]
        if entry:
            selects.append(_tabulated(tag, groups, rows.c.entry, None).where(rows.c.entry >= 0))
        self._tables[tag] = (fact, selects)

    def group_columns(
        self,
        table: sa.FromClause,
        *,
        on: sa.ColumnElement[date] | None = None,
        bin_: sa.ColumnElement[str] | None = None,
        literal: Mapping[str, sa.ColumnElement[str]] | None = None,
    ) -> Sequence[sa.Label[Any]]:
        """The asked dimensions as columns g0 .. gN of ``table``; time comes from ``on`` or from a span's bin."""
        question = self.question
        found = []
        for index, dimension in enumerate(question.by):
            column = _column_of(dimension, table, question, on, bin_, literal or {})
            found.append(column.label(f"g{index}"))
        return found

    def run(self, executor: Executor) -> Iterator[tuple[str, tuple[str | None, ...], tuple[int, ...]]]:
        """(tag, raw dimension values, (count,) or (grid point, kind, count)) of everything planned."""
        width = len(self.question.by)
        for names, statement in self._scans():
            for row in executor.execute(statement):
                dims = tuple(row[:width])
                for name, value in zip(names, row[width:], strict=True):
                    if value:
                        yield name, dims, (int(value),)
        for union in self._unions():
            for tag, *rest in executor.execute(union):
                time, kind, count = rest[width:]
                yield tag, tuple(rest[:width]), (int(time), int(kind), int(count))

    def _scans(self) -> Iterator[tuple[list[str], Statement]]:
        scans: dict[tuple[int, str], list[str]] = {}
        for tag, measure in self._measures.items():
            dated = str(measure.on) if self.question.grain and measure.on is not None else ""
            scans.setdefault((id(measure.table), dated), []).append(tag)
        for tags in scans.values():
            yield tags, self._scan([self._measures[tag] for tag in tags])

    def _scan(self, measures: list[_Measure]) -> Statement:
        table, on = measures[0].table, measures[0].on
        groups = self.group_columns(table, on=on)
        values = [_value_of(measure).label(f"n{index}") for index, measure in enumerate(measures)]
        shown = [sa.cast(group, sa.String).label(group.key or "") for group in groups]
        any_of_them = sa.or_(*(sa.and_(sa.true(), *measure.conditions) for measure in measures))
        statement = sa.select(*shown, *values).where(*self.question.conditions(table), any_of_them)
        return statement.group_by(*(group.element for group in groups))

    def _unions(self) -> Iterator[sa.SelectBase]:
        by_fact: dict[str, list[Statement]] = {}
        for fact, selects in self._tables.values():
            by_fact.setdefault(fact, []).extend(selects)
        for selects in by_fact.values():
            yield sa.union_all(*selects) if len(selects) > 1 else selects[0]


def _value_of(measure: _Measure) -> sa.ColumnElement[Any]:
    condition = sa.and_(sa.true(), *measure.conditions)
    if measure.value is None:
        return CountIf(condition)
    return sa.func.sum(measure.value).filter(condition)


def _tabulated(tag: str, groups: Columns, time: sa.ColumnElement[int], kind: sa.ColumnElement[int] | None) -> Statement:
    shown = [sa.cast(group, sa.String).label(f"d{index}") for index, group in enumerate(groups)]
    name: sa.ColumnElement[str] = sa.literal_column(f"'{tag}'")
    shown_kind = sa.literal_column(str(LATE_ENTRY)) if kind is None else sa.cast(kind, sa.Integer)
    return sa.select(
        name.label("tag"),
        *shown,
        sa.cast(time, sa.BigInteger).label("t"),
        shown_kind.label("kind"),
        sa.func.count().label("n"),
    ).group_by(*groups, time, *([] if kind is None else [kind]))


def _column_of(
    dimension: Dimension,
    table: sa.FromClause,
    question: Question,
    on: sa.ColumnElement[date] | None,
    bin_: sa.ColumnElement[str] | None,
    literal: Mapping[str, sa.ColumnElement[str]],
) -> sa.ColumnElement[Any]:
    if dimension.kind is Kind.LITERAL:
        return literal[dimension.id] if literal else table.c[dimension.id]
    if dimension.kind is not Kind.TIME:
        return table.c[dimension.column]
    if bin_ is not None:
        return bin_
    if on is None:
        return table.c["bin"]
    return truncated(Grain(dimension.id), on, question.fiscal_year_start)


def truncated(grain: Grain, on: sa.ColumnElement[date], fiscal_year_start: int) -> sa.ColumnElement[date]:
    """First day of the bin that holds ``on``. Inlined, not bound: the same expression has to stand in GROUP BY."""
    if grain is Grain.DAY:
        return on
    if grain is not Grain.FISCAL_YEAR:
        return sa.cast(sa.func.date_trunc(sa.literal_column(f"'{grain}'"), on), sa.Date)
    shift: sa.ColumnElement[Any] = sa.literal_column(f"INTERVAL {fiscal_year_start - 1} MONTH")
    year = sa.func.date_trunc(sa.literal_column("'year'"), on - shift)
    return sa.cast(year + shift, sa.Date)
