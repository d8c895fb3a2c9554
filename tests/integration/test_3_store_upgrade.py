"""3: a store with data in the first schema is brought to today's, whatever came between, and loses nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, select

from services.store.database import Store
from services.store.migrations import _config, current_revision, head_revision, migrate
from services.store.tables import AppSetting, Department, Person, SurveyAnswer, UserAccount, metadata

AT = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """In the first schema, with a person, an account and a survey that was answered."""
    made = Store(store_url)
    config = _config()
    with made.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    with made.write() as connection:
        tables = inspect(connection).get_table_names()
        assert "incident" not in tables
        assert "survey_request" not in tables
        for table, values in (
            (Department, {"id": 1, "name": "Sales"}),
            (Person, {"id": 1, "name": "Max"}),
            (SurveyAnswer, {"id": 1, "kind": "candidate_experience", "delivered_at": AT, "score": 9.0}),
        ):
            row = {"source_system": "t", "external_id": "1", **values}
            connection.execute(table.__table__.insert().values(row))  # type: ignore[attr-defined]
        account = {"email": "max@northwind.example", "name": "Max", "person_id": 1, "created_at": AT}
        connection.execute(UserAccount.__table__.insert().values(account))  # type: ignore[attr-defined]
        setting = {"name": "company.name", "version": 1, "value": '"N"', "changed_at": AT, "changed_by": "Ada"}
        connection.execute(AppSetting.__table__.insert().values(setting))  # type: ignore[attr-defined]
    yield made
    made.dispose()


def test_3_a_store_of_the_first_schema_is_upgraded_with_its_data(store: Store) -> None:
    assert current_revision(store) == "0001"
    assert migrate(store) == head_revision()
    with store.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert connection.scalar(select(Person.name)) == "Max"
        assert connection.scalar(select(UserAccount.person_id)) == 1
        assert connection.scalar(select(SurveyAnswer.score)) == 9.0
        assert connection.scalar(select(AppSetting.value)) == '"N"'
