"""What people and stages can carry before a figure speaks up: caps and stale limits as one versioned setting.

The query layer reads them anew within five seconds and puts them into each question, so that no plan carries a limit of
its own; their version is part of what kept answers are known by.
"""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection

from services.access.policy import Action, Policy
from services.audit.log import AuditLog
from services.delivery.leases import Clock, utc_now
from services.domain.errors import InvalidInputError
from services.domain.people import Viewer
from services.metrics.versions import append_version, newest_versions
from services.store.database import Store
from services.store.tables import AppSetting

SETTING = "metrics.limits"
LOOK_AGAIN_S = 5.0
MOST_HOURS, MOST_SEATS, MOST_DAYS = 60.0, 500.0, 260.0
STANDARD_STALE: Mapping[str, float] = {"applied": 5, "screen": 5, "assessment": 7, "interview": 7, "offer": 5}


@dataclass(frozen=True)
class Limits:
    """``version`` 0 = nobody has set any: the standard's."""

    interview_hours: float = 6
    """That an interviewer has for interviews in a week without leave or holidays."""
    recruiter_seats: float = 15
    """Weighted open seats that a recruiter carries in such a week."""
    stale_days: Mapping[str, float] = field(default_factory=lambda: dict(STANDARD_STALE))
    """Business days without activity, by canonical stage, after which a candidate is stale."""
    version: int = 0


STANDARD = Limits()


def limits_of(connection: Connection) -> Limits:
    """The newest."""
    rows = [row for row in newest_versions(connection, AppSetting, "name") if row.name == SETTING]
    if not rows:
        return STANDARD
    stored = json.loads(rows[0].value)
    stale = {**STANDARD_STALE, **stored["stale_days"]}
    return Limits(stored["interview_hours"], stored["recruiter_seats"], stale, rows[0].version)


class LimitBook:
    """Read from the store, again after five seconds. Safe for threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._limits = STANDARD
        self._read_at = float("-inf")

    def now(self) -> Limits:
        with self._lock:
            if time.monotonic() - self._read_at > LOOK_AGAIN_S:
                with self._store.read() as connection:
                    self._limits = limits_of(connection)
                self._read_at = time.monotonic()
            return self._limits


class LimitSettings:
    """Shows and sets; each change is one version more and one audit event."""

    def __init__(self, store: Store, policy: Policy, audit: AuditLog, *, clock: Clock = utc_now) -> None:
        self._store = store
        self._policy = policy
        self._audit = audit
        self._clock = clock

    def now(self, viewer: Viewer) -> Limits:
        """Raises ForbiddenError for who may not ask for figures."""
        self._policy.require(viewer, Action.METRICS_QUERY)
        with self._store.read() as connection:
            return limits_of(connection)

    def put(
        self,
        viewer: Viewer,
        *,
        interview_hours: float | None = None,
        recruiter_seats: float | None = None,
        stale_days: Mapping[str, float] | None = None,
        expected_version: int | None = None,
    ) -> Limits:
        """What is not given stays as it was. Raises ForbiddenError, InvalidInputError and ConflictError."""
        self._policy.require(viewer, Action.PLANNING_MANAGE)
        if not viewer.scope.everything:
            raise InvalidInputError("These limits hold for the whole company. Ask somebody who sees all of it.")
        with self._store.write() as connection:
            before = limits_of(connection)
            after = Limits(
                before.interview_hours if interview_hours is None else interview_hours,
                before.recruiter_seats if recruiter_seats is None else recruiter_seats,
                {**before.stale_days, **(stale_days or {})},
            )
            _check(after)
            value = json.dumps(_plain(after))
            row = {"value": value, "changed_at": self._clock(), "changed_by": viewer.email}
            append_version(connection, AppSetting, {"name": SETTING}, row, expected_version)
            detail = {"before": _plain(before), "after": _plain(after)}
            self._audit.append(connection, viewer.email, "limits.set", "setting:limits", detail)
            return limits_of(connection)


def _plain(limits: Limits) -> dict[str, object]:
    return {
        "interview_hours": limits.interview_hours,
        "recruiter_seats": limits.recruiter_seats,
        "stale_days": dict(limits.stale_days),
    }


def _check(limits: Limits) -> None:
    if unknown := set(limits.stale_days) - set(STANDARD_STALE):
        raise InvalidInputError(f"There is no stage {min(unknown)!r} to wait in. Stages: {', '.join(STANDARD_STALE)}.")
    wanted = [
        ("Interview hours a week", limits.interview_hours, MOST_HOURS),
        ("Seats a recruiter carries", limits.recruiter_seats, MOST_SEATS),
        *((f"Business days in {stage}", days, MOST_DAYS) for stage, days in limits.stale_days.items()),
    ]
    for words, value, most in wanted:
        if not (math.isfinite(value) and 0 < value <= most):
            raise InvalidInputError(f"{words}: a number above 0 and at most {most:g}, not {value:g}.")
