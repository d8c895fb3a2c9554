"""From metrics to statements: single counts of one fact share one scan, count tables of one fact one statement.

Every row of a result is ``(tag, dimensions as text ..., numbers ...)`` and every number is additive, so groups that
share a shown name are merged by adding.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from services.domain.grains import Grain
from services.mart.constructs import CountIf
from services.metrics.dimensions import Dimension, Kind
from services.metrics.estimators import Counts
from services.metrics.question import Question

_T = TypeVar("_T")
Statement: TypeAlias = sa.Select[*tuple[Any, ...]]
Columns: TypeAlias = Sequence[sa.ColumnElement[Any]]
Dims: TypeAlias = tuple[str | None, ...]
"""Values of the asked dimensions as a statement returns them."""
DAY_CHARACTERS = len("2026-01-31")
FEW_ROWS = 48
LATE_ENTRY = -1
"""Kind of a count table's row that counts late entries at that age."""


class Limits(Protocol):
    """Scope and filters on a fact, except the filters named in ``without``."""

    def __call__(self, table: sa.FromClause, without: tuple[str, ...] = ()) -> list[sa.ColumnElement[bool]]: ...


class Executor(Protocol):
    def execute(self, statement: sa.SelectBase, /) -> list[tuple[Any, ...]]: ...

    def fetch_arrays(self, statement: sa.SelectBase, /) -> dict[str, np.ndarray[Any, Any]]: ...


Prepare: TypeAlias = Callable[[Hashable, Callable[[], Statement], bool], sa.FromClause | None]
"""Rows that depend on nothing but the snapshot and a key, as a kept table; None = not kept."""


@dataclass(frozen=True)
class _Measure:
    table: sa.FromClause
    conditions: tuple[sa.ColumnElement[bool], ...]
    on: sa.ColumnElement[date] | None
    without: tuple[str, ...] = ()
    value: sa.ColumnElement[int] | None = None


class CountTable:
    """Counts per (grid point, kind), added up where several rows share both."""

    def __init__(self) -> None:
        self._parts: list[npt.NDArray[np.int64]] = []
        self._kinds: dict[int, tuple[Counts, Counts]] | None = None
        self._few: dict[int, dict[int, int]] | None = None

    def add(self, columns: npt.NDArray[np.int64]) -> None:
        """Times, kinds and counts as three rows."""
        self._parts.append(columns)
        self._kinds = self._few = None

    @property
    def columns(self) -> npt.NDArray[np.int64]:
        """Everything added, as three rows, by kind and time: sums of them come out alike every time."""
        parts = np.concatenate(self._parts, axis=1) if self._parts else np.zeros((3, 0), dtype=np.int64)
        return parts[:, np.lexsort((parts[0], parts[1]))]

    @property
    def is_small(self) -> bool:
        """So few rows that plain numbers are quicker than arrays, as in a table of people."""
        return sum(len(part[0]) for part in self._parts) <= FEW_ROWS

    def of_kind(self, *kinds: int) -> int:
        if self.is_small:
            few = self._by_few()
            return sum(sum(few[kind].values()) for kind in dict.fromkeys(kinds) if kind in few)
        return sum(int(count.sum()) for _, count in self._of(kinds))

    def pairs(self, *kinds: int) -> list[tuple[int, int]]:
        """Grid points of ``kinds``, ascending and unique, with their counts, as plain numbers."""
        found: dict[int, int] = {}
        few = self._by_few()
        for kind in dict.fromkeys(kinds):
            for time, count in few.get(kind, {}).items():
                found[time] = found.get(time, 0) + count
        return sorted(found.items())

    def times(self, *kinds: int) -> Counts:
        """Grid points of ``kinds``, ascending and unique."""
        found = [time for time, _ in self._of(kinds)]
        if len(found) == 1:
            return found[0]
        return np.unique(np.concatenate(found)) if found else np.zeros(0, dtype=np.int64)

    def at(self, times: Counts, *kinds: int) -> Counts:
        """Count of ``kinds`` at each of ``times``, which hold all of them."""
        found = np.zeros(len(times), dtype=np.int64)
        for time, count in self._of(kinds):
            found[np.searchsorted(times, time)] += count
        return found

    def total_time(self, *kinds: int) -> int:
        """Sum of all times of ``kinds``, in grid points."""
        return sum(int((time * count).sum()) for time, count in self._of(kinds))

    def _by_few(self) -> dict[int, dict[int, int]]:
        if self._few is None:
            self._few = {}
            for part in self._parts:
                for time, kind, count in zip(*part.tolist(), strict=True):
                    at = self._few.setdefault(kind, {})
                    at[time] = at.get(time, 0) + count
        return self._few

    def _of(self, kinds: tuple[int, ...]) -> list[tuple[Counts, Counts]]:
        """Times, ascending and unique, and counts of each of ``kinds`` that occurs."""
        if self._kinds is None:
            self._kinds = _by_kind(self.columns)
        return [self._kinds[kind] for kind in dict.fromkeys(kinds) if kind in self._kinds]


def _by_kind(columns: npt.NDArray[np.int64]) -> dict[int, tuple[Counts, Counts]]:
    time, kind, count = columns
    if not time.size:
        return {}
    is_new = np.ones(time.size, dtype=np.bool_)
    is_new[1:] = (time[1:] != time[:-1]) | (kind[1:] != kind[:-1])
    starts = np.flatnonzero(is_new)
    time, kind, count = time[starts], kind[starts], np.add.reduceat(count, starts)
    ends = [*(np.flatnonzero(np.diff(kind)) + 1), kind.size]
    return {
        int(kind[end - 1]): (time[start:end], count[start:end]) for start, end in zip([0, *ends], ends, strict=False)
    }


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

    def __init__(self, question: Question, prepare: Prepare | None = None) -> None:
        self.question = question
        self._prepare = prepare
        self._measures: dict[str, _Measure] = {}
        self._tables: dict[str, tuple[str, list[Statement]]] = {}
        self._tags: list[str] = []
        self._shared: dict[str, Any] = {}

    def shared(self, key: str, build: Callable[[], _T]) -> _T:
        """The same subquery for everybody who asks with the same key."""
        if key not in self._shared:
            self._shared[key] = build()
        found: _T = self._shared[key]
        return found

    def prepared(
        self,
        name: str,
        windows: tuple[Any, ...],
        build: Callable[[Limits], Statement],
        *,
        instead: sa.FromClause | None = None,
    ) -> sa.FromClause:
        """Rows of ``build`` before scope and filters, where the mart keeps such; else limited at their source.

        ``windows``: what the rows depend on besides the snapshot and as-of, () = nothing else.
        ``instead``: what to read where they are not kept, when it holds the same columns.
        ``build`` is given the limits on the fact it begins with, as a function of that fact. The rows must carry the
        columns that scope and filters read: whoever selects from them sets the same limits again.
        """
        return self.shared(name, lambda: self._prepared(name, windows, build, instead))

    def _prepared(
        self,
        name: str,
        windows: tuple[Any, ...],
        build: Callable[[Limits], Statement],
        instead: sa.FromClause | None,
    ) -> sa.FromClause:
        kept = self.kept(name, windows, lambda: build(_no_limits))
        if kept is not None:
            return kept
        return build(self.question.conditions).cte(name) if instead is None else instead

    def kept(self, name: str, windows: tuple[Any, ...], build: Callable[[], Statement]) -> sa.FromClause | None:
        """As ``prepared``; None where the mart does not keep them."""
        if self._prepare is None:
            return None
        question = self.question
        # without limits the rows have to be worked out anyway: keeping them costs nothing more
        return self._prepare((name, question.as_of, question.data_from, windows), build, question.is_unlimited)

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

    def tabulate(
        self,
        tag: str,
        fact: str,
        rows: sa.Subquery | sa.CTE,
        *,
        entry: bool = False,
        weighted: bool = False,
        constant: Mapping[str, str] | None = None,
    ) -> None:
        """A count table from ``rows`` with columns g0 .. gN (``group_columns``), ``t``, ``kind`` and perhaps ``entry``.

        ``fact`` says which statement it joins. A late ``entry`` is an age >= 0; -1 = from the beginning. A negative
        ``t`` is a contradiction in the data and is left out.
        ``weighted``: the column ``n`` says how many units a row stands for; else one.
        ``constant``: dimensions with one value for all rows: grouping by it would cost as much as by any other.
        """
        if entry and isinstance(rows, sa.Subquery):
            # it is read twice: the engine works a common table expression out once
            rows = rows.element.cte(rows.name)
        groups = [
            sa.literal_column(f"'{constant[dimension.id]}'")
            if constant and dimension.id in constant
            else rows.c[f"g{index}"]
            for index, dimension in enumerate(self.question.by)
        ]
        entered = rows.c.entry if entry else None
        count = sa.cast(sa.func.sum(rows.c.n), sa.BigInteger) if weighted else sa.func.count()
        if tag not in self._tables:
            self._tags.append(tag)
        number = self._tags.index(tag)
        statements = _tabulated(number, groups, count.label("n"), (rows.c.t, rows.c.kind, entered))
        self._tables[tag] = (fact, statements)

    def group_columns(
        self,
        table: sa.FromClause,
        *,
        on: sa.ColumnElement[date] | None = None,
        bin_: sa.ColumnElement[date] | None = None,
        literal: Mapping[str, sa.ColumnElement[str]] | None = None,
    ) -> Sequence[sa.Label[Any]]:
        """The asked dimensions as columns g0 .. gN of ``table``; time comes from ``on`` or from a span's bin."""
        return [
            _column_of(dimension, table, self.question, on, bin_, literal or {}).label(f"g{index}")
            for index, dimension in enumerate(self.question.by)
        ]

    def parts(self) -> list[tuple[str, Statement]]:
        """What the plan would ask, for whoever asks for several plans at once: the fact, and a select without order.

        In the order in which ``count_all`` and ``tabulate_all`` want the answers.
        """
        scans = [(_name_of(self._measures[tags[0]].table), statement) for tags, statement in self._scans()]
        unions = [(fact, union.order_by(None)) for fact, union in zip(self._facts(), self._unions(), strict=True)]
        return [*scans, *unions]

    def _facts(self) -> list[str]:
        return list(dict.fromkeys(fact for fact, _ in self._tables.values()))

    def count_all(self, executor: Executor) -> list[tuple[str, Dims, int]]:
        """(tag, raw dimension values, number) of every count that is not 0."""
        width = len(self.question.by)
        found: list[tuple[str, Dims, int]] = []
        for names, statement in self._scans():
            for row in executor.execute(statement):
                dims = row[:width]
                for name, value in zip(names, row[width:], strict=True):
                    if value:
                        found.append((name, dims, int(value)))
        return found

    def tabulate_all(self, executor: Executor) -> list[tuple[str, Dims, npt.NDArray[np.int64]]]:
        """(tag, raw dimension values, times and kinds and counts) of every group of every count table."""
        found: list[tuple[str, Dims, npt.NDArray[np.int64]]] = []
        for union in self._unions():
            groups = _groups_of(executor.fetch_arrays(union), len(self.question.by))
            found.extend((self._tags[number], dims, columns) for number, dims, columns in groups)
        return found

    def _scans(self) -> Iterator[tuple[list[str], Statement]]:
        scans: dict[tuple[int, str], list[str]] = {}
        for tag, measure in self._measures.items():
            dated = str(measure.on) if self.question.grain and measure.on is not None else ""
            scans.setdefault((id(measure.table), dated), []).append(tag)
        for tags in scans.values():
            yield tags, self._scan([self._measures[tag] for tag in tags])

    def _scan(self, measures: list[_Measure]) -> Statement:
        table, on = measures[0].table, measures[0].on
        # days alone: bringing each row's day into its bin costs more than to add up a few hundred days afterwards
        by_day = on if len(self.question.by) == 1 and self.question.grain else None
        groups = self.group_columns(table, on=on, bin_=by_day)
        # a single one is limited by the WHERE already: its condition need not be looked at twice
        is_alone = len(measures) == 1
        values = [_value_of(measure, is_alone=is_alone).label(f"n{index}") for index, measure in enumerate(measures)]
        shown = [sa.cast(group, sa.String).label(group.key or "") for group in groups]
        any_of_them = sa.or_(*(sa.and_(sa.true(), *measure.conditions) for measure in measures))
        statement = sa.select(*shown, *values).where(*self.question.conditions(table), any_of_them)
        return statement.group_by(*(group.element for group in groups))

    def _unions(self) -> Iterator[Statement]:
        by_fact: dict[str, list[Statement]] = {}
        for fact, selects in self._tables.values():
            by_fact.setdefault(fact, []).extend(selects)
        for selects in by_fact.values():
            rows = (sa.union_all(*selects) if len(selects) > 1 else selects[0]).subquery("counted")
            keys = ["tag", *(f"d{index}" for index in range(len(self.question.by)))]
            # groups lie together: they are cut out of the arrays as slices
            yield sa.select(*rows.c).order_by(*(rows.c[key] for key in keys))


def _name_of(table: sa.FromClause) -> str:
    return str(getattr(table, "name", "")) or "joined"


def _no_limits(table: sa.FromClause, without: tuple[str, ...] = ()) -> list[sa.ColumnElement[bool]]:
    del table, without
    return []


def _groups_of(
    arrays: Mapping[str, np.ndarray[Any, Any]], width: int
) -> Iterator[tuple[int, Dims, npt.NDArray[np.int64]]]:
    """Consecutive rows with equal tag and dimensions as one group."""
    keys = [arrays[name] for name in ("tag", *(f"d{index}" for index in range(width)))]
    table = np.stack([np.asarray(arrays[name], dtype=np.int64) for name in ("t", "kind", "n")])
    count = table.shape[1]
    if count == 0:
        return
    changes = np.zeros(count, dtype=np.bool_)
    changes[0] = True
    for key in keys:
        missing = np.ma.getmaskarray(key)
        value = np.ma.getdata(key)
        changes[1:] |= (missing[1:] != missing[:-1]) | ((value[1:] != value[:-1]) & ~missing[1:])
    starts = np.flatnonzero(changes)
    for start, end in zip(starts, [*starts[1:], count], strict=True):
        tag, *dims = (key[start] for key in keys)
        yield int(tag), tuple(_text_of(value) for value in dims), table[:, start:end]


def _text_of(value: Any) -> str | None:
    """As the engine casts it to text: a day as YYYY-MM-DD."""
    if value is None or value is np.ma.masked:
        return None
    return str(value)[:DAY_CHARACTERS] if isinstance(value, np.datetime64) else str(value)


def _value_of(measure: _Measure, *, is_alone: bool) -> sa.ColumnElement[Any]:
    if is_alone:
        return sa.func.count() if measure.value is None else sa.func.sum(measure.value)
    condition = sa.and_(sa.true(), *measure.conditions)
    if measure.value is None:
        return CountIf(condition)
    return sa.func.sum(measure.value).filter(condition)


def _tabulated(
    number: int,
    groups: Columns,
    count: sa.Label[int],
    keys: tuple[sa.ColumnElement[int], sa.ColumnElement[int], sa.ColumnElement[int] | None],
) -> list[Statement]:
    """Counts per time and kind; with an entry time also per entry time."""
    time, kind, entry = keys
    tag: sa.ColumnElement[int] = sa.literal_column(str(number))
    shown = [tag.label("tag"), *(group.label(f"d{index}") for index, group in enumerate(groups))]
    varying = [group for group in groups if not isinstance(group, sa.ColumnClause) or group.table is not None]
    at, how = sa.cast(time, sa.BigInteger).label("t"), sa.cast(kind, sa.Integer).label("kind")
    left = sa.select(*shown, at, how, count).group_by(*varying, time, kind).having(time >= 0)
    if entry is None:
        return [left]
    late: sa.ColumnElement[int] = sa.literal_column(str(LATE_ENTRY))
    entered = sa.cast(entry, sa.BigInteger).label("t")
    return [left, sa.select(*shown, entered, late.label("kind"), count).where(entry >= 0).group_by(*varying, entry)]


def _column_of(
    dimension: Dimension,
    table: sa.FromClause,
    question: Question,
    on: sa.ColumnElement[date] | None,
    bin_: sa.ColumnElement[date] | None,
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
    shift: sa.ColumnElement[Any] = sa.literal_column(f"INTERVAL '{fiscal_year_start - 1} MONTH'")
    year = sa.func.date_trunc(sa.literal_column("'year'"), on - shift)
    return sa.cast(year + shift, sa.Date)
