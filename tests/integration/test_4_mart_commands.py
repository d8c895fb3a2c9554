"""Capability 4 on the command line: `hireboard mart build|status|verify` and `hireboard snapshot verify`."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from dashapp.commands import mart, snapshot
from services.store import tables as t
from services.store.database import Store
from tests.mart_scenes import Company, day


@pytest.fixture
def run(migrated_sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Ada at the command line of an installation with a store."""
    monkeypatch.setenv("HIREBOARD_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("HIREBOARD_DATABASE_URL", migrated_sqlite_url)
    store = Store(migrated_sqlite_url)
    with Company(store).writing() as company:
        company.standing_company()
    store.dispose()

    def invoke(words: str):
        area, *arguments = words.split()
        return CliRunner().invoke({"mart": mart.command, "snapshot": snapshot.command}[area], arguments)

    return invoke


def test_4_build_status_and_verify_tell_one_story(run):
    assert "hireboard mart build" in run("mart status").output
    built = json.loads(run("mart build --json").output)
    assert (built["how"], built["counts"]["fact_application"]) == ("full", 12)
    status = json.loads(run("mart status --json").output)
    assert status["current"] == built["id"] == status["snapshots"][0]["id"]
    assert run("mart verify").output == "The published snapshot equals a full build of the store.\n"
    assert json.loads(run("snapshot verify --json").output) == {"snapshots": {built["id"]: "intact"}}
    assert "(full)" in run("mart build --full").output
    assert "(none)" in run("mart build").output


def test_4_verify_names_the_tables_that_differ(run, migrated_sqlite_url):
    run("mart build")
    store = Store(migrated_sqlite_url)
    with Company(store).writing() as company:
        company.set(t.Application, 3, applied_at=day(1))
    store.dispose()
    result = run("mart verify")
    assert result.exit_code != 0
    assert "fact_application" in str(result.exception)
    assert "mart build --full" in str(result.exception)


def test_4_a_damaged_snapshot_is_named(run, tmp_path):
    built = json.loads(run("mart build --json").output)
    file = tmp_path / "mart" / f"{built['id']}.duckdb"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    result = run("snapshot verify")
    assert result.exit_code != 0
    assert f"Broken: {built['id']}" in str(result.exception)
    assert "does not match its checksum" in result.output


def _a_disk_with_two_megabytes() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))


def test_4_a_full_disk_is_said_and_leaves_the_published_snapshot(run, migrated_sqlite_url, tmp_path):
    built = json.loads(run("mart build --json").output)
    program = (
        "import sys; from pathlib import Path; from services.mart.publishing import Mart\n"
        "Mart(sys.argv[1], Path(sys.argv[2])).build(full=True)"
    )
    command = [sys.executable, "-c", program, migrated_sqlite_url, str(tmp_path / "mart")]
    failed = subprocess.run(command, preexec_fn=_a_disk_with_two_megabytes, capture_output=True, text=True, check=False)
    assert failed.returncode == 1
    assert "RetryLaterError: The snapshot could not be built" in failed.stderr
    assert "free disk space" in failed.stderr
    assert json.loads(run("mart status --json").output)["current"] == built["id"]
    assert json.loads(run("snapshot verify --json").output) == {"snapshots": {built["id"]: "intact"}}
