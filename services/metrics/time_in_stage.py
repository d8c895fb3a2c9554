"""Time in stage: how long an application stays in a stage before it leaves it, whatever the way out.

Kaplan-Meier over the visits at risk in the period, net of holds of the requisition. A visit that runs is censored; one
that was running when the period begins enters at its age. The completed-only median stands beside it as ``naive``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import sqlalchemy as sa

from services.domain.metric import Anchor, Better, Estimator, Metric, Unit
from services.mart.constructs import TenthsOfDay
from services.mart.schema import fact_stage_visit as visit
from services.metrics.dimensions import APPLICATION, TIME
from services.metrics.figures import TENTHS, Family, Figure, curve_figure, median_figure
from services.metrics.plan import Group, Plan, Statement, truncated
from services.metrics.question import Question
from services.metrics.windows import (
    WINDOW_COLUMNS,
    in_windows,
    net_cut,
    net_start,
    regrouped,
    same_window,
    spans,
    stopped,
)

LEFT, OPEN = 0, 1
SLACK_DAYS = timedelta(days=2)
SHARES_AFTER_DAYS = (1, 3, 7, 14, 30, 60)

TIME_IN_STAGE = Metric(
    id="time_in_stage",
    name="Time in stage",
    unit=Unit.DAYS,
    estimator=Estimator.KAPLAN_MEIER,
    anchor=Anchor.AT_RISK_IN_PERIOD,
    family="time_in_stage",
    grain="stage visit",
    summary="Median days an application stays in a stage, those that are still there included.",
    better=Better.LOWER,
    start="entered the stage",
    stop="left it, by any way out",
    clock="net of holds and freezes of the requisition",
    denominator="visits at risk in the period; n = visits, events = visits that ended",
    censored_by=("end of period", "as of"),
    exclusions=("moves undone within 60 seconds",),
    dimensions=(*APPLICATION, "stage", "canonical_stage", *TIME),
    extra={
        "open": "visits still running at the end of the period",
        **{f"still_after_{days}": f"share still in the stage after {days} days" for days in SHARES_AFTER_DAYS},
    },
)
METRICS = (
    TIME_IN_STAGE,
    replace(
        TIME_IN_STAGE,
        id="time_in_stage_completed",
        name="Time in stage, completed only (naive)",
        estimator=Estimator.PLAIN_MEDIAN,
        anchor=Anchor.LEFT,
        summary="Ordinary median of visits that ended in the period. Too short while long visits still run.",
        denominator="visits that ended in the period",
        censored_by=(),
        variant_of="time_in_stage",
        extra={"mean": "mean days", "p90": "90th percentile"},
    ),
)


def _plan(plan: Plan, metric: Metric) -> None:
    if metric.id == "time_in_stage":
        plan.tabulate(metric.id, "visit", _at_risk_rows(plan), entry=True)
    else:
        plan.tabulate(metric.id, "visit", _completed_rows(plan))


def _completed_rows(plan: Plan) -> sa.Subquery:
    question, columns = plan.question, visit.c
    net = columns.exited_net - columns.entered_net
    rows = sa.select(
        *plan.group_columns(visit, on=columns.exited_on),
        TenthsOfDay(net).label("t"),
        sa.literal_column(str(LEFT)).label("kind"),
    ).where(*question.conditions(visit), *question.in_period(columns.exited_on))
    return rows.where(columns.exited_at <= question.as_of, net >= 0).subquery("visit_completed")


def _at_risk_rows(plan: Plan) -> sa.Subquery:
    """Visits that lie within one window whole, and those that cross a boundary or still run.

    The local dates say which is which without a join; only the crossing ones, a small part, need boundaries as
    instants.
    """
    inside, crossing = _inside_rows(plan), _crossing_rows(plan)
    return sa.union_all(inside, crossing).subquery("visit_at_risk")


def _is_inside(question: Question) -> sa.ColumnElement[bool]:
    columns = visit.c
    found = [columns.exited_at <= question.as_of, *question.in_period(columns.exited_on)]
    if question.period.start is not None:
        found.append(columns.entered_on >= question.period.start)
    if question.data_from is not None:
        found.append(columns.entered_at >= question.data_from)
    grain, year = question.grain, question.fiscal_year_start
    if grain is not None:
        found.append(truncated(grain, columns.entered_on, year) == truncated(grain, columns.exited_on, year))
    return sa.and_(*found)


def _inside_rows(plan: Plan) -> Statement:
    question, columns = plan.question, visit.c
    net = columns.exited_net - columns.entered_net
    return sa.select(
        *plan.group_columns(visit, on=columns.exited_on),
        TenthsOfDay(net).label("t"),
        sa.literal_column(str(LEFT)).label("kind"),
        sa.literal_column("-1").label("entry"),
    ).where(*question.conditions(visit), _is_inside(question), net >= 0)


def _crossing_rows(plan: Plan) -> Statement:
    pairs = _crossing_visits(plan)
    stops = stopped(pairs)
    visit_, left = pairs.c, pairs.c.kind == LEFT
    stop_net = sa.case((left, visit_.exited_net), else_=net_cut(pairs, stops))
    age = TenthsOfDay(net_start(pairs, stops) - visit_.entered_net)
    groups = [visit_[f"g{index}"] for index in range(len(plan.question.by))]
    followed = (
        sa.select(
            *groups,
            TenthsOfDay(stop_net - visit_.entered_net).label("t"),
            visit_.kind,
            sa.case((visit_.entered_at < visit_.start_at, age), else_=-1).label("age"),
        )
        .outerjoin(stops, same_window(pairs, stops))
        .subquery("visits_followed")
    )
    has_left = followed.c.kind == LEFT
    # one that leaves within the tenth of a day in which it entered is at risk in that tenth
    entry = sa.case((has_left, sa.func.least(followed.c.age, followed.c.t - 1)), else_=followed.c.age)
    return sa.select(
        *(followed.c[group.key] for group in groups), followed.c.t, followed.c.kind, entry.label("entry")
    ).where(followed.c.t >= 0, sa.or_(has_left, followed.c.age < followed.c.t))


def _crossing_visits(plan: Plan) -> sa.CTE:
    question, columns = plan.question, visit.c
    span = spans(plan)
    is_crossing = sa.not_(sa.func.coalesce(_is_inside(question), sa.false()))
    carried = [
        *plan.group_columns(visit, bin_=sa.literal_column("''")),
        *(columns[name] for name in _VISIT_COLUMNS),
    ]
    limits = [*question.conditions(visit), *_about(question), is_crossing]
    rows, joined = in_windows(plan, "visits", visit, carried, (columns.entered_on, columns.exited_on), limits, span)
    own = rows.c
    has_left = sa.and_(own.exited_at < span.c.end_at, own.exited_at <= span.c.cut_at)
    stop_at = sa.case((has_left, own.exited_at), else_=span.c.cut_at)
    return (
        sa.select(
            *regrouped(plan, rows, span.c.bin),
            *(own[name] for name in _VISIT_COLUMNS),
            *(span.c[name] for name in WINDOW_COLUMNS),
            sa.case((has_left, LEFT), else_=OPEN).label("kind"),
        )
        .join(span, joined)
        .where(own.entered_at <= span.c.cut_at, stop_at >= span.c.start_at)
        .cte("visits_crossing")
    )


_VISIT_COLUMNS = ("requisition_id", "entered_at", "exited_at", "entered_net", "exited_net")


def _about(question: Question) -> list[sa.ColumnElement[bool]]:
    """The period without regard to zones, two days wider on both sides: spares the join most rows."""
    columns = visit.c
    found: list[sa.ColumnElement[bool]] = []
    if question.period.start is not None:
        began = question.period.start - SLACK_DAYS
        found.append(sa.or_(columns.exited_on >= began, columns.exited_on.is_(None)))
    if question.period.end is not None:
        found.append(columns.entered_on <= question.period.end + SLACK_DAYS)
    return found


def _figure(question: Question, metric: Metric, group: Group, dims: Mapping[str, str | None]) -> Figure:
    del dims
    table = group.table(metric.id)
    if metric.id != "time_in_stage":
        return median_figure(table, (LEFT,), TENTHS)
    extra = {"open": table.of_kind(OPEN)}
    return curve_figure(
        table,
        events=(LEFT,),
        censored=(OPEN,),
        scale=TENTHS,
        raw=question.raw,
        extra=extra,
        shares_after=SHARES_AFTER_DAYS,
    )


_NEEDS: Mapping[str, str] = {metric.id: "stage_visit" for metric in METRICS}
FAMILY = Family(METRICS, _NEEDS, _plan, _figure)
