"""Capability 2: the cohort view of time to hire is a conditional median; rejections compete and are not censored."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.domain.metric import Query, Reason, Row
from services.metrics.estimators import Lifetimes, kaplan_meier
from services.metrics.query import QueryLayer
from tests.metric_scenes import OPERATOR, FakeNames, SmallMart, SmallSnapshot

FIRST = datetime(2026, 1, 1)  # noqa: DTZ001 - the mart's instants are naive UTC
DAYS = (2, 3, 4, 5, 5, 8, 10, 12, 14, 15, 20, 28)
OUTCOMES = (
    *("rejected", "hired", "withdrawn", "hired", "rejected", "open"),
    *("hired", "position_filled", "rejected", "open", "hired", "open"),
)


def asked(ways: list[tuple[int, str]]) -> Row:
    """One application per way: it applied so many days before its end, or before as-of when it is open."""
    as_of = FIRST + timedelta(days=200)
    # as of a day before the snapshot: the scene does not fill what the mart works out beforehand
    mart = SmallMart(SmallSnapshot(as_of=as_of.replace(tzinfo=UTC) + timedelta(days=1)))
    mart.add("dim_requisition", {"requisition_id": 1, "timezone": "UTC"})
    for key, (days, outcome) in enumerate(ways):
        applied = as_of - timedelta(days=days) if outcome == "open" else FIRST
        row: dict[str, Any] = {"application_id": key, "candidate_id": key, "requisition_id": 1}
        row |= {"applied_at": applied, "applied_on": applied.date(), "is_internal": False, "is_rehire": False}
        if outcome != "open":
            row |= {"ended_at": applied + timedelta(days=days), "outcome": outcome}
        if outcome == "hired":
            row |= {"accepted_at": row["ended_at"], "accepted_on": row["ended_at"].date()}
        mart.add("fact_application", row)
    query = Query(("time_to_hire_cohort",), raw=True, as_of=as_of)
    return QueryLayer(mart, FakeNames()).ask(query, OPERATOR).one("time_to_hire_cohort")


def test_2_the_median_of_those_who_are_hired_by_hand() -> None:
    """F: 12/144 at 3, 24/144 at 5, 38/144 at 10, 59/144 at 20 (golden G04); half of 59 is reached at 10."""
    row = asked(list(zip(DAYS, OUTCOMES, strict=True)))
    assert row.extra["hired_by_horizon"] == pytest.approx(59 / 144)
    assert (row.p25, row.value, row.p75) == (5.0, 10.0, 20.0)
    assert (row.n, row.events, row.extra["open"], row.note) == (12, 4, 3, "by day 28")


def test_2_censoring_the_rejected_would_say_much_longer() -> None:
    """Nine of ten are rejected on day 30, the hired take 40 days: 40, where Kaplan-Meier never comes to a half."""
    ways = [(30, "rejected")] * 27 + [(40, "hired")] * 3 + [(150, "open")] * 10
    row = asked(ways)
    assert row.value == 40.0
    curve = kaplan_meier(Lifetimes.of([days for days, _ in ways], [way == "hired" for _, way in ways]))
    assert curve.quantile(0.5) is None


def test_2_hires_after_the_horizon_are_not_in_it() -> None:
    row = asked([(10, "hired"), (130, "hired"), (140, "hired"), (20, "rejected")])
    assert (row.value, row.extra["hired_by_horizon"]) == (10.0, pytest.approx(0.25))


def test_2_nobody_hired_has_no_median() -> None:
    row = asked([(10, "rejected")] * 6)
    assert (row.value, row.reason, row.events) == (None, Reason.NOT_REACHED, 0)
    assert (asked([]).value, asked([]).reason) == (None, Reason.NO_DATA)
