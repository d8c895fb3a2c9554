"""What the page of schedules shows: when each fires next, and where its latest runs stand."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from services.access.policy import Action, Policy
from services.delivery.leases import Clock, utc_now
from services.delivery.ledger import Ledger
from services.domain.people import Viewer
from services.domain.schedules import RunEntry, ScheduleEntry, SchedulesView
from services.reporting.periods import period_of_fire
from services.reporting.schedules import Schedule, Schedules
from services.store.database import Store
from services.store.tables import Person

LATEST_RUNS = 50


class SchedulePage:
    """For those who may run a schedule by hand."""

    def __init__(
        self, store: Store, schedules: Schedules, ledger: Ledger, policy: Policy, *, clock: Clock = utc_now
    ) -> None:
        self._store = store
        self._schedules = schedules
        self._ledger = ledger
        self._policy = policy
        self._clock = clock

    def view(self, viewer: Viewer) -> SchedulesView:
        """Raises ForbiddenError."""
        self._policy.require(viewer, Action.REPORTS_RUN)
        runs = self._ledger.runs(limit=LATEST_RUNS)
        names = self._names(run.subject for run in runs)
        return SchedulesView(
            schedules=tuple(self._entry(schedule) for schedule in self._schedules.active()),
            runs=tuple(
                RunEntry(
                    schedule=run.schedule,
                    period=run.period,
                    subject_name=names.get(run.subject, "" if run.subject == "*" else run.subject),
                    state=run.state,
                    mail_state=run.mail_state,
                    due_at=run.due_at,
                    error=run.error,
                )
                for run in runs
            ),
            balance=tuple(self._ledger.balance().items()),
        )

    def _entry(self, schedule: Schedule) -> ScheduleEntry:
        fires = self._schedules.next_fires(schedule, 1)
        return ScheduleEntry(
            id=schedule.id,
            name=schedule.name,
            grain=schedule.grain,
            timezone=schedule.timezone,
            next_fire=fires[0] if fires else None,
            last_period=period_of_fire(schedule.grain, self._clock(), schedule.timezone),
        )

    def _names(self, subjects: Iterable[str]) -> dict[str, str]:
        ids = {int(subject) for subject in subjects if subject.isascii() and subject.isdigit()}
        if not ids:
            return {}
        with self._store.read() as connection:
            rows = connection.execute(select(Person.id, Person.name).where(Person.id.in_(ids)))
            return {str(row.id): row.name for row in rows}
