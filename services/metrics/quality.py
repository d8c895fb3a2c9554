"""How good hires turned out: early performance, and the quality index 90 days and a year after the start.

Leavers always stay in: without them the index would praise a company whose failures have gone. One row a hire carries
both coordinates of the index, the rating's z (Phi of it is taken here, engines do not have it) and the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import sqlalchemy as sa

from services.domain.metric import Anchor, Better, Estimator, Metric, Unit
from services.domain.pipeline import SurveyKind
from services.mart.constructs import CalendarDays
from services.mart.schema import fact_hire as hire
from services.mart.schema import fact_survey_answer as survey
from services.metrics.after_hire import (
    Z_GRID,
    Z_OFFSET,
    first_ratings,
    has_started,
    known_by,
    left_the_company,
    mean_figure,
    today,
)
from services.metrics.dimensions import APPLICATION, TIME
from services.metrics.distributions import normal_cdf
from services.metrics.estimators import Counts, Floats
from services.metrics.figures import Family, Figure
from services.metrics.plan import Group, Plan
from services.metrics.question import Question

RATED, RAMPED, RETAINED, SATISFIED, LEAVER = 1, 2, 4, 8, 16
"""Which parts of the index a hire has, as bits of a kind."""
PERFORMANCE_WEIGHT, OTHER_WEIGHT = 0.4, 0.2
ENOUGH_WEIGHT = 0.6
MATURES_AFTER = 30
"""Days after day 90 (365) until ratings, milestones and answers can be expected."""
REST_GRID = 10_000
REST_WIDTH = 4_000_000
"""More than three scores of 100 on their grid: z and rest share one axis."""
HORIZONS = {"quality_of_hire_90": 90, "quality_of_hire_12m": 365}

EARLY_PERFORMANCE = Metric(
    id="early_performance",
    name="Early performance",
    unit=Unit.SCORE,
    estimator=Estimator.PLAIN_MEAN,
    anchor=Anchor.STARTED,
    family="quality",
    grain="hire with a rating",
    summary="Mean of first ratings from day 90 on, in standard deviations from what the rater usually gives.",
    better=Better.HIGHER,
    start="first day worked",
    stop="first review from day 90 on",
    clock="calendar days",
    denominator="hires of the start cohort with a rating",
    exclusions=("reviews before day 90", "ratings outside their scale (counted in the snapshot)"),
    formula="z = (r - m) / s; r on 0-1; mean x and s over first ratings of the cycle; m = (sum of r + 5x) / (n + 5)",
    source="HR system or learning platform",
    dimensions=(*APPLICATION, *TIME),
    extra={"rated": "hires with a rating", "not_rated": "hires started 120 days ago or longer without one"},
)


def _index(id_: str, name: str, days: int) -> Metric:
    return replace(
        EARLY_PERFORMANCE,
        id=id_,
        name=name,
        grain="hire",
        summary=f"Mean index (0-100) of performance, ramp, retention and the manager's satisfaction after {days} days.",
        stop=f"day {days}, with {MATURES_AFTER} more for what comes late",
        horizon_days=days,
        denominator=f"hires started {days + MATURES_AFTER} days ago or longer; leavers always stay in",
        exclusions=("hires of whom less than 0.6 of the weights is known (counted); leavers are never left out",),
        formula="0.4 performance + 0.2 ramp + 0.2 retention + 0.2 satisfaction; performance 100 Phi(z); ramp "
        "100 clip(2 - days / target, 0, 1), 0 when twice the target has gone by without it; retention 100 if "
        f"employed on day {days}; satisfaction 25 (score - 1), the manager's last answer",
        source="ISO/TS 30411",
        extra={
            "leavers": f"left before day {days}: ramp 0, retention 0",
            "not_scored": "too little known",
            "with_performance": "hires with a rating",
            "with_ramp": "hires with a milestone or its target past",
            "with_satisfaction": "hires with the manager's answer",
            "performance": "mean of the part, 0-100",
            "retention": f"share still employed on day {days}, in per cent",
            "without_leavers": "the index of those who stayed: survivorship, not a result",
        },
    )


METRICS = (
    EARLY_PERFORMANCE,
    _index("quality_of_hire_90", "Quality of hire, 90 days", 90),
    _index("quality_of_hire_12m", "Quality of hire, 12 months", 365),
)


def _plan(plan: Plan, metric: Metric) -> None:
    if metric.id == "early_performance":
        plan.tabulate(metric.id, "hire", _rated(plan))
    else:
        plan.tabulate(metric.id, "hire", _scored(plan, metric.id))


def _rated(plan: Plan) -> sa.Subquery:
    question, first = plan.question, first_ratings(plan)
    is_due = CalendarDays(hire.c.started_on, today(question)) >= HORIZONS["quality_of_hire_90"] + MATURES_AFTER
    return (
        sa.select(
            *plan.group_columns(hire, on=hire.c.started_on),
            sa.func.coalesce(first.c.z, 0).label("t"),
            sa.case((first.c.z.is_not(None), RATED), else_=0).label("kind"),
        )
        .select_from(hire.outerjoin(first, first.c.hire_id == hire.c.hire_id))
        .where(*question.conditions(hire), *question.in_period(hire.c.started_on), *has_started(question))
        .where(sa.or_(first.c.z.is_not(None), is_due))
        .subquery("hires_rated")
    )


def _satisfaction(question: Question) -> sa.Subquery:
    """The manager's last answer about each application, 1 to 5."""
    columns = survey.c
    latest = sa.func.row_number().over(
        partition_by=columns.application_id, order_by=(columns.answered_at.desc(), columns.answer_id.desc())
    )
    answered = (
        sa.select(columns.application_id, columns.score, latest.label("back"))
        .where(columns.kind == SurveyKind.HIRING_MANAGER_SATISFACTION.value, columns.answered_at <= question.as_of)
        .where(columns.score.between(1, 5), columns.application_id.is_not(None))
        .subquery("manager_answer_in_order")
    )
    return sa.select(answered).where(answered.c.back == 1).subquery("manager_answer")


def _scored(plan: Plan, metric_id: str) -> sa.Subquery:
    question, days = plan.question, HORIZONS[metric_id]
    first, answer = first_ratings(plan), plan.shared("satisfaction", lambda: _satisfaction(question))
    left = left_the_company(question)
    is_leaver = sa.func.coalesce(CalendarDays(hire.c.started_on, left) < days, sa.false())
    ramp = sa.case((is_leaver, 0), else_=_ramp(question))
    satisfaction = sa.cast(sa.func.round(25 * (answer.c.score - 1) * REST_GRID), sa.BigInteger)
    retention = sa.case((is_leaver, 0), else_=100 * REST_GRID)
    parts = [(first.c.z, RATED), (ramp, RAMPED), (answer.c.score, SATISFIED)]
    kind: sa.ColumnElement[int] = sa.literal_column(str(RETAINED))
    for part, bit in parts:
        kind = kind + sa.case((part.is_not(None), bit), else_=0)
    kind = kind + sa.case((is_leaver, LEAVER), else_=0)
    rest = retention + sa.func.coalesce(ramp, 0) + sa.func.coalesce(satisfaction, 0)
    is_mature = CalendarDays(hire.c.started_on, today(question)) >= days + MATURES_AFTER
    return (
        sa.select(
            *plan.group_columns(hire, on=hire.c.started_on),
            (sa.func.coalesce(first.c.z, 0) * REST_WIDTH + rest).label("t"),
            kind.label("kind"),
        )
        .select_from(
            hire.outerjoin(first, first.c.hire_id == hire.c.hire_id).outerjoin(
                answer, answer.c.application_id == hire.c.application_id
            )
        )
        .where(*question.conditions(hire), *question.in_period(hire.c.started_on), *has_started(question), is_mature)
        .subquery(f"scored_{days}")
    )


def _ramp(question: Question) -> sa.ColumnElement[Any]:
    """100 * clip(2 - days / target, 0, 1) on the grid; 0 once twice the target has gone by; None = not known."""
    target, productive = hire.c.target_days, known_by(hire.c.productive_on, question)
    days = CalendarDays(hire.c.started_on, productive)
    one: sa.ColumnElement[float] = sa.literal_column("1.0")
    share = sa.func.greatest(0.0, sa.func.least(1.0, 2 - days * one / target))
    on_grid = sa.cast(sa.func.floor(share * (100 * REST_GRID) + sa.literal_column("0.5")), sa.BigInteger)
    is_past = CalendarDays(hire.c.started_on, today(question)) >= 2 * target
    return sa.case(
        (sa.or_(target.is_(None), target <= 0), None),
        (days >= 0, on_grid),
        (sa.and_(hire.c.productive_on.is_(None), is_past), 0),
    )


def _figure(question: Question, metric: Metric, group: Group, dims: Mapping[str, str | None]) -> Figure:
    del question, dims
    table = group.table(metric.id)
    time, kind, count = table.columns
    if metric.id == "early_performance":
        has = kind == RATED
        z = (np.repeat(time[has], count[has]) - Z_OFFSET) / Z_GRID
        return mean_figure(z, {"rated": table.of_kind(RATED), "not_rated": table.of_kind(0)})
    return _index_figure(np.repeat(time, count), np.repeat(kind, count), metric)


def _index_figure(time: Counts, kind: Counts, metric: Metric) -> Figure:
    index, performance = index_of(time, kind)
    scored = ~np.isnan(index)
    leaver = (kind & LEAVER) > 0
    stayed = index[scored & ~leaver]
    has = {bit: scored & ((kind & bit) > 0) for bit in (RATED, RAMPED, SATISFIED)}
    extra: dict[str, float | int | None] = {
        "leavers": int((scored & leaver).sum()),
        "not_scored": int((~scored).sum()),
        "with_performance": int(has[RATED].sum()),
        "with_ramp": int(has[RAMPED].sum()),
        "with_satisfaction": int(has[SATISFIED].sum()),
        "performance": _mean(performance[has[RATED]]),
        "retention": _mean(np.where(leaver[scored], 0.0, 100.0)),
        "without_leavers": _mean(stayed),
    }
    figure = mean_figure(index[scored], extra, naive=_mean(stayed))
    return replace(figure, horizon=metric.horizon_days)


def index_of(time: Counts, kind: Counts) -> tuple[Floats, Floats]:
    """Index and performance of each hire from its place on the shared axis and its parts; NaN where there is none.

    A missing part rescales the weights if at least 0.6 remain; of a leaver whatever remains.
    """
    is_rated = (kind & RATED) > 0
    z = (time // REST_WIDTH - Z_OFFSET) / Z_GRID
    performance = np.array([100 * normal_cdf(one) for one in z], dtype=np.float64)
    performance[~is_rated] = np.nan
    rest = time % REST_WIDTH / REST_GRID
    others = sum(((kind & bit) > 0).astype(np.int64) for bit in (RAMPED, RETAINED, SATISFIED))
    weight = PERFORMANCE_WEIGHT * is_rated + OTHER_WEIGHT * others
    index = (PERFORMANCE_WEIGHT * np.nan_to_num(performance) + OTHER_WEIGHT * rest) / weight
    is_known = ((kind & LEAVER) > 0) | (weight >= ENOUGH_WEIGHT - 1e-9)
    return np.where(is_known, index, np.nan), performance


def _mean(values: Floats) -> float | None:
    return float(np.mean(values)) if len(values) else None


_NEEDS: Mapping[str, str] = {
    "early_performance": "performance_review",
    "quality_of_hire_90": "hire",
    "quality_of_hire_12m": "hire",
}
FAMILY = Family(METRICS, _NEEDS, _plan, _figure)
