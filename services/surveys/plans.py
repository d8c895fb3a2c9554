"""Which surveys are sent when, and from when on a score counts as a formal KPI. Versioned and audited."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from services.access.policy import Action, Policy
from services.audit.log import AuditLog
from services.delivery.leases import Clock, utc_now
from services.domain.errors import InvalidInputError, NotFoundError
from services.domain.people import Viewer
from services.domain.pipeline import SurveyKind
from services.domain.surveys import CADENCES, KPI_METRICS, Cadence
from services.metrics.formal_kpis import SETTING, latest_formal
from services.store.database import Store
from services.store.tables import AppSetting, SurveyPlan

SHORTEST_EVERY_DAYS = 14
LONGEST_DAYS = 365


@dataclass(frozen=True)
class Plan:
    """A row of ``survey_plan``."""

    id: int
    kind: SurveyKind
    cadence: Cadence
    every_days: int | None
    delay_days: int
    valid_days: int
    remind_after_days: int
    throttle_days: int
    version: int
    created_at: datetime


@dataclass(frozen=True)
class PlanWanted:
    """What ``SurveyPlans.put`` is asked for."""

    kind: str
    cadence: str
    every_days: int | None = None
    delay_days: int = 1
    valid_days: int = 21
    remind_after_days: int = 7
    throttle_days: int = 14


class SurveyPlans:
    """Lists and changes plans; each change is one version more and one audit event."""

    def __init__(self, store: Store, policy: Policy, audit: AuditLog, *, clock: Clock = utc_now) -> None:
        self._store = store
        self._policy = policy
        self._audit = audit
        self._clock = clock

    def active(self) -> list[Plan]:
        query = select(SurveyPlan.__table__).where(SurveyPlan.is_active).order_by(SurveyPlan.id)
        with self._store.read() as connection:
            return [_plan(row) for row in connection.execute(query)]

    def listed(self, viewer: Viewer) -> list[Plan]:
        """As ``active``, for those who manage them. Raises ForbiddenError."""
        self._policy.require(viewer, Action.SURVEYS_MANAGE)
        return self.active()

    def put(self, wanted: PlanWanted, viewer: Viewer) -> int:
        """Set when a kind of survey is sent; returns the plan's number. What happened before is not asked about."""
        self._policy.require(viewer, Action.SURVEYS_MANAGE)
        _check(wanted)
        now = self._clock()
        values: dict[str, Any] = {
            "every_days": wanted.every_days,
            "delay_days": wanted.delay_days,
            "valid_days": wanted.valid_days,
            "remind_after_days": wanted.remind_after_days,
            "throttle_days": wanted.throttle_days,
            "is_active": True,
            "changed_at": now,
            "changed_by": viewer.email,
        }
        same = (SurveyPlan.kind == wanted.kind, SurveyPlan.cadence == wanted.cadence)
        with self._store.write() as connection:
            before = connection.execute(select(SurveyPlan.__table__).where(*same).with_for_update()).first()
            if before is None:
                row = insert(SurveyPlan).values(kind=wanted.kind, cadence=wanted.cadence, created_at=now, **values)
                plan_id = int(connection.execute(row.returning(SurveyPlan.id)).scalar_one())
            else:
                plan_id = before.id
                since = before.created_at if before.is_active else now
                changed = values | {"version": before.version + 1, "created_at": since}
                connection.execute(update(SurveyPlan).where(SurveyPlan.id == plan_id).values(**changed))
            detail = {"kind": wanted.kind, "cadence": wanted.cadence, "every_days": wanted.every_days}
            self._audit.append(connection, viewer.email, "survey_plan.set", f"survey_plan:{plan_id}", detail)
        return plan_id

    def remove(self, plan_id: int, viewer: Viewer) -> None:
        """Send no more of them; links that are out stay good. Raises NotFoundError."""
        self._policy.require(viewer, Action.SURVEYS_MANAGE)
        with self._store.write() as connection:
            changed = connection.execute(
                update(SurveyPlan)
                .where(SurveyPlan.id == plan_id, SurveyPlan.is_active)
                .values(
                    is_active=False,
                    version=SurveyPlan.version + 1,
                    changed_at=self._clock(),
                    changed_by=viewer.email,
                )
            )
            if changed.rowcount != 1:
                raise NotFoundError(f"There is no survey plan {plan_id}. `hireboard surveys list` shows them.")
            self._audit.append(connection, viewer.email, "survey_plan.removed", f"survey_plan:{plan_id}")

    def make_formal(self, kind: SurveyKind, since: date | None, viewer: Viewer) -> None:
        """From ``since`` on the kind's score is a formal KPI, and its metric's answers say so; None = it is not."""
        self._policy.require(viewer, Action.SURVEYS_MANAGE)
        metric_id = KPI_METRICS[kind]
        with self._store.write() as connection:
            version, before = latest_formal(connection)
            after = {name: day.isoformat() for name, day in before.items() if name != metric_id}
            if since is not None:
                after[metric_id] = since.isoformat()
            self._write_formal(connection, version + 1, after, viewer)
            detail = {
                "metric": metric_id,
                "before": before[metric_id].isoformat() if metric_id in before else None,
                "after": after.get(metric_id),
            }
            self._audit.append(connection, viewer.email, "setting.changed", f"setting:{SETTING}", detail)

    def _write_formal(self, connection: Connection, version: int, after: Mapping[str, str], viewer: Viewer) -> None:
        connection.execute(
            insert(AppSetting).values(
                name=SETTING,
                version=version,
                value=json.dumps(after, sort_keys=True),
                changed_at=self._clock(),
                changed_by=viewer.email,
            )
        )


def _plan(row: Any) -> Plan:
    values = {name: getattr(row, name) for name in Plan.__dataclass_fields__}
    return Plan(**(values | {"kind": SurveyKind(row.kind), "cadence": Cadence(row.cadence)}))


def _check(wanted: PlanWanted) -> None:
    if wanted.kind not in set(SurveyKind):
        raise InvalidInputError(f"There is no survey {wanted.kind!r}. Choose from: {', '.join(SurveyKind)}.")
    cadences = CADENCES[SurveyKind(wanted.kind)]
    if wanted.cadence not in cadences:
        raise InvalidInputError(f"{wanted.kind} is sent {', '.join(cadences)}, not {wanted.cadence!r}.")
    is_repeated = wanted.cadence == Cadence.WHILE_OPEN
    if is_repeated != (wanted.every_days is not None):
        raise InvalidInputError("“while_open” needs the number of days between two surveys; no other cadence takes it.")
    if wanted.every_days is not None and not SHORTEST_EVERY_DAYS <= wanted.every_days <= LONGEST_DAYS:
        raise InvalidInputError(f"Ask every {SHORTEST_EVERY_DAYS} to {LONGEST_DAYS} days, not {wanted.every_days}.")
    for name, least in (("delay", 0), ("valid", 3), ("remind_after", 0), ("throttle", 1)):
        days = getattr(wanted, f"{name}_days")
        if not least <= days <= LONGEST_DAYS:
            raise InvalidInputError(
                f"{name.replace('_', ' ').capitalize()}: {least} to {LONGEST_DAYS} days, not {days}."
            )
