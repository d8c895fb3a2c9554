"""Sets targets: a new one begins today or later, so that no period that is over is judged by another."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, date

from sqlalchemy import Connection, insert, select

from services.access.policy import Action, Policy
from services.audit.log import AuditLog
from services.delivery.leases import Clock, utc_now
from services.domain.errors import ConflictError, InvalidInputError
from services.domain.metric import Better, Unit
from services.domain.people import ColumnClass, Viewer
from services.metrics.lifecycle import answerable
from services.metrics.places import Level, Place, PlaceBook
from services.metrics.planning_rights import require_place
from services.store.database import Store
from services.store.tables import MetricTarget

LARGEST = 1_000_000.0


@dataclass(frozen=True)
class SetTarget:
    """A target as it stands. ``id`` grows with each: the newest is what a writer has to have seen."""

    id: int
    metric_id: str
    place: Place
    stage: str | None
    value: float
    effective_from: date


class TargetSettings:
    """Lists and sets; each change is one row more and one audit event."""

    def __init__(self, store: Store, policy: Policy, audit: AuditLog, *, clock: Clock = utc_now) -> None:
        self._store = store
        self._policy = policy
        self._audit = audit
        self._clock = clock

    def listed(self, viewer: Viewer) -> list[SetTarget]:
        """Every target, the latest first. Raises ForbiddenError."""
        self._policy.require(viewer, Action.METRICS_QUERY)
        with self._store.read() as connection:
            return _all(connection)

    def put(
        self,
        metric_id: str,
        place: Place,
        value: float,
        viewer: Viewer,
        *,
        effective_from: date | None = None,
        newest_seen: int | None = None,
    ) -> int:
        """Returns its number. Raises ForbiddenError, InvalidInputError and ConflictError."""
        require_place(self._policy, viewer, Action.PLANNING_MANAGE, place)
        today = self._clock().astimezone(UTC).date()
        start = effective_from or today
        _check(metric_id, place, value, start, today)
        department = int(place.key) if place.level is Level.DEPARTMENT else None
        with self._store.write() as connection:
            newest = max((one.id for one in _all(connection)), default=0)
            if newest_seen is not None and newest_seen != newest:
                raise ConflictError("Somebody else has set a target meanwhile. Look at the list and try again.")
            row = insert(MetricTarget).values(
                metric_id=metric_id, department_id=department, stage=None, value=value, effective_from=start
            )
            number = int(connection.execute(row.returning(MetricTarget.id)).scalar_one())
            detail = {"metric": metric_id, "place": place.words, "value": value, "from": str(start)}
            self._audit.append(connection, viewer.email, "target.set", f"target:{number}", detail)
        return number


def _all(connection: Connection) -> list[SetTarget]:
    places = PlaceBook.of(connection)
    columns = MetricTarget.__table__.c
    rows = connection.execute(select(MetricTarget.__table__).order_by(columns.effective_from.desc(), columns.id.desc()))
    return [
        SetTarget(
            row.id,
            row.metric_id,
            places.place(Level.DEPARTMENT if row.department_id else Level.COMPANY, str(row.department_id or "")),
            row.stage,
            row.value,
            row.effective_from,
        )
        for row in rows
    ]


def _check(metric_id: str, place: Place, value: float, start: date, today: date) -> None:
    metric = answerable(metric_id)
    if place.level not in {Level.COMPANY, Level.DEPARTMENT}:
        raise InvalidInputError("A target is for the company or a department.")
    if metric.better is Better.NEITHER or metric.column_class is not ColumnClass.GENERAL:
        raise InvalidInputError(f"{metric.name} has no better side, or is for few eyes only: it takes no target.")
    most = 1.0 if metric.unit is Unit.RATE else LARGEST
    if not (math.isfinite(value) and 0 < value <= most):
        raise InvalidInputError(f"The target of {metric.name} is a number above 0 and at most {most:g}, not {value:g}.")
    if start < today:
        raise InvalidInputError(f"A target begins today ({today}) or later: periods that are over keep theirs.")
