"""Windows of time: local period boundaries as instants, and how long each requisition's clock stood still by then.

Local midnights are worked out here, zone by zone, and joined as a small table of values: the engine needs no time zone
database, and every viewer gets the same boundaries. The stopped time is looked up only for requisitions and windows
that are really asked about, never for all of them.
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
WINDOW_COLUMNS = ("bin", "start_at", "end_at", "cut_at")


def spans(plan: Plan, *, whole: bool = False) -> sa.CTE:
    """The question's windows: zone, bin, start_at, end_at, cut_at.

    ``whole``: one window from the first data to as-of, for a cohort that is followed beyond its period.
    """
    name = "whole_span" if whole else "span"
    found = plan.question.whole_spans() if whole else plan.question.spans()
    return plan.shared(name, lambda: _span_values(found, name))


def instants(plan: Plan) -> sa.CTE:
    """Windows whose ``cut_at`` is what an as-of metric looks at: as-of whatever the period, or each bin's end."""
    return spans(plan, whole=plan.question.grain is None)


def in_zone(span: sa.CTE) -> sa.ColumnElement[bool]:
    """Joins dim_requisition to the windows of its zone."""
    return sa.func.coalesce(dim_requisition.c.timezone, UTC_ZONE) == span.c.zone


def _span_values(found: list[Span], name: str) -> sa.CTE:
    """The windows as a table. Without any (the period lies in the future) an empty one."""
    columns: list[sa.ColumnClause[Any]] = [
        sa.column("zone", sa.String),
        sa.column("bin", sa.String),
        sa.column("start_at", sa.DateTime),
        sa.column("end_at", sa.DateTime),
        sa.column("cut_at", sa.DateTime),
    ]
    if not found:
        empty = [sa.cast(None, column.type).label(column.name) for column in columns]
        return sa.select(*empty).where(sa.false()).cte(name)
    table = sa.values(*columns, name=f"{name}_values").data([tuple(span) for span in found])
    return sa.select(table).cte(name)


def stopped(pairs: sa.CTE) -> sa.Subquery:
    """Per requisition and bin of ``pairs``: seconds its clock stood still before start_at and before cut_at.

    ``pairs`` has the columns requisition_id, bin, start_at and cut_at. Requisitions that never stopped are missing.
    """
    hold = requisition_hold.c
    asked = (
        sa.select(pairs.c.requisition_id, pairs.c.bin, pairs.c.start_at, pairs.c.cut_at)
        .distinct()
        .subquery(f"asked_of_{pairs.name}")
    )
    return (
        sa.select(
            asked.c.requisition_id,
            asked.c.bin,
            sa.func.sum(_overlap_before(asked.c.start_at)).label("at_start"),
            sa.func.sum(_overlap_before(asked.c.cut_at)).label("at_cut"),
        )
        .join(requisition_hold, hold.requisition_id == asked.c.requisition_id)
        .where(hold.from_at < asked.c.cut_at)
        .group_by(asked.c.requisition_id, asked.c.bin)
        .subquery(f"stopped_of_{pairs.name}")
    )


def same_window(pairs: sa.CTE, stops: sa.Subquery) -> sa.ColumnElement[bool]:
    return sa.and_(stops.c.requisition_id == pairs.c.requisition_id, stops.c.bin == pairs.c.bin)


def net_start(pairs: sa.CTE, stops: sa.Subquery) -> sa.ColumnElement[int]:
    """Position of start_at on the requisition's net axis, in seconds."""
    return EpochSeconds(pairs.c.start_at) - sa.func.coalesce(stops.c.at_start, 0)


def net_cut(pairs: sa.CTE, stops: sa.Subquery) -> sa.ColumnElement[int]:
    """Position of cut_at on the requisition's net axis, in seconds."""
    return EpochSeconds(pairs.c.cut_at) - sa.func.coalesce(stops.c.at_cut, 0)


def _overlap_before(at: sa.ColumnElement[datetime]) -> sa.ColumnElement[int]:
    hold = requisition_hold.c
    until = sa.func.least(sa.func.coalesce(hold.to_at, at), at)
    return sa.case((hold.from_at < at, SecondsBetween(hold.from_at, until)), else_=0)


def held_at(requisition_id: sa.ColumnElement[int], at: sa.ColumnElement[datetime]) -> sa.ColumnElement[bool]:
    """Whether the requisition is on hold, frozen or between cancellation and re-opening at an instant."""
    hold = requisition_hold.c
    return sa.exists().where(
        hold.requisition_id == requisition_id,
        hold.from_at <= at,
        sa.or_(hold.to_at.is_(None), hold.to_at > at),
    )
