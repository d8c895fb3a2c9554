"""Windows of time: local period boundaries as instants, and how long each requisition's clock stood still by then.

Local midnights are worked out here, zone by zone, and joined as a small table of values: the engine needs no time zone
database, and every viewer gets the same boundaries. The stopped time is looked up only for requisitions and windows
that are really asked about, never for all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from services.domain.grains import Grain
from services.mart.constructs import EpochSeconds, HeldAt, SecondsBetween
from services.mart.schema import dim_requisition, requisition_hold
from services.metrics.dimensions import Kind
from services.metrics.plan import Plan, truncated
from services.metrics.question import Span

UTC_ZONE = "UTC"
WINDOW_COLUMNS = ("bin", "start_at", "end_at", "cut_at")


def spans(plan: Plan, *, whole: bool = False) -> sa.CTE:
    """The question's windows: zone, bin (its first day), start_at, end_at, cut_at.

    ``whole``: one window from the first data to as-of, for a cohort that is followed beyond its period.
    """
    name = "whole_span" if whole else "span"
    found = plan.question.whole_spans() if whole else plan.question.spans()
    return plan.shared(name, lambda: _span_values(found, name))


def instants(plan: Plan) -> sa.CTE:
    """Windows whose ``cut_at`` is what an as-of metric looks at: as-of whatever the period, or each bin's end."""
    return spans(plan, whole=plan.question.grain is None)


def in_windows(
    plan: Plan,
    name: str,
    fact: sa.FromClause,
    columns: Sequence[sa.ColumnElement[Any]],
    days: tuple[sa.ColumnElement[date], sa.ColumnElement[date]],
    where: Sequence[sa.ColumnElement[bool]],
    span: sa.CTE,
    *,
    whole: bool = False,
) -> tuple[sa.Subquery, sa.ColumnElement[bool]]:
    """Rows of ``fact`` repeated for each bin between their first and last day, and how they join ``span``.

    ``whole``: one window whatever the grain. ``days`` may be wider than the truth (an instant's UTC day and one more),
    never narrower: the caller compares the instants. Equal bins join by hash, where comparing every row with every
    window would cost the most of all.
    """
    zone = sa.func.coalesce(dim_requisition.c.timezone, UTC_ZONE).label("zone")
    source = fact
    if fact is not dim_requisition and not _holds(fact, dim_requisition):
        source = fact.join(dim_requisition, dim_requisition.c.requisition_id == fact.c.requisition_id)
    grain = None if whole else plan.question.grain
    shown = [*columns, zone]
    if grain is not None:
        shown.append(_bins(plan, grain, days).label("bin_on"))
    rows = sa.select(*shown).select_from(source).where(*where).subquery(f"{name}_by_bin")
    same_zone = rows.c.zone == span.c.zone
    return rows, same_zone if grain is None else sa.and_(same_zone, rows.c.bin_on == span.c.bin_on)


def regrouped(plan: Plan, rows: sa.Subquery, bin_: sa.ColumnElement[date] | None) -> list[sa.Label[Any]]:
    """The group columns of ``rows``, with the window's bin for the time grain unless ``bin_`` is None."""
    found = []
    for index, dimension in enumerate(plan.question.by):
        is_bin = dimension.kind is Kind.TIME and bin_ is not None
        column: sa.ColumnElement[Any] = bin_ if is_bin and bin_ is not None else rows.c[f"g{index}"]
        found.append(column.label(f"g{index}"))
    return found


def _holds(fact: sa.FromClause, table: sa.Table) -> bool:
    return isinstance(fact, sa.Join) and (fact.left is table or fact.right is table)


def _bins(
    plan: Plan, grain: Grain, days: tuple[sa.ColumnElement[date], sa.ColumnElement[date]]
) -> sa.ColumnElement[datetime]:
    first, end = plan.question.bounds()
    began = sa.func.greatest(days[0], sa.literal(first, sa.Date))
    ended = sa.func.least(sa.func.coalesce(days[1], sa.literal(end, sa.Date)), sa.literal(end, sa.Date))
    step: sa.ColumnElement[Any] = sa.literal_column(f"INTERVAL '{_STEPS[grain]}'")
    return sa.func.unnest(
        sa.func.generate_series(truncated(grain, began, plan.question.fiscal_year_start), ended, step)
    )


_STEPS = {
    Grain.DAY: "1 DAY",
    Grain.WEEK: "7 DAY",
    Grain.MONTH: "1 MONTH",
    Grain.QUARTER: "3 MONTH",
    Grain.FISCAL_YEAR: "12 MONTH",
}


def day_of(at: sa.ColumnElement[datetime], shift: int = 0) -> sa.ColumnElement[date]:
    """The UTC day of an instant, ``shift`` days later: within a day of the local one."""
    day = sa.cast(at, sa.Date)
    return sa.cast(day + sa.literal_column(str(shift)), sa.Date) if shift else day


def _span_values(found: list[Span], name: str) -> sa.CTE:
    """The windows as a table. Without any (the period lies in the future) an empty one."""
    columns: list[sa.ColumnClause[Any]] = [
        sa.column("zone", sa.String),
        sa.column("bin", sa.Date),
        sa.column("bin_on", sa.DateTime),
        sa.column("start_at", sa.DateTime),
        sa.column("end_at", sa.DateTime),
        sa.column("cut_at", sa.DateTime),
    ]
    if not found:
        empty = [sa.cast(None, column.type).label(column.name) for column in columns]
        return sa.select(*empty).where(sa.false()).cte(name)
    table = sa.values(*columns, name=f"{name}_values").data(
        [(span.zone, span.bin_on.date(), *span[2:]) for span in found]
    )
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
            # the engine adds up in 128 bits unless told otherwise
            sa.cast(sa.func.sum(_overlap_before(asked.c.start_at)), sa.BigInteger).label("at_start"),
            sa.cast(sa.func.sum(_overlap_before(asked.c.cut_at)), sa.BigInteger).label("at_cut"),
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
    covered = sa.exists().where(
        hold.requisition_id == requisition_id,
        hold.from_at <= at,
        sa.or_(hold.to_at.is_(None), hold.to_at > at),
    )
    return HeldAt(covered, requisition_id, at)
