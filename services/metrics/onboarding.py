"""Onboarding: what was due and done, and who found everything ready on the first day.

What the HR system does not know is *unknown*: a count of its own, in neither part of a ratio, and never 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import sqlalchemy as sa

from services.domain.metric import Anchor, Better, Estimator, Metric, Unit
from services.mart.schema import fact_hire as hire
from services.mart.schema import fact_onboarding_task as task
from services.metrics.after_hire import today
from services.metrics.dimensions import APPLICATION, TIME
from services.metrics.figures import Family, Figure, rate_figure
from services.metrics.plan import Group, Plan
from services.metrics.question import Question

UNKNOWN, READY, NOT_READY = range(3)

ONBOARDING_COMPLETION = Metric(
    id="onboarding_completion",
    name="Onboarding completion",
    unit=Unit.RATE,
    estimator=Estimator.PLAIN_RATE,
    anchor=Anchor.STARTED,
    family="onboarding",
    grain="onboarding task",
    summary="Share of onboarding tasks that are due and done.",
    better=Better.HIGHER,
    start="due date",
    stop="done",
    clock="calendar days",
    denominator="tasks due by as-of, of hires by their start (planned or agreed where there was none yet)",
    exclusions=("tasks due later (counted)", "hires without tasks or without a row in the HR system (counted)"),
    source="HR system",
    dimensions=(*APPLICATION, *TIME),
    extra={
        "done_late": "done after the due date",
        "not_due": "due later",
        "unknown": "hires of whom the HR system has no task or no row",
    },
)
METRICS = (
    ONBOARDING_COMPLETION,
    replace(
        ONBOARDING_COMPLETION,
        id="first_day_ready",
        name="Ready on the first day",
        grain="hire",
        summary="Share of hires for whom everything due by the first day was done by then.",
        start="first day worked",
        stop="every task due by that day done by that day",
        denominator="hires who started and have a task due by the first day",
        exclusions=("no row in the HR system, no start there, or no task due by then (unknown, counted)",),
        extra={
            "ready": "everything was done",
            "not_ready": "something was missing",
            "unknown": "the HR system does not say",
        },
    ),
)


def _plan(plan: Plan, metric: Metric) -> None:
    if metric.id == "first_day_ready":
        plan.tabulate(metric.id, "onboarding", _first_days(plan))
        return
    question, on = plan.question, task.c.expected_on
    cohort = [*question.in_period(on), sa.or_(task.c.undone_at.is_(None), task.c.undone_at > question.as_of)]
    is_due, is_done = task.c.due_on <= today(question), task.c.done_on <= today(question)
    plan.count("tasks_due", task, *cohort, is_due, on=on)
    plan.count("tasks_done", task, *cohort, is_due, is_done, on=on)
    plan.count("tasks_done_late", task, *cohort, is_due, is_done, task.c.done_on > task.c.due_on, on=on)
    plan.count("tasks_not_due", task, *cohort, task.c.due_on > today(question), on=on)
    waiting = plan.shared("hires_without_tasks", lambda: _without_tasks(question))
    plan.count("hires_without_tasks", waiting, waiting.c.expected_on.is_not(None), on=waiting.c.expected_on)


def _expected(question: Question) -> list[sa.ColumnElement[bool]]:
    """Hires whose first day should have come by as-of, those unknown to the HR system included."""
    columns = hire.c
    known = sa.or_(columns.hire_id.is_not(None), columns.accepted_at <= question.as_of)
    stands = sa.or_(columns.undone_at.is_(None), columns.undone_at > question.as_of)
    return [*question.in_period(columns.expected_on), columns.expected_on <= today(question), known, stands]


def _without_tasks(question: Question) -> sa.Subquery:
    having = sa.select(task.c.hire_id).distinct().subquery("hire_with_task")
    return (
        sa.select(*hire.c)
        .select_from(hire.outerjoin(having, having.c.hire_id == hire.c.hire_id))
        .where(*_expected(question), having.c.hire_id.is_(None))
        .subquery("hire_without_task")
    )


def _first_days(plan: Plan) -> sa.Subquery:
    question, columns = plan.question, hire.c
    wanted = (
        sa.select(
            task.c.hire_id,
            sa.func.max(sa.case((task.c.done_on <= task.c.started_on, 0), else_=1)).label("missing"),
        )
        .where(task.c.due_on <= task.c.started_on, task.c.started_on <= today(question))
        .group_by(task.c.hire_id)
        .subquery("first_day_task")
    )
    kind = sa.case((wanted.c.missing == 0, READY), (wanted.c.missing == 1, NOT_READY), else_=UNKNOWN)
    return (
        sa.select(
            *plan.group_columns(hire, on=columns.expected_on), sa.literal_column("0").label("t"), kind.label("kind")
        )
        .select_from(hire.outerjoin(wanted, wanted.c.hire_id == columns.hire_id))
        .where(*question.conditions(hire), *_expected(question))
        .subquery("first_days")
    )


def _figure(question: Question, metric: Metric, group: Group, dims: Mapping[str, str | None]) -> Figure:
    del question, dims
    if metric.id == "first_day_ready":
        table = group.table(metric.id)
        ready, missing = table.of_kind(READY), table.of_kind(NOT_READY)
        return rate_figure(
            ready, ready + missing, {"ready": ready, "not_ready": missing, "unknown": table.of_kind(UNKNOWN)}
        )
    extra = {
        "done_late": group.number("tasks_done_late"),
        "not_due": group.number("tasks_not_due"),
        "unknown": group.number("hires_without_tasks"),
    }
    return rate_figure(group.number("tasks_done"), group.number("tasks_due"), extra)


_NEEDS: Mapping[str, str] = {metric.id: "onboarding_task" for metric in METRICS}
FAMILY = Family(METRICS, _NEEDS, _plan, _figure)
