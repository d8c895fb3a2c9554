"""What the scheduler does besides schedules: the leader alone does it, and one chore that fails stops nothing."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from dashapp.scheduler import DUTY, Chore, ReportClock
from services.access.policy import Policy
from services.delivery.leases import DutyRoster
from services.domain.errors import RetryLaterError
from services.mart.reader import NotReadyError
from services.reporting.schedules import Schedules
from services.store.database import Store
from tests.delivery_scenes import DeliveryScene
from tests.kill_roles import TinyReports


@pytest.fixture
def scene(migrated_sqlite_url: str) -> Iterator[DeliveryScene]:
    store = Store(migrated_sqlite_url)
    yield DeliveryScene(store)
    store.dispose()


class Counted:
    """Chores that are counted; those named after an error raise it."""

    def __init__(self) -> None:
        self.done: Counter[str] = Counter()

    def chore(self, name: str, error: Exception | None = None) -> Chore:
        def work() -> None:
            self.done[name] += 1
            if error is not None:
                raise error

        return Chore(name, 1, work)


def run_clock(scene: DeliveryScene, chores: list[Chore], enough: float | Counted) -> None:
    roster = DutyRoster(scene.store)
    schedules = Schedules(scene.store, scene.ledger, TinyReports(), roster, Policy(), scene.audit)
    clock = ReportClock(
        schedules, roster, refresh_mart=lambda: None, refresh_every_s=lambda: 0, tick_s=0.1, chores=chores
    )
    stop = threading.Event()
    thread = threading.Thread(target=clock.run_until, args=(stop,))
    thread.start()
    deadline = time.monotonic() + (enough if isinstance(enough, float) else 30)
    while time.monotonic() < deadline:
        if isinstance(enough, Counted) and all(enough.done[chore.name] >= 2 for chore in chores):
            break
        time.sleep(0.05)
    stop.set()
    thread.join()


def test_chores_that_fail_are_tried_again_and_the_others_go_on(scene: DeliveryScene) -> None:
    counted = Counted()
    chores = [
        counted.chore("good"),
        counted.chore("away", RetryLaterError("The database is away.")),
        counted.chore("early", NotReadyError("There is no snapshot yet.")),
        counted.chore("broken", ZeroDivisionError()),
    ]
    run_clock(scene, chores, counted)
    assert min(counted.done[chore.name] for chore in chores) >= 2


def test_who_does_not_lead_does_no_chores(scene: DeliveryScene) -> None:
    assert DutyRoster(scene.store).acquire(DUTY, "somebody else") is not None
    counted = Counted()
    run_clock(scene, [counted.chore("good")], 2.5)
    assert counted.done == Counter()
