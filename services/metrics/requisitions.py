"""What is open as of an instant: requisitions, seats, their age, and the active pipeline.

Open means status open and neither on hold nor frozen; the gross figure, holds included, stands beside it. A requisition
whose seats are all filled is not open, whatever its status says. With a time grain each bin shows its end (or as-of).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

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
from services.metrics.plan import CountTable, Group, Plan
from services.metrics.question import Question
from services.metrics.windows import held_at, instants

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


def _requisition_states(plan: Plan) -> sa.CTE:
    question, columns = plan.question, dim_requisition.c
    window = instants(plan)
    seats = _seats(plan)
    status = requisition_status.c
    at = window.c.cut_at
    is_stopped = sa.or_(status.status == RequisitionStatus.ON_HOLD.value, held_at(window.c.requisition_id, at))
    age = TenthsOfDay(window.c.cut_net - seats.c.oldest_net)
    state = (
        sa.select(
            *dim_requisition.c,
            window.c.bin,
            sa.case((is_stopped, STOPPED), else_=OPEN).label("kind"),
            sa.func.coalesce(seats.c.open_seats, 0).label("seats"),
            age.label("age"),
        )
        .join(window, window.c.requisition_id == columns.requisition_id)
        .join(requisition_status, status.requisition_id == columns.requisition_id)
        .outerjoin(seats, sa.and_(seats.c.requisition_id == columns.requisition_id, seats.c.bin == window.c.bin))
        .where(
            *question.conditions(dim_requisition, without=("age_bucket",)),
            status.from_at <= at,
            sa.or_(status.to_at.is_(None), status.to_at > at),
            status.status.in_((RequisitionStatus.OPEN.value, RequisitionStatus.ON_HOLD.value)),
            # none recorded at all: the status alone decides
            sa.or_(seats.c.open_seats > 0, seats.c.requisition_id.is_(None)),
        )
        .subquery("state")
    )
    bucket = _bucket(state.c.age)
    chosen = question.chosen.get("age_bucket")
    statement = sa.select(*state.c, bucket.label("age_bucket"))
    return (statement.where(bucket.in_(chosen)) if chosen else statement).cte("requisition_state")


def _seats(plan: Plan) -> sa.Subquery:
    window, seat = instants(plan), fact_seat.c
    at = window.c.cut_at
    is_open = sa.and_(
        sa.or_(seat.filled_at.is_(None), seat.filled_at > at),
        sa.or_(seat.cancelled_at.is_(None), seat.cancelled_at > at),
    )
    return (
        sa.select(
            window.c.requisition_id,
            window.c.bin,
            sa.func.count().filter(is_open).label("open_seats"),
            sa.func.min(seat.opened_net).filter(is_open).label("oldest_net"),
        )
        .join(window, window.c.requisition_id == seat.requisition_id)
        .where(seat.opened_at <= at)
        .group_by(window.c.requisition_id, window.c.bin)
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
    window = instants(plan)
    at = window.c.cut_at
    by_stage = question.asks_for("stage", "canonical_stage")
    table: sa.FromClause = fact_stage_visit if by_stage else fact_application
    is_hired = sa.and_(columns.accepted_at <= at, sa.or_(columns.undone_at.is_(None), columns.undone_at > at))
    rows = (
        sa.select(
            *plan.group_columns(table, bin_=window.c.bin),
            sa.literal_column("0").label("t"),
            sa.literal_column(str(OPEN)).label("kind"),
        )
        .select_from(fact_application)
        .join(window, window.c.requisition_id == columns.requisition_id)
        .where(
            *question.conditions(table),
            columns.applied_at <= at,
            sa.or_(columns.ended_at.is_(None), columns.ended_at > at),
            sa.not_(sa.func.coalesce(is_hired, sa.false())),
        )
    )
    if by_stage:
        visit = fact_stage_visit.c
        rows = rows.join(fact_stage_visit, visit.application_id == columns.application_id).where(
            visit.entered_at <= at, sa.or_(visit.exited_at.is_(None), visit.exited_at > at)
        )
    if is_active:
        status = requisition_status.c
        rows = rows.join(requisition_status, status.requisition_id == columns.requisition_id).where(
            status.from_at <= at,
            sa.or_(status.to_at.is_(None), status.to_at > at),
            status.status == RequisitionStatus.OPEN.value,
            sa.not_(held_at(window.c.requisition_id, at)),
        )
    return rows.cte("pipeline_active" if is_active else "pipeline_open")


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
    for (time, _), count in table.counts.items():
        name = next(
            (bucket for end, bucket in zip(BUCKET_ENDS, BUCKETS, strict=False) if time <= end * TENTHS), BUCKETS[-1]
        )
        found[name] += count
    return found


FAMILY = Family(METRICS, _plan, _figure)
