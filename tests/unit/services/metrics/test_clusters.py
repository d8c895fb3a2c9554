"""Capability 2: intervals by cluster bootstrap through the query layer, only where they are asked for."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from services.domain.metric import Answer, Period, Query, Row
from services.metrics.bootstrap import ClusterTable, median_interval
from services.metrics.query import QueryLayer
from tests.metric_scenes import EVA, OPERATOR, FakeNames, SmallMart, SmallSnapshot

FIRST = datetime(2026, 1, 1)  # noqa: DTZ001 - the mart's instants are naive UTC
REQUISITIONS, SEATS = 30, 6


def at(days: float) -> datetime:
    return FIRST + timedelta(days=days)


def seconds(instant: datetime) -> int:
    return int(instant.replace(tzinfo=UTC).timestamp())


def company() -> SmallMart:
    """Seats of a requisition fill together; a third of the people apply five times and fare alike each time."""
    mart, rng = SmallMart(SmallSnapshot(as_of=at(300).replace(tzinfo=UTC))), random.Random(3)
    for name, key in (("Engineering", 1), ("Sales", 2)):
        mart.add("dim_department", {"department_id": key, "name": name})
    for stage in ("applied", "screen", "hired"):
        mart.add("dim_stage", {"stage_id": len(stage), "sort_order": 1, "name": stage, "canonical": stage})
    seat_id = 0
    for key in range(1, REQUISITIONS + 1):
        own = {"requisition_id": key, "department_id": 1 + key % 2}
        mart.add("dim_requisition", {**own, "code": f"R{key}", "timezone": "UTC", "opened_at": FIRST, "status": "open"})
        usual = rng.randrange(20, 90)
        for _ in range(SEATS):
            seat_id += 1
            filled = at(usual + rng.random())
            row = {**own, "seat_id": seat_id, "opened_at": FIRST, "opened_on": FIRST.date()}
            row |= {"opened_net": seconds(FIRST), "filled_at": filled, "filled_on": filled.date()}
            mart.add("fact_seat", row | {"filled_net": seconds(filled)})
    key = 0
    for person in range(1, 121):
        is_lucky, pace, times = rng.random() < 0.4, rng.randrange(5, 60), 5 if person % 3 == 0 else 1
        for _ in range(times):
            key += 1
            mart.add("fact_application", application(key, person, pace + rng.random(), is_lucky=is_lucky))
    return mart


def application(key: int, person: int, days: float, *, is_lucky: bool) -> dict[str, Any]:
    applied = at(key % 60)
    done = (applied + timedelta(days=days)).replace(microsecond=0)
    row: dict[str, Any] = {"application_id": key, "candidate_id": person, "requisition_id": 1, "department_id": 2}
    row |= {"applied_at": applied, "applied_on": applied.date(), "is_internal": False, "is_rehire": False}
    row |= {"ended_at": done, "outcome": "hired" if is_lucky else "rejected"}
    return row | ({"accepted_at": done, "accepted_on": done.date()} if is_lucky else {})


@pytest.fixture(scope="module")
def mart() -> SmallMart:
    return company()


def ask(mart: SmallMart, *metrics: str, **fields: Any) -> Answer:
    """As of a day before the snapshot: the scene does not fill what the mart works out beforehand."""
    return QueryLayer(mart, FakeNames()).ask(Query(metrics, as_of=at(299), **fields), OPERATOR)


def width(row: Row) -> float:
    assert row.low is not None
    assert row.high is not None
    assert row.value is not None
    assert row.low <= row.value <= row.high
    return row.high - row.low


def test_2_seats_of_one_requisition_widen_the_interval_of_time_to_fill(mart: SmallMart) -> None:
    usual = ask(mart, "time_to_fill").one("time_to_fill")
    clustered = ask(mart, "time_to_fill", clustered=True).one("time_to_fill")
    assert (clustered.value, clustered.n, clustered.events) == (usual.value, usual.n, usual.events)
    assert width(clustered) > 1.4 * width(usual)


def test_2_it_is_the_bootstrap_of_the_seats_themselves(mart: SmallMart) -> None:
    rows = mart.connection.execute(
        "SELECT requisition_id, (filled_net - opened_net + 4320) // 8640, 0, count(*) FROM fact_seat GROUP BY ALL"
    ).fetchall()
    table = ClusterTable(*np.array(rows, dtype=np.int64).T)
    low, high = median_interval(table, entry=-1, events=(0,), censored=(1, 2))
    row = ask(mart, "time_to_fill", clustered=True).one("time_to_fill")
    assert low is not None
    assert high is not None
    assert (row.low, row.high) == (low / 10, high / 10)


@pytest.mark.parametrize("metric", ["pass_through_rate", "source_conversion", "time_to_hire_cohort"])
def test_2_people_who_apply_often_widen_the_interval(mart: SmallMart, metric: str) -> None:
    clustered = ask(mart, metric, clustered=True).one(metric)
    alone = company()
    alone.connection.execute("UPDATE fact_application SET candidate_id = application_id")
    independent = ask(alone, metric, clustered=True).one(metric)
    assert clustered.value == independent.value
    assert width(clustered) > 1.2 * width(independent)
    if metric != "time_to_hire_cohort":
        usual = ask(mart, metric).one(metric)
        assert width(independent) == pytest.approx(width(usual), rel=0.15)


def test_2_each_group_has_its_own_interval(mart: SmallMart) -> None:
    answer = ask(mart, "time_to_fill", clustered=True, by=("department",))
    for name in ("Engineering", "Sales"):
        alone = ask(mart, "time_to_fill", clustered=True, where={"department": (name,)}).one("time_to_fill")
        row = answer.one("time_to_fill", department=name)
        assert (row.low, row.high) == (alone.low, alone.high)
        assert width(row) > 0


def test_2_each_transition_has_its_own_interval(mart: SmallMart) -> None:
    answer = ask(mart, "pass_through_rate", clustered=True, by=("transition",))
    whole = ask(mart, "pass_through_rate", clustered=True, where={"transition": ("applied to hired",)})
    assert whole.rows[0].low is not None
    assert {row.dims["transition"] for row in answer.rows} == {"applied to screen", "screen to hired"}


def test_2_whoever_does_not_ask_pays_nothing(mart: SmallMart) -> None:
    mart.statements.clear()
    ask(mart, "time_to_fill", "pass_through_rate")
    plain = len(mart.statements)
    mart.statements.clear()
    ask(mart, "time_to_fill", "pass_through_rate", clustered=True)
    assert len(mart.statements) == plain + 2
    mart.statements.clear()
    ask(mart, "hires", "applications", clustered=True)
    assert not any("sized_" in statement for statement in mart.statements)


def test_2_what_is_hidden_for_few_cases_has_no_interval_either(mart: SmallMart) -> None:
    query = Query(("time_to_fill",), by=("requisition",), clustered=True)
    for row in QueryLayer(mart, FakeNames()).ask(query, EVA).rows:
        assert (row.value, row.low, row.high) == (None, None, None)


def test_2_late_entries_stay_with_their_ends(mart: SmallMart) -> None:
    """Seats that were open before the period enter at their age: with and without clusters the median is one."""
    march = Period(date(2026, 3, 1), date(2026, 4, 1))
    row = ask(mart, "time_to_fill", clustered=True, period=march).one("time_to_fill")
    assert row.value == ask(mart, "time_to_fill", period=march).one("time_to_fill").value
    assert width(row) >= 0
