"""One requisition as the store has it: what the source says, what was edited here, and who may reach it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, func, select

from services.domain.people import Scope
from services.domain.requisition_edits import Field, FieldStanding, Pause, PauseKind, Standing
from services.store.tables import (
    Office,
    Opening,
    Requisition,
    RequisitionOverlay,
    RequisitionPause,
    RequisitionStatusInterval,
)

_COLUMNS = {
    Field.URGENCY: "urgency",
    Field.JOB_FAMILY: "job_family_id",
    Field.JOB_LEVEL: "job_level_id",
    Field.DEPARTMENT: "department_id",
    Field.RECRUITER: "recruiter_id",
    Field.HIRING_MANAGER: "hiring_manager_id",
}


def standing_of(connection: Connection, requisition_id: int, *, lock: bool = False) -> Standing | None:
    """None = there is no such requisition. ``lock``: until the end of the transaction nobody else edits it."""
    query = select(Requisition.__table__, Office.region).outerjoin(Office, Office.id == Requisition.office_id)
    query = query.where(Requisition.id == requisition_id)
    row = connection.execute(query.with_for_update(of=Requisition.__table__) if lock else query).first()
    if row is None:
        return None
    seats = connection.execute(
        select(
            func.count().filter(Opening.cancelled_at.is_(None)).label("listed"),
            func.count().filter(Opening.filled_at.is_not(None)).label("filled"),
        ).where(Opening.requisition_id == requisition_id)
    ).one()
    source = _source_values(row, seats.listed)
    return Standing(
        id=row.id,
        title=row.title,
        code=row.requisition_code,
        source_status=_status(connection, row),
        region=row.region,
        office_id=row.office_id,
        opened_at=row.opened_at,
        filled=seats.filled,
        fields=_fields(connection, requisition_id, source),
        pauses=_pauses(connection, requisition_id),
    )


def _source_values(row: Any, listed: int) -> dict[Field, str | None]:
    found: dict[Field, str | None] = {
        name: None if (value := getattr(row, column)) is None else str(value) for name, column in _COLUMNS.items()
    }
    found[Field.TARGET_ON] = row.target_on.isoformat() if row.target_on else None
    found[Field.OPENINGS] = str(listed)
    found[Field.TARGET_DAYS] = None
    return found


def _status(connection: Connection, row: Any) -> str:
    interval = RequisitionStatusInterval
    query = select(interval.status).where(interval.requisition_id == row.id)
    latest = connection.scalar(query.order_by(interval.from_at.desc(), interval.id.desc()).limit(1))
    return str(latest or ("open" if row.opened_at else "draft"))


def _fields(
    connection: Connection, requisition_id: int, source: Mapping[Field, str | None]
) -> dict[Field, FieldStanding]:
    query = select(RequisitionOverlay.__table__).where(RequisitionOverlay.requisition_id == requisition_id)
    overlays = {row.field: row for row in connection.execute(query)}
    return {name: _field(name, source[name], overlays.get(name.value)) for name in Field}


def _field(name: Field, source: str | None, overlay: Any) -> FieldStanding:
    if overlay is None:
        return FieldStanding(name, source)
    return FieldStanding(
        name,
        source,
        edited=overlay.value if overlay.is_active else None,
        source_then=overlay.source_value,
        version=overlay.version,
        reason=overlay.reason,
        edited_by=overlay.edited_by,
        edited_at=overlay.edited_at,
    )


def _pauses(connection: Connection, requisition_id: int) -> tuple[Pause, ...]:
    query = select(RequisitionPause.__table__).where(RequisitionPause.requisition_id == requisition_id)
    rows = connection.execute(query.order_by(RequisitionPause.from_at, RequisitionPause.id))
    return tuple(
        Pause(row.id, PauseKind(row.kind), row.from_at, row.to_at, row.reason, row.version, row.edited_by)
        for row in rows
    )


def reaches(scope: Scope, standing: Standing) -> bool:
    """As ``services.metrics.scope.within``, for one requisition as it stands now: an unknown place is in no scope."""
    if scope.everything:
        return True
    recruiter, manager = standing.number(Field.RECRUITER), standing.number(Field.HIRING_MANAGER)
    if scope.recruiter_id is not None and recruiter == scope.recruiter_id:
        return True
    if scope.hiring_manager_id is not None and manager == scope.hiring_manager_id:
        return True
    department = standing.number(Field.DEPARTMENT)
    by_department = scope.department_ids is None or department in scope.department_ids
    return by_department and (scope.regions is None or standing.region in scope.regions)
