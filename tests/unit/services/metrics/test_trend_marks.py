"""Verticals on a trend: what changed the ground under it, and for whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest

from services.domain.metric import Unit
from services.domain.views import Trend, TrendPoint
from services.metrics.registry import REGISTRY
from services.metrics.trend_marks import marked
from tests.metric_scenes import ADA, HANA
from tests.unit.services.metrics.test_query import filled_mart


def trend(first: date, last: date, metric_id: str = "") -> Trend:
    points = tuple(TrendPoint(str(day), day, 1.0) for day in (first, last))
    return Trend("Trend", "", Unit.DAYS, points, metric_id=metric_id)


def test_a_new_definition_stands_at_the_day_it_took_effect() -> None:
    metric = next(one for one in REGISTRY.values() if one.revisions)
    since = metric.effective_from
    drawn = marked(trend(since.replace(day=1), since.replace(day=1), metric.id), filled_mart(20), ADA)
    assert [(mark.day, mark.label) for mark in drawn.marks if "Definition" in mark.label] == [
        (since, f"Definition {metric.version}")
    ]


@pytest.fixture
def freeze() -> object:
    mart = filled_mart(60)
    for requisition_id, start, end in ((1, 3, 9), (3, 12, 20)):
        row = {"requisition_id": requisition_id, "kind": "freeze", "scope": "department", "scope_value": "1"}
        span = {"from_at": datetime(2026, 2, start), "to_at": datetime(2026, 2, end)}  # noqa: DTZ001 - the mart has naive UTC
        mart.add("requisition_stop", row | span)
    return mart


def test_a_freeze_shows_its_ends(freeze: object) -> None:
    drawn = marked(trend(date(2026, 2, 1), date(2026, 2, 1)), freeze, ADA)
    assert [(mark.day.day, mark.label) for mark in drawn.marks] == [
        (3, "Freeze"),
        (8, "Freeze ends"),
        (12, "Freeze"),
        (19, "Freeze ends"),
    ]


def test_a_freeze_of_others_is_not_told(freeze: object) -> None:
    reach = replace(HANA, scope=replace(HANA.scope, department_ids=(-1,)))
    assert marked(trend(date(2026, 2, 1), date(2026, 2, 1)), freeze, reach).marks == ()
