"""Schedules: when which report goes to whom. A fire enters runs into the ledger and does nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from sqlalchemy import Connection, Select, func, insert, select

from services.access.policy import Action, Policy
from services.audit.log import AuditLog
from services.delivery import failpoints
from services.delivery.leases import Clock, Duty, DutyRoster, utc_now
from services.delivery.ledger import DueRun, Ledger
from services.domain.errors import InvalidInputError, NotFoundError
from services.domain.people import Viewer
from services.reporting.cron import fires_between, parse_cron
from services.reporting.periods import check_period, period_of_fire
from services.store.database import Store
from services.store.tables import ReportRun, ReportSchedule, UserAccount

LOOK_BACK: Mapping[str, timedelta] = {
    "day": timedelta(days=3),
    "week": timedelta(days=22),
    "month": timedelta(days=95),
    "quarter": timedelta(days=280),
}
"""How far back missed fires are looked for: about three periods."""

RULES = ("each_subject", "owner")

DEFAULTS: tuple[Mapping[str, str], ...] = (
    {
        "name": "Monthly recruiter scorecard",
        "report_kind": "recruiter_scorecard",
        "cron": '{"day": 1, "hour": 6}',
        "grain": "month",
    },
    {
        "name": "Weekly hiring-manager report",
        "report_kind": "hiring_manager_weekly",
        "cron": '{"day_of_week": "mon", "hour": 7}',
        "grain": "week",
    },
)


class ReportSubject(Protocol):
    @property
    def id(self) -> str: ...


class SubjectSource(Protocol):
    """Who a kind of report can be about: ``services.reporting.definitions.Reports``."""

    def subjects(self, kind: str) -> Sequence[ReportSubject]:
        """Everybody the kind can report on; the id is that of a person in the store."""


@dataclass(frozen=True)
class Schedule:
    """A row of ``report_schedule``."""

    id: int
    name: str
    report_kind: str
    cron: str
    timezone: str
    grain: str
    recipients: str
    owner_user_id: int | None
    is_active: bool
    version: int
    created_at: datetime


class Fire(NamedTuple):
    """What is due: a period and the instant that made it due."""

    period: str
    due_at: datetime


class Schedules:
    """Reads schedules and enters what they make due. Safe for any number of processes: the ledger's key decides."""

    def __init__(
        self,
        store: Store,
        ledger: Ledger,
        subjects: SubjectSource,
        roster: DutyRoster,
        policy: Policy,
        audit: AuditLog,
        *,
        fixed_subjects: Mapping[str, Sequence[str]] | None = None,
        clock: Clock = utc_now,
    ) -> None:
        """``fixed_subjects``: by kind, for documents that are about no person; ``subjects`` is not asked for those."""
        self._store = store
        self._ledger = ledger
        self._subjects = subjects
        self._fixed_subjects = fixed_subjects or {}
        self._roster = roster
        self._policy = policy
        self._audit = audit
        self._clock = clock

    def active(self) -> list[Schedule]:
        """Schedules that fire, by id."""
        return self._read(_columns().where(ReportSchedule.is_active).order_by(ReportSchedule.id))

    def named(self, name_or_id: str) -> Schedule:
        """A schedule by its name (case does not matter) or id. Raises NotFoundError."""
        wanted = _columns().where(func.lower(ReportSchedule.name) == name_or_id.lower())
        if name_or_id.isdigit():
            wanted = _columns().where(ReportSchedule.id == int(name_or_id))
        found = self._read(wanted)
        if not found:
            known = "; ".join(f"{schedule.id} = {schedule.name}" for schedule in self.active()) or "none"
            raise NotFoundError(f"There is no schedule {name_or_id!r}. Schedules: {known}.")
        return found[0]

    def fire(self, schedule: Schedule, duty: Duty | None = None) -> int:
        """Enter what is due by now and not entered yet. Returns how many runs are new; a second fire enters none.

        Only the latest period is made; earlier ones that were missed (the server was down) are stated in the ledger as
        cancelled. With ``duty`` the leader's fence is checked in the same transaction (LeaseLostError).
        """
        fires = self._fires(schedule)
        if not fires:
            return 0
        *missed, latest = fires
        runs = [] if self._is_entered(schedule, latest.period) else self._runs(schedule)
        with self._store.write() as connection:
            if duty is not None:
                self._roster.require(connection, duty)
            for fire in missed:
                self._state_missed(connection, schedule, fire)
            return self._enter(connection, schedule, latest, runs)

    def run_now(self, schedule: Schedule, period: str, viewer: Viewer) -> int:
        """Enter every subject of a period, due or not. Returns how many are new; those made already stay as they are.

        Raises ForbiddenError, or InvalidInputError when the period is none of the schedule's grain.
        """
        self._policy.require(viewer, Action.REPORTS_RUN)
        check_period(period, schedule.grain)
        runs = self._runs(schedule)
        if not runs:
            raise InvalidInputError(
                f"“{schedule.name}” has nobody to report to: none of its subjects has an account. "
                "Create one with `hireboard user create`."
            )
        with self._store.write() as connection:
            entered = self._enter(connection, schedule, Fire(period, self._clock()), runs)
            detail = {"period": period, "entered": entered}
            self._audit.append(connection, viewer.email, "report.run_requested", f"schedule:{schedule.id}", detail)
            return entered

    def next_fires(self, schedule: Schedule, count: int = 5) -> list[datetime]:
        """The next instants at which it fires, soonest first, at most a year ahead."""
        now = self._clock()
        trigger = parse_cron(schedule.cron, schedule.timezone)
        found = []
        for fire in fires_between(trigger, now, now + timedelta(days=370)):
            found.append(fire)
            if len(found) == count:
                break
        return found

    # --- inside ------------------------------------------------------------------------------------------------------

    def _fires(self, schedule: Schedule) -> list[Fire]:
        """Due periods since the schedule was made, oldest first; each once, at its first fire."""
        now = self._clock()
        start = max(schedule.created_at, now - LOOK_BACK[schedule.grain])
        first: dict[str, datetime] = {}
        for instant in fires_between(parse_cron(schedule.cron, schedule.timezone), start, now):
            first.setdefault(period_of_fire(schedule.grain, instant, schedule.timezone), instant)
        return [Fire(period, due_at) for period, due_at in first.items()]

    def _is_entered(self, schedule: Schedule, period: str) -> bool:
        query = select(ReportRun.id).where(
            ReportRun.schedule_id == schedule.id, ReportRun.period == period, ReportRun.subject != "*"
        )
        with self._store.read() as connection:
            return connection.execute(query.limit(1)).first() is not None

    def _enter(self, connection: Connection, schedule: Schedule, fire: Fire, runs: Sequence[DueRun]) -> int:
        if not runs:
            return 0
        failpoints.hit("before-fire")
        entered = self._ledger.enter(
            connection,
            schedule_id=schedule.id,
            report_kind=schedule.report_kind,
            period=fire.period,
            due_at=fire.due_at,
            runs=runs,
        )
        failpoints.hit("after-fire")
        return entered

    def _state_missed(self, connection: Connection, schedule: Schedule, fire: Fire) -> None:
        of_period = select(ReportRun.id).where(ReportRun.schedule_id == schedule.id, ReportRun.period == fire.period)
        if connection.execute(of_period.limit(1)).first() is None:
            self._ledger.enter_not_made(
                connection,
                schedule_id=schedule.id,
                report_kind=schedule.report_kind,
                period=fire.period,
                due_at=fire.due_at,
                why="Not made: the server was not running when it was due, and only the latest period is caught up. "
                f"To make it: hireboard report run {schedule.id} --period {fire.period}",
            )

    def _runs(self, schedule: Schedule) -> list[DueRun]:
        """A run for each subject that has somebody to get it.

        Rule ``each_subject``: the subject's own account, also one that was deactivated, so that the failure is visible;
        a subject without any account is not due. Rule ``owner``: the schedule's owner gets all.
        """
        rule = json.loads(schedule.recipients).get("rule")
        subjects = self._fixed_subjects.get(schedule.report_kind)
        if subjects is None:
            subjects = [subject.id for subject in self._subjects.subjects(schedule.report_kind)]
        if rule == "owner":
            return [DueRun(subject, schedule.owner_user_id) for subject in subjects]
        if rule != "each_subject":
            raise InvalidInputError(f"“{schedule.name}” has the recipients' rule {rule!r}. Use {' or '.join(RULES)}.")
        accounts = self._accounts_by_person()
        return [DueRun(subject, accounts[subject]) for subject in subjects if subject in accounts]

    def _accounts_by_person(self) -> dict[str, int]:
        query = (
            select(UserAccount.person_id, UserAccount.id)
            .where(UserAccount.person_id.is_not(None))
            # of several accounts of a person the active one, then the newest, is written last and stays
            .order_by(UserAccount.is_active, UserAccount.id)
        )
        with self._store.read() as connection:
            return {str(row.person_id): row.id for row in connection.execute(query)}

    def _read(self, query: Select[*tuple[object, ...]]) -> list[Schedule]:
        with self._store.read() as connection:
            return [Schedule(**row) for row in connection.execute(query).mappings()]


def create_default_schedules(
    store: Store, owner_user_id: int, timezone: str, *, now: datetime | None = None
) -> tuple[int, ...]:
    """The demonstration company's two schedules; those whose name exists are left alone. Returns the new ids.

    Each counts from just before its last fire, so that the first start makes the reports of the last complete period at
    once and the archive is not empty.
    """
    today = now or utc_now()
    made = []
    with store.write() as connection:
        for default in DEFAULTS:
            if connection.execute(select(ReportSchedule.id).where(ReportSchedule.name == default["name"])).first():
                continue
            fires = fires_between(parse_cron(default["cron"], timezone), today - LOOK_BACK[default["grain"]], today)
            last = max(fires, default=today)
            row = insert(ReportSchedule).values(
                **default,
                timezone=timezone,
                recipients='{"rule": "each_subject"}',
                owner_user_id=owner_user_id,
                is_active=True,
                created_at=last - timedelta(seconds=1),
            )
            made.append(int(connection.execute(row.returning(ReportSchedule.id)).scalar_one()))
    return tuple(made)


def _columns() -> Select[*tuple[object, ...]]:
    return select(*(getattr(ReportSchedule, name) for name in Schedule.__dataclass_fields__))
