"""The questions of the Pipeline page, as selects that run on either lane."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from services.domain.people import Scope
from services.metrics.dimensions import DIMENSIONS
from services.metrics.pipeline_lanes import Lane

DIGITS = 6
"""Of a working day: half a second."""


class State(enum.StrEnum):
    """How a requisition stands at as-of. Only ACTIVE ones count as pipeline."""

    ACTIVE = "active"
    HELD = "held"
    """On hold or frozen: the clocks stand still."""
    OVER = "over"
    """Cancelled, closed or filled."""


@dataclass(frozen=True)
class Ask:
    """Whose rows: the viewer's scope, resolved filters, and perhaps one person's own applications."""

    scope: Scope
    chosen: Mapping[str, tuple[int | str, ...]]
    person_id: int | None = None


class Waiting(NamedTuple):
    """Somebody in a stage. ``age`` in business days on the requisition's calendar; None = not known."""

    application_id: int
    candidate_id: int
    requisition_id: int
    recruiter_id: int | None
    stage: str
    entered_at: datetime
    age: float | None


class Aged(NamedTuple):
    requisition_id: int
    state: State
    stage: str | None
    stage_order: int | None
    age: float | None
    is_new: bool
    """Entered its stage within the last seven days."""


class Moved(NamedTuple):
    """Something that happened: ``kind`` applied, entered or an outcome."""

    application_id: int
    candidate_id: int
    requisition_id: int
    kind: str
    stage: str | None
    at: datetime


def reach(scope: Scope, table: sa.FromClause) -> list[sa.ColumnElement[bool]]:
    """As ``scope.within``; a lane's rows carry the requisition's own recruiter as ``owner_id``."""
    if scope.everything:
        return []
    parts: list[sa.ColumnElement[bool]] = []
    if scope.department_ids != () and scope.regions != ():
        granted: list[sa.ColumnElement[bool]] = []
        if scope.department_ids is not None:
            granted.append(table.c.department_id.in_(scope.department_ids))
        if scope.regions is not None:
            granted.append(table.c.region.in_(scope.regions))
        if not granted:
            return []
        parts.append(sa.and_(*granted))
    if scope.recruiter_id is not None:
        parts.append(table.c.owner_id == scope.recruiter_id)
    if scope.hiring_manager_id is not None:
        parts.append(table.c.hiring_manager_id == scope.hiring_manager_id)
    return [sa.or_(*parts)] if parts else [sa.false()]


def limits_of(ask: Ask, table: sa.FromClause) -> list[sa.ColumnElement[bool]]:
    found = reach(ask.scope, table)
    for name, values in ask.chosen.items():
        column = DIMENSIONS[name].column
        if column in table.c:
            found.append(table.c[column].in_(values))
    if ask.person_id is not None and "recruiter_id" in table.c:
        found.append(table.c.recruiter_id == ask.person_id)
    return found


def _stops_now(lane: Lane, role: sa.FromClause) -> sa.ColumnElement[bool]:
    stop, now = lane.stops.alias("stop_now"), lane.at(lane.as_of)
    running = sa.and_(stop.c.from_at <= now, sa.or_(stop.c.to_at.is_(None), stop.c.to_at > now))
    return sa.exists().where(stop.c.requisition_id == role.c.requisition_id, running)


def state_of(lane: Lane, role: sa.FromClause) -> sa.ColumnElement[str]:
    """A State of the requisition of ``role``, which carries its status."""
    status, stops = role.c.status, _stops_now(lane, role)
    return sa.case(
        (sa.and_(status == "open", sa.not_(stops)), State.ACTIVE.value),
        (status.in_(("open", "on_hold")), State.HELD.value),
        else_=State.OVER.value,
    )


def age_of(lane: Lane) -> sa.ColumnElement[Any]:
    """Working days in the stage until as-of, the stops of the requisition left out."""
    rows, stop = lane.rows, lane.stops.alias("stop_before")
    now: sa.ColumnElement[Any] = sa.null()
    if lane.now_days:
        known = lane.now_days.items()
        now = sa.case(*((rows.c.calendar_id == number, sa.literal(days, sa.Double())) for number, days in known))
    entered = rows.c.entered_business_days
    until = sa.case(
        (sa.or_(stop.c.to_business_days.is_(None), stop.c.to_business_days > now), now), else_=stop.c.to_business_days
    )
    since = sa.case((stop.c.from_business_days > entered, stop.c.from_business_days), else_=entered)
    stopped = (
        sa.select(sa.func.coalesce(sa.func.sum(until - since), 0.0))
        .where(
            stop.c.requisition_id == rows.c.requisition_id,
            stop.c.from_business_days < now,
            sa.or_(stop.c.to_business_days.is_(None), stop.c.to_business_days > entered),
        )
        .correlate(rows)
        .scalar_subquery()
    )
    return now - entered - stopped


def aged(lane: Lane, ask: Ask) -> list[Aged]:
    """One row an open application, with the state of its requisition and its age in the stage."""
    rows, week = lane.rows, lane.at(lane.as_of - timedelta(days=7))
    statement = sa.select(
        rows.c.requisition_id,
        state_of(lane, rows).label("state"),
        rows.c.stage,
        rows.c.stage_order,
        age_of(lane).label("age"),
        sa.case((rows.c.entered_at >= week, 1), else_=0).label("is_new"),
    ).where(lane.is_open(), *limits_of(ask, rows))
    return [
        Aged(role, State(state), stage, order, _rounded(age), bool(new))
        for role, state, stage, order, age, new in lane.run(statement)
    ]


def over_limit(
    lane: Lane, ask: Ask, limits: Mapping[str, float], *, offset: int = 0, count: int | None = None
) -> list[Waiting]:
    """Active candidates who wait longer than their stage's limit, the longest over it first."""
    inner = _waiting(lane, ask).subquery("waiting")
    if not limits:
        return []
    limit = sa.case(*((inner.c.stage == stage, days) for stage, days in limits.items()), else_=None)
    statement = (
        sa.select(*(inner.c[name] for name in Waiting._fields))
        .where(inner.c.state == State.ACTIVE.value, inner.c.age > limit)
        .order_by((inner.c.age - limit).desc(), inner.c.application_id)
        .offset(offset)
    )
    if count is not None:
        statement = statement.limit(count)
    return [_waiting_row(row) for row in lane.run(statement)]


def _waiting(lane: Lane, ask: Ask) -> sa.Select[Any]:
    rows = lane.rows
    names = [name for name in Waiting._fields if name != "age"]
    columns = [rows.c[name] for name in names]
    statement = sa.select(*columns, age_of(lane).label("age"), state_of(lane, rows).label("state"))
    return statement.where(lane.is_open(), rows.c.stage.is_not(None), *limits_of(ask, rows))


def _waiting_row(row: Sequence[Any]) -> Waiting:
    *rest, entered, age = row
    return Waiting._make([*rest, _aware(entered), _rounded(age)])


def roles_by_state(lane: Lane, ask: Ask) -> dict[State | str, int]:
    """Requisitions by state; ``"cancelled"``: those cancelled in the last 14 days, as far as both lanes know them."""
    roles = lane.roles
    is_recent = sa.or_(roles.c.status.in_(("open", "on_hold")), roles.c.status_from_at >= lane.since)
    inner = (
        sa.select(state_of(lane, roles).label("state"), roles.c.status)
        .where(is_recent, *limits_of(ask, roles))
        .subquery("standing")
    )
    statement = sa.select(inner.c.state, inner.c.status, sa.func.count()).group_by(inner.c.state, inner.c.status)
    found: dict[State | str, int] = dict.fromkeys(State, 0)
    found["cancelled"] = 0
    for state, status, count in lane.run(statement):
        found[State(state)] += count
        if status == "cancelled":
            found["cancelled"] += count
    return found


def left(lane: Lane, ask: Ask) -> dict[str | None, int]:
    """Applications that ended in the last 14 days, by outcome."""
    rows = lane.rows
    statement = (
        sa.select(rows.c.outcome, sa.func.count())
        .where(rows.c.ended_at >= lane.since, rows.c.ended_at <= lane.at(lane.as_of), *limits_of(ask, rows))
        .group_by(rows.c.outcome)
    )
    return {row[0]: int(row[1]) for row in lane.run(statement)}


def just_now(lane: Lane, ask: Ask, count: int) -> list[Moved]:
    """What happened last, every event once, newest first."""
    rows = lane.rows
    names = (rows.c.application_id, rows.c.candidate_id, rows.c.requisition_id)
    conditions = limits_of(ask, rows)
    now = lane.at(lane.as_of)
    entered = sa.select(*names, sa.literal("entered").label("kind"), rows.c.stage, rows.c.entered_at.label("at")).where(
        rows.c.entered_at <= now, *conditions
    )
    ended = sa.select(
        *names,
        sa.func.coalesce(rows.c.outcome, "ended").label("kind"),
        sa.cast(sa.null(), sa.String()).label("stage"),
        rows.c.ended_at.label("at"),
    ).where(rows.c.ended_at >= lane.since, rows.c.ended_at <= now, *conditions)
    events = sa.union_all(entered, ended).subquery("events")
    statement = sa.select(*events.c).order_by(events.c.at.desc(), events.c.application_id).limit(count)
    return [Moved._make([*row[:5], _aware(row[5])]) for row in lane.run(statement)]


def _rounded(age: float | None) -> float | None:
    return None if age is None else round(float(age), DIGITS)


def _aware(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
