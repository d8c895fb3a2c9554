"""Capability 5: rows kept in memory change how long an answer takes, never the answer, whoever asks.

Executive Eva sees everything, HRBP Hana two departments, Hiring manager Max his own roles, Recruiter Rita hers: all of
them read the same kept rows, limited afterwards.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Hashable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb
import pytest
import sqlalchemy as sa

from services.domain.errors import InvalidInputError
from services.domain.metric import Answer, Period, Query
from services.domain.people import Scope, Viewer
from services.ingest.demonstration.load import load
from services.mart.apart import build_apart
from services.mart.prepared import PreparedRows
from services.mart.reader import MartReader
from services.metrics.names import StoreNames
from services.metrics.query import QueryLayer
from services.metrics.registry import REGISTRY
from services.store.database import Store
from services.store.migrations import migrate
from tests.metric_scenes import OPERATOR

NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)
QUESTIONS = 150
DEPARTMENTS = (3, 4, 7)


class WithoutKeptRows(MartReader):
    def prepared(self, key: Hashable, build: Callable[[], sa.Select[Any]], now: bool) -> sa.FromClause | None:  # noqa: FBT001 - as the reader
        return None


@pytest.fixture(scope="module")
def layers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[QueryLayer, QueryLayer, MartReader]]:
    folder = tmp_path_factory.mktemp("prepared")
    store = Store(f"sqlite:///{folder / 'hireboard.sqlite'}")
    migrate(store)
    load(store, applications=2_000, seed=9, until=NOW.date())
    build_apart(store.url.render_as_string(hide_password=False), folder / "mart")
    reader = MartReader(folder / "mart")
    names = StoreNames(store)
    yield QueryLayer(reader, names), QueryLayer(WithoutKeptRows(folder / "mart"), names), reader
    store.dispose()


def viewers(layer: QueryLayer) -> list[Viewer]:
    person = next(row for row in range(1, 400) if has_roles(layer, replace(OPERATOR, scope=Scope(recruiter_id=row))))
    return [
        OPERATOR,
        replace(OPERATOR, scope=Scope(department_ids=DEPARTMENTS, regions=None)),
        replace(OPERATOR, scope=Scope(department_ids=None, regions=("Europe",))),
        replace(OPERATOR, scope=Scope(recruiter_id=person)),
    ]


def has_roles(layer: QueryLayer, viewer: Viewer) -> bool:
    return bool(layer.ask(Query(("applications",)), viewer).one("applications").value)


def questions(dice: random.Random) -> Iterator[Query]:
    """Periods come from a short list, so that kept rows are met again and again."""
    starts = [date(2026, 1, 1), date(2025, 11, 1)]
    as_ofs = [None, None, NOW - timedelta(days=200)]
    while True:
        start = dice.choice(starts)
        yield Query(
            metrics=tuple(dice.sample(sorted(REGISTRY), 2)),
            by=tuple(
                dice.sample(
                    ["month", "department", "job_family", "source", "recruiter", "geography"], dice.randint(0, 2)
                )
            ),
            where=dice.choice(
                [{}, {"department": ("Sales",)}, {"geography": ("Europe",)}, {"job_family": ("Engineering",)}]
            ),
            period=Period(start, date(2026, 11, 1)),
            as_of=dice.choice(as_ofs),
            raw=True,
        )


def answered(layer: QueryLayer, query: Query, viewer: Viewer) -> Answer | None:
    """None = not a question that can be asked: a metric does not have every dimension."""
    try:
        return layer.ask(query, viewer)
    except InvalidInputError:
        return None


def test_5_kept_rows_never_change_an_answer(layers: tuple[QueryLayer, QueryLayer, MartReader]) -> None:
    kept, plain, reader = layers
    dice, asked = random.Random(4), 0
    people = viewers(plain)
    for query in questions(dice):
        viewer = dice.choice(people)
        expected = answered(plain, query, viewer)
        if expected is None:
            continue
        for _ in range(2):
            assert answered(kept, query, viewer) == expected, query
        asked += 1
        if asked == QUESTIONS:
            break
    with reader.hold():
        tables = reader.execute(
            sa.text("SELECT table_name FROM duckdb_tables() WHERE table_name LIKE 'prepared_%'").columns()
        )  # type: ignore[arg-type]
    assert len(tables) > 5, "the kept rows were used"


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def rows(clock: Clock) -> PreparedRows:
    """Room for two tables of ten rows with one 8-byte column."""
    duck = duckdb.connect(":memory:")
    return PreparedRows(lambda sql, values: duck.execute(sql, values).fetchall(), budget_bytes=200, clock=clock)


def ten() -> sa.Select[Any]:
    return sa.select(sa.func.unnest(sa.func.range(10), type_=sa.BigInteger).label("n"))


def kept(rows: PreparedRows, key: str) -> bool:
    return rows.table(key, ten) is not None


def test_5_rows_are_kept_from_their_second_use_on(rows: PreparedRows) -> None:
    assert [kept(rows, "a") for _ in range(3)] == [False, True, True]


def test_5_rows_that_are_worked_out_whole_are_kept_at_once(rows: PreparedRows) -> None:
    assert rows.table("a", ten, now=True) is not None


def test_5_a_table_in_use_is_never_dropped(rows: PreparedRows, clock: Clock) -> None:
    for key in ("a", "b"):
        assert [kept(rows, key) for _ in range(2)] == [False, True]
    assert [kept(rows, "c") for _ in range(2)] == [False, False], "no room, and both others may be read right now"
    clock.now = 100
    assert kept(rows, "b")
    assert [kept(rows, "c") for _ in range(2)] == [False, True]
    assert kept(rows, "b")
    assert not kept(rows, "a"), "used longest ago"
