"""1: `hireboard check` says what is wrong with an installation and what to do, in real conditions."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert

from dashapp.commands import check as command
from dashapp.commands import migrate
from dashapp.config import Settings
from services.store.database import Store
from services.store.tables import UserAccount


@pytest.fixture
def check(tmp_path, monkeypatch):
    """Findings by name, for a data folder of its own."""

    def run(**environment):
        for name, value in ({"HIREBOARD_DATA_DIR": str(tmp_path / "data")} | environment).items():
            monkeypatch.setenv(name, value)
        return {finding.name: finding for finding in command.check()}

    return run


@pytest.fixture
def installed(tmp_path):
    """Settings of a data folder whose store is migrated."""
    settings = Settings(data_dir=tmp_path / "data")
    migrate.run(settings)
    return settings


def test_a_migrated_installation_is_in_order(check, installed):
    wrong = [finding for finding in check().values() if not finding.ok]
    assert wrong == []


def test_a_store_that_is_not_there_is_named_with_the_command(check):
    assert "hireboard migrate" in check()["database"].words


def test_a_wrong_setting_is_a_finding(check):
    assert check(HIREBOARD_PORT="x")["settings"].words.startswith("HIREBOARD_PORT does not accept 'x'")


def test_a_key_that_others_can_read_is_found(check, installed):
    installed.signing_key()
    (installed.data_dir / "secret_key").chmod(0o644)
    assert "chmod 600" in check()["permissions"].words


def test_a_cache_that_is_away_is_found(check, installed):
    found = check(HIREBOARD_REDIS_URL="redis://127.0.0.1:1/0")["redis"]
    assert not found.ok
    assert "HIREBOARD_REDIS_URL" in found.words


def test_a_mail_server_that_answers_is_in_order(check, installed, smtp_server):
    assert check(HIREBOARD_SMTP_URL=smtp_server.url)["smtp"].ok


def test_production_on_a_demonstration_store_is_found(check, installed):
    store = Store(installed.database_url)
    with store.write() as connection:
        row = {"email": "eva@northwind.example", "name": "Executive Eva", "is_demo": True}
        connection.execute(insert(UserAccount), row | {"created_at": datetime(2026, 1, 1, tzinfo=UTC)})
    store.dispose()
    found = check(
        HIREBOARD_MODE="production",
        HIREBOARD_SECRET_KEY="q7Zp0vT3xL9dWm2KcR8sYb5NfHgJ4uE6aQ1o",
        HIREBOARD_BASE_URL="https://hiring.example.com",
        HIREBOARD_DATABASE_URL=installed.database_url,
    )
    assert found["settings"].ok
    assert found["accounts"].words.startswith("1 demonstration accounts are active")


def test_a_distribution_that_installs_over_our_packages_is_found(check, installed, tmp_path):
    """Our package names are general words: `layouts` of somebody else must not go unnoticed."""
    site = tmp_path / "site"
    (site / "layouts").mkdir(parents=True)
    (site / "layouts" / "__init__.py").touch()
    information = site / "stranger-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1.0\n")
    (information / "top_level.txt").write_text("layouts\n")
    environment = os.environ | {"HIREBOARD_DATA_DIR": str(installed.data_dir), "PYTHONPATH": str(site)}
    answer = subprocess.run(
        [sys.executable, "-m", "dashapp.cli", "check", "--json"],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        timeout=120,
    )
    found = json.loads(answer.stdout)
    assert (answer.returncode, found["ok"]) == (1, False)
    (wrong,) = [finding for finding in found["checks"] if not finding["ok"]]
    assert "stranger also installs the package `layouts`" in wrong["words"]
