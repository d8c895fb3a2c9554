"""5.6: figures recomputed from a fresh export with nothing of ours; drift, its incident, banner and certificate."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from reports.render import PdfRenderer
from services.delivery.archive import Archive
from services.reporting.view_json import from_json
from services.store.database import Store
from services.store.tables import ArchiveItem, AuditEvent, MetricTarget, PipelineStage, ValidationDrift
from services.validation.standing import Standing
from tests.command_line import CommandLine
from tests.validation_scenes import company, mapping, write

PERIOD = ("--period", "2026-04")
NOW_AN_INTERVIEW = "  Phone Screen: interview\n"


class Company:
    """Ada's server with the small export in it."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.folder = folder
        self.store = Store(database_url)
        self.hireboard = CommandLine(database_url, folder / "data")
        self.export = write(company(), folder / "export")
        self.load()

    def load(self, stages: str = "") -> None:
        """Import the export with a mapping, and publish."""
        given = ("--mapping", mapping(self.folder, stages))
        for arguments in (("import", "greenhouse", self.export, *given), ("mart", "build")):
            status, _, errors = self.hireboard.run(*arguments)
            assert status == 0, errors

    def validate(self, *more: str | Path, status: int = 0, export: Path | None = None) -> dict[str, Any]:
        found, output, errors = self.hireboard.run(
            "validate", "greenhouse", export or self.export, *(more or PERIOD), "--json"
        )
        assert found == status, errors or output
        document: dict[str, Any] = json.loads(output)
        return document

    def open_drift(self) -> list[list[str]]:
        with self.store.read() as connection:
            rows = connection.scalars(select(ValidationDrift.metrics).where(ValidationDrift.open_key.is_not(None)))
            return [json.loads(row) for row in rows]

    def actions(self) -> list[str]:
        with self.store.read() as connection:
            found = connection.scalars(select(AuditEvent.action).order_by(AuditEvent.seq))
            return [action for action in found if action.startswith("validation.")]


@pytest.fixture
def unprinted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Paper is one test's matter; for the others it only takes time."""
    monkeypatch.setattr("reports.render.PdfRenderer.render", lambda _self, _view: b"%PDF-1.7")


@pytest.fixture
def scene(tmp_path: Path, migrated_sqlite_url: str) -> Iterator[Company]:
    company_ = Company(tmp_path, migrated_sqlite_url)
    yield company_
    company_.store.dispose()


@pytest.fixture
def either_scene(tmp_path: Path, migrated_store_url: str) -> Iterator[Company]:
    """On SQLite and on PostgreSQL."""
    company_ = Company(tmp_path, migrated_store_url)
    yield company_
    company_.store.dispose()


def differing(document: dict[str, Any]) -> set[tuple[str, str]]:
    return {(one["metric"], one["group"]) for one in document["results"] if one["verdict"] == "differs"}


def figure(document: dict[str, Any], metric: str, group: str = "") -> dict[str, Any]:
    (found,) = [one for one in document["results"] if (one["metric"], one["group"]) == (metric, group)]
    return dict(found)


def test_5_6_a_fresh_export_that_agrees_is_certified_in_the_archive(scene: Company) -> None:
    document = scene.validate("--period", "2026-03", "--as-of", "2026-04-30")
    assert document["holds"]
    assert {one["verdict"] for one in document["results"]} == {"holds"}
    # 30 less the prospect and the one whose March was over in Berlin
    assert figure(document, "applications")["recomputed"] == 28
    april = scene.validate()
    assert april["holds"], differing(april)
    assert figure(april, "hires")["recomputed"] == 4
    assert figure(april, "offer_acceptance_rate")["recomputed"] == pytest.approx(4 / 8)
    assert figure(april, "offers_extended")["recomputed"] == 9
    with scene.store.read() as connection:
        row = connection.execute(select(ArchiveItem.__table__).order_by(ArchiveItem.id.desc())).first()
    assert row is not None
    assert (row.report_kind, row.period, row.snapshot) == ("validation_certificate", "2026-04", april["snapshot"])
    manifest = json.loads(row.manifest)
    assert (manifest["drift"], len(manifest["export_sha256"])) == ([], 64)
    pdf = (scene.folder / "data" / "archive" / row.sha256[:2] / row.sha256[2:4] / row.sha256).read_bytes()
    assert pdf.startswith(b"%PDF")
    again = from_json(Archive(scene.folder / "data" / "archive").get(row.view_sha256))
    assert PdfRenderer("http://127.0.0.1:8050").render(again) == pdf
    assert scene.open_drift() == []


@pytest.mark.usefixtures("unprinted")
def test_5_6_one_mapping_changed_on_purpose_fails_exactly_what_depends_on_it(scene: Company) -> None:
    assert scene.validate()["holds"]
    scene.load(NOW_AN_INTERVIEW)
    document = scene.validate(status=3)
    assert document["drift"] == ["pass_through_rate_snapshot", "time_in_stage_completed"]
    # Phone Screen was all there was of screen: the transitions around it are others now
    assert differing(document) == {
        ("pass_through_rate_snapshot", "applied to screen"),
        ("pass_through_rate_snapshot", "applied to assessment"),
        ("pass_through_rate_snapshot", "screen to assessment"),
        ("pass_through_rate_snapshot", "assessment to interview"),
        ("pass_through_rate_snapshot", "interview to offer"),
        ("time_in_stage_completed", "screen"),
        ("time_in_stage_completed", "interview"),
    }
    assert ("time_in_stage_completed", "Phone Screen") not in differing(document)
    changed = {(one["section"], one["name"]): one for one in document["changes"]}
    assert {key for key in changed if key[0] == "stages"} == {("stages", "101"), ("stages", "201")}
    assert "interview" in changed["stages", "101"]["after"]
    assert changed["stages", "101"]["changed_by"] == "import by local operator"
    assert changed["stages", "101"]["changed_at"]


@pytest.mark.usefixtures("unprinted")
def test_5_6_drift_is_one_incident_with_a_banner_until_a_certificate_holds(either_scene: Company) -> None:
    scene = either_scene
    names = {"pass_through_rate_snapshot": "Pass-through, so far", "time_in_stage_completed": "Time in stage"}
    scene.validate()
    assert Standing(scene.store, names).notes() == ()
    scene.load(NOW_AN_INTERVIEW)
    scene.validate(status=3)
    scene.validate(status=3)
    assert scene.open_drift() == [["pass_through_rate_snapshot", "time_in_stage_completed"]]
    later = datetime.now(UTC) + timedelta(days=3, minutes=1)
    (note,) = Standing(scene.store, names, clock=lambda: later).notes()
    assert note.kind == "error"
    assert "Pass-through, so far and time in stage" in note.text or "Time in stage" in note.text
    assert "3 days ago" in note.text
    accepted = scene.validate(*PERIOD, "--accept-configuration")
    assert accepted["holds"]
    assert scene.open_drift() == []
    assert Standing(scene.store, names).notes() == ()
    assert scene.validate()["changes"] == []
    assert scene.actions().count("validation.drift_opened") == 1
    assert scene.actions().count("validation.drift_closed") == 1


@pytest.mark.usefixtures("unprinted")
def test_5_6_a_stage_changed_in_the_store_behind_the_program_is_found_too(scene: Company) -> None:
    scene.validate()
    with scene.store.write() as connection:
        moved = update(PipelineStage).where(PipelineStage.external_id == "103")
        connection.execute(moved.values(canonical="offer"))
    status, _, errors = scene.hireboard.run("mart", "build", "--full")
    assert status == 0, errors
    document = scene.validate(status=3)
    assert "hires" not in document["drift"]
    assert "pass_through_rate_snapshot" in document["drift"]


@pytest.mark.usefixtures("unprinted")
def test_5_6_records_that_are_not_as_the_source_has_them_fail_their_metrics(scene: Company) -> None:
    fresh = company()
    fresh["applications"] = [one for one in fresh["applications"] if one["id"] != 12]
    fresh["offers"] = [one for one in fresh["offers"] if one["application_id"] != 12]
    fresh["application_stages"] = [one for one in fresh["application_stages"] if one["application_id"] != 12]
    document = scene.validate(status=3, export=write(fresh, scene.folder / "fresh"))
    assert (figure(document, "hires")["published"], figure(document, "hires")["recomputed"]) == (4, 3)
    assert figure(document, "hires")["difference"] == 1
    assert figure(document, "applications")["verdict"] == "holds"  # number 12 applied in March


@pytest.mark.usefixtures("unprinted")
def test_5_6_a_target_that_was_changed_is_listed_and_fails_nothing(scene: Company) -> None:
    scene.validate()
    target = {"metric_id": "time_to_hire", "value": 40.0, "effective_from": datetime(2026, 1, 1, tzinfo=UTC).date()}
    with scene.store.write() as connection:
        connection.execute(insert(MetricTarget).values(**target))
    document = scene.validate()
    (change,) = document["changes"]
    assert (change["section"], change["before"]) == ("targets", "")
    assert "40.0" in change["after"]


@pytest.mark.usefixtures("unprinted")
def test_5_6_what_the_export_does_not_hold_is_said_and_not_called_drift(scene: Company) -> None:
    fresh = company()
    del fresh["offers"], fresh["application_stages"]
    folder = write(fresh, scene.folder / "part")
    document = scene.validate("--period", "2026-03", export=folder)
    left = {one["metric"] for one in document["results"] if one["verdict"] == "not compared"}
    assert "pass_through_rate_snapshot" in left
    (folder / "jobs.json").unlink()
    status, _, errors = scene.hireboard.run("validate", "greenhouse", folder, *PERIOD)
    assert (status, "holds no jobs" in errors) == (1, True)


@pytest.mark.usefixtures("unprinted")
def test_5_6_the_real_export_agrees_and_one_mapping_fails_its_metrics(
    shared_data: Path, tmp_path: Path, migrated_sqlite_url: str
) -> None:
    as_of = "2019-08-15"
    hireboard = CommandLine(migrated_sqlite_url, tmp_path / "data")
    export = shared_data / "recruiting-red-harvest-v3"
    ask = ("validate", "greenhouse", export, "--period", "2019-Q3", "--as-of", as_of)
    for arguments in (("import", "greenhouse", export), ("mart", "build")):
        assert hireboard.run(*arguments)[0] == 0
    document = hireboard.json(*ask)
    assert document["holds"], differing(document)
    numbers = json.loads((shared_data / "recruiting-red-numbers.json").read_text(encoding="utf-8"))
    assert figure(document, "open_applications")["recomputed"] == numbers["open_applications_as_of"][f"{as_of}T00:00Z"]
    file = tmp_path / "mapping.yml"
    file.write_text("version: 1\nstages:\n  First Screening: interview\n", encoding="utf-8")
    for again in (("import", "greenhouse", export, "--mapping", file), ("mart", "build")):
        assert hireboard.run(*again)[0] == 0
    status, output, _ = hireboard.run(*ask, "--json")
    assert status == 3
    assert json.loads(output)["drift"] == ["pass_through_rate_snapshot", "time_in_stage_completed"]
    wrong = differing(json.loads(output))
    assert {("time_in_stage_completed", "screen"), ("time_in_stage_completed", "interview")} <= wrong
    assert ("time_in_stage_completed", "First Screening") not in wrong
