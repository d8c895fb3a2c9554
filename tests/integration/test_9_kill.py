"""Capability 9: real processes killed with -9 at every named failpoint, on both stores, with a real SMTP server.

What was due is sent, in doubt or failed visibly; no key ever has two Message-IDs; nothing is lost.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select

from services.delivery import failpoints
from services.delivery.archive import stored_digests
from services.delivery.ledger import DueRun
from services.domain.people import Role
from services.store.database import Store
from services.store.tables import ArchiveItem, OutboxMessage, Person, ReportRun, ReportSchedule
from tests.kill_roles import LEASE_S, Installation, forked
from tests.services_for_tests import SmtpServer, die_with_parent

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["pytest", "tests.kill_roles"])
ROOT = Path(__file__).resolve().parents[2]
PEOPLE = 5
PERIOD = "2026-W44"

WORKER_POINTS = (
    "before-claim",
    "after-claim",
    "after-render",
    "archive-write",
    "before-rename",
    "after-archive",
    "before-commit",
    "after-commit",
)
SENDER_POINTS = ("before-claim", "after-claim", "before-data", "after-data", "after-250")
NO_ANSWER_KNOWN = {"before-data", "after-data", "after-250"}
"""Points after ``transmitting`` is committed: the mail killed there is in doubt."""


class Scene:
    """A store with people who are due a report, and the processes of one installation."""

    def __init__(self, url: str, data_dir: Path, smtp: SmtpServer) -> None:
        self.store = Store(url)
        self.installation = Installation(self.store, data_dir, smtp.url)
        self.smtp = smtp
        self.url = url
        self.data_dir = data_dir
        self.processes: list[BaseProcess] = []
        self.people = [self._add_person(number) for number in range(PEOPLE)]
        self.schedule_id = self._add_schedule()

    def _add_person(self, number: int) -> tuple[str, int]:
        email = f"person{number}@northwind.example"
        row = insert(Person).values(source_system="t", external_id=str(number), name=f"P{number}", email=email)
        with self.store.write() as connection:
            person_id = int(connection.execute(row.returning(Person.id)).scalar_one())
        user_id = self.installation.accounts.create_user(
            email, f"Person {number}", [Role.HIRING_MANAGER], person_id=person_id
        )
        return str(person_id), user_id

    def _add_schedule(self) -> int:
        values = {
            "name": "Weekly",
            "report_kind": "weekly",
            "cron": '{"hour": 0}',
            "timezone": "UTC",
            "grain": "day",
            "recipients": '{"rule": "each_subject"}',
            "owner_user_id": self.people[0][1],
            "created_at": datetime.now(UTC) - timedelta(days=1),
        }
        with self.store.write() as connection:
            row = insert(ReportSchedule).values(**values).returning(ReportSchedule.id)
            return int(connection.execute(row).scalar_one())

    def enter_due(self) -> None:
        runs = [DueRun(subject, user_id) for subject, user_id in self.people]
        with self.store.write() as connection:
            self.installation.ledger.enter(
                connection,
                schedule_id=self.schedule_id,
                report_kind="weekly",
                period=PERIOD,
                due_at=datetime.now(UTC),
                runs=runs,
            )

    def make_all(self) -> None:
        """Everybody's report is in the archive, everybody's mail is pending."""
        self.enter_due()
        run_report = self.installation.run_report()
        while run_report.work_one("here"):
            pass

    def environment(self, failpoint: str = "", tally: str = "") -> dict[str, str]:
        return {
            "STORE_URL": self.url,
            "DATA_DIR": str(self.data_dir),
            "SMTP_URL": self.smtp.url,
            "SUBJECTS": ",".join(subject for subject, _ in self.people),
            failpoints.VARIABLE: failpoint,
            failpoints.TALLY_VARIABLE: tally,
        }

    def start(self, role: str, failpoint: str = "") -> BaseProcess:
        process = FORKS.Process(target=forked, args=(role, self.environment(failpoint)))
        process.start()
        self.processes.append(process)
        return process

    def start_and_see_it_die(self, role: str, failpoint: str) -> None:
        process = self.start(role, f"{failpoint}=crash")
        process.join(60)
        assert process.exitcode == -signal.SIGKILL, failpoint

    def runs(self) -> Counter[str]:
        query = select(ReportRun.state, func.count()).group_by(ReportRun.state)
        with self.store.read() as connection:
            return Counter({str(row[0]): int(row[1]) for row in connection.execute(query)})

    def mails(self) -> Counter[str]:
        return Counter(self.installation.outbox.counts())

    def assert_nothing_is_lost_or_doubled(self) -> None:
        balance = self.installation.ledger.balance()
        assert balance["waiting"] == 0
        assert balance["sent"] + balance["in_doubt"] + balance["failed"] == PEOPLE
        with self.store.read() as connection:
            rows = connection.execute(select(OutboxMessage.idempotency_key, OutboxMessage.message_id)).all()
            items = connection.scalar(select(func.count()).select_from(ArchiveItem))
            digests = stored_digests(connection)
        assert len({row.idempotency_key for row in rows}) == len({row.message_id for row in rows}) == len(rows)
        assert items == PEOPLE
        assert list(self.installation.archive.verify(digests)) == []
        delivered = Counter(mail.message["Message-ID"] for mail in self.smtp.received)
        assert set(delivered) <= {row.message_id for row in rows}
        assert all(count == 1 for count in delivered.values())
        assert self.installation.audit.verify().first_bad_seq is None

    def stop(self) -> None:
        for process in self.processes:
            process.kill()
            process.join()
        self.store.dispose()


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


@pytest.fixture
def scene(migrated_store_url: str, tmp_path: Path, smtp_server: SmtpServer) -> Iterator[Scene]:
    scene = Scene(migrated_store_url, tmp_path / "data", smtp_server)
    yield scene
    scene.stop()


def test_a_worker_killed_at_every_point_loses_and_doubles_nothing(scene: Scene) -> None:
    """One store lives through all the kills: each next worker finds what the dead one left."""
    scene.enter_due()
    for point in WORKER_POINTS:
        if scene.runs()["archived"] == PEOPLE:
            break
        scene.start_and_see_it_die("worker", point)
        assert scene.runs()["archived"] == (1 if point == "after-commit" else 0), point
    process = scene.start("worker")
    wait_for(lambda: scene.runs()["archived"] == PEOPLE)
    sender = scene.start("sender")
    wait_for(lambda: scene.mails() == {"sent": PEOPLE})
    for role in (process, sender):
        role.terminate()
        role.join(60)
        assert role.exitcode == 0
    scene.assert_nothing_is_lost_or_doubled()


def test_a_sender_killed_at_every_point_leaves_sent_or_in_doubt(scene: Scene) -> None:
    """After ``transmitting`` is committed nobody knows whether the mail arrived: it is in doubt and stays so."""
    scene.make_all()
    for point in SENDER_POINTS:
        scene.start_and_see_it_die("sender", point)
    scene.start("sender")
    doubtful = len(NO_ANSWER_KNOWN)
    expected = Counter({"sent": PEOPLE - doubtful, "in_doubt": doubtful})
    wait_for(lambda: scene.mails() == expected)
    # after-data and after-250 did arrive, before-data did not
    wait_for(lambda: len(scene.smtp.received) == PEOPLE - 1)
    scene.assert_nothing_is_lost_or_doubled()


def test_a_mail_in_doubt_is_sent_again_under_the_same_message_id(scene: Scene) -> None:
    scene.make_all()
    scene.start_and_see_it_die("sender", "after-250")
    scene.start("sender")
    wait_for(lambda: scene.mails() == Counter({"sent": PEOPLE - 1, "in_doubt": 1}))
    [doubtful] = scene.installation.outbox.mails(state="in_doubt")
    scene.installation.outbox.decide(doubtful.id, send_again=True, actor="ada@northwind.example")
    wait_for(lambda: scene.mails() == {"sent": PEOPLE})
    again = [mail for mail in scene.smtp.received if mail.message["Message-ID"] == doubtful.message_id]
    assert len(again) == 2
    assert again[0].raw == again[1].raw


@pytest.mark.parametrize("point", ["before-fire", "after-fire"])
def test_a_scheduler_killed_while_it_enters_runs_enters_all_or_none(scene: Scene, point: str) -> None:
    """F05: and a successor takes over within its predecessor's lease."""
    scene.start_and_see_it_die("scheduler", point)
    assert scene.runs() == Counter()
    scene.start("scheduler")
    wait_for(lambda: scene.runs() == {"due": PEOPLE}, seconds=LEASE_S + 60)


def test_a_stopped_leader_comes_back_and_may_not_write(scene: Scene) -> None:
    """F06: SIGSTOP, takeover, SIGCONT: two schedulers, one entry for each subject."""
    first = scene.start("scheduler")
    wait_for(lambda: scene.runs() == {"due": PEOPLE})
    assert first.pid is not None
    os.kill(first.pid, signal.SIGSTOP)
    scene.start("scheduler")
    time.sleep(LEASE_S + 1)
    os.kill(first.pid, signal.SIGCONT)
    time.sleep(1)
    assert scene.runs() == {"due": PEOPLE}
    assert first.is_alive()


def test_a_killed_rendering_child_is_replaced_and_its_run_returns(
    migrated_sqlite_url: str, tmp_path: Path, smtp_server: SmtpServer
) -> None:
    """The worker role's parent replaces a child that died; the count is shared, so only the first one dies."""
    scene = Scene(migrated_sqlite_url, tmp_path / "data", smtp_server)
    tally = tmp_path / "tally"
    tally.mkdir()
    try:
        scene.enter_due()
        role = subprocess.Popen(
            [sys.executable, "-m", "tests.kill_roles", "supervised-worker"],
            cwd=ROOT,
            env=os.environ | scene.environment("after-render=crash,1", str(tally)),
            preexec_fn=die_with_parent(),  # noqa: PLW1509  # one prctl, nothing that locks
        )
        wait_for(lambda: scene.runs()["archived"] == PEOPLE, seconds=90)
        assert [path.name for path in tally.iterdir()] == ["after-render.0"]
        role.terminate()
        assert role.wait(timeout=60) == 0
    finally:
        scene.stop()
