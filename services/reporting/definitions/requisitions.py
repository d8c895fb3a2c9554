"""The subject's open requisitions as lists: attributes, stops, feedback owed. Figures come from the query layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from services.domain.people import Viewer
from services.domain.pipeline import RequisitionStatus
from services.mart.schema import dim_requisition, fact_application, fact_feedback, requisition_hold, requisition_status
from services.metrics.scope import within
from services.reporting.definitions.subjects import Snapshots

NEAR_SHARE = 0.9
"""From this share of its target days on a requisition is at risk."""


@dataclass(frozen=True)
class Requisition:
    """One that is open or stopped as of the report's instant."""

    id: int
    label: str
    """As the query layer names it."""
    code: str | None
    title: str
    opened_on: date | None
    target_days: int | None
    """Calendar days from the first opening to the target date; None = no target."""
    hiring_manager_id: int | None
    is_on_hold: bool
    """Somebody put it on hold, and somebody can release it."""
    stopped_since: date | None
    """On hold or frozen since; None = its clock runs."""


@dataclass(frozen=True)
class OwedFeedback:
    application_id: int
    requisition_id: int
    interviewed_on: date


def _naive(as_of: datetime) -> datetime:
    return as_of.astimezone(UTC).replace(tzinfo=None)


def _runs_at(columns: Any, at: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(columns.from_at <= at, sa.or_(columns.to_at.is_(None), columns.to_at > at))


def local_date(instant: datetime, zone: str | None) -> date:
    """Date of a naive UTC instant in the requisition's zone."""
    return instant.replace(tzinfo=UTC).astimezone(ZoneInfo(zone or "UTC")).date()


def running_requisitions(
    snapshots: Snapshots, part: str, person_id: int, viewer: Viewer, as_of: datetime
) -> Mapping[str, Requisition]:
    """By label. A label two of them share carries the source's id, as in the query layer."""
    at, columns = _naive(as_of), dim_requisition.c
    status, hold = requisition_status.c, requisition_hold.c
    statement = (
        sa.select(
            columns.requisition_id,
            columns.external_id,
            columns.code,
            columns.title,
            columns.timezone,
            columns.opened_at,
            columns.target_on,
            columns.hiring_manager_id,
            status.status,
            status.from_at,
            hold.from_at.label("hold_from"),
        )
        .join(requisition_status, status.requisition_id == columns.requisition_id)
        .outerjoin(requisition_hold, sa.and_(hold.requisition_id == columns.requisition_id, _runs_at(hold, at)))
        .where(columns[part] == person_id, _runs_at(status, at))
        .where(status.status.in_((RequisitionStatus.OPEN.value, RequisitionStatus.ON_HOLD.value)))
        .order_by(columns.requisition_id)
    )
    reach = within(viewer.scope, dim_requisition)
    rows = snapshots.execute(statement if reach is None else statement.where(reach))
    found = [(row[1], _requisition(row)) for row in rows]
    labels = [item.label for _, item in found]
    return {
        f"{item.label} ({external})" if labels.count(item.label) > 1 else item.label: item for external, item in found
    }


def _requisition(row: tuple[Any, ...]) -> Requisition:
    key, _, code, title, zone, opened_at, target_on, manager_id, status, status_from, hold_from = row
    is_on_hold = status == RequisitionStatus.ON_HOLD.value
    stopped_at = status_from if is_on_hold else hold_from
    opened_on = local_date(opened_at, zone) if opened_at else None
    return Requisition(
        id=key,
        label=" ".join(part for part in dict.fromkeys((code, title)) if part),
        code=code,
        title=title or code or "Untitled requisition",
        opened_on=opened_on,
        target_days=(target_on - opened_on).days if target_on and opened_on and target_on > opened_on else None,
        hiring_manager_id=manager_id,
        is_on_hold=is_on_hold,
        stopped_since=local_date(stopped_at, zone) if stopped_at else None,
    )


def judge_age(requisition: Requisition, age_days: float | None) -> tuple[str | None, str]:
    """Status and its word. Net age against the requisition's own target, days on hold in neither."""
    if requisition.stopped_since is not None:
        return "hold", "On hold" if requisition.is_on_hold else "Frozen"
    if requisition.target_days is None or age_days is None:
        return None, "No target"
    if age_days > requisition.target_days:
        return "off", "Overdue"
    return ("near", "At risk") if age_days > NEAR_SHARE * requisition.target_days else ("on", "On track")


def missing_feedback(
    snapshots: Snapshots, person_id: int, viewer: Viewer, as_of: datetime
) -> tuple[tuple[OwedFeedback, ...], tuple[OwedFeedback, ...]]:
    """(what the person herself has not submitted, what others have not on requisitions she manages), oldest first.

    Only of applications that are still open, within the viewer's scope: nobody waits for the others any more.
    """
    at, columns = _naive(as_of), fact_feedback.c
    is_hers = columns.interviewer_id == person_id
    statement = (
        sa.select(columns.application_id, columns.requisition_id, columns.due_from_on, is_hers.label("is_hers"))
        .join(fact_application, fact_application.c.application_id == columns.application_id)
        .where(sa.or_(is_hers, columns.hiring_manager_id == person_id), columns.due_from_at <= at)
        .where(sa.or_(columns.submitted_at.is_(None), columns.submitted_at > at))
        .where(sa.or_(fact_application.c.ended_at.is_(None), fact_application.c.ended_at > at))
        .order_by(columns.due_from_at, columns.feedback_id)
    )
    reach = within(viewer.scope, fact_feedback)
    rows = snapshots.execute(statement if reach is None else statement.where(reach))
    hers = tuple(OwedFeedback(*row[:3]) for row in rows if row[3])
    return hers, tuple(OwedFeedback(*row[:3]) for row in rows if not row[3])
