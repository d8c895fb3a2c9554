"""Time in stage: how long an application stays in a stage before it leaves it, whatever the way out.

Kaplan-Meier over the visits at risk in the period, net of holds of the requisition. A visit that runs is censored; one
that was running when the period begins enters at its age. The completed-only median stands beside it as ``naive``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import sqlalchemy as sa

from services.domain.metric import Anchor, Better, Estimator, Metric, Unit
from services.mart.constructs import TenthsOfDay
from services.mart.schema import fact_stage_visit as visit
from services.metrics.dimensions import APPLICATION, TIME
from services.metrics.figures import TENTHS, Family, Figure, curve_figure, median_figure
from services.metrics.plan import Group, Plan
from services.metrics.question import Question
from services.metrics.windows import requisition_windows

LEFT, OPEN = 0, 1
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


def _completed_rows(plan: Plan) -> sa.CTE:
    question, columns = plan.question, visit.c
    net = columns.exited_net - columns.entered_net
    rows = sa.select(
        *plan.group_columns(visit, on=columns.exited_on),
        TenthsOfDay(net).label("t"),
        sa.literal_column(str(LEFT)).label("kind"),
    ).where(*question.conditions(visit), *question.in_period(columns.exited_on))
    return rows.where(columns.exited_at <= question.as_of, net >= 0).cte("visit_completed")


def _at_risk_rows(plan: Plan) -> sa.CTE:
    question, columns = plan.question, visit.c
    window = requisition_windows(plan)
    has_left = sa.and_(columns.exited_at < window.c.end_at, columns.exited_at <= window.c.cut_at)
    stop_at = sa.case((has_left, columns.exited_at), else_=window.c.cut_at)
    stop_net = sa.case((has_left, columns.exited_net), else_=window.c.cut_net)
    is_late = columns.entered_at < window.c.start_at
    followed = (
        sa.select(
            *plan.group_columns(visit, bin_=window.c.bin),
            TenthsOfDay(stop_net - columns.entered_net).label("t"),
            sa.case((has_left, LEFT), else_=OPEN).label("kind"),
            sa.case((is_late, TenthsOfDay(window.c.start_net - columns.entered_net)), else_=-1).label("age"),
        )
        .join(window, window.c.requisition_id == columns.requisition_id)
        .where(*question.conditions(visit), columns.entered_at <= window.c.cut_at, stop_at >= window.c.start_at)
        .cte("visits_at_risk")
    )
    has_ended = followed.c.kind == LEFT
    entry = sa.case((has_ended, sa.func.least(followed.c.age, followed.c.t - 1)), else_=followed.c.age)
    groups = [followed.c[f"g{index}"] for index in range(len(question.by))]
    rows = sa.select(*groups, followed.c.t, followed.c.kind, entry.label("entry"))
    return rows.where(followed.c.t >= 0, sa.or_(has_ended, followed.c.age < followed.c.t)).cte("visit_at_risk")


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


FAMILY = Family(METRICS, _plan, _figure)
