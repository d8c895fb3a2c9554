"""How well the records are kept, as of now: required fields, candidates nobody looks after, claims, quarantine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from services.domain.metric import Anchor, Better, Estimator, Metric, Reason, Unit
from services.domain.pipeline import RequisitionStatus, SourceChannel
from services.mart.constructs import SecondsBetween
from services.mart.schema import (
    dim_calendar,
    dim_requisition,
    fact_feedback,
    fact_interview,
    fact_offer_version,
    requisition_hold,
    requisition_status,
    snapshot_count,
)
from services.mart.schema import fact_application as application
from services.mart.schema import fact_stage_visit as visit
from services.metrics.dimensions import APPLICATION
from services.metrics.figures import Family, Figure, count_figure, rate_figure
from services.metrics.late_roles import DAY_GRID
from services.metrics.limits import STANDARD_STALE
from services.metrics.plan import Group, Plan
from services.metrics.question import Question

GRACE = timedelta(hours=24)


@dataclass(frozen=True)
class Requirement:
    """``column`` of an application has to be filled a day after it reached the stage that ``reached`` dates."""

    name: str
    column: str
    reached: str


REQUIRED = (
    Requirement("source", "source_id", "applied_at"),
    Requirement("department", "department_id", "applied_at"),
    Requirement("job_family", "job_family_id", "applied_at"),
    Requirement("office", "office_id", "applied_at"),
    Requirement("recruiter", "recruiter_id", "screen_at"),
    Requirement("seniority", "job_level_id", "interview_at"),
    Requirement("hiring_manager", "hiring_manager_id", "interview_at"),
)
LOOK_BACK = timedelta(days=400)
"""Silence beyond this is not measured more exactly: it is stale by any limit."""
FRESH, STALE, NOT_MEASURED = range(3)
_ONLY_WHOLE = "known of the whole company, at the snapshot's own time"
CLAIMING = (SourceChannel.AGENCY.value, SourceChannel.REFERRAL.value)

FIELD_COMPLETENESS = Metric(
    id="field_completeness",
    name="Field completeness",
    unit=Unit.RATE,
    estimator=Estimator.PLAIN_RATE,
    anchor=Anchor.AS_OF,
    family="record_quality",
    grain="application and required field of the stages it has reached",
    summary="Share of required fields that are filled, of applications in the process.",
    better=Better.HIGHER,
    start="stage entered, with a grace of 24 hours",
    formula="filled / required; " + ", ".join(f"{one.name} from {one.reached.removesuffix('_at')}" for one in REQUIRED),
    denominator="required fields of undecided applications",
    source="ATS",
    dimensions=APPLICATION,
    extra={f"missing_{one.name}": f"applications without {one.name.replace('_', ' ')}" for one in REQUIRED},
)
METRICS = (
    FIELD_COMPLETENESS,
    replace(
        FIELD_COMPLETENESS,
        id="stale_candidates",
        name="Stale candidates",
        unit=Unit.COUNT,
        estimator=Estimator.COUNT,
        grain="application in a stage",
        summary="Applications in a stage longer than its limit without any activity.",
        better=Better.LOWER,
        start="last activity: stage entered, interview booked or held, feedback submitted, offer made or answered",
        clock="business days of the requisition's office; hold and freeze stop it",
        formula="more business days than the stage's limit that is set; unless set: "
        + ", ".join(f"{stage} {days:g}" for stage, days in STANDARD_STALE.items()),
        denominator="",
        exclusions=("requisitions that are not open, on hold or frozen",),
        dimensions=(*APPLICATION, "stage", "canonical_stage"),
        extra={"in_stage": "applications in a stage", "share": "stale of those in a stage"},
    ),
    replace(
        FIELD_COMPLETENESS,
        id="ownership_conflicts",
        name="Ownership conflicts",
        unit=Unit.COUNT,
        estimator=Estimator.COUNT,
        grain="candidate",
        summary="Candidates whom two sources with a claim (agencies, referrals) have in the process at the same time.",
        better=Better.LOWER,
        start="",
        formula="at least two different agency or referral sources among the candidate's undecided applications",
        denominator="",
        extra={"applications": "undecided applications with such a claim"},
    ),
    replace(
        FIELD_COMPLETENESS,
        id="quarantined_rows",
        name="Rows in quarantine",
        unit=Unit.COUNT,
        estimator=Estimator.COUNT,
        grain="record of a source",
        summary="Records that could not be loaded and wait for a correction.",
        better=Better.LOWER,
        start="",
        formula="",
        denominator="",
        exclusions=("known at the snapshot's own time only", "for viewers of the whole company only"),
        dimensions=(),
        extra={},
    ),
)


def _plan(plan: Plan, metric: Metric) -> None:
    question = plan.question
    match metric.id:
        case "field_completeness":
            for one in REQUIRED:
                due = [*_undecided(question), application.c[one.reached] <= question.as_of - GRACE]
                plan.count(f"required_{one.name}", application, *due)
                plan.count(f"missing_{one.name}", application, *due, application.c[one.column].is_(None))
        case "stale_candidates":
            plan.tabulate(metric.id, "visit", _silences(plan))
        case "ownership_conflicts":
            plan.tabulate(metric.id, "claim", _claims(plan))
        case _:
            if question.scope.everything:
                columns = snapshot_count.c
                plan.count(metric.id, snapshot_count, columns.name == metric.id, value=columns.value)


def _undecided(question: Question) -> list[sa.ColumnElement[bool]]:
    columns, as_of = application.c, question.as_of
    is_hired = sa.and_(columns.accepted_at <= as_of, sa.or_(columns.undone_at.is_(None), columns.undone_at > as_of))
    return [
        columns.applied_at <= as_of,
        sa.or_(columns.ended_at.is_(None), columns.ended_at > as_of),
        sa.not_(sa.func.coalesce(is_hired, sa.false())),
    ]


def _claims(plan: Plan) -> sa.Subquery:
    """Claims of candidates with more than one claimant, found before anything is filtered."""
    question, columns = plan.question, application.c
    live = [*_undecided(question), columns.channel.in_(CLAIMING), columns.source_id.is_not(None)]
    disputed = (
        sa.select(columns.candidate_id)
        .where(*live)
        .group_by(columns.candidate_id)
        .having(sa.func.min(columns.source_id) < sa.func.max(columns.source_id))
    )
    return (
        sa.select(
            *plan.group_columns(application), columns.candidate_id.label("t"), sa.literal_column("0").label("kind")
        )
        .where(*question.conditions(application), *live, columns.candidate_id.in_(disputed))
        .subquery("claims_disputed")
    )


def _silences(plan: Plan) -> sa.Subquery:
    """Each application in a stage of an open requisition, with the business days since anything happened."""
    question = plan.question
    standing = _standing(plan)
    days = _calendar_days(question)
    began, now = days.alias("silence_day"), _now(question, days)
    since = sa.func.greatest(standing.c.active_at, sa.literal(question.as_of - LOOK_BACK, sa.DateTime))
    in_day = sa.and_(
        began.c.calendar_id == standing.c.calendar_id,
        began.c.opens_at <= since,
        sa.or_(began.c.next_opens_at.is_(None), since < began.c.next_opens_at),
    )
    position = _position(began, since)
    placed = (
        sa.select(*standing.c, position.label("since_days"), now.c.days.label("now_days"))
        .select_from(standing.outerjoin(began, in_day).outerjoin(now, now.c.calendar_id == standing.c.calendar_id))
        .subquery("silence_placed")
    )
    stop = _stops(question, days)
    stood = sa.func.greatest(0.0, stop.c.to_days - sa.func.greatest(stop.c.from_days, placed.c.since_days))
    held = (
        sa.select(placed.c.application_id, sa.func.sum(stood).label("days"))
        .join(stop, stop.c.requisition_id == placed.c.requisition_id)
        .group_by(placed.c.application_id)
        .subquery("silence_held")
    )
    silent = placed.c.now_days - placed.c.since_days - sa.func.coalesce(held.c.days, 0.0)
    limits = question.limits.stale_days
    limit = sa.case(*((placed.c.stage_name == stage, days) for stage, days in limits.items()), else_=None)
    kind = sa.case(
        (sa.or_(silent.is_(None), limit.is_(None)), NOT_MEASURED),
        (sa.func.floor(silent * DAY_GRID + sa.literal_column("0.5")) > limit * DAY_GRID, STALE),
        else_=FRESH,
    )
    groups = [placed.c[f"g{index}"] for index in range(len(plan.question.by))]
    return (
        sa.select(*groups, sa.literal_column("0").label("t"), kind.label("kind"))
        .outerjoin(held, held.c.application_id == placed.c.application_id)
        .subquery("silences")
    )


def _standing(plan: Plan) -> sa.CTE:
    question, columns, as_of = plan.question, visit.c, plan.question.as_of
    running = sa.select(requisition_status.c.requisition_id).where(
        requisition_status.c.status == RequisitionStatus.OPEN.value, *_holds_at(requisition_status, as_of)
    )
    held = sa.select(requisition_hold.c.requisition_id).where(*_holds_at(requisition_hold, as_of))
    here = (
        sa.select(
            *plan.group_columns(visit),
            columns.application_id,
            columns.requisition_id,
            columns.stage.label("stage_name"),
            columns.entered_at,
            dim_requisition.c.calendar_id,
        )
        .join(application, application.c.application_id == columns.application_id)
        .join(dim_requisition, dim_requisition.c.requisition_id == columns.requisition_id)
        .where(*question.conditions(visit), *_undecided(question), columns.entered_at <= as_of)
        .where(sa.or_(columns.exited_at.is_(None), columns.exited_at > as_of))
        .where(columns.requisition_id.in_(running), columns.requisition_id.not_in(held))
        .cte("standing_in_stage")
    )
    active = _last_activity(here, as_of)
    latest = sa.func.greatest(here.c.entered_at, sa.func.coalesce(active.c.at, here.c.entered_at))
    return (
        sa.select(*(column for column in here.c if column.name != "entered_at"), latest.label("active_at"))
        .outerjoin(active, active.c.application_id == here.c.application_id)
        .cte("standing_and_active")
    )


def _holds_at(table: sa.Table, at: datetime) -> list[sa.ColumnElement[bool]]:
    return [table.c.from_at <= at, sa.or_(table.c.to_at.is_(None), table.c.to_at > at)]


def _last_activity(here: sa.CTE, as_of: datetime) -> sa.Subquery:
    moments = [
        (fact_interview, "scheduled_at"),
        (fact_interview, "ends_at"),
        (fact_feedback, "submitted_at"),
        (fact_offer_version, "extended_at"),
        (fact_offer_version, "answered_at"),
    ]
    wanted = sa.select(here.c.application_id)
    events = sa.union_all(
        *(
            sa.select(table.c.application_id, table.c[name].label("at")).where(
                table.c[name] <= as_of, table.c.application_id.in_(wanted)
            )
            for table, name in moments
        )
    ).subquery("activity")
    return (
        sa.select(events.c.application_id, sa.func.max(events.c.at).label("at"))
        .group_by(events.c.application_id)
        .subquery("last_activity")
    )


def _calendar_days(question: Question) -> sa.CTE:
    """Working days of each calendar that a measured silence can touch, each reaching to the next one's opening."""
    columns = dim_calendar.c
    follows = sa.func.lead(columns.opens_at).over(partition_by=columns.calendar_id, order_by=columns.opens_at)
    began = question.as_of - LOOK_BACK - timedelta(days=30)
    return (
        sa.select(*columns, follows.label("next_opens_at"))
        .where(columns.opens_at <= question.as_of, columns.opens_at >= began)
        .cte("working_day")
    )


def _position(day: Any, at: Any) -> sa.ColumnElement[float]:
    """Business days at an instant that the working day reaches to."""
    worked = SecondsBetween(day.c.opens_at, sa.func.least(day.c.closes_at, at))
    length = sa.func.greatest(1, SecondsBetween(day.c.opens_at, day.c.closes_at))
    position: sa.ColumnElement[float] = day.c.business_days + worked * sa.literal_column("1.0") / length
    return position


def _now(question: Question, day: sa.CTE) -> sa.Subquery:
    at = sa.literal(question.as_of, sa.DateTime)
    return (
        sa.select(day.c.calendar_id, sa.func.max(_position(day, at)).label("days"))
        .group_by(day.c.calendar_id)
        .subquery("working_now")
    )


def _stops(question: Question, days: sa.CTE) -> sa.Subquery:
    """Stops of requisitions that are over, in business days of their calendar."""
    hold, began, ended = requisition_hold.c, days.alias("hold_began"), days.alias("hold_ended")
    since = sa.func.greatest(hold.from_at, sa.literal(question.as_of - LOOK_BACK, sa.DateTime))
    until = sa.func.least(hold.to_at, sa.literal(question.as_of, sa.DateTime))

    def reaches(day: Any, at: Any) -> sa.ColumnElement[bool]:
        return sa.and_(
            day.c.calendar_id == dim_requisition.c.calendar_id,
            day.c.opens_at <= at,
            sa.or_(day.c.next_opens_at.is_(None), at < day.c.next_opens_at),
        )

    return (
        sa.select(
            hold.requisition_id,
            _position(began, since).label("from_days"),
            _position(ended, until).label("to_days"),
        )
        .select_from(
            requisition_hold.join(dim_requisition, dim_requisition.c.requisition_id == hold.requisition_id)
            .join(began, reaches(began, since))
            .join(ended, reaches(ended, until))
        )
        .where(hold.to_at.is_not(None), hold.to_at > question.as_of - LOOK_BACK, hold.from_at < question.as_of)
        .subquery("stop_in_days")
    )


def _figure(question: Question, metric: Metric, group: Group, dims: Mapping[str, str | None]) -> Figure:
    del dims
    match metric.id:
        case "field_completeness":
            required = sum(group.number(f"required_{one.name}") for one in REQUIRED)
            missing = {f"missing_{one.name}": group.number(f"missing_{one.name}") for one in REQUIRED}
            return rate_figure(required - sum(missing.values()), required, missing)
        case "stale_candidates":
            table = group.table(metric.id)
            stale, everybody = table.of_kind(STALE), table.of_kind(STALE, FRESH, NOT_MEASURED)
            share = {"share": stale / everybody} if everybody else {}
            return replace(
                count_figure(stale, {"in_stage": everybody, **share}), numerator=stale, denominator=everybody
            )
        case "ownership_conflicts":
            table = group.table(metric.id)
            return count_figure(len(table.times(0)), {"applications": table.of_kind(0)})
        case _:
            if not (question.scope.everything and question.is_latest):
                return Figure(None, 0, Reason.NOT_LOADED, note=_ONLY_WHOLE, exempt=True)
            return count_figure(group.number(metric.id))


_NEEDS: Mapping[str, str] = {"stale_candidates": "stage_visit"}
FAMILY = Family(METRICS, _NEEDS, _plan, _figure)
