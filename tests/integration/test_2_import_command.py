"""2: the command line of imports: one JSON document, words for people, a cut run is finished by running it again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import func, select

from services.store.database import Store
from services.store.tables import Application, ImportBatch, Interview, OfferVersion, SourceRecord, StageVisit
from tests.conftest import ROOT


def run(arguments: list[str], data_dir: Path, url: str, *, failpoints: str = "") -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "HIREBOARD_DATA_DIR": str(data_dir),
        "HIREBOARD_DATABASE_URL": url,
        "HIREBOARD_FAILPOINTS": failpoints,
    }
    command = [sys.executable, "-m", "dashapp.cli", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def counts(url: str) -> list[int | None]:
    store = Store(url)
    with store.read() as connection:
        found = [
            connection.scalar(select(func.count()).select_from(table))
            for table in (Application, StageVisit, OfferVersion, Interview, SourceRecord)
        ]
    store.dispose()
    return found


def states(url: str) -> list[str]:
    store = Store(url)
    with store.read() as connection:
        found = list(connection.scalars(select(ImportBatch.state).order_by(ImportBatch.id)))
    store.dispose()
    return found


def test_2_an_import_killed_halfway_stays_invisible_and_is_finished_by_running_it_again(
    migrated_store_url: str, shared_data: Path, tmp_path: Path
) -> None:
    export = str(shared_data / "recruiting-red-harvest-v3")
    arguments = ["import", "greenhouse", export, "--json"]
    killed = run(arguments, tmp_path, migrated_store_url, failpoints="import-chunk=crash")
    assert killed.returncode == -9
    assert states(migrated_store_url) == ["applying"]  # what the mart looks at before it builds
    assert 0 < (counts(migrated_store_url)[4] or 0) < 8027

    again = run(arguments, tmp_path, migrated_store_url)
    result = json.loads(again.stdout)
    assert result["read"] == result["loaded"] + result["unchanged"] == 8027
    assert 0 < result["unchanged"] < 8027
    assert result["warnings"] == ["An earlier run of this import was cut off; this run finished it."]
    assert states(migrated_store_url) == ["complete"]
    assert counts(migrated_store_url) == [916, 5691, 135, 446, 8027]
    assert list((tmp_path / "import").glob("*.spool")) == []


@pytest.fixture
def export(tmp_path: Path) -> Path:
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "jobs.json").write_text(
        json.dumps(
            [
                {"id": 1, "name": "Baker", "status": "open", "opened_at": "2025-01-01T08:00:00Z"},
                {"id": 2, "name": "Cook", "status": "lost"},
            ]
        ),
        encoding="utf-8",
    )
    return folder


def test_2_json_is_one_document_and_progress_stays_off_standard_output(
    migrated_sqlite_url: str, export: Path, tmp_path: Path
) -> None:
    done = run(["import", "greenhouse", str(export), "--json"], tmp_path, migrated_sqlite_url)
    assert done.returncode == 0
    assert done.stderr == ""
    assert json.loads(done.stdout) == {"read": 2, "loaded": 1, "unchanged": 0, "quarantined": 1, "warnings": []}


def test_2_a_person_reads_counts_and_where_to_look(migrated_sqlite_url: str, export: Path, tmp_path: Path) -> None:
    planned = run(["import", "greenhouse", str(export), "--dry-run"], tmp_path, migrated_sqlite_url)
    assert "2 records read: 1 would be loaded, 0 unchanged, 1 in quarantine." in planned.stdout
    done = run(["import", "greenhouse", str(export)], tmp_path, migrated_sqlite_url)
    assert "`hireboard quarantine list`" in done.stdout
    listed = run(["quarantine", "list"], tmp_path, migrated_sqlite_url)
    assert "jobs.json, jobs 2, status: 'lost' is not known; known: open, draft, closed" in listed.stdout
    (row,) = json.loads(run(["quarantine", "list", "--json"], tmp_path, migrated_sqlite_url).stdout)["quarantined"]
    shown = json.loads(run(["quarantine", "show", str(row["id"]), "--json"], tmp_path, migrated_sqlite_url).stdout)
    assert json.loads(shown["payload"])["name"] == "Cook"
    replayed = run(["quarantine", "replay", "--json"], tmp_path, migrated_sqlite_url)
    assert json.loads(replayed.stdout) == {"tried": 1, "loaded": 0, "still": 1}


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["import", "greenhouse", "nowhere"], 1, "There is no file or folder nowhere"),
        (["import", "table", "."], 1, "needs --mapping FILE"),
        (["import", "workday", "."], 2, "'workday' is not one of"),
        (["quarantine", "show", "12"], 1, "There is no quarantined record 12"),
    ],
)
def test_2_what_cannot_be_done_is_said_in_one_line(
    migrated_sqlite_url: str, tmp_path: Path, arguments: list[str], status: int, words: str
) -> None:
    done = run(arguments, tmp_path, migrated_sqlite_url)
    assert done.returncode == status
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
