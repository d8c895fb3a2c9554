"""1.3 and 1.4: real processes killed with -9 in the middle of a step or a survey, on both stores.

What was half done is not there at all, the next round does it, and nobody gets two mails.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from services.delivery import failpoints
from services.store.database import Store
from tests.alert_scenes import AlertScene
from tests.round_roles import alert_round, survey_round
from tests.survey_scenes import CANDIDATE, SurveyScene

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["pytest", "tests.kill_roles", "tests.round_roles"])


@pytest.fixture
def store(migrated_store_url: str) -> Iterator[Store]:
    made = Store(migrated_store_url)
    yield made
    made.dispose()


def run(role: Callable[..., None], store: Store, now: object, failpoint: str = "") -> int | None:
    """The role in a process; its exit status (minus the signal that killed it)."""
    url = store.url.render_as_string(hide_password=False)
    environment = {failpoints.VARIABLE: f"{failpoint}=crash" if failpoint else "", failpoints.TALLY_VARIABLE: ""}
    process = FORKS.Process(target=role, args=(url, now, environment))
    process.start()
    process.join(90)
    return process.exitcode


def test_1_4_a_round_killed_in_a_step_takes_it_whole_the_next_time(store: Store) -> None:
    """First while the incident is opened, then while it climbs; two schedulers then make the same round at once."""
    scene = AlertScene(store)
    scene.limit()
    for point in ("after-step", "before-step-commit"):
        assert run(alert_round, store, scene.clock(), point) == -signal.SIGKILL, point
        assert scene.open_incidents() == []
        assert scene.mails() == []
    assert run(alert_round, store, scene.clock()) == 0
    [number] = scene.open_incidents()
    assert [who for who, _ in scene.mails()] == ["rita"]
    later = scene.clock() + timedelta(days=1)
    for point in ("after-step", "before-step-commit"):
        assert run(alert_round, store, later, point) == -signal.SIGKILL, point
        assert list(scene.told(number)) == ["recruiter"]
        assert scene.incident(number).step == 0
    rounds = [FORKS.Process(target=alert_round, args=(_url(store), later, {failpoints.VARIABLE: ""})) for _ in range(2)]
    for process in rounds:
        process.start()
    for process in rounds:
        process.join(90)
        assert process.exitcode == 0
    assert [who for who, _ in scene.mails()] == ["rita", "ron"]
    assert scene.told(number) == {"recruiter": ["rita@northwind.example"], "lead": ["ron@northwind.example"]}
    assert len(set(scene.keys())) == len(scene.keys())
    assert scene.people.audit.verify().first_bad_seq is None


def test_1_3_a_round_killed_while_it_asks_asks_everybody_once_the_next_time(store: Store) -> None:
    scene = SurveyScene(store)
    scene.plan(CANDIDATE, "per_decision")
    for _ in range(3):
        scene.decided("rejected")
    scene.clock.pass_by(days=2)
    for point in ("after-survey", "before-survey-commit"):
        assert run(survey_round, store, scene.clock(), point) == -signal.SIGKILL, point
        assert scene.asked() == []
        assert scene.recipients() == []
    for _ in range(2):
        assert run(survey_round, store, scene.clock()) == 0
    assert scene.recipients() == ["candidate1", "candidate2", "candidate3"]
    assert not scene.surveys.answers.look(scene.token()).is_answered
    assert scene.people.audit.verify().first_bad_seq is None


def _url(store: Store) -> str:
    return store.url.render_as_string(hide_password=False)
