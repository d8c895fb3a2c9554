"""Capability 3 (7.1): sources are compared within job family; matured external applications only."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.domain.errors import InvalidInputError
from services.domain.metric import Estimator, Query, Row, Unit
from services.metrics.query import QueryLayer
from services.metrics.source_comparison import Pair, compare
from tests.metric_scenes import OPERATOR, FakeNames, SmallMart, SmallSnapshot

AS_OF = datetime(2026, 7, 1, tzinfo=UTC)
FIRST = datetime(2026, 1, 1)  # noqa: DTZ001 - the mart's instants are naive UTC
PAIR = Pair("Referral", "Agency")


def row(family: str, source: str, hires: int, cases: int) -> Row:
    dims = {"job_family": family, "source": source}
    estimator = Estimator.PLAIN_RATE
    return Row("x", dims, None, Unit.RATE, cases, numerator=hires, denominator=cases, estimator=estimator)


G09 = [
    row("Engineering", "Referral", 40, 100),
    row("Engineering", "Agency", 9, 20),
    row("Sales", "Referral", 2, 20),
    row("Sales", "Agency", 15, 100),
]


def test_7_1_the_pooled_difference_turns_around_within_families() -> None:
    found = compare(PAIR, G09)
    assert found.turns_around
    assert found.stratified is not None
    assert (found.stratified.pooled, found.stratified.difference) == pytest.approx((0.15, -0.05))
    assert not found.stratified.excludes_zero
    assert found.p == pytest.approx(0.013648, abs=1e-6)
    assert not compare(PAIR, G09[:2]).turns_around


def test_7_1_a_family_with_one_source_only_compares_nothing() -> None:
    found = compare(PAIR, [G09[0], G09[3]])
    assert found.stratified is None
    assert found.p is not None
    assert (found.strata["Engineering"].cases, found.strata["Engineering"].reference_cases) == (100, 0)
    assert compare(PAIR, []).p is None


def test_7_1_curves_are_not_compared_by_cases() -> None:
    curve = Row("source_conversion", {}, 0.2, Unit.RATE, 50, estimator=Estimator.AALEN_JOHANSEN)
    with pytest.raises(InvalidInputError, match="source_conversion cannot be compared"):
        compare(PAIR, [curve])


def test_7_1_who_counts_in_the_matured_cohort() -> None:
    mart = SmallMart(SmallSnapshot(as_of=AS_OF))
    mart.add("dim_source", {"source_id": 1, "name": "Referral"}, {"source_id": 2, "name": "Agency"})
    mart.add("dim_job_family", {"job_family_id": 1, "name": "Sales"})
    key = 0

    def application(source: int, applied: float = 0, hired: float | None = None, **fields: Any) -> None:
        nonlocal key
        key += 1
        applied_at = FIRST + timedelta(days=applied)
        own = {"application_id": key, "source_id": source, "job_family_id": 1, "requisition_id": 1}
        own |= {"applied_at": applied_at, "applied_on": applied_at.date(), "is_internal": False, "is_rehire": False}
        if hired is not None:
            own["accepted_at"] = applied_at + timedelta(days=hired)
        mart.add("fact_application", {**own, **fields})

    application(1, hired=30)
    application(1, hired=120)
    application(1, hired=121)
    application(1, applied=60.5, hired=10)
    application(1, applied=61.5, hired=10)
    application(1, hired=30, is_internal=True)
    application(1, hired=30, is_rehire=True)
    application(1, hired=30, undone_at=FIRST + timedelta(days=40))
    application(1, hired=30, undone_at=datetime(2026, 8, 1))  # noqa: DTZ001 - as above
    application(2)
    application(2, is_internal=None, is_rehire=None)
    answer = QueryLayer(mart, FakeNames()).ask(PAIR.query(), OPERATOR)
    counts = {row.dims["source"]: (row.numerator, row.denominator) for row in answer.rows}
    assert counts == {"Referral": (4, 6), "Agency": (0, 2)}
    whole = QueryLayer(mart, FakeNames()).ask(Query(("source_conversion_matured",), raw=True), OPERATOR).rows[0]
    assert (whole.value, whole.horizon) == (0.5, 120)
