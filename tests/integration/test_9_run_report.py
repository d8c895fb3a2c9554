"""9: one run from the ledger to archive and outbox, under the recipient's permissions, all of it or nothing."""

from __future__ import annotations

import email
import json
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from services.access.policy import Policy
from services.accounts.directory import Accounts
from services.delivery import failpoints
from services.delivery.archive import Archive
from services.delivery.ledger import DueRun
from services.domain.errors import NotFoundError, RetryLaterError
from services.domain.people import Role, Viewer
from services.domain.views import ReportView
from services.reporting.run_report import RunReport
from services.store.database import Store
from services.store.tables import ArchiveItem, AuditEvent, Department, Office, OutboxMessage, Person
from tests.delivery_scenes import KIND, PERIOD, DeliveryScene
from tests.kill_roles import TinyRenderer, TinyReports, write_tiny_mail


class Scene(DeliveryScene):
    """Max and Otto have accounts; Max's person works in Engineering, EMEA."""

    folder: Path

    def prepare(self, folder: Path) -> None:
        self.folder = folder
        self.accounts = Accounts(self.store, Policy(), self.audit, clock=self.clock)
        self.archive = Archive(folder / "archive")
        known = {"source_system": "t", "external_id": "1"}
        with self.store.write() as connection:
            engineering = insert(Department).values(**known, name="Engineering").returning(Department.id)
            self.department = connection.execute(engineering).scalar_one()
            berlin = insert(Office).values(**known, name="Berlin", region="EMEA").returning(Office.id)
            office = connection.execute(berlin).scalar_one()
            self.person = connection.execute(
                insert(Person)
                .values(
                    **known,
                    name="Max",
                    email="max@northwind.example",
                    department_id=self.department,
                    office_id=office,
                )
                .returning(Person.id)
            ).scalar_one()
        self.max = self.accounts.create_user(
            "max@northwind.example", "Hiring manager Max", [Role.HIRING_MANAGER], person_id=self.person
        )
        self.otto = self.accounts.create_user("otto@northwind.example", "Outsider Otto", [Role.HIRING_MANAGER])

    def worker(
        self, render: Callable[[ReportView], bytes] | None = None, reports: TinyReports | None = None
    ) -> RunReport:
        renderer = TinyRenderer()
        if render is not None:
            renderer.render = render  # type: ignore[method-assign]
        parts = (self.store, self.ledger, self.archive, self.outbox, self.accounts, self.audit)
        return RunReport(*parts, reports or TinyReports(), renderer, write_tiny_mail, "https://hireboard.example/")

    def due(self, subject: str | None = None, recipient: int | None = None, period: str = PERIOD) -> None:
        run = DueRun(subject or str(self.person), self.max if recipient is None else recipient)
        with self.store.write() as connection:
            self.ledger.enter(
                connection,
                schedule_id=self.schedule_id,
                report_kind=KIND,
                period=period,
                due_at=self.clock(),
                runs=[run],
            )

    def count(self, table: type[ArchiveItem | OutboxMessage]) -> int:
        with self.store.read() as connection:
            return connection.scalar(select(func.count()).select_from(table)) or 0

    def item(self) -> Any:
        with self.store.read() as connection:
            return connection.execute(select(ArchiveItem.__table__)).one()

    def last_run(self) -> tuple[str, str | None, int]:
        run = self.ledger.runs(limit=1)[0]
        return run.state, run.error, run.attempts


@pytest.fixture
def scene(migrated_store_url: str, tmp_path: Path) -> Iterator[Scene]:
    scene = Scene(Store(migrated_store_url))
    scene.prepare(tmp_path)
    yield scene
    scene.store.dispose()


def test_a_due_report_ends_in_archive_and_outbox(scene: Scene) -> None:
    scene.due()
    worker = scene.worker()
    assert worker.work_one("w")
    assert not worker.work_one("w")
    item = scene.item()
    pdf = scene.archive.get(item.sha256)
    assert pdf == f"%PDF-1.7 WH-{PERIOD}-{scene.person}".encode()
    assert item.size_bytes == len(pdf)
    assert (item.recipient_user_id, item.department_id, item.region) == (scene.max, scene.department, "EMEA")
    assert item.snapshot == "tiny"
    assert len(item.public_id) >= 20
    assert json.loads(scene.archive.get(item.view_sha256))["lede"] == "Nothing waits for you."
    [mail] = scene.outbox.mails()
    assert (mail.recipient, mail.state) == ("max@northwind.example", "pending")
    with scene.store.read() as connection:
        body = connection.scalar(select(OutboxMessage.body))
        assert connection.scalar(select(AuditEvent.action).where(AuditEvent.action == "report.archived"))
    assert body is not None
    message = email.message_from_bytes(body, policy=default)
    [attached] = message.iter_attachments()  # type: ignore[attr-defined]
    assert attached.get_content() == pdf
    assert message["Message-ID"] == mail.message_id


def test_make_again_renders_the_stored_view_model(scene: Scene) -> None:
    scene.due()
    worker = scene.worker()
    worker.work_one("w")
    with scene.store.read() as connection:
        item_id = connection.scalar(select(ArchiveItem.id))
    assert item_id is not None
    assert worker.make_again(item_id) == scene.archive.get(scene.item().sha256)
    with pytest.raises(NotFoundError):
        worker.make_again(item_id + 1)


def test_a34_the_report_is_made_under_the_recipients_permissions(scene: Scene) -> None:
    """Not the schedule owner's (an administrator) and not the worker's."""
    viewers: list[Viewer] = []

    class Watched(TinyReports):
        def view(self, kind: str, subject: str, period: str, viewer: Viewer, **more: object) -> ReportView:
            viewers.append(viewer)
            return super().view(kind, subject, period, viewer, **more)  # type: ignore[arg-type]

    scene.due()
    scene.worker(reports=Watched()).work_one("w")
    assert [viewer.user_id for viewer in viewers] == [scene.max]
    assert viewers[0].roles == {Role.HIRING_MANAGER}


@pytest.mark.parametrize("who", ["deactivated", "out of scope", "nobody"])
def test_who_may_not_see_it_gets_nothing_and_the_owner_is_told_once(scene: Scene, who: str) -> None:
    if who == "deactivated":
        scene.accounts.deactivate(scene.max)
        scene.due()
    elif who == "out of scope":
        scene.due(recipient=scene.otto)
    else:
        with scene.store.write() as connection:
            scene.ledger.enter(
                connection,
                schedule_id=scene.schedule_id,
                report_kind=KIND,
                period=PERIOD,
                due_at=scene.clock(),
                runs=[DueRun("1", None), DueRun("2", None)],
            )
    worker = scene.worker()
    while worker.work_one("w"):
        pass
    state, error, attempts = scene.last_run()
    assert (state, attempts) == ("failed", 1)
    expected = {"deactivated": "no active user", "out of scope": "own report only", "nobody": "Nobody is named"}
    assert expected[who] in str(error)
    assert scene.count(ArchiveItem) == 0
    [note] = scene.outbox.mails()
    assert note.recipient == "ada@northwind.example"
    assert note.report_run_id is None
    assert note.subject.startswith("Not sent:")


def test_a_failed_run_without_an_owner_is_still_visible(scene: Scene) -> None:
    scene.deactivate(scene.ada)
    scene.due(recipient=scene.otto)
    scene.worker().work_one("w")
    assert scene.last_run()[0] == "failed"
    assert scene.outbox.mails() == []


def test_f34_what_always_fails_is_tried_five_times_then_fails_visibly(scene: Scene) -> None:
    def explode(_view: ReportView) -> bytes:
        raise ZeroDivisionError("no layout")

    scene.due()
    worker = scene.worker(explode)
    tries = 0
    while scene.last_run()[0] == "due":
        tries += worker.work_one("w")
        scene.clock.pass_by(minutes=1)
    assert tries == 5
    state, error, attempts = scene.last_run()
    assert (state, attempts) == ("failed", 5)
    assert error == "It failed 5 times. Last: ZeroDivisionError: no layout"


def test_f16_a_full_disk_keeps_the_report_queued_and_heals(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.due()
    worker = scene.worker()
    with monkeypatch.context() as full:
        full.setenv(failpoints.VARIABLE, "archive-write=enospc")
        for _ in range(7):
            assert worker.work_one("w")
            scene.clock.pass_by(hours=1)
        state, error, attempts = scene.last_run()
        assert (state, attempts) == ("due", 0)
        assert "No space left" in str(error)
    assert worker.work_one("w")
    assert scene.last_run()[0] == "archived"


def test_a_database_that_is_away_uses_up_no_try(scene: Scene) -> None:
    def away(_view: ReportView) -> bytes:
        raise RetryLaterError("The snapshot is away.")

    scene.due()
    scene.worker(away).work_one("w")
    assert scene.last_run() == ("due", "The snapshot is away.", 0)


def test_archive_outbox_and_run_are_one_transaction(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.due()
    with monkeypatch.context() as failing:
        failing.setenv(failpoints.VARIABLE, "before-commit=raise")
        scene.worker().work_one("w")
    assert scene.count(ArchiveItem) == scene.count(OutboxMessage) == 0
    assert scene.last_run()[0] == "due"
    scene.clock.pass_by(minutes=1)
    scene.worker().work_one("w")
    assert scene.count(ArchiveItem) == scene.count(OutboxMessage) == 1


def test_a_run_whose_workers_died_is_failed_not_tried(scene: Scene) -> None:
    scene.due()
    for _ in range(5):
        assert scene.ledger.claim("dead")
        scene.clock.pass_by(seconds=61)
    scene.worker().work_one("w")
    state, error, _ = scene.last_run()
    assert state == "failed"
    assert "died 5 times" in str(error)


def test_a_worker_that_was_overtaken_writes_nothing(scene: Scene) -> None:
    """F06: it was stopped while rendering; another made the report meanwhile."""

    def slow(view: ReportView) -> bytes:
        scene.clock.pass_by(seconds=61)
        scene.worker().work_one("quick")
        return TinyRenderer().render(view)

    scene.due()
    assert scene.worker(slow).work_one("slow")
    assert scene.count(ArchiveItem) == scene.count(OutboxMessage) == 1
    assert scene.last_run() == ("archived", None, 2)


def test_a_long_rendering_keeps_its_lease(scene: Scene) -> None:
    """The lease is renewed from a thread every third of its length: by the second look it would be over."""
    scene.ledger.lease = timedelta(seconds=3)
    taken: list[object] = []

    def slow(view: ReportView) -> bytes:
        for _ in range(2):
            scene.clock.pass_by(seconds=2)
            time.sleep(1.3)
            taken.append(scene.ledger.claim("thief"))
        return TinyRenderer().render(view)

    scene.due()
    scene.worker(slow).work_one("w")
    assert taken == [None, None]
    assert scene.last_run()[0] == "archived"
