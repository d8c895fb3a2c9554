"""Windows of time per requisition: local period boundaries as instants, and the net clock at each of them.

Local midnights are worked out here, zone by zone, and joined as a small table of values: the engine needs no time zone
database, and every viewer gets the same boundaries.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from services.mart.constructs import EpochSeconds, SecondsBetween
from services.mart.schema import dim_requisition, requisition_hold
from services.metrics.plan import Plan
from services.metrics.question import Span

UTC_ZONE = "UTC"


def requisition_windows(plan: Plan, *, whole: bool = False) -> sa.CTE:
    """Per requisition and bin: start_at, end_at, cut_at, and the net clock at start and cut (seconds).

    Only requisitions within scope and filters; one row each, or one per bin of the asked grain. ``whole``: one window
    from the first data to as-of, for a cohort that is followed beyond its period.
    """
    name = "followed_window" if whole else "requisition_window"
    return plan.shared(name, lambda: _requisition_windows(plan, name, whole=whole))


def instants(plan: Plan) -> sa.CTE:
    """Windows whose ``cut_at`` is what an as-of metric looks at: as-of whatever the period, or each bin's end."""
    return requisition_windows(plan, whole=plan.question.grain is None)


def _requisition_windows(plan: Plan, name: str, *, whole: bool) -> sa.CTE:
    spans = plan.question.whole_spans() if whole else plan.question.spans()
    span = _span_values(spans, f"span_of_{name}")
    requisition = dim_requisition
    in_zone = sa.func.coalesce(requisition.c.timezone, UTC_ZONE) == span.c.zone
    named = {"requisition", *_REQUISITION_FILTERS}
    # other filters (source, recruiter of an application) are properties of the fact, not of its requisition
    without = tuple(name for name in plan.question.chosen if name not in named)
    limits = plan.question.conditions(requisition, without=without)
    boundary = (
        sa.select(
            requisition.c.requisition_id,
            span.c.bin,
            span.c.start_at,
            span.c.end_at,
            span.c.cut_at,
        )
        .join(span, in_zone)
        .where(*limits)
        .cte(f"boundary_of_{name}")
    )
    stopped = _stopped(boundary)
    return (
        sa.select(
            *boundary.c,
            (EpochSeconds(boundary.c.start_at) - sa.func.coalesce(stopped.c.at_start, 0)).label("start_net"),
            (EpochSeconds(boundary.c.cut_at) - sa.func.coalesce(stopped.c.at_cut, 0)).label("cut_net"),
        )
        .outerjoin(
            stopped,
            sa.and_(stopped.c.requisition_id == boundary.c.requisition_id, stopped.c.bin == boundary.c.bin),
        )
        .cte(name)
    )


_REQUISITION_FILTERS = (
    "department",
    "top_department",
    "job_family",
    "seniority",
    "geography",
    "country",
    "office",
    "hiring_manager",
)


def _stopped(boundary: sa.CTE) -> sa.Subquery:
    """Seconds each requisition's clock stood still before start and before cut."""
    hold = requisition_hold
    return (
        sa.select(
            boundary.c.requisition_id,
            boundary.c.bin,
            sa.func.sum(_overlap_before(boundary.c.start_at)).label("at_start"),
            sa.func.sum(_overlap_before(boundary.c.cut_at)).label("at_cut"),
        )
        .join(hold, hold.c.requisition_id == boundary.c.requisition_id)
        .where(hold.c.from_at < boundary.c.cut_at)
        .group_by(boundary.c.requisition_id, boundary.c.bin)
        .subquery(f"stopped_in_{boundary.name}")
    )


def _overlap_before(at: sa.ColumnElement[datetime]) -> sa.ColumnElement[int]:
    hold = requisition_hold
    until = sa.func.least(sa.func.coalesce(hold.c.to_at, at), at)
    return sa.case((hold.c.from_at < at, SecondsBetween(hold.c.from_at, until)), else_=0)


def _span_values(spans: list[Span], name: str) -> sa.CTE:
    """The windows as a table. Without any (the period lies in the future) an empty one."""
    columns: list[sa.ColumnClause[Any]] = [
        sa.column("zone", sa.String),
        sa.column("bin", sa.String),
        sa.column("start_at", sa.DateTime),
        sa.column("end_at", sa.DateTime),
        sa.column("cut_at", sa.DateTime),
    ]
    if not spans:
        empty = [sa.cast(None, column.type).label(column.name) for column in columns]
        return sa.select(*empty).where(sa.false()).cte(name)
    table = sa.values(*columns, name=f"values_of_{name}").data([tuple(span) for span in spans])
    return sa.select(table).cte(name)


def held_at(requisition_id: sa.ColumnElement[int], at: sa.ColumnElement[datetime]) -> sa.ColumnElement[bool]:
    """Whether the requisition is on hold, frozen or between cancellation and re-opening at an instant."""
    hold = requisition_hold
    return sa.exists().where(
        hold.c.requisition_id == requisition_id,
        hold.c.from_at <= at,
        sa.or_(hold.c.to_at.is_(None), hold.c.to_at > at),
    )
