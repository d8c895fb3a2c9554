"""A small mart in memory, filled row by row, and the people who ask it questions."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

import duckdb
import numpy as np
import sqlalchemy as sa

from services.domain.people import ColumnClass, Role, Scope, Viewer
from services.mart.compiler import DIALECT, compile_select
from services.mart.schema import metadata

GENERAL = frozenset({ColumnClass.GENERAL})
WITH_PEOPLE = frozenset({ColumnClass.GENERAL, ColumnClass.PERSON})

OPERATOR = Viewer(None, "operator", "Local operator", scope=Scope(everything=True), classes=frozenset(ColumnClass))
EVA = Viewer(
    1, "eva@hireboard.test", "Executive Eva", 101, frozenset({Role.EXECUTIVE}), Scope(everything=True), WITH_PEOPLE
)
ADA = Viewer(2, "ada@hireboard.test", "Admin Ada", 102, frozenset({Role.ADMIN}), Scope(everything=True), WITH_PEOPLE)
CLEO = Viewer(
    3, "cleo@hireboard.test", "Compliance Cleo", 103, frozenset({Role.COMPLIANCE}), Scope(everything=True), GENERAL
)
HANA = Viewer(
    4,
    "hana@hireboard.test",
    "HRBP Hana",
    104,
    frozenset({Role.HRBP}),
    Scope(department_ids=(1, 2), regions=("EMEA",)),
    WITH_PEOPLE,
)
RITA = Viewer(
    5, "rita@hireboard.test", "Recruiter Rita", 105, frozenset({Role.RECRUITER}), Scope(recruiter_id=105), GENERAL
)
MAX = Viewer(
    6,
    "max@hireboard.test",
    "Hiring manager Max",
    106,
    frozenset({Role.HIRING_MANAGER}),
    Scope(hiring_manager_id=106),
    GENERAL,
)
OTTO = Viewer(7, "otto@hireboard.test", "Outsider Otto", 107, frozenset(), Scope(), GENERAL)
EVERYBODY = (OPERATOR, EVA, ADA, CLEO, HANA, RITA, MAX, OTTO)

_T = TypeVar("_T")


@dataclass
class SmallSnapshot:
    id: str = "small"
    as_of: datetime = datetime(2026, 7, 1, tzinfo=UTC)
    data_from: datetime | None = None
    counts: Mapping[str, int] = field(default_factory=dict)


class FakeNames:
    def __init__(self, names: Mapping[int, str] | None = None) -> None:
        self.names = dict(names or {105: "Recruiter Rita", 106: "Hiring manager Max", 205: "Recruiter Omar"})

    def people(self, ids: Collection[int], /) -> Mapping[int, str]:
        return {key: name for key, name in self.names.items() if key in ids}

    def person_ids(self, name: str, /) -> tuple[int, ...]:
        return tuple(key for key, known in self.names.items() if known == name)


class SmallMart:
    """Reader and writer in one. ``statements`` counts what was asked."""

    def __init__(self, snapshot: SmallSnapshot | None = None) -> None:
        self.connection = duckdb.connect()
        self.snapshot = snapshot or SmallSnapshot()
        self.statements: list[str] = []
        for table in metadata.sorted_tables:
            self.connection.execute(str(sa.schema.CreateTable(table).compile(dialect=DIALECT)))

    def add(self, table: str, *rows: Mapping[str, Any]) -> None:
        for row in rows:
            columns = ", ".join(row)
            marks = ", ".join("?" for _ in row)
            self.connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", list(row.values()))

    @contextlib.contextmanager
    def hold(self) -> Iterator[SmallSnapshot]:
        yield self.snapshot

    def execute(self, statement: sa.SelectBase, /) -> list[tuple[Any, ...]]:
        return self._run(statement).fetchall()

    def fetch_arrays(self, statement: sa.SelectBase, /) -> dict[str, np.ndarray[Any, Any]]:
        return self._run(statement).fetchnumpy()

    def fetch_together(self, statements: Sequence[sa.Select[Any]], /) -> list[dict[str, np.ndarray[Any, Any]]]:
        return [self.fetch_arrays(statement) for statement in statements]

    def prepared(self, key: Hashable, build: Callable[[], sa.Select[Any]], now: bool, /) -> sa.FromClause | None:  # noqa: FBT001 - as the reader
        return None

    def later(self, work: Callable[[], _T], /) -> Callable[[], _T]:
        return work

    def _run(self, statement: sa.SelectBase) -> duckdb.DuckDBPyConnection:
        sql, values = compile_select(statement)
        self.statements.append(sql)
        return self.connection.execute(sql, values)
