"""Background and drug checks: how long they take, who started before clearance, what was ordered too early.

What a check found is of the class *check*: only compliance sees a figure that depends on it. Everybody else sees done
or not done.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import sqlalchemy as sa

from services.domain.metric import Anchor, Better, Estimator, Metric, Unit
from services.domain.people import ColumnClass
from services.domain.pipeline import CheckKind
from services.mart.constructs import SecondsBetween, TenthsOfDay
from services.mart.schema import fact_check as check
from services.mart.schema import fact_hire as hire
from services.metrics.after_hire import has_started
from services.metrics.dimensions import APPLICATION, TIME
from services.metrics.figures import TENTHS, Family, Figure, count_figure, curve_figure
from services.metrics.plan import Group, Plan
from services.metrics.question import Question

DONE, WAITING = 0, 1
CONDITIONAL = (CheckKind.BACKGROUND.value, CheckKind.DRUG.value)
"""Kinds that fair-chance laws allow only after a conditional offer; an assessment is part of the selection."""
CLEARED, NOT_BACK, NOT_CLEAR, NO_CHECK = range(4)

CHECK_TURNAROUND = Metric(
    id="check_turnaround",
    name="Check turnaround",
    unit=Unit.DAYS,
    estimator=Estimator.KAPLAN_MEIER,
    anchor=Anchor.ORDERED,
    family="checks",
    grain="check",
    summary="Median days from ordering a background or drug check to its result, those without one included.",
    better=Better.LOWER,
    start="ordered",
    stop="result came, whatever it says",
    clock="elapsed",
    denominator="checks ordered in the period; n = ordered, events = results",
    censored_by=("as of",),
    exclusions=("results dated before the order (counted in the snapshot)",),
    source="check vendor",
    dimensions=(*APPLICATION, "check_vendor", "check_kind", *TIME),
    extra={"waiting": "checks without a result"},
)
METRICS = (
    CHECK_TURNAROUND,
    replace(
        CHECK_TURNAROUND,
        id="check_before_offer",
        name="Checks ordered before the offer",
        unit=Unit.COUNT,
        estimator=Estimator.COUNT,
        summary="Background and drug checks ordered before the conditional offer was extended (fair-chance laws).",
        stop="",
        clock="",
        denominator="",
        censored_by=(),
        exclusions=("assessments: they are part of the selection",),
        source="fair-chance laws",
        extra={"ordered": "checks ordered", "without_offer": "of these: no offer was extended by as-of"},
    ),
    replace(
        CHECK_TURNAROUND,
        id="hire_before_clearance",
        name="Hires before clearance",
        unit=Unit.COUNT,
        estimator=Estimator.COUNT,
        anchor=Anchor.STARTED,
        grain="hire",
        summary="Hires who started before every check ordered for them had come back clear.",
        start="first day worked",
        stop="last check clear",
        clock="calendar days",
        denominator="",
        censored_by=(),
        exclusions=("hires without a check (counted)",),
        column_class=ColumnClass.CHECK,
        dimensions=(*APPLICATION, *TIME),
        extra={
            "not_back": "a result had not come by the first day",
            "not_clear": "all results had come, one was not clear",
            "cleared": "hires who were cleared in time",
            "no_check": "hires without a check",
        },
    ),
)


def _plan(plan: Plan, metric: Metric) -> None:
    match metric.id:
        case "check_turnaround":
            plan.tabulate(metric.id, "check", _turnaround(plan))
        case "check_before_offer":
            _plan_before_offer(plan)
        case _:
            plan.tabulate(metric.id, "hire", _clearances(plan))


def _ordered(question: Question) -> list[sa.ColumnElement[bool]]:
    return [*question.in_period(check.c.ordered_on), check.c.ordered_at <= question.as_of]


def _turnaround(plan: Plan) -> sa.Subquery:
    question, columns = plan.question, check.c
    is_back = sa.func.coalesce(columns.completed_at <= question.as_of, sa.false())
    stop = sa.case((is_back, columns.completed_at), else_=sa.literal(question.as_of, sa.DateTime))
    return (
        sa.select(
            *plan.group_columns(check, on=columns.ordered_on),
            TenthsOfDay(SecondsBetween(columns.ordered_at, stop)).label("t"),
            sa.case((is_back, DONE), else_=WAITING).label("kind"),
        )
        .where(*question.conditions(check), *_ordered(question), stop >= columns.ordered_at)
        .subquery("checks_followed")
    )


def _plan_before_offer(plan: Plan) -> None:
    question, columns, on = plan.question, check.c, check.c.ordered_on
    ordered = [*_ordered(question), columns.kind.in_(CONDITIONAL)]
    offered = sa.func.coalesce(columns.extended_at <= question.as_of, sa.false())
    plan.count("conditional_checks", check, *ordered, on=on)
    too_early = sa.or_(sa.not_(offered), columns.ordered_at < columns.extended_at)
    plan.count("checks_too_early", check, *ordered, too_early, on=on)
    plan.count("checks_without_offer", check, *ordered, sa.not_(offered), on=on)


def _clearances(plan: Plan) -> sa.Subquery:
    """Each hire with the worst of its checks: was it back, and was it clear, by the first day."""
    question, columns = plan.question, check.c
    was_back = sa.and_(columns.completed_at <= question.as_of, columns.completed_on <= columns.started_on)
    state = sa.case(
        (sa.and_(was_back, columns.is_clear), CLEARED),
        (was_back, NOT_CLEAR),
        else_=NOT_BACK,
    )
    by_application = (
        sa.select(
            columns.application_id,
            sa.func.max(sa.case((state == NOT_BACK, 1), else_=0)).label("not_back"),
            sa.func.max(sa.case((state == NOT_CLEAR, 1), else_=0)).label("not_clear"),
        )
        .where(columns.ordered_at <= question.as_of, columns.started_on.is_not(None))
        .group_by(columns.application_id)
        .subquery("clearance")
    )
    found = by_application.c
    kind = sa.case(
        (found.application_id.is_(None), NO_CHECK),
        (found.not_back == 1, NOT_BACK),
        (found.not_clear == 1, NOT_CLEAR),
        else_=CLEARED,
    )
    return (
        sa.select(
            *plan.group_columns(hire, on=hire.c.started_on), sa.literal_column("0").label("t"), kind.label("kind")
        )
        .select_from(hire.outerjoin(by_application, found.application_id == hire.c.application_id))
        .where(*question.conditions(hire), *question.in_period(hire.c.started_on), *has_started(question))
        .subquery("hires_cleared")
    )


def _figure(question: Question, metric: Metric, group: Group, dims: Mapping[str, str | None]) -> Figure:
    del dims
    table = group.table(metric.id)
    match metric.id:
        case "check_turnaround":
            extra = {"waiting": table.of_kind(WAITING)}
            return curve_figure(table, events=(DONE,), censored=(WAITING,), scale=TENTHS, raw=question.raw, extra=extra)
        case "check_before_offer":
            counts = {
                "ordered": group.number("conditional_checks"),
                "without_offer": group.number("checks_without_offer"),
            }
            return count_figure(group.number("checks_too_early"), counts)
        case _:
            not_back, not_clear = table.of_kind(NOT_BACK), table.of_kind(NOT_CLEAR)
            counts = {"not_back": not_back, "not_clear": not_clear}
            counts |= {"cleared": table.of_kind(CLEARED), "no_check": table.of_kind(NO_CHECK)}
            return count_figure(not_back + not_clear, counts)


_NEEDS: Mapping[str, str] = {metric.id: "background_check" for metric in METRICS}
FAMILY = Family(METRICS, _NEEDS, _plan, _figure)
