"""Feedback after interviews, in business time of the office, the interviewer's leave left out.

A missing feedback is censored at as-of; dropping it would say 6 hours where 8 are right. Business clocks sit on a grid
of one minute, since 16 hours and 1 minute is late and 16 hours is not; a tenth of a day could not tell them apart.
Business days sit on a grid of 1/10,000 day: every working day counts 1, however long it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from services.domain.metric import Anchor, Better, Estimator, Metric, Reason, Unit
from services.domain.people import Scope
from services.mart.constructs import SecondsBetween
from services.mart.schema import REQUISITION_DIMENSIONS
from services.mart.schema import dim_calendar as calendar
from services.mart.schema import fact_feedback as feedback
from services.mart.schema import feedback_leave as leave
from services.metrics.dimensions import APPLICATION, DIMENSIONS, TIME, Kind
from services.metrics.estimators import SLACK
from services.metrics.figures import Family, Figure, curve_figure, rate_figure
from services.metrics.late_roles import (
    BEFORE_END,
    DAY_GRID,
    IN_TIME,
    LATE,
    LATE_AFTER,
    MISSING,
    SUBMITTED,
    TOO_FEW,
    UNDECIDED,
    judged_roles,
)
from services.metrics.plan import Group, Limits, Plan, Statement
from services.metrics.question import Question

MINUTES_PER_HOUR = 60
SHOWN_DAY_GRID = 100
"""Of the median that stands beside the hours; the finer grid would multiply the rows to fetch."""
BREACH_SHARE, BREACH_ROLES = 0.30, 10

_DIMENSIONS = (*(name for name in APPLICATION if name not in {"source", "channel"}), "interviewer", *TIME)

FEEDBACK_TURNAROUND = Metric(
    id="feedback_turnaround",
    name="Feedback turnaround",
    unit=Unit.BUSINESS_HOURS,
    estimator=Estimator.KAPLAN_MEIER,
    anchor=Anchor.INTERVIEW_END,
    family="feedback",
    grain="feedback owed",
    summary="Median business hours from an interview's scheduled end to the feedback, missing ones included.",
    better=Better.LOWER,
    start="scheduled end of the interview",
    stop="feedback submitted",
    clock="business hours of the office; the interviewer's leave stops it",
    denominator="feedback owed for interviews of the period; n = owed, events = submitted",
    censored_by=("as of",),
    exclusions=("cancelled interviews", "candidate did not come", "shadowing interviewers"),
    dimensions=_DIMENSIONS,
    extra={
        "business_days": "the same median in business days",
        "missing": "feedback that has not come",
        "before_end": "submitted before the interview's end, counted as 0",
    },
)
METRICS = (
    FEEDBACK_TURNAROUND,
    replace(
        FEEDBACK_TURNAROUND,
        id="feedback_late_rate",
        name="Late feedback",
        unit=Unit.RATE,
        estimator=Estimator.PLAIN_RATE,
        summary="Share of feedback that took, or is already taking, more than two business days.",
        denominator="feedback submitted, or missing and already late",
        censored_by=(),
        extra={
            "late_submitted": "came late",
            "late_missing": "missing and late",
            "not_yet_due": "missing, not late yet",
        },
    ),
    replace(
        FEEDBACK_TURNAROUND,
        id="roles_with_late_feedback",
        name="Roles with late feedback",
        unit=Unit.RATE,
        estimator=Estimator.PLAIN_RATE,
        grain="requisition",
        summary="Share of roles whose median feedback takes more than two business days.",
        denominator="roles with at least 3 feedbacks owed in the period",
        censored_by=(),
        exclusions=("roles with fewer than 3 feedbacks owed (counted)",),
        extra={
            "too_few": "roles with fewer than 3 feedbacks owed",
            "undecided": "roles whose median is not known yet (in the denominator)",
            "breach": "1 = more than 0.30 of at least 10 roles",
        },
    ),
)


def _plan(plan: Plan, metric: Metric) -> None:
    match metric.id:
        case "feedback_turnaround":
            plan.tabulate("feedback_hours", "feedback", _on_grid(plan, "minutes"), weighted=True)
            plan.tabulate("feedback_days", "feedback", _on_grid(plan, "days"), weighted=True)
        case "feedback_late_rate":
            plan.tabulate("feedback_lateness", "feedback", _on_grid(plan, "lateness"), weighted=True)
        case _:
            plan.tabulate(metric.id, "feedback", _judged(plan))


def _judged(plan: Plan) -> sa.Subquery:
    """Roles with their verdict. All that is asked of most of them follows from the requisition, so they are kept."""
    question = plan.question
    kept = None
    if not question.asks_for("recruiter", "interviewer"):
        windows = (question.period, question.grain, question.fiscal_year_start, question.raw)
        kept = plan.kept("judged_roles", windows, lambda: _all_judged(question))
    if kept is None:
        return judged_roles(plan, feedback_clocks(plan))
    bin_ = kept.c.bin if question.grain else None
    return (
        sa.select(*plan.group_columns(kept, bin_=bin_), kept.c.t, kept.c.kind)
        .where(*question.conditions(kept))
        .subquery("role_judged")
    )


def _all_judged(question: Question) -> Statement:
    """Every role of the company by all that is known of its requisition, each window for itself."""
    time_ = tuple(dimension for dimension in question.by if dimension.kind is Kind.TIME)
    everything = replace(question, by=(*_ROLE, *time_), chosen={}, scope=Scope(everything=True))
    plan = Plan(everything)
    rows = judged_roles(plan, feedback_clocks(plan))
    columns = [rows.c[f"g{index}"].label(dimension.column) for index, dimension in enumerate(_ROLE)]
    bins = [rows.c[f"g{len(_ROLE)}"].label("bin")] if time_ else []
    # a role belongs to no recruiter: its feedback does, and who asks for one is answered from there
    return sa.select(*columns, *bins, rows.c.t, rows.c.kind)


_ROLE = tuple(
    dimension
    for dimension in DIMENSIONS.values()
    if dimension.column in REQUISITION_DIMENSIONS and dimension.id not in {"top_department", "recruiter"}
)


def _groups(plan: Plan, rows: sa.FromClause) -> list[sa.ColumnElement[Any]]:
    return [rows.c[f"g{index}"] for index in range(len(plan.question.by))]


def _on_grid(plan: Plan, clock: str) -> sa.Subquery:
    owed = plan.shared("feedback_counted", lambda: _counted(plan))
    return sa.select(*_groups(plan, owed), owed.c[clock].label("t"), owed.c.kind, owed.c.n).subquery(
        f"feedback_{clock}"
    )


def _counted(plan: Plan) -> sa.CTE:
    """All grids of the clocks from one reading: minutes and days go together, so that there are few pairs."""
    owed = feedback_clocks(plan)
    step = DAY_GRID // SHOWN_DAY_GRID
    keys = [
        *_groups(plan, owed),
        owed.c.minutes,
        ((owed.c.days + step // 2) // step).label("days"),
        sa.case((owed.c.days > LATE_AFTER, 1), else_=0).label("lateness"),
        owed.c.kind,
    ]
    rows = sa.select(*keys).subquery("feedback_on_grids")
    return sa.select(*rows.c, sa.func.count().label("n")).group_by(*rows.c).cte("feedback_counted")


def feedback_clocks(plan: Plan) -> sa.CTE:
    """Each feedback owed in the period with its clock at submission or as-of: minutes, and 1/10,000 business days."""
    return plan.shared("feedback_clocks", lambda: sa.union_all(_submitted(plan), _missing(plan)).cte("feedback_clock"))


def _owed_in_period(question: Question) -> list[sa.ColumnElement[bool]]:
    columns = feedback.c
    # of the snapshot's own time everything in it has happened: the comparison would only cost
    happened = [] if question.is_latest else [columns.due_from_at <= question.as_of]
    return [*question.conditions(feedback), *question.in_period(columns.due_from_on), *happened]


def _is_in(question: Question) -> sa.ColumnElement[bool]:
    at = feedback.c.submitted_at
    return at.is_not(None) if question.is_latest else sa.func.coalesce(at <= question.as_of, sa.false())


def _submitted(plan: Plan) -> Statement:
    """Their clocks are finished: the mart has them."""
    question, columns = plan.question, feedback.c
    return sa.select(
        *plan.group_columns(feedback, on=columns.due_from_on),
        columns.requisition_id,
        sa.case((columns.submitted_at < columns.due_from_at, BEFORE_END), else_=SUBMITTED).label("kind"),
        columns.worked_minutes.label("minutes"),
        columns.worked_day_points.label("days"),
    ).where(*_owed_in_period(question), _is_in(question))


def _missing(plan: Plan) -> Statement:
    """Their clocks run until as-of, the interviewer's leave so far taken off."""
    question = plan.question
    missing = plan.prepared("missing_feedback", (), lambda limits: _missing_clocks(question, limits))
    on = missing.c.due_from_on
    return sa.select(
        *plan.group_columns(missing, on=on),
        missing.c.requisition_id,
        sa.literal_column(str(MISSING)).label("kind"),
        missing.c.minutes,
        missing.c.days,
    ).where(*question.conditions(missing), *question.in_period(on))


def _missing_clocks(question: Question, limits: Limits) -> Statement:
    columns, now = feedback.c, _now(question)
    happened = [] if question.is_latest else [columns.due_from_at <= question.as_of]
    owed = (
        sa.select(
            *(columns[name] for name in _CARRIED),
            columns.feedback_id,
            columns.due_from_business_seconds.label("due_seconds"),
            columns.due_from_business_days.label("due_days"),
            now.c.seconds.label("stop_seconds"),
            now.c.days.label("stop_days"),
        )
        .outerjoin(now, now.c.calendar_id == columns.calendar_id)
        .where(*limits(feedback), *happened, sa.not_(_is_in(question)))
        .cte("feedback_missing")
    )
    away = _leave_taken(owed)
    seconds = owed.c.stop_seconds - owed.c.due_seconds - sa.func.coalesce(away.c.seconds, 0)
    days = owed.c.stop_days - owed.c.due_days - sa.func.coalesce(away.c.days, 0.0)
    minutes = sa.func.greatest(0, sa.func.floor((seconds + 30) / sa.literal_column("60.0")))
    on_day_grid = sa.func.greatest(0, sa.func.floor(days * DAY_GRID + sa.literal_column("0.5")))
    return sa.select(
        *(owed.c[name] for name in _CARRIED),
        sa.cast(minutes, sa.Integer).label("minutes"),
        sa.cast(on_day_grid, sa.Integer).label("days"),
    ).outerjoin(away, away.c.feedback_id == owed.c.feedback_id)


_CARRIED = (*REQUISITION_DIMENSIONS, "interviewer_id", "due_from_on")


def _now(question: Question) -> sa.Subquery:
    """Where as-of lies on the working-time axis of each calendar."""
    columns, as_of = calendar.c, sa.literal(question.as_of, sa.DateTime)
    open_until = sa.func.least(columns.closes_at, as_of)
    worked = SecondsBetween(columns.opens_at, open_until)
    length = sa.func.greatest(1, SecondsBetween(columns.opens_at, columns.closes_at))
    return (
        sa.select(
            columns.calendar_id,
            sa.func.max(columns.business_seconds + worked).label("seconds"),
            sa.func.max(columns.business_days + worked * sa.literal_column("1.0") / length).label("days"),
        )
        .where(columns.opens_at <= as_of)
        .group_by(columns.calendar_id)
        .subquery("calendar_now")
    )


def _leave_taken(owed: sa.CTE) -> sa.Subquery:
    """The interviewer's leave within each clock, in both coordinates."""

    def overlap(start: Any, end: Any, due: Any, stop: Any) -> sa.ColumnElement[Any]:
        return sa.func.greatest(0, sa.func.least(end, stop) - sa.func.greatest(start, due))

    seconds = overlap(
        leave.c.from_business_seconds, leave.c.to_business_seconds, owed.c.due_seconds, owed.c.stop_seconds
    )
    days = overlap(leave.c.from_business_days, leave.c.to_business_days, owed.c.due_days, owed.c.stop_days)
    return (
        sa.select(
            leave.c.feedback_id,
            sa.cast(sa.func.sum(seconds), sa.BigInteger).label("seconds"),
            sa.func.sum(days).label("days"),
        )
        .join(owed, owed.c.feedback_id == leave.c.feedback_id)
        .group_by(leave.c.feedback_id)
        .subquery("leave_taken")
    )


def _figure(question: Question, metric: Metric, group: Group, dims: Mapping[str, str | None]) -> Figure:
    del dims
    match metric.id:
        case "feedback_turnaround":
            return _turnaround(question, group)
        case "feedback_late_rate":
            table = group.table("feedback_lateness")
            submitted = (SUBMITTED, BEFORE_END)
            late_submitted, late_missing = table.total_time(*submitted), table.total_time(MISSING)
            late = {"late_submitted": late_submitted, "late_missing": late_missing}
            known = table.of_kind(*submitted) + late_missing
            not_yet = {"not_yet_due": table.of_kind(MISSING) - late_missing}
            return rate_figure(sum(late.values()), known, {**late, **not_yet})
        case _:
            return _late_roles(group.table(metric.id))


def _turnaround(question: Question, group: Group) -> Figure:
    hours, days = group.table("feedback_hours"), group.table("feedback_days")
    events, censored = (SUBMITTED, BEFORE_END), (MISSING,)
    in_days = curve_figure(days, events=events, censored=censored, scale=SHOWN_DAY_GRID, raw=question.raw)
    extra = {
        "business_days": float(in_days.value) if in_days.value is not None else None,
        "missing": hours.of_kind(MISSING),
        "before_end": hours.of_kind(BEFORE_END),
    }
    return curve_figure(hours, events=events, censored=censored, scale=MINUTES_PER_HOUR, raw=question.raw, extra=extra)


def _late_roles(table: Any) -> Figure:
    late, roles = table.of_kind(LATE), table.of_kind(LATE, IN_TIME, UNDECIDED)
    extra = {"too_few": table.of_kind(TOO_FEW), "undecided": table.of_kind(UNDECIDED)}
    if roles == 0:
        return Figure(None, 0, Reason.NO_DATA, numerator=0, denominator=0, extra=extra)
    is_breach = roles >= BREACH_ROLES and late > BREACH_SHARE * roles + SLACK
    return rate_figure(late, roles, {**extra, "breach": int(is_breach)})


_NEEDS: Mapping[str, str] = {metric.id: "feedback" for metric in METRICS}
FAMILY = Family(METRICS, _NEEDS, _plan, _figure)
