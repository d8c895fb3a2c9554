"""What departments can carry and the rates they aim at, in versions.

Hours and recruiters are a department's own. What one candidate or recruiter means, and the targets, are taken over from
what is above where a department says nothing.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from sqlalchemy import Connection

from services.access.policy import Action, Policy
from services.audit.log import AuditLog
from services.delivery.leases import Clock, utc_now
from services.domain.errors import InvalidInputError
from services.domain.people import Viewer
from services.domain.pipeline import STAGE_ORDER
from services.metrics.places import Level, Place, PlaceBook
from services.metrics.planning_rights import require_place
from services.metrics.versions import append_version, newest_versions
from services.store.database import Store
from services.store.tables import CapacitySetting

MOST = 1_000_000.0
TRANSITIONS = tuple(
    f"{start} to {stop}" for index, start in enumerate(STAGE_ORDER) for stop in STAGE_ORDER[index + 1 :]
)
_TAKEN_OVER = ("hours_per_candidate", "screens_per_recruiter")


@dataclass(frozen=True)
class Capacity:
    """A week's worth; None = not said."""

    interviewer_hours: float | None = None
    hours_per_candidate: float | None = None
    """Interviewers' hours that one candidate who reaches the interview costs."""
    recruiters: float | None = None
    screens_per_recruiter: float | None = None
    targets: Mapping[str, float] = field(default_factory=dict)
    """Rate by transition."""

    @property
    def screens(self) -> float | None:
        """All recruiters together, a week."""
        if self.recruiters is None or self.screens_per_recruiter is None:
            return None
        return self.recruiters * self.screens_per_recruiter


@dataclass(frozen=True)
class Versioned:
    capacity: Capacity
    version: int


class Capacities:
    """Shows and sets; each change is one version more and one audit event."""

    def __init__(self, store: Store, policy: Policy, audit: AuditLog, *, clock: Clock = utc_now) -> None:
        self._store = store
        self._policy = policy
        self._audit = audit
        self._clock = clock

    def own(self, place: Place, viewer: Viewer) -> Versioned:
        """What a department, or the company, says itself; version 0 = nothing yet."""
        self._policy.require(viewer, Action.METRICS_QUERY)
        with self._store.read() as connection:
            return _all(connection).get(_key(place), Versioned(Capacity(), 0))

    def of(self, place: Place, viewer: Viewer) -> Capacity:
        """With what it takes over from above; a job family has the company's."""
        self._policy.require(viewer, Action.METRICS_QUERY)
        with self._store.read() as connection:
            settings, above = _all(connection), list(PlaceBook.of(connection).above(place))
        found = Capacity()
        if place.level in {Level.COMPANY, Level.DEPARTMENT}:
            found = settings.get(_key(place), Versioned(found, 0)).capacity
        for wider in above:
            if wider.level in {Level.COMPANY, Level.DEPARTMENT} and _key(wider) in settings:
                found = _with(found, settings[_key(wider)].capacity)
        return found

    def put(self, place: Place, wanted: Capacity, viewer: Viewer, expected_version: int | None = None) -> int:
        """Returns the new version; what ``wanted`` leaves at None, and targets it does not name, stay as they were.

        Raises ForbiddenError, InvalidInputError and ConflictError.
        """
        require_place(self._policy, viewer, Action.PLANNING_MANAGE, place)
        if place.level not in {Level.COMPANY, Level.DEPARTMENT}:
            raise InvalidInputError("Capacity is set for a department or the company.")
        _check(wanted)
        with self._store.write() as connection:
            before = _all(connection).get(_key(place), Versioned(Capacity(), 0)).capacity
            after = _with(wanted, before, every=True)
            values: dict[str, Any] = {one.name: getattr(after, one.name) for one in fields(Capacity)}
            row = {**values, "targets": json.dumps(dict(after.targets))}
            row |= {"changed_at": self._clock(), "changed_by": viewer.email}
            version = append_version(connection, CapacitySetting, {"place": _key(place)}, row, expected_version)
            detail = {"version": version, "before": _plain(before), "after": _plain(after)}
            self._audit.append(connection, viewer.email, "capacity.set", f"capacity:{_key(place) or 'company'}", detail)
        return version


def _key(place: Place) -> str:
    return place.key if place.level is Level.DEPARTMENT else ""


def _all(connection: Connection) -> dict[str, Versioned]:
    return {
        row.place: Versioned(
            Capacity(
                row.interviewer_hours,
                row.hours_per_candidate,
                row.recruiters,
                row.screens_per_recruiter,
                json.loads(row.targets),
            ),
            row.version,
        )
        for row in newest_versions(connection, CapacitySetting, "place")
    }


def _with(own: Capacity, wider: Capacity, *, every: bool = False) -> Capacity:
    """``own`` where it says something, else ``wider``."""
    names = [one.name for one in fields(Capacity) if one.name != "targets"] if every else _TAKEN_OVER
    filled = {name: getattr(wider, name) for name in names if getattr(own, name) is None}
    return replace(own, **filled, targets={**wider.targets, **own.targets})


def _plain(capacity: Capacity) -> dict[str, Any]:
    return {**vars(capacity), "targets": dict(capacity.targets)}


def _check(wanted: Capacity) -> None:
    for one in fields(Capacity):
        value = getattr(wanted, one.name)
        if one.name != "targets" and value is not None and not (math.isfinite(value) and 0 < value <= MOST):
            raise InvalidInputError(f"{one.name.replace('_', ' ').capitalize()} is a number above 0, not {value}.")
    for name, rate in wanted.targets.items():
        if name not in TRANSITIONS:
            raise InvalidInputError(f"There is no transition {name!r}. Say for example “screen to interview”.")
        if not 0 < rate <= 1:
            raise InvalidInputError(f"The target of {name} is a rate above 0 and at most 1, not {rate}.")
