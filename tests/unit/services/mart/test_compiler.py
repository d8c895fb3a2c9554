"""Selects become DuckDB SQL with bound values; functions are spelled as each engine wants them."""

from __future__ import annotations

import enum
from datetime import datetime, timedelta

import duckdb
import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from services.mart.compiler import compile_select
from services.mart.constructs import (
    CountIf,
    DaysBetween,
    EpochSeconds,
    QuantileCont,
    SecondsBetween,
    TenthsOfDay,
)
from services.mart.schema import fact_application as a


class Colour(enum.StrEnum):
    RED = "red"


def ask(statement):
    sql, values = compile_select(statement)
    return duckdb.connect().execute(sql, values).fetchall()


def test_values_are_bound_and_lists_are_expanded():
    statement = sa.select(a.c.application_id).where(a.c.department_id.in_([3, 1]), a.c.country == "D'E")
    sql, values = compile_select(statement)
    assert values == [3, 1, "D'E"]
    assert "D'E" not in sql


def test_one_structure_is_compiled_once_and_bound_anew():
    first = compile_select(sa.select(a.c.application_id).where(a.c.country == "DE"))
    second = compile_select(sa.select(a.c.application_id).where(a.c.country == "US"))
    assert first[0] is second[0]
    assert (first[1], second[1]) == (["DE"], ["US"])


def test_enums_are_bound_as_their_values_and_an_empty_list_matches_nothing():
    assert ask(sa.select(sa.literal(Colour.RED, sa.String()))) == [("red",)]
    rows = sa.values(sa.column("n", sa.Integer), name="rows").data([(1,), (2,)])
    assert ask(sa.select(rows.c.n).where(rows.c.n.in_([]))) == []


START = datetime(2026, 3, 1, 9)  # noqa: DTZ001 - the mart has naive UTC timestamps


@pytest.mark.parametrize(
    ("construct", "answer"),
    [
        (EpochSeconds(sa.literal(START)), 1_772_355_600),
        (SecondsBetween(sa.literal(START), sa.literal(START + timedelta(days=2, seconds=1))), 172_801),
        (SecondsBetween(sa.literal(START), sa.literal(START - timedelta(seconds=5))), -5),
        (DaysBetween(sa.literal(START), sa.literal(START + timedelta(hours=36))), 1.5),
        (TenthsOfDay(sa.literal(4319)), 0),
        (TenthsOfDay(sa.literal(4320)), 1),
        (TenthsOfDay(sa.literal(86_400)), 10),
    ],
)
def test_functions_of_time(construct, answer):
    assert ask(sa.select(construct)) == [(answer,)]


def test_quantiles_are_of_type_seven_and_counts_of_nothing_are_zero():
    rows = sa.values(sa.column("n", sa.Integer), name="rows").data([(1,), (2,), (3,), (4,)])
    level = sa.literal_column("0.5")
    assert ask(sa.select(QuantileCont(rows.c.n, level), CountIf(rows.c.n > 3), CountIf(rows.c.n > 9))) == [(2.5, 1, 0)]
    assert ask(sa.select(QuantileCont(rows.c.n, level)).where(rows.c.n > 9)) == [(None,)]


@pytest.mark.parametrize(
    ("construct", "words"),
    [
        (QuantileCont(a.c.application_id, sa.literal_column("0.5")), "percentile_cont(0.5) WITHIN GROUP"),
        (CountIf(a.c.application_id > 1), "count(*) FILTER (WHERE"),
        (EpochSeconds(a.c.applied_at), "extract(epoch FROM fact_application.applied_at)"),
        (SecondsBetween(a.c.applied_at, a.c.ended_at), "extract(epoch FROM"),
        (DaysBetween(a.c.applied_at, a.c.ended_at), "/ 86400.0"),
        (TenthsOfDay(a.c.application_id), "+ 4320) / 8640)"),
    ],
)
def test_postgresql_has_its_own_words(construct, words):
    assert words in str(sa.select(construct).compile(dialect=postgresql.dialect()))
