"""5.6: the validation comes by itself each month, from a fresh export; a missing or stale one opens an incident."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from dashapp.config import Settings
from dashapp.validations import make_validation
from dashapp.wiring import build_services
from services.delivery.leases import DutyRoster
from services.delivery.ledger import Ledger
from services.domain.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from services.domain.people import Role, Viewer
from services.reporting.run_report import RunReport
from services.reporting.schedules import Schedules
from services.store.tables import (
    ArchiveItem,
    AuditEvent,
    OutboxMessage,
    ReportRun,
    ValidationCertificate,
    ValidationLack,
)
from services.validation.plans import GREENHOUSE, KIND, NAME, ValidationPlans, Wanted
from services.validation.scheduled import ScheduledValidation
from services.validation.standing import Standing
from tests.command_line import CommandLine
from tests.delivery_scenes import HandClock
from tests.kill_roles import TinyRenderer, TinyReports, write_tiny_mail
from tests.validation_scenes import company, mapping, write

SET_AT = datetime(2026, 4, 20, 9, tzinfo=UTC)
DUE = datetime(2026, 5, 3, 4, 0, tzinfo=UTC)
"""06:00 in Berlin on the third."""
URL = "https://hireboard.example"


class Scene:
    """Ada's server with the small export of April in it, a folder that the export job fills, and a clock by hand."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.folder = folder
        self.hireboard = CommandLine(database_url, folder / "data")
        loaded = write(company(), folder / "loaded")
        for arguments in (("import", "greenhouse", loaded, "--mapping", mapping(folder)), ("mart", "build")):
            status, _, errors = self.hireboard.run(*arguments)
            assert status == 0, errors
        self.services = build_services(Settings(database_url=database_url, data_dir=folder / "data"))
        self.store = self.services.store
        self.clock = HandClock(SET_AT)
        self.fresh = folder / "fresh"
        self.services.accounts.create_user("ada@northwind.example", "Admin Ada", [Role.ADMIN])
        self.services.accounts.create_user("max@northwind.example", "Hiring manager Max", [Role.HIRING_MANAGER])
        self.plans = ValidationPlans(
            self.store, self.services.policy, self.services.accounts, self.services.audit, clock=self.clock
        )
        self.ledger = Ledger(self.store, clock=self.clock)
        self.schedules = Schedules(
            self.store,
            self.ledger,
            TinyReports(),
            DutyRoster(self.store),
            self.services.policy,
            self.services.audit,
            fixed_subjects={KIND: (GREENHOUSE,)},
            clock=self.clock,
        )
        self.worker = self._worker()

    @property
    def ada(self) -> Viewer:
        return self.services.accounts.viewer_by_email("ada@northwind.example")

    def _worker(self) -> RunReport:
        services = self.services
        due = ScheduledValidation(
            self.store,
            services.policy,
            services.audit,
            services.outbox,
            make_validation(services, self.ada, URL),
            URL,
            clock=self.clock,
        )
        return RunReport(
            self.store,
            self.ledger,
            services.archive,
            services.outbox,
            services.accounts,
            services.audit,
            TinyReports(),
            TinyRenderer(),
            write_tiny_mail,
            URL,
            own_kinds={KIND: due},
        )

    def plan(self, **changed: Any) -> None:
        wanted: dict[str, Any] = {
            "folder": self.fresh,
            "day": 3,
            "owner": "ada@northwind.example",
            "timezone": "Europe/Berlin",
        }
        self.plans.put(Wanted(**(wanted | changed)), self.ada)

    def export(self, written_at: datetime) -> None:
        """The export job fills the folder."""
        for file in write(company(), self.fresh).iterdir():
            os.utime(file, (written_at.timestamp(),) * 2)

    def tick(self, at: datetime) -> list[tuple[str, str]]:
        """The scheduler fires and a worker does what is due; the runs of the validation."""
        self.clock.now = at
        for schedule in self.schedules.active():
            self.schedules.fire(schedule)
        while self.worker.work_one("w"):
            pass
        with self.store.read() as connection:
            rows = connection.execute(select(ReportRun.period, ReportRun.state).order_by(ReportRun.id))
            return [(row.period, row.state) for row in rows]

    def count(self, table: type[Any]) -> int:
        with self.store.read() as connection:
            return connection.scalar(select(func.count()).select_from(table)) or 0

    def subjects(self) -> list[str]:
        with self.store.read() as connection:
            return list(connection.scalars(select(OutboxMessage.subject).order_by(OutboxMessage.id)))

    def reason(self) -> str:
        lack = self.plans.lack()
        return "" if lack is None else lack.reason

    def actions(self) -> list[str]:
        with self.store.read() as connection:
            return list(connection.scalars(select(AuditEvent.action).order_by(AuditEvent.seq)))

    def close(self) -> None:
        self.services.mart.close()
        self.store.dispose()


@pytest.fixture
def _unprinted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reports.render.PdfRenderer.render", lambda _self, _view: b"%PDF-1.7")


@pytest.fixture
def scene(tmp_path: Path, migrated_store_url: str, _unprinted: None) -> Iterator[Scene]:
    found = Scene(tmp_path, migrated_store_url)
    yield found
    found.close()


@pytest.fixture
def one_scene(tmp_path: Path, migrated_sqlite_url: str, _unprinted: None) -> Iterator[Scene]:
    found = Scene(tmp_path, migrated_sqlite_url)
    yield found
    found.close()


def test_5_6_on_its_day_a_fresh_export_becomes_a_certificate_once(scene: Scene) -> None:
    scene.plan()
    scene.export(DUE - timedelta(hours=3))
    assert scene.tick(DUE - timedelta(minutes=1)) == []
    assert scene.tick(DUE) == [("2026-04", "archived")]
    assert scene.tick(DUE + timedelta(hours=1)) == [("2026-04", "archived")]
    assert scene.count(ValidationCertificate) == 1
    with scene.store.read() as connection:
        item = connection.execute(select(ArchiveItem.report_kind, ArchiveItem.period)).one()
        certificate = connection.execute(select(ValidationCertificate.is_holding, ValidationCertificate.made_by)).one()
    assert tuple(item) == (KIND, "2026-04")
    assert tuple(certificate) == (True, "scheduler")
    assert len(scene.subjects()) == 1  # the certificate, to Ada
    assert scene.plans.lack() is None


def test_5_6_a_missing_or_stale_export_is_one_incident_that_says_what_to_do(scene: Scene) -> None:
    scene.plan()
    assert scene.tick(DUE) == [("2026-04", "due")]
    assert "is not there" in scene.reason()
    assert "export job" in scene.reason()
    (note,) = Standing(scene.store, {}).notes()
    assert (note.kind, "have not been validated" in note.text) == ("warning", True)
    assert str(scene.fresh) not in note.text  # paths of the server are for those who run it
    scene.export(datetime(2026, 4, 30, 21, tzinfo=UTC))  # 23:00 in Berlin: April was not over
    assert scene.tick(DUE + timedelta(minutes=16)) == [("2026-04", "due")]
    assert "before Apr 2026 was over" in scene.reason()
    scene.export(datetime(2026, 5, 1, 2, tzinfo=UTC))
    assert scene.tick(DUE + timedelta(minutes=32)) == [("2026-04", "due")]
    assert "more than 48 hours ago" in scene.reason()
    scene.export(DUE + timedelta(minutes=47, seconds=30))
    assert scene.tick(DUE + timedelta(minutes=48)) == [("2026-04", "due")]  # still being written
    assert "more than 48 hours ago" in scene.reason()
    assert scene.tick(DUE + timedelta(minutes=52)) == [("2026-04", "archived")]
    assert scene.plans.lack() is None
    assert Standing(scene.store, {}).notes() == ()
    assert scene.count(ValidationLack) == 1
    assert scene.subjects()[0] == "The validation for 2026-04 waits for an export"
    assert len(scene.subjects()) == 2
    assert [one for one in scene.actions() if "lack" in one] == ["validation.lack_opened", "validation.lack_closed"]


def test_5_6_waiting_uses_no_try_up_and_ends_with_the_plan(one_scene: Scene) -> None:
    scene = one_scene
    scene.plan()
    for quarter_hours in range(30):
        assert scene.tick(DUE + timedelta(minutes=16 * quarter_hours)) == [("2026-04", "due")]
    assert len(scene.subjects()) == 1
    scene.plans.stop(scene.ada)
    assert scene.plans.lack() is None
    assert scene.tick(DUE + timedelta(days=1)) == [("2026-04", "failed")]
    with pytest.raises(NotFoundError):
        scene.plans.stop(scene.ada)


def test_5_6_an_export_that_is_no_json_is_said_in_the_incident(one_scene: Scene) -> None:
    scene = one_scene
    scene.plan()
    scene.export(DUE - timedelta(hours=1))
    (scene.fresh / "offers.json").write_text("{broken")
    os.utime(scene.fresh / "offers.json", ((DUE - timedelta(hours=1)).timestamp(),) * 2)
    assert scene.tick(DUE) == [("2026-04", "due")]
    assert "offers.json is not JSON" in scene.reason()


def test_5_6_the_plan_is_versioned_audited_and_for_administrators(one_scene: Scene) -> None:
    scene = one_scene
    scene.plan()
    with pytest.raises(ConflictError):
        scene.plans.put(Wanted(scene.fresh, 5, "ada@northwind.example"), scene.ada, expected_version=0)
    scene.plans.put(Wanted(scene.fresh, 5, "ada@northwind.example"), scene.ada, expected_version=1)
    assert (scene.plans.now().version, scene.plans.now().day) == (2, 5)
    assert [schedule.name for schedule in scene.schedules.active()] == [NAME]
    assert scene.actions().count("validation.scheduled") == 2
    max_ = scene.services.accounts.viewer_by_email("max@northwind.example")
    with pytest.raises(ForbiddenError):
        scene.plans.put(Wanted(scene.fresh, 5, "ada@northwind.example"), max_)
    for wrong in (
        {"day": 31},
        {"hour": 24},
        {"timezone": "Europe/Nowhere"},
        {"fresh_hours": 0},
        {"owner": "max@northwind.example"},
        {"mapping": scene.folder / "none.yml"},
    ):
        with pytest.raises(InvalidInputError):
            scene.plan(**wrong)


def test_5_6_the_command_sets_shows_and_stops_it(one_scene: Scene) -> None:
    hireboard, scene = one_scene.hireboard, one_scene
    assert hireboard.json("validate", "schedule")["active"] is False
    given = ("validate", "schedule", "--folder", scene.fresh, "--day", "3", "--owner", "ada@northwind.example")
    assert hireboard.json(*given)["day"] == 3
    status, words, _ = hireboard.run("validate", "schedule")
    assert (status, "On day 3 of each month at 06:00 UTC" in words) == (0, True)
    status, _, errors = hireboard.run("validate", "schedule", "--folder", scene.fresh)
    assert (status, "--owner" in errors) == (1, True)
    status, _, _ = hireboard.run(*given, "--as", "max@northwind.example")
    assert status == 1
    assert hireboard.json("validate", "schedule", "--stop")["active"] is False


def test_5_6_a_worker_of_the_server_makes_it_with_paper(tmp_path: Path, migrated_sqlite_url: str) -> None:
    """`hireboard report run NAME --here`: the product's own wiring, PDF and mail."""
    scene = Scene(tmp_path, migrated_sqlite_url)
    scene.plan(timezone="UTC", fresh_hours=700)
    scene.export(datetime.now(UTC) - timedelta(minutes=5))
    status, output, errors = scene.hireboard.run("report", "run", NAME, "--period", "2026-04", "--here", "--json")
    assert status == 0, errors
    assert json.loads(output)["entered"] == 1
    with scene.store.read() as connection:
        item = connection.execute(select(ArchiveItem.sha256, ArchiveItem.report_kind)).one()
        states = list(connection.scalars(select(OutboxMessage.state)))
    assert scene.services.archive.get(item.sha256).startswith(b"%PDF")
    assert (item.report_kind, states) == (KIND, ["sent"])
    scene.close()
