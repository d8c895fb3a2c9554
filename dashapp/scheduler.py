"""The scheduler role: APScheduler as the clock, our tables as the truth.

Jobs are rebuilt from ``report_schedule`` every five seconds, by the leader alone; a fire only enters runs into the
ledger. Because the ledger's key decides, a second fire, a clock that was set back and a second scheduler do no harm.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.background import BackgroundScheduler

from services.delivery.leases import Duty, DutyRoster, LeaseLostError, owner_name
from services.domain.errors import HireboardError, RetryLaterError
from services.mart.reader import NotReadyError
from services.reporting.cron import parse_cron
from services.reporting.schedules import Schedule, Schedules

_LOG = logging.getLogger(__name__)

DUTY = "scheduler"
TICK_S = 5.0
CALENDAR_CHECK_S = 60.0
"""How often the ledger is compared with the calendar besides: a laptop that slept, a clock that was set."""


class Chore(NamedTuple):
    """Work that recurs every ``every_s`` seconds and does nothing twice: its tables' unique keys see to that."""

    name: str
    every_s: int
    work: Callable[[], object]


class ReportClock:
    """Fires schedules while this process leads.

    ``refresh_mart`` is called every ``refresh_every_s()`` seconds (0 = never); a change counts within a tick.
    ``chores`` are done by the leader alone, each never beside itself.
    """

    def __init__(
        self,
        schedules: Schedules,
        roster: DutyRoster,
        *,
        refresh_mart: Callable[[], object],
        refresh_every_s: Callable[[], int],
        tick_s: float = TICK_S,
        chores: Sequence[Chore] = (),
        close: Callable[[], None] = lambda: None,
    ) -> None:
        self._schedules = schedules
        self._roster = roster
        self._refresh_mart = refresh_mart
        self._refresh_every_s = refresh_every_s
        self._tick_s = tick_s
        self._close = close
        self._owner = owner_name(DUTY)
        self._duty: Duty | None = None
        self._jobs: dict[int, Schedule] = {}
        self._mart_every_s = 0
        self._apscheduler = BackgroundScheduler(
            jobstores={"default": MemoryJobStore()},
            executors={"default": ThreadPoolExecutor(3)},
            # late is better than never: the defaults skip a fire that is one second late
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
            timezone=UTC,
        )
        for chore in chores:
            self._apscheduler.add_job(
                self._do, "interval", seconds=chore.every_s, id=f"chore-{chore.name}", args=(chore,)
            )

    def run_until(self, stop: threading.Event) -> None:
        """Lead when nobody else does, until told to stop."""
        self._apscheduler.start()
        last_check: float | None = None
        try:
            while not stop.is_set():
                leads = self._lead()
                now = datetime.now(UTC).timestamp()
                if not leads:
                    last_check = None
                elif last_check is None or abs(now - last_check) >= CALENDAR_CHECK_S:
                    last_check = now if self._compare_with_calendar() else None
                # a clock that was set forwards must not leave APScheduler waiting for the old time
                self._apscheduler.wakeup()
                stop.wait(self._tick_s)
        finally:
            self._apscheduler.shutdown(wait=True)
            self._step_down()
            self._close()

    def _lead(self) -> bool:
        """Take or renew the duty and bring the jobs up to date. False = another process leads, or nobody can."""
        try:
            self._duty = self._roster.acquire(DUTY, self._owner)
            if self._duty is not None:
                self._rebuild({schedule.id: schedule for schedule in self._schedules.active()})
        except RetryLaterError as error:
            _LOG.warning("%s", error)
            return False
        if self._duty is None:
            self._rebuild({})
        return self._duty is not None

    def _step_down(self) -> None:
        if self._duty is not None:
            try:
                self._roster.release(self._duty)
            except RetryLaterError as error:
                _LOG.warning("%s", error)

    def _rebuild(self, wanted: dict[int, Schedule]) -> None:
        for schedule_id in self._jobs.keys() - wanted.keys():
            self._drop(schedule_id)
        for schedule_id, schedule in wanted.items():
            if self._jobs.get(schedule_id) != schedule:
                self._add(schedule)
        self._keep_mart_job(self._refresh_every_s() if self._duty is not None else 0)

    def _drop(self, schedule_id: int) -> None:
        self._jobs.pop(schedule_id, None)
        if self._apscheduler.get_job(_job_id(schedule_id)):
            self._apscheduler.remove_job(_job_id(schedule_id))

    def _add(self, schedule: Schedule) -> None:
        self._drop(schedule.id)
        self._jobs[schedule.id] = schedule
        try:
            trigger = parse_cron(schedule.cron, schedule.timezone)
        except HireboardError as error:
            _LOG.error("schedule %s cannot fire: %s", schedule.id, error)
            return
        self._apscheduler.add_job(self._fire, trigger, id=_job_id(schedule.id), args=(schedule,), replace_existing=True)

    def _keep_mart_job(self, every_s: int) -> None:
        if every_s == self._mart_every_s:
            return
        self._mart_every_s = every_s
        if every_s:
            self._apscheduler.add_job(self._refresh, "interval", seconds=every_s, id="mart", replace_existing=True)
        else:
            self._apscheduler.remove_job("mart")

    def _compare_with_calendar(self) -> bool:
        """Fire what should have fired; False = something could not be entered and is to be tried at the next tick."""
        fired = [self._fire(schedule) for schedule in self._jobs.values()]
        return all(fired)

    def _fire(self, schedule: Schedule) -> bool:
        duty = self._duty
        if duty is None:
            return False
        try:
            entered = self._schedules.fire(schedule, duty)
        except LeaseLostError as error:
            _LOG.warning("%s", error)
            return False
        except HireboardError as error:
            _LOG.warning("schedule %s could not be fired yet: %s", schedule.id, error)
            return False
        if entered:
            _LOG.info("schedule %s: %s runs are due", schedule.id, entered)
        return True

    def _do(self, chore: Chore) -> None:
        if self._duty is None:
            return
        try:
            chore.work()
        except NotReadyError:
            return  # before the first snapshot there is nothing to do
        except (HireboardError, OSError) as error:
            _LOG.warning("%s: %s", chore.name, error)
        except Exception:  # noqa: BLE001 - one kind of work that fails must not keep the clock from the others
            _LOG.exception("%s failed; the next round tries again", chore.name)

    def _refresh(self) -> None:
        try:
            self._refresh_mart()
        except (HireboardError, OSError) as error:
            _LOG.warning("the mart could not be refreshed: %s", error)


def _job_id(schedule_id: int) -> str:
    return f"schedule-{schedule_id}"
