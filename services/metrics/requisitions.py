"""What is open as of an instant: requisitions, seats, their age, and the active pipeline.

Open means status open and neither on hold nor frozen; the gross figure, holds included, stands beside it. A requisition
whose seats are all filled is not open, whatever its status says. With a time grain each bin shows its end (or as-of).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from services.domain.grains import Grain
from services.domain.metric import Anchor, Better, Estimator, Metric, Unit
from services.domain.pipeline import RequisitionStatus
from services.mart.constructs import TenthsOfDay
from services.mart.schema import (
    dim_requisition,
    fact_application,
    fact_seat,
    fact_stage_visit,
    requisition_status,
)
from services.metrics.dimensions import APPLICATION, REQUISITION, TIME
from services.metrics.figures import TENTHS, Family, Figure, count_figure, median_figure
from services.metrics.plan import CountTable, Group, Plan, truncated
from services.metrics.question import Question
from services.metrics.windows import WINDOW_COLUMNS, held_at, in_zone, instants, net_cut, same_window, stopped

OPEN, STOPPED = 0, 1
BUCKETS = ("0-30", "31-60", "61-90", "over 90")
"""[0, 30], (30, 60], (60, 90], more: half-open, since 30.5 days exist."""
BUCKET_ENDS = (30, 60, 90)

OPEN_REQUISITIONS = Metric(
    id="open_requisitions",
    name="Open requisitions",
    unit=Unit.COUNT,
    estimator=Estimator.COUNT,
    anchor=Anchor.AS_OF,
    family="requisitions",
    grain="requisition",
    summary="Requisitions that are open and neither on hold nor frozen.",
    exclusions=("on hold", "frozen", "every seat filled or cancelled"),
    dimensions=(*REQUISITION, "age_bucket", *TIME),
    extra={"gross": "on hold and frozen included"},
)
METRICS = (
    OPEN_REQUISITIONS,
    replace(
        OPEN_REQUISITIONS,
        id="open_seats",
        name="Open seats",
        grain="seat",
        summary="Seats not yet filled, of requisitions that are open and neither on hold nor frozen.",
        exclusions=("on hold", "frozen"),
    ),
    replace(
        OPEN_REQUISITIONS,
        id="requisition_age",
        name="Requisition age",
        unit=Unit.DAYS,
        estimator=Estimator.PLAIN_MEDIAN,
        grain="requisition, by its oldest open seat",
        summary="Median age of open requisitions; a requisition is as old as its oldest open seat.",
        better=Better.LOWER,
        start="seat opened",
        stop="as of",
        clock="net of hold and freeze",
        denominator="open requisitions",
        extra={
            "mean": "mean days",
            "p90": "90th percentile",
            **{bucket: f"requisitions {bucket} days old" for bucket in BUCKETS},
        },
    ),
    replace(
        OPEN_REQUISITIONS,
        id="active_pipeline",
        name="Active pipeline",
        grain="application",
        summary="Applications not yet decided, on requisitions that are open and neither on hold nor frozen.",
        exclusions=("on hold", "frozen", "prospects without a requisition"),
        dimensions=(*APPLICATION, "stage", "canonical_stage", *TIME),
        extra={},
    ),
    replace(
        OPEN_REQUISITIONS,
        id="open_applications",
        name="Open applications",
        grain="application",
        summary="Applications not yet decided, whatever the state of their requisition.",
        exclusions=("prospects without a requisition",),
        dimensions=(*APPLICATION, "stage", "canonical_stage", *TIME),
        extra={},
    ),
)


def _plan(plan: Plan, metric: Metric) -> None:
    match metric.id:
        case "active_pipeline" | "open_applications":
            plan.tabulate(metric.id, "pipeline", _applications(plan, is_active=metric.id == "active_pipeline"))
        case "open_seats":
            state = requisition_states(plan)
            plan.count("seats_open", state, state.c.kind == OPEN, value=state.c.seats)
            plan.count("seats_stopped", state, state.c.kind == STOPPED, value=state.c.seats)
        case "open_requisitions":
            state = requisition_states(plan)
            plan.count("requisitions_open", state, state.c.kind == OPEN)
            plan.count("requisitions_stopped", state, state.c.kind == STOPPED)
        case _:
            plan.tabulate("requisition_age", "requisition", _ages(plan))


def requisition_states(plan: Plan) -> sa.CTE:
    """Every requisition that is open or stopped at its window's cut, with its open seats and the oldest one's age."""
    return plan.shared("requisition_states", lambda: _requisition_states(plan))


def running_requisitions(plan: Plan) -> sa.CTE:
    """Requisitions whose status is open or on hold at each cut, with ``kind`` OPEN or STOPPED."""
    return plan.shared("running_requisitions", lambda: _running_requisitions(plan))


def _running_requisitions(plan: Plan) -> sa.CTE:
    question, columns, status = plan.question, dim_requisition.c, requisition_status.c
    span = instants(plan)
    is_stopped = sa.or_(
        status.status == RequisitionStatus.ON_HOLD.value, held_at(columns.requisition_id, span.c.cut_at)
    )
    # filters on the application (source, its recruiter) do not limit the requisition it belongs to
    without = tuple(name for name in question.chosen if name not in OPEN_REQUISITIONS.dimensions)
    return (
        sa.select(
            *dim_requisition.c,
            *(span.c[name] for name in WINDOW_COLUMNS),
            sa.case((is_stopped, STOPPED), else_=OPEN).label("kind"),
        )
        .join(requisition_status, status.requisition_id == columns.requisition_id)
        .join(span, in_zone(span))
        .where(
            *question.conditions(dim_requisition, without=(*without, "recruiter")),
            status.from_at <= span.c.cut_at,
            sa.or_(status.to_at.is_(None), status.to_at > span.c.cut_at),
            status.status.in_((RequisitionStatus.OPEN.value, RequisitionStatus.ON_HOLD.value)),
        )
        .cte("running_requisition")
    )


def _requisition_states(plan: Plan) -> sa.CTE:
    question = plan.question
    running = running_requisitions(plan)
    seats, stops = _seats(running), stopped(running)
    state = (
        sa.select(
            *running.c,
            sa.func.coalesce(seats.c.open_seats, 0).label("seats"),
            TenthsOfDay(net_cut(running, stops) - seats.c.oldest_net).label("age"),
        )
        .outerjoin(seats, same_window(running, seats))
        .outerjoin(stops, same_window(running, stops))
        # none recorded at all: the status alone decides
        .where(sa.or_(seats.c.open_seats > 0, seats.c.requisition_id.is_(None)))
        .where(*question.conditions(running))
        .subquery("state")
    )
    bucket = _bucket(state.c.age)
    chosen = question.chosen.get("age_bucket")
    statement = sa.select(*state.c, bucket.label("age_bucket"))
    return (statement.where(bucket.in_(chosen)) if chosen else statement).cte("requisition_state")


def _seats(running: sa.CTE) -> sa.Subquery:
    seat, at = fact_seat.c, running.c.cut_at
    is_open = sa.and_(
        sa.or_(seat.filled_at.is_(None), seat.filled_at > at),
        sa.or_(seat.cancelled_at.is_(None), seat.cancelled_at > at),
    )
    return (
        sa.select(
            running.c.requisition_id,
            running.c.bin,
            sa.func.count().filter(is_open).label("open_seats"),
            sa.func.min(seat.opened_net).filter(is_open).label("oldest_net"),
        )
        .join(running, running.c.requisition_id == seat.requisition_id)
        .where(seat.opened_at <= at)
        .group_by(running.c.requisition_id, running.c.bin)
        .subquery("seats_of_requisition")
    )


def _bucket(age: sa.ColumnElement[int]) -> sa.ColumnElement[str]:
    bounds = [(age <= end * TENTHS, name) for end, name in zip(BUCKET_ENDS, BUCKETS, strict=False)]
    return sa.case((age.is_(None), None), *bounds, else_=BUCKETS[-1])


def _ages(plan: Plan) -> sa.CTE:
    state = requisition_states(plan)
    groups = plan.group_columns(state, bin_=state.c.bin, literal={"age_bucket": state.c.age_bucket})
    rows = sa.select(*groups, state.c.age.label("t"), state.c.kind)
    return rows.where(state.c.kind == OPEN, state.c.age >= 0).cte("requisition_ages")


def _applications(plan: Plan, *, is_active: bool) -> sa.CTE:
    """Undecided applications at the cut; by stage through the visit that runs then."""
    question, columns = plan.question, fact_application.c
    by_stage = question.asks_for("stage", "canonical_stage")
    table: sa.FromClause = fact_stage_visit if by_stage else fact_application
    window = _windows_of_applications(plan, is_active=is_active)
    # without a grain every zone is cut at the same instant
    at: sa.ColumnElement[datetime] = (
        sa.literal(question.as_of, sa.DateTime) if question.grain is None else window.c.cut_at
    )
    bin_: sa.ColumnElement[str] = sa.literal_column("''") if question.grain is None else window.c.bin
    rows = (
        sa.select(
            *plan.group_columns(table, bin_=bin_),
            sa.literal_column("0").label("t"),
            sa.literal_column(str(OPEN)).label("kind"),
        )
        .select_from(fact_application)
        .where(*question.conditions(table), _is_undecided(at))
    )
    if by_stage:
        visit = fact_stage_visit.c
        rows = rows.join(fact_stage_visit, visit.application_id == columns.application_id).where(
            visit.entered_at <= at, sa.or_(visit.exited_at.is_(None), visit.exited_at > at)
        )
    if question.grain is not None:
        rows = rows.join(window, window.c.requisition_id == columns.requisition_id).where(_may_count(question))
    elif is_active:
        rows = rows.where(columns.requisition_id.in_(sa.select(window.c.requisition_id)))
    return rows.cte("pipeline_active" if is_active else "pipeline_open")


def _windows_of_applications(plan: Plan, *, is_active: bool) -> sa.Subquery:
    """Requisitions with the cuts at which their applications count: in the active pipeline only while they are open."""
    if is_active:
        running = running_requisitions(plan)
        open_ones = sa.select(running.c.requisition_id, running.c.bin, running.c.cut_at).where(running.c.kind == OPEN)
        return open_ones.subquery("open_requisition")
    span = instants(plan)
    every = sa.select(dim_requisition.c.requisition_id, span.c.bin, span.c.cut_at).join(span, in_zone(span))
    return every.subquery("every_requisition")


def _is_undecided(at: sa.ColumnElement[datetime]) -> sa.ColumnElement[bool]:
    columns = fact_application.c
    is_hired = sa.and_(columns.accepted_at <= at, sa.or_(columns.undone_at.is_(None), columns.undone_at > at))
    return sa.and_(
        columns.applied_at <= at,
        sa.or_(columns.ended_at.is_(None), columns.ended_at > at),
        sa.not_(sa.func.coalesce(is_hired, sa.false())),
    )


def _may_count(question: Question) -> sa.ColumnElement[bool]:
    """Spares the join what cannot be undecided at any bin's end: over before the period, or within one bin."""
    columns, grain = fact_application.c, question.grain
    first, end = question.bounds()
    ended_on = sa.cast(columns.ended_at, sa.Date) + sa.literal_column("1")
    crosses = truncated(grain or Grain.DAY, ended_on, question.fiscal_year_start) > truncated(
        grain or Grain.DAY, columns.applied_on, question.fiscal_year_start
    )
    return sa.and_(columns.applied_on < end, sa.or_(columns.ended_at.is_(None), sa.and_(ended_on >= first, crosses)))


def _figure(question: Question, metric: Metric, group: Group, dims: Mapping[str, str | None]) -> Figure:
    match metric.id:
        case "active_pipeline" | "open_applications":
            return count_figure(group.table(metric.id).of_kind(OPEN))
        case "open_seats" | "open_requisitions":
            name = metric.id.removeprefix("open_")
            net, stopped = group.number(f"{name}_open"), group.number(f"{name}_stopped")
            return count_figure(net, {"gross": net + stopped})
        case _:
            table = group.table("requisition_age")
            figure = median_figure(table, (OPEN,), TENTHS, _bucket_counts(table))
            # the clock of one requisition is no statistic
            is_one = "requisition" in dims or len(question.chosen.get("requisition", ())) == 1
            return replace(figure, exempt=is_one)


def _bucket_counts(table: CountTable) -> dict[str, Any]:
    found = dict.fromkeys(BUCKETS, 0)
    for time, _, count in table.columns.T.tolist():
        name = next(
            (bucket for end, bucket in zip(BUCKET_ENDS, BUCKETS, strict=False) if time <= end * TENTHS), BUCKETS[-1]
        )
        found[name] += count
    return found


FAMILY = Family(METRICS, _plan, _figure)
