"""1.4 on the command line, on a real snapshot of the demonstration company; and the scheduler's chore."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import func, select

from dashapp.commands import demo, mart
from dashapp.config import load_settings
from dashapp.delivery_roles import make_report_clock
from dashapp.wiring import build_services
from services.store.database import Store
from services.store.tables import Incident, OutboxMessage
from tests.command_line import CommandLine
from tests.http.product import UNTIL


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("company")
    settings = load_settings({}, data_dir=folder)
    demo._load(settings, 3000, 1, UNTIL)
    mart.build(settings)
    return folder


@pytest.fixture(scope="module")
def line(company: Path) -> CommandLine:
    return CommandLine(load_settings({}, data_dir=company).database_url, company)


def test_1_4_a_threshold_is_set_judged_handled_and_removed_by_command(line: CommandLine) -> None:
    [shipped] = line.json("thresholds", "list")["thresholds"]
    assert (shipped["each"], shipped["scope"]) == ("top_department", {"canonical_stage": ["interview"]})
    assert line.run("thresholds", "remove", str(shipped["id"]))[0] == 0
    number = line.json("thresholds", "set", "drop_off_rate", "--limit", "0.01", "--window", "quarter")["threshold"]
    [rule] = line.json("thresholds", "list")["thresholds"]
    assert (rule["id"], rule["limit"], rule["side"], rule["window"]) == (number, 0.01, "above", "quarter")
    assert line.json("thresholds", "evaluate") == {"judged": 1}
    assert line.json("thresholds", "evaluate") == {"judged": 0}
    [incident] = line.json("incidents", "list")["incidents"]
    assert incident["title"] == "Drop-off: whole company"
    assert incident["severity"] == "breach"
    shown = line.json("incidents", "show", str(incident["id"]), "--as", "recruiter")
    assert shown["sample"].endswith("your part")
    assert [step["what"].partition(":")[0] for step in shown["history"]] == ["Opened", "Step “recruiter”"]
    assert line.run("incidents", "acknowledge", str(incident["id"]), "--as", "recruiter")[0] == 0
    assert line.run("incidents", "snooze", str(incident["id"]), "--days", "2", "--as", "executive")[0] == 0
    status, _, words = line.run("incidents", "close", str(incident["id"]), "--reason", "x", "--as", "recruiter")
    assert (status, "incidents.close" in words) == (1, True)
    assert line.run("incidents", "close", str(incident["id"]), "--reason", "Known")[0] == 0
    assert line.run("incidents", "list")[1] == "No incidents.\n"
    assert line.run("thresholds", "remove", str(number))[0] == 0
    assert line.json("thresholds", "list") == {"thresholds": []}


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("set", "drop_off_rate", "--limit", "2"), 1, "between 0 and 1"),
        (("set", "drop_off_rate", "--limit", "0.2", "--where", "department"), 2, "NAME=VALUE"),
        (("set", "drop_off_rate", "--limit", "0.2", "--stage", "lunch"), 1, "lunch"),
        (("set", "drop_off_rate", "--limit", "0.2", "--as", "executive"), 1, "thresholds.manage"),
        (("remove", "999"), 1, "thresholds list"),
    ],
)
def test_1_4_a_wrong_command_says_what_to_do(
    line: CommandLine, arguments: tuple[str, ...], status: int, words: str
) -> None:
    found, _, errors = line.run("thresholds", *arguments)
    assert (found, words in errors) == (status, True), errors


def test_1_4_the_scheduler_judges_and_tells(company: Path, line: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real clock of the scheduler role; its leader alone makes the rounds."""
    monkeypatch.setattr("dashapp.delivery_roles.ALERTS_EVERY_S", 1)
    line.json("thresholds", "set", "drop_off_rate", "--limit", "0.02", "--each", "department", "--window", "quarter")
    settings = load_settings({}, data_dir=company)
    stop = threading.Event()
    clock = threading.Thread(target=make_report_clock(settings).run_until, args=(stop,))
    clock.start()
    store = Store(settings.database_url)
    try:
        deadline = time.monotonic() + 60
        while not _opened(store):
            assert time.monotonic() < deadline, "no incident was opened"
            time.sleep(0.2)
    finally:
        stop.set()
        clock.join()
    with store.read() as connection:
        told = connection.scalar(
            select(func.count()).select_from(OutboxMessage).where(OutboxMessage.idempotency_key.like("incident/%"))
        )
    assert told
    services = build_services(settings)
    assert services.alerts.rounds.evaluate() == 0
    services.mart.close()
    services.store.dispose()
    store.dispose()


def _opened(store: Store) -> int:
    with store.read() as connection:
        found = connection.scalar(select(func.count()).select_from(Incident).where(Incident.state == "open"))
    return int(found or 0)
