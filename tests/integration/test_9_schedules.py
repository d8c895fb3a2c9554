"""9: schedules enter what is due, once; what was missed is stated; APScheduler is only the clock."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select, update

from dashapp.scheduler import DUTY, ReportClock
from services.access.policy import Policy
from services.delivery.leases import DutyRoster, LeaseLostError, utc_now
from services.domain.errors import ForbiddenError, InvalidInputError, NotFoundError, RetryLaterError
from services.domain.people import Role, Viewer
from services.reporting.schedule_page import SchedulePage
from services.reporting.schedules import Schedule, Schedules, create_default_schedules
from services.store.database import Store
from services.store.tables import AuditEvent, Person, ReportSchedule, UserAccount
from tests.delivery_scenes import DeliveryScene, HandClock
from tests.kill_roles import Subject

RON = Viewer(1, "ron@northwind.example", "Recruiting manager Ron", roles=frozenset({Role.RECRUITING_MANAGER}))
MAX = Viewer(2, "max@northwind.example", "Hiring manager Max", roles=frozenset({Role.HIRING_MANAGER}))
MONDAY = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
"""07:00 in Berlin."""


class Everybody:
    """Three managers; Hana has no account."""

    def __init__(self, people: Sequence[int]) -> None:
        self.people = people
        self.is_away = False

    def subjects(self, _kind: str) -> list[Subject]:
        if self.is_away:
            raise RetryLaterError("There is no snapshot yet.")
        return [Subject(str(person)) for person in self.people]


class Scene(DeliveryScene):
    def __post_init__(self) -> None:
        super().__post_init__()
        self.clock.now = MONDAY
        self.people = [self._add_person(name) for name in ("max", "otto", "hana")]
        self.users = [
            self._add_account(name, person) for name, person in zip(("max", "otto"), self.people, strict=False)
        ]
        self.subjects = Everybody(self.people)
        self.roster = DutyRoster(self.store, length_s=15, clock=self.clock)
        self.schedules = Schedules(
            self.store, self.ledger, self.subjects, self.roster, Policy(), self.audit, clock=self.clock
        )
        self.since(timedelta(minutes=1))

    def _add_person(self, name: str) -> int:
        row = insert(Person).values(source_system="t", external_id=name, name=name.capitalize())
        with self.store.write() as connection:
            return int(connection.execute(row.returning(Person.id)).scalar_one())

    def _add_account(self, name: str, person_id: int) -> int:
        user_id = self.add_user(f"{name}@northwind.example", name)
        with self.store.write() as connection:
            connection.execute(update(UserAccount).where(UserAccount.id == user_id).values(person_id=person_id))
        return user_id

    def since(self, age: timedelta) -> None:
        """The schedule was made so long ago."""
        self.change(created_at=self.clock() - age)

    def change(self, **values: object) -> None:
        with self.store.write() as connection:
            connection.execute(update(ReportSchedule).where(ReportSchedule.id == self.schedule_id).values(**values))

    @property
    def schedule(self) -> Schedule:
        return self.schedules.named(str(self.schedule_id))

    def periods(self, state: str = "due") -> list[str]:
        return sorted({run.period for run in self.ledger.runs(state=state)})


@pytest.fixture
def scene(migrated_store_url: str) -> Iterator[Scene]:
    scene = Scene(Store(migrated_store_url))
    yield scene
    scene.store.dispose()


@pytest.fixture
def small(migrated_sqlite_url: str) -> Iterator[Scene]:
    """The same on SQLite alone, where the store makes no difference."""
    scene = Scene(Store(migrated_sqlite_url))
    yield scene
    scene.store.dispose()


def test_a_fire_enters_everybody_who_has_an_account_once(scene: Scene) -> None:
    assert scene.schedules.fire(scene.schedule) == 2
    assert scene.schedules.fire(scene.schedule) == 0
    runs = scene.ledger.runs()
    assert {run.period for run in runs} == {"2026-W44"}
    assert {run.due_at for run in runs} == {MONDAY}
    assert {run.recipient_user_id for run in runs} == set(scene.users)


def test_f26_a_clock_that_is_set_back_or_forwards_doubles_and_misses_nothing(scene: Scene) -> None:
    entered = 0
    for hours in (0, -2, 3, -1, 24, -24, 24):
        scene.clock.pass_by(hours=hours)
        entered += scene.schedules.fire(scene.schedule)
    assert entered == 2
    scene.clock.pass_by(days=7)
    assert scene.schedules.fire(scene.schedule) == 2
    assert scene.periods() == ["2026-W44", "2026-W45"]


def test_f27_after_three_missed_periods_the_latest_is_made_and_the_others_are_stated(scene: Scene) -> None:
    scene.since(timedelta(days=15))
    assert scene.schedules.fire(scene.schedule) == 2
    assert scene.periods() == ["2026-W44"]
    assert scene.periods("cancelled") == ["2026-W42", "2026-W43"]
    stated = scene.ledger.runs(state="cancelled")
    assert all("hireboard report run" in str(run.error) for run in stated)
    assert scene.schedules.fire(scene.schedule) == 0
    assert len(scene.ledger.runs(state="cancelled")) == 2
    assert scene.schedules.run_now(scene.schedule, "2026-W43", RON) == 2


def test_nothing_is_due_before_the_schedule_was_made(small: Scene) -> None:
    small.clock.pass_by(hours=1)
    small.since(timedelta(minutes=5))
    assert small.schedules.fire(small.schedule) == 0
    assert small.ledger.runs() == []


def test_a_deactivated_account_is_due_so_that_its_failure_is_seen(small: Scene) -> None:
    small.deactivate(small.users[0])
    assert small.schedules.fire(small.schedule) == 2


def test_the_rule_owner_sends_every_subject_to_the_owner(small: Scene) -> None:
    small.change(recipients='{"rule": "owner"}')
    assert small.schedules.fire(small.schedule) == 3
    assert {run.recipient_user_id for run in small.ledger.runs()} == {small.ada}


def test_an_unknown_rule_is_refused(small: Scene) -> None:
    small.change(recipients='{"rule": "everyone"}')
    with pytest.raises(InvalidInputError, match="each_subject or owner"):
        small.schedules.fire(small.schedule)


def test_f06_a_leader_that_was_replaced_enters_nothing(small: Scene) -> None:
    old = small.roster.acquire(DUTY, "old")
    assert old is not None
    small.clock.pass_by(seconds=20)
    assert small.roster.acquire(DUTY, "new")
    with pytest.raises(LeaseLostError):
        small.schedules.fire(small.schedule, old)
    assert small.ledger.runs() == []


def test_run_now_needs_the_permission_and_leaves_an_audit_event(scene: Scene) -> None:
    with pytest.raises(ForbiddenError):
        scene.schedules.run_now(scene.schedule, "2026-W40", MAX)
    assert scene.ledger.runs() == []
    assert scene.schedules.run_now(scene.schedule, "2026-W40", RON) == 2
    assert scene.schedules.run_now(scene.schedule, "2026-W40", RON) == 0
    with scene.store.read() as connection:
        actors = connection.scalars(select(AuditEvent.actor).where(AuditEvent.action == "report.run_requested"))
        assert list(actors) == [RON.email] * 2


@pytest.mark.parametrize("period", ["2026-10", "12m", "yesterday", ""])
def test_run_now_refuses_a_period_of_another_grain(small: Scene, period: str) -> None:
    with pytest.raises(InvalidInputError, match="2026-W47"):
        small.schedules.run_now(small.schedule, period, RON)


def test_run_now_without_anybody_to_report_to_says_so(small: Scene) -> None:
    small.subjects.people = ()
    with pytest.raises(InvalidInputError, match="user create"):
        small.schedules.run_now(small.schedule, "2026-W40", RON)


def test_a_schedule_is_found_by_name_or_number(small: Scene) -> None:
    assert small.schedules.named("WEEKLY hiring-manager REPORT") == small.schedule
    with pytest.raises(NotFoundError, match="1 = Weekly hiring-manager report"):
        small.schedules.named("monthly")


def test_the_next_fires_keep_to_the_local_hour(small: Scene) -> None:
    small.clock.now = datetime(2027, 3, 20, tzinfo=UTC)
    fires = small.schedules.next_fires(small.schedule, 2)
    assert fires == [datetime(2027, 3, 22, 6, tzinfo=UTC), datetime(2027, 3, 29, 5, tzinfo=UTC)]


def test_the_default_schedules_are_made_once_and_fire_at_once(small: Scene) -> None:
    made = create_default_schedules(small.store, small.ada, "Europe/Berlin", now=small.clock())
    assert len(made) == 1, "the weekly one of the scene has the same name"
    assert create_default_schedules(small.store, small.ada, "Europe/Berlin", now=small.clock()) == ()
    assert small.schedules.fire(small.schedules.named("monthly recruiter scorecard")) == 2
    assert small.periods() == ["2026-10"]
    assert small.periods("cancelled") == []


def test_the_page_shows_next_runs_and_what_became_of_the_last(small: Scene) -> None:
    page = SchedulePage(small.store, small.schedules, small.ledger, Policy(), clock=small.clock)
    with pytest.raises(ForbiddenError):
        page.view(MAX)
    small.since(timedelta(days=8))
    small.schedules.fire(small.schedule)
    view = page.view(RON)
    [entry] = view.schedules
    assert (entry.last_period, entry.next_fire) == ("2026-W44", MONDAY + timedelta(days=7))
    assert sorted((run.subject_name, run.state) for run in view.runs) == [
        ("", "cancelled"),
        ("Max", "due"),
        ("Otto", "due"),
    ]
    assert dict(view.balance) == {"sent": 0, "in_doubt": 0, "failed": 0, "cancelled": 1, "waiting": 2}


# --- the process ----------------------------------------------------------------------------------------------------


class RealTime(HandClock):
    def __call__(self) -> datetime:
        return utc_now()


@pytest.fixture
def running(small: Scene) -> Iterator[Callable[..., ReportClock]]:
    """Starts scheduler roles on the real clock; stops them at the end."""
    stop = threading.Event()
    threads: list[threading.Thread] = []

    def start(**settings: object) -> ReportClock:
        roster = DutyRoster(small.store, length_s=15)
        schedules = Schedules(small.store, small.ledger, small.subjects, roster, Policy(), small.audit)
        options: dict[str, object] = {"refresh_mart": lambda: None, "refresh_every_s": lambda: 0, "tick_s": 0.1}
        role = ReportClock(schedules, roster, **(options | settings))  # type: ignore[arg-type]
        thread = threading.Thread(target=role.run_until, args=(stop,))
        thread.start()
        threads.append(thread)
        return role

    yield start
    stop.set()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()


def wait_for(condition: Callable[[], bool], seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


EVERY_SECOND = '{"hour": "*", "minute": "*", "second": "*"}'


def test_apscheduler_fires_what_became_due_while_running(small: Scene, running: Callable[..., ReportClock]) -> None:
    """The schedule was made this instant, so the comparison at the start finds nothing: only the clock can fire it."""
    small.change(is_active=False)
    running()
    time.sleep(0.5)
    small.change(is_active=True, cron=EVERY_SECOND, grain="day", timezone="UTC", created_at=utc_now())
    wait_for(lambda: len(small.ledger.runs()) == 2)


def test_a_schedule_that_is_switched_off_loses_its_job(small: Scene, running: Callable[..., ReportClock]) -> None:
    role = running()
    wait_for(lambda: len(role._apscheduler.get_jobs()) == 1)
    [job] = role._apscheduler.get_jobs()
    assert (job.misfire_grace_time, job.coalesce) == (None, True), "late is better than never, and once is enough"
    small.change(is_active=False)
    wait_for(lambda: role._apscheduler.get_jobs() == [])


def test_times_that_cannot_be_read_stop_their_schedule_alone(
    small: Scene, running: Callable[..., ReportClock], caplog: pytest.LogCaptureFixture
) -> None:
    small.add_schedule("Broken")
    with small.store.write() as connection:
        connection.execute(update(ReportSchedule).where(ReportSchedule.name == "Broken").values(cron="{}"))
    role = running()
    wait_for(lambda: [job.id for job in role._apscheduler.get_jobs()] == [f"schedule-{small.schedule_id}"])
    wait_for(lambda: "cannot fire" in caplog.text)


def test_what_could_not_be_entered_is_tried_at_the_next_tick(small: Scene, running: Callable[..., ReportClock]) -> None:
    small.change(created_at=utc_now() - timedelta(days=8))
    small.subjects.is_away = True
    running()
    time.sleep(0.5)
    assert small.ledger.runs() == []
    small.subjects.is_away = False
    wait_for(lambda: len(small.ledger.runs(state="due")) == 2)


def test_the_second_scheduler_stands_by_and_takes_over(small: Scene, running: Callable[..., ReportClock]) -> None:
    first = running()
    wait_for(lambda: first._duty is not None)
    second = running()
    time.sleep(0.5)
    assert second._duty is None
    assert second._apscheduler.get_jobs() == []
    assert first._duty is not None
    small.roster._clock = utc_now
    small.roster.release(first._duty)
    wait_for(lambda: (first._duty is None) != (second._duty is None))


def test_the_mart_is_refreshed_at_its_interval_and_a_failure_stops_nothing(
    small: Scene, running: Callable[..., ReportClock], caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[int] = []
    every = [1]

    def refresh() -> None:
        calls.append(1)
        raise RetryLaterError("An import is being applied.")

    role = running(refresh_mart=refresh, refresh_every_s=lambda: every[0])
    wait_for(lambda: len(calls) >= 2)
    wait_for(lambda: "An import is being applied." in caplog.text)
    every[0] = 0
    wait_for(lambda: role._apscheduler.get_job("mart") is None)
