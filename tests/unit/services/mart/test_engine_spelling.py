"""The same words mean the same on every engine: asked of a real one where it matters."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from services.mart.engines.postgresql import PostgresEngine
from services.mart.engines.postgresql import compile_select as for_postgresql
from services.mart.schema import dim_source, fact_application
from tests.metric_scenes import SmallMart
from tests.services_for_tests import ThrowAwayPostgres


class Postgres:
    """Asks a select that needs no tables."""

    def __init__(self, url: str) -> None:
        self._session = PostgresEngine(url).connect(10)

    def execute(self, statement: sa.SelectBase) -> list[tuple[object, ...]]:
        return self._session.run(statement, "000000000000").rows

    def close(self) -> None:
        self._session.close()


@pytest.fixture(params=["duckdb", "postgresql"])
def asked(request: pytest.FixtureRequest) -> Iterator[SmallMart | Postgres]:
    if request.param == "duckdb":
        yield SmallMart()
        return
    server: ThrowAwayPostgres = request.getfixturevalue("postgres")
    postgres = Postgres(server.url(server.new_database()))
    yield postgres
    postgres.close()


def values(*numbers: float | None) -> sa.Subquery:
    parts = [sa.select(sa.cast(number, sa.Double).label("x")) for number in numbers]
    return sa.union_all(*parts).subquery("numbers")


def test_null_comes_last_in_either_direction(asked: SmallMart | Postgres) -> None:
    x = values(2.0, None, 3.0).c.x
    assert [row[0] for row in asked.execute(sa.select(x).order_by(x.desc()))] == [3.0, 2.0, None]
    assert [row[0] for row in asked.execute(sa.select(x).order_by(x))] == [2.0, 3.0, None]
    assert [row[0] for row in asked.execute(sa.select(x).order_by(x.desc().nulls_last()))] == [3.0, 2.0, None]


def test_halves_are_rounded_away_from_zero(asked: SmallMart | Postgres) -> None:
    x = values(0.5, 2.5, -2.5).c.x
    found = asked.execute(sa.select(sa.cast(sa.func.round(x), sa.BigInteger)).order_by(x))
    assert [row[0] for row in found] == [-3, 1, 3]


def test_quotients_of_whole_numbers_are_doubles(asked: SmallMart | Postgres) -> None:
    ((found,),) = asked.execute(sa.select(sa.literal(1) / sa.literal(3)))
    assert (found, type(found)) == (1 / 3, float)


def test_in_lists_and_values_are_bound() -> None:
    hostile = "x'; DROP TABLE fact_application; --"
    text, bound = for_postgresql(sa.select(dim_source.c.source_id).where(dim_source.c.name.in_([hostile, "b"])))
    assert hostile not in text
    assert sorted(map(str, bound.values())) == ["b", hostile]
    again, _ = for_postgresql(sa.select(fact_application.c.application_id).limit(5))
    assert "LIMIT" in again
