"""Capability 5: a role is late by the Kaplan-Meier median of its feedback, judged at exact boundaries."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.domain.metric import Query, Row
from services.metrics.query import QueryLayer
from tests.metric_scenes import OPERATOR, FakeNames, SmallMart, SmallSnapshot

OPENS = datetime(2026, 6, 1, 9)  # noqa: DTZ001 - the mart's instants are naive UTC
HOUR = 3_600
DAY = 8 * HOUR
Owed = tuple[int, bool]
"""(business seconds, submitted?) - a missing one has waited that long."""


def mart_of(roles: list[list[Owed]]) -> SmallMart:
    """Feedback on one endless working day of 8-hour units, so that every number of business seconds can occur."""
    mart = SmallMart(SmallSnapshot(as_of=(OPENS + timedelta(seconds=40 * DAY)).replace(tzinfo=UTC)))
    mart.add(
        "dim_calendar",
        {
            "calendar_id": 1,
            "opens_at": OPENS,
            "closes_at": OPENS + timedelta(seconds=40 * DAY),
            "business_seconds": 0,
            "business_days": 0.0,
        },
    )
    key = 0
    for requisition_id, owed in enumerate(roles, start=1):
        for seconds, is_submitted in owed:
            key += 1
            mart.add("fact_feedback", feedback(key, requisition_id, seconds, is_submitted=is_submitted))
    return mart


def feedback(key: int, requisition_id: int, seconds: int, *, is_submitted: bool) -> dict[str, Any]:
    # the axis: one business day for 8 hours of work; "now" lies at day 1 of the only row, hence the scale of 1/40
    due_seconds = 0 if is_submitted else 40 * DAY - seconds
    due_days = 0.0 if is_submitted else 1.0 - seconds / DAY
    due = OPENS + timedelta(seconds=due_seconds)
    row: dict[str, Any] = {
        "feedback_id": key,
        "requisition_id": requisition_id,
        "calendar_id": 1,
        "due_from_at": due,
        "due_from_on": due.date(),
        "due_from_business_seconds": due_seconds,
        "due_from_business_days": due_days,
    }
    if is_submitted:
        row["submitted_at"] = OPENS + timedelta(seconds=seconds)
        row["submitted_business_seconds"] = seconds
        row["submitted_business_days"] = seconds / DAY
        row["worked_minutes"] = (seconds + 30) // 60
        row["worked_day_points"] = math.floor(seconds / DAY * 10_000 + 0.5)
    return row


def judged(roles: list[list[Owed]], *, raw: bool = False) -> Row:
    layer = QueryLayer(mart_of(roles), FakeNames())
    return layer.ask(Query(("roles_with_late_feedback",), raw=raw), OPERATOR).rows[0]


FAST: list[Owed] = [(HOUR, True)] * 3
SLOW: list[Owed] = [(3 * DAY, True)] * 3


def test_exactly_two_days_is_not_late_and_one_minute_more_is() -> None:
    exactly, more = [(2 * DAY, True)] * 3, [(2 * DAY + 60, True)] * 3
    assert judged([exactly], raw=True).numerator == 0
    assert judged([more], raw=True).numerator == 1


@pytest.mark.parametrize(("late", "breach"), [(3, 0), (4, 1)])
def test_exactly_three_tenths_of_the_roles_is_no_breach(late: int, breach: int) -> None:
    row = judged([SLOW] * late + [FAST] * (10 - late))
    assert (row.numerator, row.denominator, row.value) == (late, 10, late / 10)
    assert row.extra["breach"] == breach


def test_nine_roles_are_too_few_to_breach() -> None:
    assert judged([SLOW] * 9, raw=True).extra["breach"] == 0


def test_a_role_with_two_feedbacks_is_counted_but_not_judged() -> None:
    row = judged([[(3 * DAY, True)] * 2, SLOW])
    assert (row.denominator, row.extra["too_few"]) == (1, 1)


def test_a_role_still_waiting_less_than_two_days_is_undecided() -> None:
    row = judged([[(DAY, False)] * 3], raw=True)
    assert (row.numerator, row.denominator, row.extra["undecided"]) == (0, 1, 1)


def test_missing_feedback_past_two_days_makes_a_role_late() -> None:
    assert judged([[(5 * DAY, False)] * 3], raw=True).numerator == 1


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 40).map(lambda tenths: tenths * DAY // 10), st.booleans()), min_size=1, max_size=12
    )
)
def test_the_engines_verdict_equals_exact_fractions(owed: list[Owed]) -> None:
    survival = Fraction(1)
    for time in sorted({seconds for seconds, is_submitted in owed if is_submitted and seconds <= 2 * DAY}):
        at_risk = sum(seconds >= time for seconds, _ in owed)
        events = sum(seconds == time and is_submitted for seconds, is_submitted in owed)
        survival *= Fraction(at_risk - events, at_risk)
    is_late = survival > Fraction(1, 2) and max(seconds for seconds, _ in owed) > 2 * DAY
    assert judged([owed], raw=True).numerator == is_late
