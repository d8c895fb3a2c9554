"""Leaving in the first year by cause, and the way to productivity with leaving as the competing way out.

Causes compete: Aalen-Johansen, so that they add up. One minus Kaplan-Meier per cause would say more than all who left.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np
import sqlalchemy as sa

from services.domain.metric import Anchor, Better, Estimator, Metric, Reason, Unit
from services.domain.pipeline import LeaveCause
from services.mart.constructs import CalendarDays
from services.mart.schema import REQUISITION_DIMENSIONS
from services.mart.schema import fact_hire as hire
from services.metrics.after_hire import has_moved, has_started, is_staff, known_by, left_the_company, today
from services.metrics.competing_risks import Exits, Incidence
from services.metrics.dimensions import APPLICATION, TIME
from services.metrics.estimators import SLACK
from services.metrics.figures import Family, Figure, exits_of, incidence
from services.metrics.plan import CountTable, Group, Plan
from services.metrics.question import Question

YEAR_DAYS = 365
BRIDGED_DAYS = 30
STAYED, VOLUNTARY, INVOLUNTARY, FIXED_TERM, UNKNOWN = range(5)
CAUSES = (VOLUNTARY, INVOLUNTARY, FIXED_TERM, UNKNOWN)
_CAUSE_NAMES = {
    VOLUNTARY: "voluntary",
    INVOLUNTARY: "involuntary",
    FIXED_TERM: "fixed_term_ended",
    UNKNOWN: "unknown_cause",
}
ON_THE_WAY, PRODUCTIVE, GONE = range(3)

FIRST_YEAR_ATTRITION = Metric(
    id="first_year_attrition",
    name="First-year attrition",
    unit=Unit.RATE,
    estimator=Estimator.AALEN_JOHANSEN,
    anchor=Anchor.STARTED,
    family="attrition",
    grain="employment of a hire, bridged over gaps of up to 30 days",
    summary="Probability to have left within 365 days of the start, by own or by the company's decision.",
    better=Better.LOWER,
    start="first day worked",
    stop="last day employed",
    clock="calendar days",
    horizon_days=YEAR_DAYS,
    formula="voluntary + involuntary, each by Aalen-Johansen with the other causes competing",
    denominator="hires of the start cohort; n = employments, events = those that ended within the horizon",
    censored_by=("as of",),
    exclusions=(
        "contractors and interns (counted)",
        "a move inside the company is no leaving",
        "a rehire within 30 days continues the employment before",
    ),
    source="ISO 30414:2025",
    dimensions=(*APPLICATION, *TIME),
    extra={
        "voluntary": "probability to have left by own decision",
        "involuntary": "probability to have been dismissed",
        "fixed_term_ended": "probability that a fixed term ended: a cause of its own, not in the headline",
        "unknown_cause": "probability to have left without a recorded cause, not in the headline",
        "left": "employments that ended within the horizon, whatever the cause",
        "not_staff": "contractors and interns who started in the period",
    },
)
TIME_TO_PRODUCTIVITY = Metric(
    id="time_to_productivity",
    name="Time to productivity",
    unit=Unit.DAYS,
    estimator=Estimator.AALEN_JOHANSEN,
    anchor=Anchor.STARTED,
    family="attrition",
    grain="hire with a milestone",
    summary="Days until half of all hires have reached their productivity milestone; leaving competes.",
    better=Better.LOWER,
    start="first day worked",
    stop="milestone attested",
    clock="calendar days",
    formula="first day on which the cumulative incidence of the milestone is at least one half",
    denominator="hires of the start cohort with a milestone; n = hires, events = milestones reached",
    censored_by=("as of", "move inside the company"),
    exclusions=("no milestone set (counted)",),
    source="HR system",
    dimensions=(*APPLICATION, *TIME),
    extra={
        "reached": "milestones reached",
        "left_before": "left before the milestone",
        "no_milestone": "hires without a milestone",
        "by_target": "probability to have reached it by day 90",
    },
)
METRICS = (FIRST_YEAR_ATTRITION, TIME_TO_PRODUCTIVITY)
SHARE_AFTER_DAYS = 90


def _plan(plan: Plan, metric: Metric) -> None:
    question, started = plan.question, hire.c.started_on
    cohort = [*question.in_period(started), *has_started(question)]
    if metric.id == "first_year_attrition":
        plan.tabulate(metric.id, "hire", _employments(plan), entry=True)
        plan.count("not_staff", hire, *cohort, sa.not_(is_staff()), on=started)
    else:
        plan.tabulate(metric.id, "hire", _ways(plan), entry=True)
        plan.count("no_milestone", hire, *cohort, sa.not_(_has_milestone()), on=started)


def _entry(question: Question, started: sa.ColumnElement[date], stop: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
    """Age at which the data begin, for whoever had started before; -1 = from the beginning."""
    if question.data_from is None:
        return sa.literal_column("-1")
    began = sa.literal(question.data_from.date(), sa.Date)
    return sa.case((started < began, sa.func.least(CalendarDays(started, began), stop - 1)), else_=-1)


def _seen(
    question: Question, started: sa.ColumnElement[date], stop: sa.ColumnElement[int]
) -> list[sa.ColumnElement[bool]]:
    """Whoever had left before the data begin was never seen by them."""
    if question.data_from is None:
        return []
    return [stop >= CalendarDays(started, sa.literal(question.data_from.date(), sa.Date))]


def _employments(plan: Plan) -> sa.Subquery:
    question = plan.question
    spell = employments(question)
    columns = spell.c
    tenure = CalendarDays(columns.started_on, sa.func.coalesce(columns.ended_on, today(question)))
    stop = sa.func.least(tenure, YEAR_DAYS + 1)
    kind = sa.case(
        (sa.or_(columns.ended_on.is_(None), tenure > YEAR_DAYS), STAYED),
        (columns.cause == LeaveCause.VOLUNTARY.value, VOLUNTARY),
        (columns.cause == LeaveCause.INVOLUNTARY.value, INVOLUNTARY),
        (columns.cause == LeaveCause.FIXED_TERM_ENDED.value, FIXED_TERM),
        else_=UNKNOWN,
    )
    return (
        sa.select(
            *plan.group_columns(spell, on=columns.started_on),
            stop.label("t"),
            kind.label("kind"),
            _entry(question, columns.started_on, stop).label("entry"),
        )
        .where(*question.conditions(spell), *question.in_period(columns.started_on))
        .where(*_seen(question, columns.started_on, stop))
        .subquery("employments_followed")
    )


def employments(question: Question) -> sa.Subquery:
    """One row an employment of staff: dimensions and start of its first hire, and how it ended by as-of.

    Hires of one person of which the next begins at most 30 days after the last day of the one before are one
    employment. They are put together before anything is filtered: a rehire elsewhere is a rehire.
    """
    columns = hire.c
    same_candidate = sa.func.max(columns.person_id).over(partition_by=columns.candidate_id)
    person = sa.func.coalesce(columns.person_id, same_candidate, -columns.candidate_id, -columns.application_id)
    carried = [columns[name] for name in _CARRIED]
    left = left_the_company(question)
    is_moved = sa.and_(sa.func.coalesce(columns.left_on <= today(question), sa.false()), has_moved())
    known = (
        sa.select(*carried, columns.leave_cause, person.label("person"), left.label("left"), is_moved.label("is_moved"))
        .where(*has_started(question), is_staff())
        .subquery("hire_known")
    )
    order = (known.c.started_on, known.c.hire_id)
    whose = known.c.person
    # an employment that still runs reaches into the far future
    until = sa.func.coalesce(known.c.left, _FAR)
    reach = sa.func.max(until).over(partition_by=whose, order_by=order, rows=(None, -1))
    next_one = sa.func.lead(known.c.hire_id).over(partition_by=whose, order_by=order)
    placed = sa.select(*known.c, reach.label("reach"), next_one.label("next_id")).subquery("hire_placed")
    begins = sa.or_(placed.c.reach.is_(None), placed.c.started_on > sa.cast(placed.c.reach + BRIDGED_DAYS, sa.Date))
    number = sa.func.sum(sa.case((begins, 1), else_=0)).over(
        partition_by=placed.c.person, order_by=(placed.c.started_on, placed.c.hire_id), rows=(None, 0)
    )
    runs = sa.and_(placed.c.left.is_(None), sa.or_(sa.not_(placed.c.is_moved), placed.c.next_id.is_(None)))
    numbered = sa.select(*placed.c, number.label("nr"), sa.case((runs, 1), else_=0).label("runs")).subquery(
        "hire_spell"
    )
    return _collapsed(numbered)


def _collapsed(numbered: sa.Subquery) -> sa.Subquery:
    columns, spell = numbered.c, (numbered.c.person, numbered.c.nr)
    is_last = sa.func.row_number().over(
        partition_by=spell,
        order_by=(columns.left.desc().nulls_last(), columns.started_on.desc(), columns.hire_id.desc()),
    )
    is_first = sa.func.row_number().over(partition_by=spell, order_by=(columns.started_on, columns.hire_id))
    still = sa.func.max(columns.runs).over(partition_by=spell)
    ranked = sa.select(*columns, is_last.label("last"), is_first.label("first"), still.label("still")).subquery(
        "ranked"
    )
    end = ranked.alias("spell_end")
    same = sa.and_(end.c.person == ranked.c.person, end.c.nr == ranked.c.nr, end.c.last == 1)
    return (
        sa.select(
            *(ranked.c[name] for name in _CARRIED),
            sa.case((ranked.c.still == 0, end.c.left)).label("ended_on"),
            end.c.leave_cause.label("cause"),
        )
        .join(end, same)
        .where(ranked.c.first == 1)
        .subquery("employment")
    )


_CARRIED = (*REQUISITION_DIMENSIONS, "source_id", "hire_id", "started_on")
_FAR = sa.literal_column("DATE '9000-01-01'", sa.Date)


def _has_milestone() -> sa.ColumnElement[bool]:
    return sa.or_(hire.c.target_days.is_not(None), hire.c.productive_on.is_not(None))


def _ways(plan: Plan) -> sa.Subquery:
    question, started = plan.question, hire.c.started_on
    productive, left = known_by(hire.c.productive_on, question), known_by(hire.c.left_on, question)
    is_productive = sa.func.coalesce(
        sa.or_(productive <= left, sa.and_(productive.is_not(None), left.is_(None))), sa.false()
    )
    kind = sa.case(
        (is_productive, PRODUCTIVE),
        (sa.and_(left.is_not(None), sa.not_(has_moved())), GONE),
        else_=ON_THE_WAY,
    )
    stop = CalendarDays(started, sa.case((is_productive, productive), else_=sa.func.coalesce(left, today(question))))
    return (
        sa.select(
            *plan.group_columns(hire, on=started),
            stop.label("t"),
            kind.label("kind"),
            _entry(question, started, stop).label("entry"),
        )
        .where(*question.conditions(hire), *question.in_period(started), *has_started(question), _has_milestone())
        .where(*_seen(question, started, stop))
        .subquery("ways_to_productivity")
    )


def _figure(question: Question, metric: Metric, group: Group, dims: Mapping[str, str | None]) -> Figure:
    del dims
    table = group.table(metric.id)
    if metric.id == "first_year_attrition":
        return _attrition(question, table, group.number("not_staff"))
    return _productivity(question, table, group.number("no_milestone"))


def _attrition(question: Question, table: CountTable, not_staff: int) -> Figure:
    exits = exits_of(table, CAUSES, (STAYED,))
    counts: dict[str, float | int | None] = {"left": exits.resolved, "not_staff": not_staff}
    if exits.subjects == 0:
        return Figure(None, 0, Reason.NO_DATA, events=0, horizon=YEAR_DAYS, extra=counts)
    # the headline is one cause beside the others: only so it has an interval of its own
    headline = np.vstack([exits.causes[:2].sum(axis=0, keepdims=True), exits.causes[2:]])
    whole = incidence(Exits(exits.times, exits.entries, headline, exits.censored), raw=question.raw)
    if whole.end is None:
        return Figure(
            None, exits.subjects, Reason.TOO_FEW, events=exits.resolved, horizon=YEAR_DAYS, extra=counts, resolved=0
        )
    by_cause = incidence(exits, raw=question.raw)
    low, high = whole.interval(0, YEAR_DAYS) or (None, None)
    shares = {name: by_cause.at(CAUSES.index(cause), YEAR_DAYS) for cause, name in _CAUSE_NAMES.items()}
    return Figure(
        whole.at(0, YEAR_DAYS),
        exits.subjects,
        events=exits.resolved,
        resolved=exits.resolved,
        numerator=table.of_kind(VOLUNTARY, INVOLUNTARY),
        denominator=exits.subjects,
        low=low,
        high=high,
        naive=table.of_kind(VOLUNTARY, INVOLUNTARY) / exits.subjects,
        horizon=YEAR_DAYS,
        note=_covers(whole, YEAR_DAYS),
        extra={**shares, **counts},
    )


def _productivity(question: Question, table: CountTable, no_milestone: int) -> Figure:
    exits = exits_of(table, (PRODUCTIVE, GONE), (ON_THE_WAY,))
    reached = table.of_kind(PRODUCTIVE)
    counts: dict[str, float | int | None] = {
        "reached": reached,
        "left_before": table.of_kind(GONE),
        "no_milestone": no_milestone,
    }
    if exits.subjects == 0:
        return Figure(None, 0, Reason.NO_DATA, events=0, extra=counts)
    curve = incidence(exits, raw=question.raw)
    median = curve.reaches(0, 0.5)
    low, high = _median_interval(curve)
    end = curve.end if curve.end is not None else int(exits.times[-1])
    by_day = {"by_target": curve.at(0, SHARE_AFTER_DAYS)} if end >= SHARE_AFTER_DAYS else {}
    return Figure(
        median,
        exits.subjects,
        None if median is not None else Reason.NOT_REACHED,
        events=reached,
        resolved=exits.resolved,
        low=low,
        high=high,
        p25=curve.reaches(0, 0.25),
        p75=curve.reaches(0, 0.75),
        naive=_median_of(table),
        note=None if median is not None else f"> {end}",
        extra={**by_day, **counts},
    )


def _median_of(table: CountTable) -> float | None:
    """Of those who got there: too short while others are on the way."""
    times = table.times(PRODUCTIVE)
    days = np.repeat(times, table.at(times, PRODUCTIVE))
    return float(np.median(days)) if len(days) else None


def _median_interval(curve: Incidence) -> tuple[int | None, int | None]:
    """By inversion: the days at which the pointwise interval of the incidence holds one half."""
    low = high = None
    for time in curve.times.tolist():
        bounds = curve.interval(0, time)
        if bounds is None:
            continue
        if low is None and bounds[1] >= 0.5 - SLACK:
            low = time
        if high is None and bounds[0] >= 0.5 - SLACK:
            high = time
    return low, high


def _covers(estimate: Incidence, horizon: int) -> str | None:
    """How far the estimate reaches, when somebody is still employed at its end and that is before the horizon."""
    end = estimate.end or 0
    return None if end >= horizon or estimate.remaining(end) <= SLACK else f"by day {end}"


_NEEDS: Mapping[str, str] = {metric.id: "hire" for metric in METRICS}
FAMILY = Family(METRICS, _NEEDS, _plan, _figure)
