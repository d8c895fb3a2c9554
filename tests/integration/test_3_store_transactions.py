"""3: the store's two ways in keep their promises on SQLite and PostgreSQL."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DBAPIError

from services.domain.errors import ConfigurationError
from services.store.database import Store
from services.store.migrations import current_revision, head_revision, migrate, require_current
from services.store.tables import AppSetting, metadata

INCREMENTS = """
import json, sys
from sqlalchemy import select, update
from services.store.database import Store
from services.store.tables import AppSetting

store = Store(sys.argv[1])
for _ in range(int(sys.argv[2])):
    with store.write() as connection:
        row = select(AppSetting.value).where(AppSetting.name == "counter").with_for_update()
        value = int(connection.execute(row).scalar_one())
        connection.execute(update(AppSetting).where(AppSetting.name == "counter").values(value=str(value + 1)))
"""


@pytest.fixture
def store(store_url):
    store = Store(store_url)
    migrate(store)
    yield store
    store.dispose()


def _put(store: Store, value: str, at: datetime) -> None:
    with store.write() as connection:
        row = {"name": "counter", "version": 1, "value": value, "changed_at": at, "changed_by": "Ada"}
        connection.execute(insert(AppSetting), row)


@pytest.mark.slow
def test_four_processes_lose_no_update(store, store_url):
    """3: 4 x 1,250 read-modify-writes at the same time leave the counter at 5,000."""
    _put(store, "0", datetime.now(UTC))
    command = [sys.executable, "-c", INCREMENTS, store_url, "1250"]
    workers = [subprocess.Popen(command) for _ in range(4)]
    assert [worker.wait(timeout=240) for worker in workers] == [0, 0, 0, 0]
    with store.read() as connection:
        assert connection.execute(select(AppSetting.value)).scalar_one() == "5000"


def test_a_read_cannot_write(store):
    with pytest.raises(DBAPIError), store.read() as connection:
        connection.execute(update(AppSetting).values(value="9"))


def test_a_failed_write_leaves_nothing(store):
    with pytest.raises(ZeroDivisionError), store.write() as connection:
        row = {"name": "a", "version": 1, "value": "1", "changed_at": datetime.now(UTC), "changed_by": "Ada"}
        connection.execute(insert(AppSetting), row)
        raise ZeroDivisionError
    with store.read() as connection:
        assert connection.execute(select(AppSetting)).all() == []


def test_an_instant_comes_back_in_utc_and_whole_seconds(store):
    berlin = timezone(timedelta(hours=2))
    _put(store, "1", datetime(2026, 5, 1, 12, 0, 0, 999_999, tzinfo=berlin))
    with store.read() as connection:
        assert connection.execute(select(AppSetting.changed_at)).scalar_one() == datetime(2026, 5, 1, 10, tzinfo=UTC)


def test_a_naive_instant_is_refused(store):
    with pytest.raises(Exception, match="time zone"):
        _put(store, "1", datetime(2026, 5, 1))  # noqa: DTZ001 - the point of the test


def test_migrating_twice_changes_nothing_and_matches_the_model(store):
    assert migrate(store) == head_revision() == current_revision(store)
    require_current(store)
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    with store.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_a_newer_schema_is_refused_in_words(store):
    with store.write() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
    with pytest.raises(ConfigurationError, match="newer Hireboard"):
        migrate(store)


def test_an_unknown_database_is_refused_in_words():
    with pytest.raises(ConfigurationError, match="HIREBOARD_DATABASE_URL"):
        Store("mysql://example/db")
