"""9: the real thing: demonstration company, mart, both reports, archive, mail over SMTP, from the command line."""

from __future__ import annotations

import email
import json
from datetime import datetime
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from dashapp.commands import demo, mart
from dashapp.commands.report import command
from dashapp.config import load_settings
from dashapp.delivery_roles import make_report_clock, make_run_report, refresh_interval_s
from services.delivery.archive import Archive, stored_digests
from services.store.database import Store
from services.store.tables import AppSetting, ArchiveItem
from tests.services_for_tests import SmtpServer

UNTIL = datetime(2026, 11, 24)  # noqa: DTZ001 - a date, as the command line gives it
APPLICATIONS = 600


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("company")
    settings = load_settings({}, data_dir=folder)
    demo._load(settings, APPLICATIONS, 3, UNTIL)
    mart.build(settings)
    return folder


def hireboard(folder: Path, smtp_url: str, *arguments: str) -> Any:
    environment = {"HIREBOARD_DATA_DIR": str(folder), "HIREBOARD_SMTP_URL": smtp_url}
    done = CliRunner().invoke(command, [*arguments, "--json"], env=environment, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_from_run_now_to_the_mailbox(company: Path, smtp_server: SmtpServer) -> None:
    """Every report that was due is in the archive and was sent once, with the very bytes of the archive attached."""
    due = 0
    for schedule, period in (("monthly recruiter scorecard", "2026-10"), ("2", "2026-W47")):
        done = hireboard(company, smtp_server.url, "run", schedule, "--period", period, "--here")
        due += done["entered"]
        assert done["ledger"] == {"sent": due, "in_doubt": 0, "failed": 0, "cancelled": 0, "waiting": 0}
    assert due > 4
    assert hireboard(company, smtp_server.url, "run", "1", "--period", "2026-10", "--here")["entered"] == 0
    ids = [mail.message["Message-ID"] for mail in smtp_server.received]
    assert len(ids) == len(set(ids)) == due

    settings = load_settings({}, data_dir=company)
    store, archive = Store(settings.database_url), Archive(settings.archive_dir)
    with store.read() as connection:
        items = connection.execute(select(ArchiveItem.id, ArchiveItem.sha256)).all()
        digests = stored_digests(connection)
    assert list(archive.verify(digests)) == []
    archived = {archive.get(item.sha256) for item in items}
    attached = set()
    for mail in smtp_server.received:
        message: Any = email.message_from_bytes(mail.raw, policy=default)
        [part] = message.iter_attachments()
        attached.add(part.get_content())
        assert message.get_body(("plain",)).get_content().strip()
        assert "<table" in message.get_body(("html",)).get_content()
    assert attached == archived
    assert all(content.startswith(b"%PDF-") for content in archived)

    worker = make_run_report(settings)
    assert worker.make_again(items[0].id) == archive.get(items[0].sha256), "made again, it is the same to the byte"
    worker.close()
    store.dispose()


def test_the_ledger_is_listed_and_shown(company: Path, smtp_server: SmtpServer) -> None:
    hireboard(company, smtp_server.url, "run", "1", "--period", "2026-09")
    listed = hireboard(company, smtp_server.url, "list", "--state", "due", "--limit", "3")
    [run, *_] = listed["runs"]
    assert run["state"] == "due"
    assert listed["ledger"]["waiting"] >= 1
    assert hireboard(company, smtp_server.url, "show", str(run["id"])) == run
    environment = {"HIREBOARD_DATA_DIR": str(company)}
    words = CliRunner().invoke(command, ["list"], env=environment).output
    assert "In all: " in words
    assert "recruiter_scorecard" in words
    assert "2026-09" in CliRunner().invoke(command, ["show", str(run["id"])], env=environment).output


def test_the_scheduler_role_is_put_together(company: Path) -> None:
    """The interval of the mart builds is a stored setting: five minutes without one, 0 = by hand only."""
    settings = load_settings({}, data_dir=company)
    clock = make_report_clock(settings)
    assert [schedule.name for schedule in clock._schedules.active()] == [
        "Monthly recruiter scorecard",
        "Weekly hiring-manager report",
    ]
    store = Store(settings.database_url)
    assert refresh_interval_s(store) == 300
    for version, value in ((1, "30"), (2, "0")):
        with store.write() as connection:
            setting = AppSetting(name="mart.refresh_minutes", version=version, value=value)
            connection.execute(
                AppSetting.__table__.insert().values(  # type: ignore[attr-defined]
                    name=setting.name, version=version, value=value, changed_at=UNTIL.astimezone(), changed_by="ada"
                )
            )
        assert refresh_interval_s(store) == int(value) * 60
    store.dispose()
    clock._close()
