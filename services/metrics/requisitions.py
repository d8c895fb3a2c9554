"""What is open as of an instant: requisitions, seats, their age, and the active pipeline.

Open means status open and neither on hold nor frozen; the gross figure, holds included, stands beside it. A requisition
whose seats are all filled is not open, whatever its status says. With a time grain each bin shows its end (or as-of).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from services.domain.metric import Anchor, Better, Estimator, Metric, Unit
from services.domain.pipeline import RequisitionStatus
from services.mart.constructs import TenthsOfDay
from services.mart.schema import (
    REQUISITION_DIMENSIONS,
    dim_requisition,
    fact_application,
    fact_seat,
    fact_stage_visit,
    requisition_status,
)
from services.metrics.dimensions import AGE_BUCKET_ENDS as BUCKET_ENDS
from services.metrics.dimensions import AGE_BUCKETS as BUCKETS
from services.metrics.dimensions import APPLICATION, REQUISITION, TIME
from services.metrics.figures import TENTHS, Family, Figure, count_figure, median_figure
from services.metrics.plan import CountTable, Group, Limits, Plan, Statement
from services.metrics.question import Question, Span
from services.metrics.windows import (
    WINDOW_COLUMNS,
    day_of,
    held_at,
    in_windows,
    instants,
    net_cut,
    regrouped,
    same_window,
    stopped,
)

OPEN, STOPPED = 0, 1
ONE_DAY = timedelta(days=1)

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
        case "active_pipeline":
            rows, is_weighted = _active_rows(plan)
            plan.tabulate(metric.id, "pipeline", rows, weighted=is_weighted)
        case "open_applications":
            is_cut_once = plan.question.grain is None
            plan.tabulate(metric.id, "pipeline", _at_as_of(plan) if is_cut_once else _at_each_cut(plan))
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
    question = plan.question
    state = plan.prepared("requisition_state_rows", _windows(question), lambda limits: _state_rows(plan, limits))
    chosen = question.chosen.get("age_bucket")
    statement = sa.select(*state.c).where(*question.conditions(state))
    return (statement.where(state.c.age_bucket.in_(chosen)) if chosen else statement).cte("requisition_state")


def _windows(question: Question) -> tuple[Span, ...]:
    return tuple(question.whole_spans() if question.grain is None else question.spans())


def _running_requisitions(plan: Plan, limits: Limits) -> sa.CTE:
    """Requisitions whose status is open or on hold at each cut, with ``kind`` OPEN or STOPPED."""
    question, columns, status = plan.question, dim_requisition.c, requisition_status.c
    span = instants(plan)
    # filters on the application (source, its recruiter) do not limit the requisition it belongs to
    without = tuple(name for name in question.chosen if name not in OPEN_REQUISITIONS.dimensions)
    where = [
        *limits(dim_requisition, without=(*without, "recruiter")),
        status.status.in_((RequisitionStatus.OPEN.value, RequisitionStatus.ON_HOLD.value)),
    ]
    source = dim_requisition.join(requisition_status, status.requisition_id == columns.requisition_id)
    dimensions = [columns[name] for name in REQUISITION_DIMENSIONS]
    carried = [*dimensions, status.status.label("status_then"), status.from_at, status.to_at]
    days = (day_of(status.from_at, -1), day_of(status.to_at, 1))
    rows, joined = in_windows(plan, "statuses", source, carried, days, where, span)
    own, at = rows.c, span.c.cut_at
    is_stopped = sa.or_(own.status_then == RequisitionStatus.ON_HOLD.value, held_at(own.requisition_id, at))
    return (
        sa.select(
            *(own[name] for name in REQUISITION_DIMENSIONS),
            *(span.c[name] for name in WINDOW_COLUMNS),
            sa.case((is_stopped, STOPPED), else_=OPEN).label("kind"),
        )
        .join(span, joined)
        .where(own.from_at <= at, sa.or_(own.to_at.is_(None), own.to_at > at))
        .cte("running_requisition")
    )


def _state_rows(plan: Plan, limits: Limits) -> Statement:
    running = _running_requisitions(plan, limits)
    seats, stops = _seats(running), stopped(running)
    state = (
        sa.select(
            *(running.c[name] for name in REQUISITION_DIMENSIONS),
            running.c.bin,
            running.c.kind,
            sa.func.coalesce(seats.c.open_seats, 0).label("seats"),
            TenthsOfDay(net_cut(running, stops) - seats.c.oldest_net).label("age"),
        )
        .outerjoin(seats, same_window(running, seats))
        .outerjoin(stops, same_window(running, stops))
        # none recorded at all: the status alone decides
        .where(sa.or_(seats.c.open_seats > 0, seats.c.requisition_id.is_(None)))
        .subquery("state")
    )
    return sa.select(*state.c, _bucket(state.c.age).label("age_bucket"))


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


def _ages(plan: Plan) -> sa.Subquery:
    state = requisition_states(plan)
    groups = plan.group_columns(state, bin_=state.c.bin, literal={"age_bucket": state.c.age_bucket})
    rows = sa.select(*groups, state.c.age.label("t"), state.c.kind)
    return rows.where(state.c.kind == OPEN, state.c.age >= 0).subquery("requisition_ages")


def _active_rows(plan: Plan) -> tuple[sa.Subquery, bool]:
    """Undecided applications of open requisitions at the cut; by stage through the visit that runs then.

    Without a stage they are counted by requisition, source and recruiter beforehand: the rows then have a weight.
    """
    question = plan.question
    if question.asks_for("stage", "canonical_stage"):
        return _active_applications(plan, question.conditions, plan.group_columns).subquery("pipeline_active"), False
    counted = plan.prepared("active_pipeline", _windows(question), lambda limits: _active_counts(plan, limits))
    rows = sa.select(
        *plan.group_columns(counted, bin_=counted.c.bin),
        sa.literal_column("0").label("t"),
        sa.literal_column(str(OPEN)).label("kind"),
        counted.c.n,
    ).where(*question.conditions(counted))
    return rows.subquery("pipeline_active"), True


def _active_counts(plan: Plan, limits: Limits) -> Statement:
    names = (*REQUISITION_DIMENSIONS, "source_id")

    def columns(table: sa.FromClause, *, bin_: sa.ColumnElement[date]) -> list[sa.ColumnElement[Any]]:
        return [*(table.c[name] for name in names), bin_.label("bin")]

    rows = _active_applications(plan, limits, columns).subquery("active_application")
    keys = [rows.c[name] for name in (*names, "bin")]
    return sa.select(*keys, sa.func.count().label("n")).group_by(*keys)


def _active_applications(plan: Plan, limits: Limits, columns: Callable[..., Sequence[Any]]) -> Statement:
    """``columns`` of each, with t and kind."""
    running = _running_requisitions(plan, limits)
    open_ones = (
        sa.select(running.c.requisition_id, running.c.bin, running.c.cut_at)
        .where(running.c.kind == OPEN)
        .subquery("open_requisition")
    )
    question = plan.question
    table, source = _table(question)
    # without a grain every zone is cut at the same instant: a constant is compared while reading
    is_dated = question.grain is not None
    at = open_ones.c.cut_at if is_dated else sa.literal(question.as_of, sa.DateTime)
    return (
        sa.select(
            *columns(table, bin_=open_ones.c.bin),
            sa.literal_column("0").label("t"),
            sa.literal_column(str(OPEN)).label("kind"),
        )
        .select_from(source)
        .join(open_ones, open_ones.c.requisition_id == fact_application.c.requisition_id)
        .where(*limits(table), *_is_undecided(table, at), *(_still_then(question) if is_dated else ()))
    )


def _table(question: Question) -> tuple[sa.Table, sa.FromClause]:
    """Where the dimensions come from, and what to read: visits when a stage is asked for."""
    if not question.asks_for("stage", "canonical_stage"):
        return fact_application, fact_application
    same = fact_stage_visit.c.application_id == fact_application.c.application_id
    return fact_stage_visit, fact_stage_visit.join(fact_application, same)


def _at_as_of(plan: Plan) -> sa.Subquery:
    """Without a grain every zone is cut at the same instant, so no window is needed."""
    question = plan.question
    table, source = _table(question)
    return (
        sa.select(
            *plan.group_columns(table),
            fact_application.c.requisition_id,
            sa.literal_column("0").label("t"),
            sa.literal_column(str(OPEN)).label("kind"),
        )
        .select_from(source)
        .where(*question.conditions(table), *_is_undecided(table, sa.literal(question.as_of, sa.DateTime)))
        .subquery("undecided")
    )


def _at_each_cut(plan: Plan) -> sa.Subquery:
    question, columns = plan.question, fact_application.c
    table, source = _table(question)
    span = instants(plan)
    carried = [
        *plan.group_columns(table, bin_=sa.literal_column("''")),
        *(columns[name] for name in ("requisition_id", "applied_at", "ended_at", "accepted_at", "undone_at")),
    ]
    if table is fact_stage_visit:
        carried += [table.c.entered_at, table.c.exited_at]
    located = source.join(dim_requisition, dim_requisition.c.requisition_id == columns.requisition_id)
    limits = [*question.conditions(table), *_still_then(question)]
    days = (columns.applied_on, day_of(columns.ended_at, 1))
    rows, joined = in_windows(plan, "applications", located, carried, days, limits, span)
    return (
        sa.select(
            *regrouped(plan, rows, span.c.bin),
            rows.c.requisition_id,
            span.c.bin,
            sa.literal_column("0").label("t"),
            sa.literal_column(str(OPEN)).label("kind"),
        )
        .join(span, joined)
        .where(*_is_undecided(rows, span.c.cut_at))
        .subquery("undecided")
    )


def _is_undecided(rows: sa.FromClause, at: sa.ColumnElement[datetime]) -> list[sa.ColumnElement[bool]]:
    """Applied, not ended and not hired at an instant; a stage's visit, where ``rows`` has one, runs then."""
    own = rows.c if "applied_at" in rows.c else fact_application.c
    is_hired = sa.and_(own.accepted_at <= at, sa.or_(own.undone_at.is_(None), own.undone_at > at))
    found = [
        own.applied_at <= at,
        sa.or_(own.ended_at.is_(None), own.ended_at > at),
        sa.not_(sa.func.coalesce(is_hired, sa.false())),
    ]
    if "entered_at" in rows.c:
        found += [rows.c.entered_at <= at, sa.or_(rows.c.exited_at.is_(None), rows.c.exited_at > at)]
    return found


def _still_then(question: Question) -> list[sa.ColumnElement[bool]]:
    """Spares the join what was over before the period, or came after it."""
    columns = fact_application.c
    first, end = question.bounds()
    began = datetime.combine(first, time()) - ONE_DAY
    return [columns.applied_on < end, sa.or_(columns.ended_at.is_(None), columns.ended_at >= began)]


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
    for age, _, count in table.columns.T.tolist():
        name = next(
            (bucket for end, bucket in zip(BUCKET_ENDS, BUCKETS, strict=False) if age <= end * TENTHS), BUCKETS[-1]
        )
        found[name] += count
    return found


_NEEDS: Mapping[str, str] = {"open_requisitions": "requisition", "open_seats": "opening", "requisition_age": "opening"}
FAMILY = Family(METRICS, _NEEDS, _plan, _figure)
