"""Load of people by week against what they can carry. Leave and holidays lower the cap; nobody is ranked.

Split by person these are figures of people and follow that class. Without such a split a group of fewer than five
people shows nothing, since its mean would be one person's week.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sqlalchemy as sa

from services.domain.grains import Grain
from services.domain.metric import Anchor, Estimator, Metric, Reason, Unit
from services.mart.constructs import SecondsBetween
from services.mart.schema import dim_calendar as calendar
from services.mart.schema import dim_person as person
from services.mart.schema import dim_requisition, fact_application, fact_interview
from services.mart.schema import fact_feedback as feedback
from services.mart.schema import person_leave as leave
from services.metrics.after_hire import mean_figure
from services.metrics.dimensions import APPLICATION, REQUISITION, TIME
from services.metrics.figures import Family, Figure
from services.metrics.limits import STANDARD
from services.metrics.plan import CountTable, Group, Plan, truncated
from services.metrics.question import Question
from services.metrics.requisitions import OPEN, requisition_states
from services.metrics.windows import instants

WEEK_DAYS = 5
PEOPLE_SHOWN = 5
URGENCY = {"critical": 150, "high": 125, "low": 75}
NORMAL = 100
LATE_STAGE_WEIGHT = 0.5
"""A requisition all of whose candidates are interviewed or further weighs one and a half of one that only collects."""
WITHIN, OVER = 0, 1
HUNDREDTHS = 100
MINUTES = 60

INTERVIEWER_LOAD = Metric(
    id="interviewer_load",
    name="Interviewer load",
    unit=Unit.HOURS,
    estimator=Estimator.PLAIN_MEAN,
    anchor=Anchor.WEEK,
    family="loads",
    grain="person-week with an interview",
    summary="Mean hours of interviews an interviewer holds in a week.",
    start="start of the interview",
    stop="end of the interview",
    clock="elapsed",
    denominator="weeks of persons who held an interview in them",
    exclusions=("cancelled interviews", "candidate did not come", "shadowing interviewers", "no start or end recorded"),
    source="ATS",
    dimensions=(*(name for name in APPLICATION if name not in {"source", "channel"}), "interviewer", *TIME),
    extra={
        "people": "interviewers",
        "over_cap": f"person-weeks above the cap set ({STANDARD.interview_hours:g} hours unless set), less on leave "
        "and holidays",
        "hours": "hours of interviews",
    },
)
METRICS = (
    INTERVIEWER_LOAD,
    replace(
        INTERVIEWER_LOAD,
        id="capacity_use",
        name="Use of interviewing capacity",
        unit=Unit.RATE,
        summary="Hours of interviews held, of the hours those interviewers had for them.",
        formula="sum of hours / sum of caps; cap = hours a week that are set "
        f"({STANDARD.interview_hours:g} unless set) x working days present / {WEEK_DAYS}",
        denominator="caps of persons in weeks in which they held an interview",
    ),
    replace(
        INTERVIEWER_LOAD,
        id="recruiter_load",
        name="Recruiter load",
        unit=Unit.SCORE,
        anchor=Anchor.AS_OF,
        grain="recruiter",
        summary="Mean number of open seats a recruiter carries, weighted by urgency and by how far the candidates are.",
        start="",
        stop="",
        clock="",
        formula="sum of seats x urgency (critical 1.5, high 1.25, low 0.75) x (1 + 0.5 share of candidates "
        "at interview or later)",
        denominator="recruiters with an open seat at the end of the period, or as of",
        exclusions=("on hold and frozen requisitions", "seats without a recruiter"),
        dimensions=(*REQUISITION, *TIME),
        extra={
            "people": "recruiters",
            "seats": "open seats",
            "over_cap": f"recruiters above the cap set ({STANDARD.recruiter_seats:g} weighted seats unless set), less "
            "on leave and holidays",
            "capacity_use": "weighted seats of the recruiters' caps",
        },
    ),
)


def _plan(plan: Plan, metric: Metric) -> None:
    if metric.id == "recruiter_load":
        weeks, tag = _recruiter_weeks(plan), "recruiter"
    else:
        weeks, tag = plan.shared("interviewer_weeks", lambda: _interviewer_weeks(plan)), "interviewer"
    groups = [weeks.c[f"g{index}"] for index in range(len(plan.question.by))]
    values = {"load": weeks.c.load, "cap": weeks.c.cap, "person": weeks.c.person_id, "seats": weeks.c.seats}
    for name, value in values.items():
        kind = sa.case((weeks.c.load > weeks.c.cap, OVER), else_=WITHIN)
        rows = sa.select(*groups, value.label("t"), kind.label("kind")).subquery(f"{tag}_{name}_rows")
        plan.tabulate(f"{tag}_{name}", tag, rows)


def _interviewer_weeks(plan: Plan) -> sa.CTE:
    """Minutes held by person and week, in each group, with the minutes of that week's cap."""
    question, columns = plan.question, feedback.c
    seconds = SecondsBetween(fact_interview.c.starts_at, fact_interview.c.ends_at)
    held = (
        sa.select(
            *plan.group_columns(feedback, on=columns.due_from_on),
            columns.interviewer_id.label("person_id"),
            truncated(Grain.WEEK, columns.due_from_on, 1).label("week_on"),
            seconds.label("seconds"),
        )
        .join(fact_interview, fact_interview.c.interview_id == columns.interview_id)
        .where(*question.conditions(feedback), *question.in_period(columns.due_from_on))
        .where(columns.due_from_at <= question.as_of, columns.interviewer_id.is_not(None), seconds > 0)
        .subquery("interview_held")
    )
    minutes = sa.cast(sa.func.sum(held.c.seconds) / sa.literal_column("60.0"), sa.BigInteger)
    return _against_cap(plan, held, minutes, round(question.limits.interview_hours * MINUTES), "interviewer")


def _recruiter_weeks(plan: Plan) -> sa.CTE:
    """Weighted seats (in hundredths) by recruiter and cut, with the hundredths of the cap in the week of the cut."""
    state, span = requisition_states(plan), instants(plan)
    zone = sa.func.coalesce(dim_requisition.c.timezone, "UTC")
    carried = (
        sa.select(
            *plan.group_columns(state, bin_=state.c.bin),
            state.c.requisition_id,
            state.c.bin,
            state.c.recruiter_id.label("person_id"),
            state.c.seats,
            dim_requisition.c.urgency,
            span.c.cut_at,
        )
        .join(dim_requisition, dim_requisition.c.requisition_id == state.c.requisition_id)
        .join(span, sa.and_(span.c.bin == state.c.bin, span.c.zone == zone))
        .where(state.c.kind == OPEN, state.c.seats > 0, state.c.recruiter_id.is_not(None))
        .cte("seats_carried")
    )
    mix = _stage_mix(carried)
    urgency = sa.case(*((carried.c.urgency == name, weight) for name, weight in URGENCY.items()), else_=NORMAL)
    late = 1 + LATE_STAGE_WEIGHT * sa.func.coalesce(mix.c.late, 0) / sa.func.coalesce(mix.c.undecided, 1)
    weighted = (
        sa.select(
            *(carried.c[f"g{index}"] for index in range(len(plan.question.by))),
            carried.c.person_id,
            truncated(Grain.WEEK, sa.cast(carried.c.cut_at, sa.Date), 1).label("week_on"),
            carried.c.seats,
            (carried.c.seats * urgency * late).label("weight"),
        )
        .outerjoin(mix, sa.and_(mix.c.requisition_id == carried.c.requisition_id, mix.c.bin == carried.c.bin))
        .subquery("seats_weighted")
    )
    load = sa.cast(sa.func.round(sa.func.sum(weighted.c.weight)), sa.BigInteger)
    cap = round(plan.question.limits.recruiter_seats * HUNDREDTHS)
    return _against_cap(plan, weighted, load, cap, "recruiter", seats=weighted.c.seats)


def _stage_mix(carried: sa.CTE) -> sa.Subquery:
    """Undecided applications of each requisition at the cut, and how many of them are at interview or later."""
    own, cut = fact_application.c, carried.c.cut_at
    is_late = sa.func.coalesce(own.interview_at <= cut, sa.false())
    return (
        sa.select(
            carried.c.requisition_id,
            carried.c.bin,
            sa.func.count().label("undecided"),
            sa.func.sum(sa.case((is_late, 1), else_=0)).label("late"),
        )
        .join(carried, carried.c.requisition_id == own.requisition_id)
        .where(own.applied_at <= cut, sa.or_(own.ended_at.is_(None), own.ended_at > cut))
        .group_by(carried.c.requisition_id, carried.c.bin)
        .subquery("stage_mix")
    )


def _against_cap(
    plan: Plan,
    rows: sa.Subquery,
    load: sa.ColumnElement[int],
    cap: int,
    name: str,
    *,
    seats: sa.ColumnElement[int] | None = None,
) -> sa.CTE:
    keys: list[sa.ColumnElement[Any]] = [rows.c[f"g{index}"] for index in range(len(plan.question.by))]
    counted = sa.cast(sa.func.sum(seats) if seats is not None else sa.func.count(), sa.BigInteger)
    weeks = (
        sa.select(*keys, rows.c.person_id, rows.c.week_on, load.label("load"), counted.label("seats"))
        .group_by(*keys, rows.c.person_id, rows.c.week_on)
        .cte(f"{name}_week")
    )
    present = _days_present(weeks, name)
    # somebody without an office has no calendar: the whole week counts
    days = sa.func.least(sa.func.coalesce(present.c.days, WEEK_DAYS), WEEK_DAYS)
    same = sa.and_(present.c.person_id == weeks.c.person_id, present.c.week_on == weeks.c.week_on)
    whole = sa.cast(sa.func.round(cap * days / sa.literal_column("5.0")), sa.BigInteger)
    return sa.select(*weeks.c, whole.label("cap")).outerjoin(present, same).cte(f"{name}_week_and_cap")


def _days_present(weeks: sa.CTE, name: str) -> sa.Subquery:
    """Working days of the office in each person's week, less leave."""
    wanted = sa.select(weeks.c.person_id, weeks.c.week_on).distinct().subquery(f"{name}_wanted")
    day = calendar.c.local_on
    away = sa.and_(leave.c.person_id == wanted.c.person_id, leave.c.start_on <= day, leave.c.end_on >= day)
    return (
        sa.select(
            wanted.c.person_id,
            wanted.c.week_on,
            sa.func.sum(sa.case((leave.c.person_id.is_(None), 1), else_=0)).label("days"),
        )
        .select_from(
            wanted.join(person, person.c.person_id == wanted.c.person_id)
            .join(
                calendar,
                sa.and_(
                    calendar.c.calendar_id == person.c.calendar_id, truncated(Grain.WEEK, day, 1) == wanted.c.week_on
                ),
            )
            .outerjoin(leave, away)
        )
        .group_by(wanted.c.person_id, wanted.c.week_on)
        .subquery(f"{name}_present")
    )


@dataclass(frozen=True)
class _Weeks:
    """Person-weeks of one group."""

    load: CountTable
    cap: CountTable
    person: CountTable
    seats: CountTable

    @classmethod
    def of(cls, group: Group, tag: str) -> _Weeks:
        return cls(*(group.table(f"{tag}_{name}") for name in ("load", "cap", "person", "seats")))

    @property
    def people(self) -> int:
        return len(self.person.times(WITHIN, OVER))

    @property
    def over(self) -> int:
        return self.load.of_kind(OVER)

    def values(self) -> Any:
        time, _, count = self.load.columns
        return np.repeat(time, count).astype(np.float64)

    @property
    def used(self) -> float | None:
        """Load of cap; None when nobody had any."""
        cap = self.cap.total_time(WITHIN, OVER)
        return self.load.total_time(WITHIN, OVER) / cap if cap else None


def _figure(question: Question, metric: Metric, group: Group, dims: Mapping[str, str | None]) -> Figure:
    del dims
    tag = "recruiter" if metric.id == "recruiter_load" else "interviewer"
    weeks = _Weeks.of(group, tag)
    extra: dict[str, float | int | None] = {"people": weeks.people, "over_cap": weeks.over}
    if tag == "recruiter":
        extra |= {"seats": weeks.seats.total_time(WITHIN, OVER), "capacity_use": weeks.used}
        figure = mean_figure(weeks.values() / HUNDREDTHS, extra)
    else:
        extra["hours"] = weeks.load.total_time(WITHIN, OVER) / MINUTES
        figure = mean_figure(weeks.values() / MINUTES, extra)
    if metric.id == "capacity_use" and figure.value is not None:
        reason = None if weeks.used is not None else Reason.NO_DATA
        figure = replace(figure, value=weeks.used, reason=reason, low=None, high=None)
    is_few = weeks.people < PEOPLE_SHOWN and not question.asks_for(tag)
    return replace(figure, n=weeks.people, resolved=weeks.people) if is_few and not question.raw else figure


_NEEDS: Mapping[str, str] = {
    "interviewer_load": "feedback",
    "capacity_use": "feedback",
    "recruiter_load": "requisition",
}
FAMILY = Family(METRICS, _NEEDS, _plan, _figure)
