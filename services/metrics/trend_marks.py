"""What changed the ground under a trend: versions of the metric, and freezes that reached the viewer's requisitions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any, Protocol

import sqlalchemy as sa

from services.domain.grains import Grain, next_bin
from services.domain.people import Viewer
from services.domain.views import Trend, TrendMark
from services.mart.schema import dim_requisition, requisition_stop
from services.metrics.registry import REGISTRY
from services.metrics.scope import within

MOST = 8
"""Marks on one trend; the latest are kept, older ones would cover the line."""


class Executor(Protocol):
    def execute(self, statement: sa.SelectBase, /) -> list[tuple[Any, ...]]: ...


def marked(trend: Trend, reader: Executor, viewer: Viewer) -> Trend:
    """``trend`` with its marks. A freeze shows only where it stopped a requisition within the viewer's scope."""
    if not trend.points:
        return trend
    first = trend.points[0].start
    end = next_bin(Grain(trend.grain), trend.points[-1].start)
    marks = sorted((*_versions(trend.metric_id, first, end), *_freezes(reader, viewer, first, end)), key=_by_day)
    return replace(trend, marks=tuple(marks[-MOST:]))


def _by_day(mark: TrendMark) -> tuple[date, str]:
    return mark.day, mark.label


def _versions(metric_id: str, first: date, end: date) -> Iterator[TrendMark]:
    metric = REGISTRY.get(metric_id)
    if metric is None or not metric.revisions:
        return
    steps = [(version.effective_from, version.version) for version in metric.revisions[1:]]
    for day, number in (*steps, (metric.effective_from, metric.version)):
        if first <= day < end:
            yield TrendMark(day, f"Definition {number}")


def _freezes(reader: Executor, viewer: Viewer, first: date, end: date) -> Iterator[TrendMark]:
    stop = requisition_stop.c
    query = (
        sa.select(stop.from_at, stop.to_at)
        .distinct()
        .select_from(requisition_stop.join(dim_requisition, dim_requisition.c.requisition_id == stop.requisition_id))
        .where(stop.kind == "freeze", stop.from_at < _start(end))
        .where(sa.or_(stop.to_at.is_(None), stop.to_at > _start(first)))
    )
    reach = within(viewer.scope, dim_requisition)
    for from_at, to_at in reader.execute(query if reach is None else query.where(reach)):
        if from_at >= _start(first):
            yield TrendMark(from_at.date(), "Freeze")
        if to_at is not None and to_at < _start(end):
            yield TrendMark((to_at - timedelta(microseconds=1)).date(), "Freeze ends")


def _start(day: date) -> datetime:
    return datetime.combine(day, time())
