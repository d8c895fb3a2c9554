"""When the validation comes by itself: where its export lies, on which day, whose it is; and what it waits for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from services.access.policy import Action, Policy
from services.accounts.directory import Accounts
from services.audit.log import AuditLog
from services.delivery.leases import Clock, utc_now
from services.domain.errors import ConflictError, InvalidInputError, NotFoundError
from services.domain.people import Viewer
from services.store.database import Store
from services.store.tables import ReportSchedule, UserAccount, ValidationLack, ValidationPlan

KIND = "validation_certificate"
GREENHOUSE = "greenhouse"
NAME = "Monthly validation against Greenhouse"
LAST_DAY = 28
"""Every month has it."""
LAST_HOUR = 23
LONGEST_HOURS = 24 * 31


@dataclass(frozen=True)
class Wanted:
    """What an administrator sets. ``day`` of the month and ``hour`` are local to ``timezone``."""

    folder: Path
    day: int
    owner: str
    """E-mail of an administrator: the certificate is made under their rights and sent to them."""
    hour: int = 6
    timezone: str = "UTC"
    fresh_hours: int = 48
    mapping: Path | None = None


@dataclass(frozen=True)
class Plan:
    """The newest version; ``version`` 0 = there never was one."""

    version: int = 0
    is_active: bool = False
    folder: Path = Path()
    mapping: Path | None = None
    fresh_hours: int = 0
    schedule_id: int = 0
    day: int = 0
    hour: int = 0
    timezone: str = "UTC"
    owner: str = ""


@dataclass(frozen=True)
class Lack:
    """What an open incident says."""

    period: str
    reason: str
    opened_at: datetime


class ValidationPlans:
    """Shows and sets the plan; each change is one version more and one audit event."""

    def __init__(
        self, store: Store, policy: Policy, accounts: Accounts, audit: AuditLog, *, clock: Clock = utc_now
    ) -> None:
        self._store = store
        self._policy = policy
        self._accounts = accounts
        self._audit = audit
        self._clock = clock

    def now(self) -> Plan:
        with self._store.read() as connection:
            return plan_of(connection)

    def lack(self) -> Lack | None:
        """None = nothing is waited for."""
        with self._store.read() as connection:
            return lack_of(connection)

    def put(self, wanted: Wanted, viewer: Viewer, expected_version: int | None = None) -> Plan:
        """Raises ForbiddenError, NotFoundError (the owner), InvalidInputError and ConflictError."""
        self._policy.require(viewer, Action.SCHEDULES_MANAGE)
        _check(wanted)
        owner = self._owner(wanted.owner)
        with self._store.write() as connection:
            before = plan_of(connection)
            schedule_id = self._schedule(connection, wanted, owner, before.schedule_id)
            row = {
                "folder": str(wanted.folder.absolute()),
                "mapping": str(wanted.mapping.absolute()) if wanted.mapping else None,
                "fresh_hours": wanted.fresh_hours,
                "schedule_id": schedule_id,
                "is_active": True,
            }
            self._append(connection, before, row, viewer, expected_version)
            return plan_of(connection)

    def stop(self, viewer: Viewer, expected_version: int | None = None) -> None:
        """No further validation is due; an incident that waits for an export is closed. Raises as ``put`` does."""
        self._policy.require(viewer, Action.SCHEDULES_MANAGE)
        with self._store.write() as connection:
            before = plan_of(connection)
            if not before.is_active:
                raise NotFoundError("No validation is scheduled. Set one with `hireboard validate schedule --folder`.")
            stopped = update(ReportSchedule).where(ReportSchedule.id == before.schedule_id)
            connection.execute(stopped.values(is_active=False, version=ReportSchedule.version + 1))
            row = {
                "folder": str(before.folder),
                "mapping": str(before.mapping) if before.mapping else None,
                "fresh_hours": before.fresh_hours,
                "schedule_id": before.schedule_id,
                "is_active": False,
            }
            self._append(connection, before, row, viewer, expected_version)
            end_lack(connection, self._audit, GREENHOUSE, viewer.email, self._clock(), None)

    def _owner(self, email: str) -> int:
        owner = self._accounts.viewer_by_email(email)
        if owner.user_id is None or not self._policy.can(owner, Action.METRICS_RAW):
            raise InvalidInputError(
                f"{email} may not see unrounded figures, which a validation compares. Name an administrator as owner."
            )
        return owner.user_id

    def _schedule(self, connection: Connection, wanted: Wanted, owner: int, schedule_id: int) -> int:
        values = {
            "cron": json.dumps({"day": wanted.day, "hour": wanted.hour}),
            "timezone": wanted.timezone,
            "owner_user_id": owner,
            "is_active": True,
        }
        if schedule_id:
            changed = update(ReportSchedule).where(ReportSchedule.id == schedule_id)
            connection.execute(changed.values(**values, version=ReportSchedule.version + 1))
            return schedule_id
        row = insert(ReportSchedule).values(
            **values,
            name=NAME,
            report_kind=KIND,
            grain="month",
            recipients='{"rule": "owner"}',
            created_at=self._clock(),
        )
        return int(connection.execute(row.returning(ReportSchedule.id)).scalar_one())

    def _append(
        self, connection: Connection, before: Plan, row: Mapping[str, object], viewer: Viewer, expected: int | None
    ) -> None:
        if expected is not None and expected != before.version:
            raise ConflictError(
                f"Somebody else changed this: version {before.version} is the newest, you saw {expected}. "
                "Look at it, try again."
            )
        key = {"source_system": GREENHOUSE, "version": before.version + 1}
        try:
            with connection.begin_nested():
                changed = {"changed_at": self._clock(), "changed_by": viewer.email}
                connection.execute(insert(ValidationPlan).values(**key, **row, **changed))
        except IntegrityError as error:
            raise ConflictError("Somebody else is changing this now. Look at it and try again.") from error
        detail = {"version": before.version + 1, "was_active": before.is_active, **row}
        self._audit.append(connection, viewer.email, "validation.scheduled", "validation_plan:greenhouse", detail)


def plan_of(connection: Connection) -> Plan:
    """The newest plan with the times and owner of its schedule."""
    row = connection.execute(
        select(
            ValidationPlan.__table__,
            ReportSchedule.cron,
            ReportSchedule.timezone,
            func.coalesce(UserAccount.email, "").label("owner"),
        )
        .join(ReportSchedule, ReportSchedule.id == ValidationPlan.schedule_id)
        .outerjoin(UserAccount, UserAccount.id == ReportSchedule.owner_user_id)
        .where(ValidationPlan.source_system == GREENHOUSE)
        .order_by(ValidationPlan.version.desc())
        .limit(1)
    ).first()
    if row is None:
        return Plan()
    times = json.loads(row.cron)
    return Plan(
        version=row.version,
        is_active=row.is_active,
        folder=Path(row.folder),
        mapping=Path(row.mapping) if row.mapping else None,
        fresh_hours=row.fresh_hours,
        schedule_id=row.schedule_id,
        day=int(times["day"]),
        hour=int(times["hour"]),
        timezone=row.timezone,
        owner=row.owner,
    )


def lack_of(connection: Connection) -> Lack | None:
    table = ValidationLack.__table__.c
    row = connection.execute(
        select(table.period, table.reason, table.opened_at).where(table.open_key == GREENHOUSE)
    ).first()
    return Lack(*row) if row else None


def end_lack(
    connection: Connection, audit: AuditLog, system: str, actor: str, now: datetime, certificate_id: int | None
) -> None:
    """Closes the open incident, if there is one."""
    table = ValidationLack.__table__
    here = connection.execute(select(table.c.id).where(table.c.open_key == system)).first()
    if here is None:
        return
    closed = {"open_key": None, "closed_at": now, "closed_by_certificate_id": certificate_id}
    connection.execute(update(ValidationLack).where(table.c.id == here.id).values(**closed))
    audit.append(connection, actor, "validation.lack_closed", f"validation_lack:{here.id}")


def _check(wanted: Wanted) -> None:
    if not 1 <= wanted.day <= LAST_DAY:
        raise InvalidInputError(f"The day of the month is 1 to {LAST_DAY}, which every month has.")
    if not 0 <= wanted.hour <= LAST_HOUR:
        raise InvalidInputError(f"The hour is 0 to {LAST_HOUR}.")
    if not 1 <= wanted.fresh_hours <= LONGEST_HOURS:
        raise InvalidInputError(f"An export counts as fresh for 1 to {LONGEST_HOURS} hours.")
    try:
        ZoneInfo(wanted.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidInputError(f"There is no time zone {wanted.timezone!r}. Write one like Europe/Berlin.") from None
    if wanted.mapping is not None and not wanted.mapping.is_file():
        raise InvalidInputError(f"There is no mapping file {wanted.mapping}. Check the path.")
