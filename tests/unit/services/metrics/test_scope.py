"""Capability 5: a scope is compared with as little as possible, and reaches the same rows as ever."""

from __future__ import annotations

from itertools import chain, combinations, product
from typing import Any

import duckdb
import pytest
import sqlalchemy as sa

from services.domain.people import Scope
from services.mart.compiler import compile_select
from services.mart.schema import dim_requisition
from services.metrics.scope import Places, within

DEPARTMENTS, REGIONS = (1, 2, 3), ("AMER", "EMEA")
ROWS = list(product((*DEPARTMENTS, None), (*REGIONS, None)))


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    """A role for every department and region, the unknown ones among them."""
    connection = duckdb.connect()
    columns = "requisition_id INTEGER, department_id INTEGER, region VARCHAR, recruiter_id INTEGER"
    connection.execute(f"CREATE TABLE dim_requisition ({columns}, hiring_manager_id INTEGER)")
    for number, (department, region) in enumerate(ROWS):
        values = [number, department, region, number % 5, number % 7]
        connection.execute("INSERT INTO dim_requisition VALUES (?, ?, ?, ?, ?)", values)
    return connection


def subsets(values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    return list(chain.from_iterable(combinations(values, size) for size in range(len(values) + 1)))


def reached(connection: duckdb.DuckDBPyConnection, scope: Scope, places: Places | None, known: bool) -> set[int]:  # noqa: FBT001 - a case of the test
    reach = within(scope, dim_requisition, places)
    statement = sa.select(dim_requisition.c.requisition_id)
    if known:
        statement = statement.where(dim_requisition.c.department_id.is_not(None), dim_requisition.c.region.is_not(None))
    sql, values = compile_select(statement if reach is None else statement.where(reach))
    return {row[0] for row in connection.execute(sql, values).fetchall()}


@pytest.mark.parametrize("known", [True, False], ids=["every place known", "some places unknown"])
def test_5_places_never_change_what_hrbp_hana_reaches(connection: duckdb.DuckDBPyConnection, known: bool) -> None:  # noqa: FBT001 - a case
    unknown = frozenset[None]() if known else frozenset({None})
    places = Places(frozenset(DEPARTMENTS) | unknown, frozenset(REGIONS) | unknown)
    for departments, regions in product([None, *subsets((*DEPARTMENTS, 9))], [None, *subsets((*REGIONS, "MOON"))]):
        for own in (None, 4):
            scope = Scope(department_ids=departments, regions=regions, recruiter_id=own)
            assert reached(connection, scope, places, known) == reached(connection, scope, None, known), scope


def test_5_whoever_is_granted_every_place_is_compared_with_nothing() -> None:
    places = Places(frozenset(DEPARTMENTS), frozenset(REGIONS))
    hana = Scope(department_ids=DEPARTMENTS, regions=REGIONS)
    assert within(hana, dim_requisition, places) is None
    assert within(hana, dim_requisition) is not None


def test_5_a_role_without_department_is_outside_every_limited_scope(connection: duckdb.DuckDBPyConnection) -> None:
    places = Places(frozenset({*DEPARTMENTS, None}), frozenset({*REGIONS, None}))
    hana = Scope(department_ids=DEPARTMENTS, regions=REGIONS)
    assert len(reached(connection, hana, places, known=False)) == len(DEPARTMENTS) * len(REGIONS)
