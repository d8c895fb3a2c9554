"""What is open, in two lanes with the same columns: the store's live lane, and the snapshot.

The same select runs on either. Instants are the lane's own (aware in the store, naive in the snapshot): ``Lane.at``
makes them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa

from services.calendars.by_office import calendars
from services.domain.business_time import Calendar
from services.domain.intervals import seconds_of
from services.mart.constructs import SecondsBetween
from services.mart.reader import MartReader
from services.mart.schema import (
    dim_calendar,
    dim_requisition,
    fact_application,
    fact_stage_visit,
    requisition_hold,
    requisition_status,
)
from services.store.database import Store
from services.store.tables import LiveLane, OpenApplication, OpenRequisition, OpenRequisitionStop

KEPT = timedelta(days=14)
"""So long what ended stays in both lanes."""
APPLICATION = (
    "application_id", "candidate_id", "requisition_id", "recruiter_id", "source_id", "channel", "applied_at",
    "ended_at", "outcome", "reason_kind",
)  # fmt: skip
STAGE = ("stage", "stage_order", "entered_at", "entered_business_days")
ROLE = (
    "department_id", "job_family_id", "job_level_id", "office_id", "hiring_manager_id", "country", "region",
    "calendar_id", "status", "status_from_at",
)  # fmt: skip


@dataclass(frozen=True)
class Lane:
    """One of the two, at one moment. ``version`` changes with whatever an answer depends on, ``as_of`` apart."""

    name: str
    as_of: datetime
    """Aware, UTC."""
    version: str
    rows: sa.FromClause
    """Applications with APPLICATION, STAGE, ROLE and ``owner_id``, the requisition's recruiter."""
    roles: sa.FromClause
    """Requisitions with ROLE, ``requisition_id`` and ``owner_id``."""
    stops: sa.FromClause
    """``requisition_id``, ``from_at``, ``to_at`` and both on the working-time axis."""
    now_days: Mapping[int, float]
    """Where ``as_of`` stands on the axis of each calendar."""
    run: Callable[[sa.Select[Any]], list[Any]]

    def at(self, moment: datetime) -> datetime:
        """A moment to be compared with the lane's columns."""
        return moment if self.name == "live" else moment.astimezone(UTC).replace(tzinfo=None)

    @property
    def since(self) -> datetime:
        return self.at(self.as_of - KEPT)

    def is_open(self) -> sa.ColumnElement[bool]:
        return sa.and_(self.rows.c.ended_at.is_(None), self.rows.c.outcome.is_(None))

    def is_recent(self) -> sa.ColumnElement[bool]:
        """Open, or ended within the days both lanes keep."""
        return sa.or_(self.is_open(), self.rows.c.ended_at >= self.since)


@cache
def store_tables() -> tuple[sa.FromClause, sa.FromClause, sa.FromClause]:
    """Rows, roles and stops of the live lane."""
    application: Any = OpenApplication.__table__
    role: Any = OpenRequisition.__table__
    stop: Any = OpenRequisitionStop.__table__
    own = [application.c[name] for name in (*APPLICATION, *STAGE)]
    dimensions = [role.c[name] for name in ROLE]
    owner = role.c.recruiter_id.label("owner_id")
    rows = (
        sa.select(*own, *dimensions, owner)
        .join(role, role.c.requisition_id == application.c.requisition_id)
        .subquery("open_rows")
    )
    roles = sa.select(role.c.requisition_id, *dimensions, owner).subquery("open_roles")
    return rows, roles, stop


@cache
def snapshot_tables() -> tuple[sa.FromClause, sa.FromClause, sa.FromClause]:
    """The same of a snapshot."""
    role = _snapshot_roles()
    application, visit, day = fact_application, _running_visits(), _working_days()
    rows = (
        sa.select(
            *(application.c[name] for name in APPLICATION),
            *(visit.c[name] for name in ("stage", "stage_order", "entered_at")),
            _position(visit.c.entered_at, day).label("entered_business_days"),
            *(role.c[name] for name in (*ROLE, "owner_id")),
        )
        .join(role, role.c.requisition_id == application.c.requisition_id)
        .outerjoin(visit, visit.c.application_id == application.c.application_id)
        .outerjoin(day, _on_day(day, role.c.calendar_id, visit.c.entered_at))
        .subquery("open_rows")
    )
    return rows, role, _snapshot_stops(role)


def _snapshot_roles() -> sa.Subquery:
    since = (
        sa.select(requisition_status.c.requisition_id, sa.func.max(requisition_status.c.from_at).label("from_at"))
        .group_by(requisition_status.c.requisition_id)
        .subquery("status_since")
    )
    role = dim_requisition
    dimensions = [role.c[name] for name in ROLE if name != "status_from_at"]
    return (
        sa.select(
            role.c.requisition_id,
            *dimensions,
            since.c.from_at.label("status_from_at"),
            role.c.recruiter_id.label("owner_id"),
        )
        .outerjoin(since, since.c.requisition_id == role.c.requisition_id)
        .subquery("open_roles")
    )


def _running_visits() -> sa.Subquery:
    visit, application = fact_stage_visit, fact_application
    names = ("application_id", "stage", "stage_order", "entered_at")
    return (
        sa.select(*(visit.c[name] for name in names))
        .join(application, application.c.application_id == visit.c.application_id)
        .where(visit.c.exited_at.is_(None), application.c.ended_at.is_(None))
        .subquery("running_visit")
    )


def _working_days() -> sa.Subquery:
    """Each working day with the beginning of the next one: an instant lies on exactly one."""
    day = dim_calendar
    following = sa.func.lead(day.c.opens_at).over(partition_by=day.c.calendar_id, order_by=day.c.opens_at)
    return sa.select(*day.c, following.label("next_opens_at")).subquery("working_day")


def _on_day(day: sa.FromClause, calendar: Any, at: Any) -> sa.ColumnElement[bool]:
    return sa.and_(day.c.calendar_id == calendar, day.c.opens_at <= at, day.c.next_opens_at > at)


def _position(at: Any, day: sa.FromClause) -> sa.ColumnElement[float]:
    """As ``Calendar.position``, in the same arithmetic."""
    done: sa.ColumnElement[float] = sa.cast(
        SecondsBetween(day.c.opens_at, sa.func.least(at, day.c.closes_at)), sa.Double()
    )
    whole: sa.ColumnElement[float] = sa.cast(SecondsBetween(day.c.opens_at, day.c.closes_at), sa.Double())
    return day.c.business_days + done / whole


def _snapshot_stops(role: sa.Subquery) -> sa.Subquery:
    hold, begins, ends = requisition_hold, _working_days().alias("begin_day"), _working_days().alias("end_day")
    return (
        sa.select(
            hold.c.requisition_id,
            hold.c.from_at,
            hold.c.to_at,
            _position(hold.c.from_at, begins).label("from_business_days"),
            _position(hold.c.to_at, ends).label("to_business_days"),
        )
        .join(role, role.c.requisition_id == hold.c.requisition_id)
        .outerjoin(begins, _on_day(begins, role.c.calendar_id, hold.c.from_at))
        .outerjoin(ends, _on_day(ends, role.c.calendar_id, hold.c.to_at))
        .subquery("open_stops")
    )


def days_by_calendar(calendars: Mapping[int, Calendar], at: datetime) -> dict[int, float]:
    """Where a moment stands on each calendar's axis; without those whose years are over."""
    found: dict[int, float] = {}
    for number, calendar in calendars.items():
        try:
            found[number] = calendar.position(seconds_of(at)).days
        except ValueError:
            continue
    return found


class PipelineLanes:
    """Makes the lanes. ``live`` is None while the live lane was never filled."""

    def __init__(self, store: Store, mart: MartReader) -> None:
        self._store = store
        self._mart = mart

    def live(self, now: datetime) -> Lane | None:
        with self._store.read() as connection:
            number = connection.scalar(sa.select(LiveLane.change_number))
            if not number:
                return None
            days = days_by_calendar(calendars(connection), now)
        rows, roles, stops = store_tables()
        return Lane("live", now.astimezone(UTC), f"live-{number}", rows, roles, stops, days, self._ask_store)

    def batch(self) -> Lane:
        """Raises NotReadyError while there is no snapshot. All of it is answered by the snapshot the caller holds."""
        with self._mart.hold() as snapshot:
            days = self._snapshot_days(snapshot.as_of)
        rows, roles, stops = snapshot_tables()
        return Lane("batch", snapshot.as_of, snapshot.version, rows, roles, stops, days, self._mart.execute)

    def _ask_store(self, statement: sa.Select[Any]) -> list[Any]:
        with self._store.read() as connection:
            return list(connection.execute(statement))

    def _snapshot_days(self, as_of: datetime) -> dict[int, float]:
        day, at = dim_calendar, as_of.astimezone(UTC).replace(tzinfo=None)
        around = sa.select(day.c.calendar_id, day.c.opens_at, day.c.closes_at, day.c.business_days).where(
            day.c.opens_at <= at, day.c.opens_at > at - timedelta(days=60)
        )
        found: dict[int, float] = {}
        for number, opens, closes, before in self._mart.execute(around.order_by(day.c.opens_at)):
            done = (min(at, closes) - opens) // timedelta(seconds=1)
            found[number] = before + done / ((closes - opens) // timedelta(seconds=1))
        return found
