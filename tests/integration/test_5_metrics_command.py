"""Capability 5: `hireboard metrics` prints definitions and values in the shape that scripts rely on."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.domain.people import Role
from services.ingest.demonstration.load import load
from services.metrics.documentation import markdown
from services.metrics.registry import REGISTRY
from services.store.database import Store
from services.store.migrations import migrate
from services.store.tables import AuditEvent, ThresholdRule
from tests.command_line import CommandLine

ROOT = Path(__file__).parents[2]
PASSWORD = "a long enough pass phrase 7"
ROW = {
    "metric", "value", "unit", "n", "reason", "events", "numerator", "denominator", "low", "high", "p25", "p75",
    "naive", "estimator", "anchor", "horizon", "lane", "definition_version", "note", "extra",
}  # fmt: skip


@pytest.fixture(scope="module")
def hireboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    folder = tmp_path_factory.mktemp("command")
    url = f"sqlite:///{folder / 'hireboard.sqlite'}"
    store = Store(url)
    migrate(store)
    load(store, applications=600, seed=2, until=date(2026, 11, 1))
    store.dispose()
    hireboard = CommandLine(url, folder)
    assert hireboard.run("mart", "build")[0] == 0
    for email, role in (("cleo@hireboard.test", Role.COMPLIANCE), ("ada@hireboard.test", Role.ADMIN)):
        arguments = ("user", "create", email, "--name", role, "--role", role, "--password", PASSWORD)
        status, _, errors = hireboard.run(*arguments)
        assert status == 0, errors
    return hireboard


def test_5_list_and_show_every_definition(hireboard: CommandLine) -> None:
    listed = hireboard.json("metrics", "list")["metrics"]
    assert [metric["id"] for metric in listed] == list(REGISTRY)
    assert set(listed[0]) == {"id", "name", "unit", "version", "status", "classes", "dimensions"}
    shown = hireboard.json("metrics", "show", "time_to_fill")
    assert (shown["estimator"], shown["anchor"], shown["grain"]) == ("kaplan_meier", "at_risk_in_period", "seat")
    assert "cancelled" in shown["censored_by"]
    status, text, _ = hireboard.run("metrics", "show", "time_to_fill")
    assert (status, "SHRM/EMA 2002" in text) == (0, True)
    assert "Time to fill" not in hireboard.run("metrics", "list")[1].splitlines()[0]


def test_5_show_says_whether_it_answers_what_it_meant_before_and_who_uses_it(hireboard: CommandLine) -> None:
    """Issue 3: life cycle, versions with their dates, and the graph of uses, alert rules of the store included."""
    shown = hireboard.json("metrics", "show", "time_to_fill")
    assert (shown["state"], shown["version"], shown["successor"]) == ("certified", 2, None)
    assert [(one["version"], one["effective_from"]) for one in shown["revisions"]] == [(1, "2026-01-01")]
    used = {"page overview (Overview)", "report recruiter_scorecard (Monthly recruiter scorecard)"}
    assert used <= set(shown["used_by"])
    store = Store(hireboard.settings["HIREBOARD_DATABASE_URL"])
    with store.write() as connection:
        about = {"metric_id": "candidate_nps", "scope_key": "{}", "limit_value": 0.3}
        made = {"created_at": datetime(2026, 1, 1, tzinfo=UTC), "changed_at": datetime(2026, 1, 1, tzinfo=UTC)}
        connection.execute(sa.insert(ThresholdRule).values(**about, **made, changed_by="ada"))
    store.dispose()
    used_by = hireboard.json("metrics", "show", "candidate_nps")["used_by"]
    assert sum(use.startswith("alert threshold:") for use in used_by) == 1
    status, text, _ = hireboard.run("metrics", "show", "time_to_fill")
    assert status == 0
    assert "version: 1; effective_from: 2026-01-01; changed: evergreen" in text
    assert "used_by: page overview (Overview), " in text


def test_3_4_what_a_check_found_is_for_compliance_cleo_and_nobody_else(hireboard: CommandLine) -> None:
    row = hireboard.row("hire_before_clearance", "--as", "cleo@hireboard.test")
    assert row["value"] == row["extra"]["not_back"] + row["extra"]["not_clear"]
    status, output, errors = hireboard.run("metrics", "query", "hire_before_clearance", "--as", "ada@hireboard.test")
    assert (status != 0, output) == (True, "")
    assert "Your role does not include hires before clearance." in errors
    assert hireboard.row("check_turnaround", "--as", "ada@hireboard.test")["n"] >= 0


def test_5_values_as_json(hireboard: CommandLine) -> None:
    document = hireboard.json("metrics", "query", "applications", "time_to_hire", "--by", "department")
    assert set(document) == {"as_of", "snapshot", "rows"}
    assert document["as_of"].endswith("Z")
    for row in document["rows"]:
        assert set(row) == ROW | {"department"}
    assert sum(row["value"] for row in document["rows"] if row["metric"] == "applications") == 600


def test_5_values_as_csv_and_as_text(hireboard: CommandLine) -> None:
    status, text, _ = hireboard.run("metrics", "query", "applications", "--by", "source", "--csv")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert status == 0
    assert sum(int(row["value"]) for row in rows) == 600
    assert list(rows[0])[:3] == ["source", "metric", "value"]
    _, text, _ = hireboard.run("metrics", "query", "applications")
    assert "applications  600 count  n 600" in text


def test_5_last_day_is_included(hireboard: CommandLine) -> None:
    def count(*period: str) -> int:
        return int(hireboard.row("applications", *period)["value"])

    whole = count("--from", "2026-01-01", "--to", "2026-01-31")
    halves = count("--from", "2026-01-01", "--to", "2026-01-15") + count("--from", "2026-01-16", "--to", "2026-01-31")
    assert whole == halves > 0


def test_5_filters_of_one_dimension_add_up(hireboard: CommandLine) -> None:
    by_source = {row["source"]: row["value"] for row in hireboard.rows("applications", "--by", "source")}
    one, other = sorted(by_source)[:2]
    both = hireboard.row("applications", "--where", f"source={one}", "--where", f"source={other}")
    assert both["value"] == by_source[one] + by_source[other]


def test_5_asking_as_somebody_applies_their_rights_and_is_logged(hireboard: CommandLine) -> None:
    assert hireboard.row("applications", "--as", "cleo@hireboard.test")["value"] == 600
    status, _, errors = hireboard.run("metrics", "query", "hires", "--by", "recruiter", "--as", "cleo@hireboard.test")
    assert (status, "single people" in errors) == (1, True)
    status, _, errors = hireboard.run("metrics", "query", "hires", "--raw", "--as", "cleo@hireboard.test")
    assert (status, "administrators" in errors) == (1, True)
    assert hireboard.row("hires", "--raw", "--as", "ada@hireboard.test")["value"] is not None
    store = Store(hireboard.settings["HIREBOARD_DATABASE_URL"])
    with store.read() as connection:
        query = sa.select(AuditEvent.actor, AuditEvent.detail).where(AuditEvent.action == "metrics.queried")
        events = [(actor, json.loads(detail)) for actor, detail in connection.execute(query)]
    store.dispose()
    assert {actor for actor, _ in events} == {"local operator"}
    assert {detail["as"] for _, detail in events} >= {"local operator", "cleo@hireboard.test", "ada@hireboard.test"}


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("hire",), 1, "There is no metric 'hire'"),
        (("hires", "--by", "planet"), 1, "There is no dimension 'planet'"),
        (("hires", "--where", "department"), 2, "DIM=VALUE"),
        (("hires", "--where", "department=Nowhere"), 1, "Choose from"),
        (("hires", "--from", "yesterday"), 1, "--from takes a date"),
        (("hires", "--as-of", "noon"), 1, "--as-of takes a time"),
        (("hires", "--as", "nobody@hireboard.test"), 1, "nobody@hireboard.test"),
        ((), 2, "Missing argument"),
    ],
)
def test_5_refusals_say_what_to_do(hireboard: CommandLine, arguments: tuple[str, ...], status: int, words: str) -> None:
    actual, output, errors = hireboard.run("metrics", "query", *arguments)
    assert (actual, output) == (status, "")
    assert words in errors
    assert "Traceback" not in errors


def test_5_the_page_of_definitions_says_what_the_registry_says() -> None:
    page = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    assert page == markdown(), "docs/metrics.md is out of date: hireboard metrics docs > docs/metrics.md"
