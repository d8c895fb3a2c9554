"""Wait until the interview: from the moment it was arranged to its beginning, an ordinary median of those held."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from services.domain.metric import Anchor, Better, Estimator, Metric, Unit
from services.domain.pipeline import InterviewStatus
from services.mart.constructs import SecondsBetween, TenthsOfDay
from services.mart.schema import fact_interview as interview
from services.metrics.dimensions import APPLICATION, TIME
from services.metrics.figures import TENTHS, Family, Figure, median_figure
from services.metrics.plan import Group, Plan
from services.metrics.question import Question

VALID, NEGATIVE, NOT_KNOWN = 0, 1, 2

DAYS_TO_INTERVIEW = Metric(
    id="days_to_interview",
    name="Wait until the interview",
    unit=Unit.DAYS,
    estimator=Estimator.PLAIN_MEDIAN,
    anchor=Anchor.INTERVIEW_END,
    family="interview_wait",
    grain="interview",
    summary="Median days from arranging an interview to its beginning, of the interviews held in the period.",
    better=Better.LOWER,
    start="interview arranged",
    stop="beginning of the interview",
    clock="elapsed",
    denominator="interviews held in the period whose arranging is recorded",
    exclusions=(
        "cancelled interviews",
        "candidate did not come",
        "arranging not recorded (counted)",
        "negative durations (counted)",
    ),
    dimensions=(*APPLICATION, *TIME),
    extra={
        "mean": "mean days",
        "p90": "90th percentile",
        "negative": "interviews that began before they were arranged",
        "not_known": "interviews without a record of when they were arranged",
    },
)


def _plan(plan: Plan, metric: Metric) -> None:
    question, held = plan.question, interview.c
    seconds = SecondsBetween(held.scheduled_at, held.starts_at)
    kind = sa.case(
        (sa.or_(held.scheduled_at.is_(None), held.starts_at.is_(None)), NOT_KNOWN),
        (seconds < 0, NEGATIVE),
        else_=VALID,
    )
    days = sa.func.coalesce(sa.func.greatest(0, TenthsOfDay(seconds)), 0)
    rows = sa.select(*plan.group_columns(interview, on=held.ends_on), days.label("t"), kind.label("kind")).where(
        *question.conditions(interview),
        *question.in_period(held.ends_on),
        held.status == InterviewStatus.HELD.value,
        held.ends_at <= question.as_of,
    )
    plan.tabulate(metric.id, "interview", rows.subquery(metric.id))


def _figure(question: Question, metric: Metric, group: Group, dims: Mapping[str, str | None]) -> Figure:
    del question, dims
    table = group.table(metric.id)
    counted = {"negative": table.of_kind(NEGATIVE), "not_known": table.of_kind(NOT_KNOWN)}
    return median_figure(table, (VALID,), TENTHS, counted)


FAMILY = Family((DAYS_TO_INTERVIEW,), {DAYS_TO_INTERVIEW.id: "interview"}, _plan, _figure)
