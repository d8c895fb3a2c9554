"""Who is to be asked about what, by the plan's cadence. Only reads; the keys keep anything from being asked twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, Select, String, and_, cast, or_, select

from services.domain.grains import Grain, bin_label, bin_start
from services.domain.pipeline import Outcome, RequisitionStatus
from services.domain.surveys import Cadence
from services.store.tables import (
    Application,
    Candidate,
    Person,
    Requisition,
    RequisitionStatusInterval,
    SurveyRequest,
)
from services.surveys.plans import Plan

LOOK_BACK = timedelta(days=60)
"""Older hires and decisions are not asked about any more: memory fades, and a restored server must not flood people."""
MOST_AT_ONCE = 5_000
"""Of one plan in one round."""
DECIDED = (Outcome.HIRED, Outcome.REJECTED, Outcome.WITHDRAWN, Outcome.POSITION_FILLED)


@dataclass(frozen=True)
class Due:
    """One survey to one respondent."""

    key: str
    respondent: str
    address: str
    name: str
    application_id: int | None = None
    requisition_id: int | None = None
    person_id: int | None = None
    """The manager asked; None for candidates."""
    about: str = ""


def due_of(connection: Connection, plan: Plan, now: datetime) -> Iterator[Due]:
    """What ``plan`` makes due by ``now``, the longest waiting first; some of it may have been sent already."""
    match plan.cadence:
        case Cadence.PER_HIRE:
            yield from _hires(connection, plan, now)
        case Cadence.WHILE_OPEN:
            yield from _open_requisitions(connection, plan, now)
        case Cadence.QUARTERLY:
            yield from _managers_of_quarter(connection, plan, now)
        case Cadence.PER_DECISION:
            yield from _decisions(connection, plan, now)


def _window(plan: Plan, now: datetime) -> tuple[datetime, datetime]:
    return max(plan.created_at, now - LOOK_BACK), now - timedelta(days=plan.delay_days)


def _not_asked(plan: Plan) -> Any:
    """Keeps the list short at any size; the unique key decides in the end."""
    key = f"{plan.kind}/application/" + cast(Application.id, String)
    return ~select(SurveyRequest.id).where(SurveyRequest.key == key).exists()


def _counted() -> Any:
    return and_(
        Application.is_prospect.is_(False), Application.is_test.is_(False), Application.merged_into_id.is_(None)
    )


def _is_there(now: datetime) -> Any:
    """A manager with an address who has not left."""
    return and_(Person.email.is_not(None), or_(Person.left_on.is_(None), Person.left_on >= now.date()))


def _hires(connection: Connection, plan: Plan, now: datetime) -> Iterator[Due]:
    start, end = _window(plan, now)
    query = (
        select(Application.id.label("application_id"), *_manager_columns())
        .join(Requisition, Requisition.id == Application.requisition_id)
        .join(Person, Person.id == Requisition.hiring_manager_id)
        .where(
            Application.outcome == Outcome.HIRED.value,
            Application.ended_at >= start,
            Application.ended_at <= end,
            _counted(),
            _not_asked(plan),
            _is_there(now),
        )
        .order_by(Application.ended_at, Application.id)
        .limit(MOST_AT_ONCE)
    )
    for row in connection.execute(query):
        yield _manager(row, f"{plan.kind}/application/{row.application_id}", application_id=row.application_id)


def _open_requisitions(connection: Connection, plan: Plan, now: datetime) -> Iterator[Due]:
    every = timedelta(days=plan.every_days or LOOK_BACK.days)
    query = (
        _requisitions(now)
        .join(RequisitionStatusInterval, RequisitionStatusInterval.requisition_id == Requisition.id)
        .where(
            RequisitionStatusInterval.to_at.is_(None),
            RequisitionStatusInterval.status == RequisitionStatus.OPEN.value,
            Requisition.is_evergreen.is_(False),
            Requisition.opened_at.is_not(None),
        )
        .order_by(Requisition.opened_at, Requisition.id)
    )
    for row in connection.execute(query):
        round_number = (now - row.opened_at) // every
        if round_number >= 1 and row.opened_at + round_number * every >= plan.created_at:
            yield _manager(row, f"{plan.kind}/requisition/{row.requisition_id}/{round_number}")


def _managers_of_quarter(connection: Connection, plan: Plan, now: datetime) -> Iterator[Due]:
    """After a quarter's end everybody who had a requisition open in it, asked about the one opened last."""
    end_on = bin_start(Grain.QUARTER, now.date())
    start_on = bin_start(Grain.QUARTER, end_on - timedelta(days=1))
    start, end = _midnight(start_on), _midnight(end_on)
    if end < plan.created_at or end + timedelta(days=plan.delay_days) > now:
        return
    query = (
        _requisitions(now)
        .join(RequisitionStatusInterval, RequisitionStatusInterval.requisition_id == Requisition.id)
        .where(
            RequisitionStatusInterval.status == RequisitionStatus.OPEN.value,
            RequisitionStatusInterval.from_at < end,
            or_(RequisitionStatusInterval.to_at.is_(None), RequisitionStatusInterval.to_at > start),
        )
        .order_by(Requisition.opened_at.desc(), Requisition.id.desc())
    )
    label, asked = bin_label(Grain.QUARTER, start_on), set[int]()
    for row in connection.execute(query):
        if row.person_id not in asked:
            asked.add(row.person_id)
            yield _manager(row, f"{plan.kind}/person/{row.person_id}/{label}")


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(0), UTC)


def _decisions(connection: Connection, plan: Plan, now: datetime) -> Iterator[Due]:
    start, end = _window(plan, now)
    query = (
        select(
            Application.id,
            Application.requisition_id,
            Candidate.id.label("candidate_id"),
            Candidate.email,
            Candidate.name,
            Requisition.title,
        )
        .join(Candidate, Candidate.id == Application.candidate_id)
        .join(Requisition, Requisition.id == Application.requisition_id)
        .where(
            Application.outcome.in_([outcome.value for outcome in DECIDED]),
            Application.ended_at >= start,
            Application.ended_at <= end,
            _counted(),
            _not_asked(plan),
            Candidate.email.is_not(None),
            Candidate.merged_into_id.is_(None),
        )
        .order_by(Application.ended_at, Application.id)
        .limit(MOST_AT_ONCE)
    )
    for row in connection.execute(query):
        yield Due(
            key=f"{plan.kind}/application/{row.id}",
            respondent=f"candidate:{row.candidate_id}",
            address=row.email,
            name=row.name or "",
            application_id=row.id,
            requisition_id=row.requisition_id,
            about=row.title,
        )


def _manager_columns() -> tuple[Any, ...]:
    return (
        Requisition.id.label("requisition_id"),
        Requisition.title,
        Requisition.opened_at,
        Person.id.label("person_id"),
        Person.email,
        Person.name,
    )


def _requisitions(now: datetime) -> Select[Any]:
    return select(*_manager_columns()).join(Person, Person.id == Requisition.hiring_manager_id).where(_is_there(now))


def _manager(row: Any, key: str, application_id: int | None = None) -> Due:
    return Due(
        key=key,
        respondent=f"person:{row.person_id}",
        address=row.email,
        name=row.name,
        application_id=application_id,
        requisition_id=row.requisition_id,
        person_id=row.person_id,
        about=row.title,
    )
