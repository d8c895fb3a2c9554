"""A migrated store with the people of the tests in it, and a clock that a test turns."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from services.domain.errors import NotSignedInError, TooManyAttemptsError
from services.store.database import Store
from services.store.tables.audit import AuditEvent
from tests.people import People, make_people

HOME = "203.0.113.7"


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **parts: float) -> None:
        self.now += timedelta(**parts)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """SQLite, unless the test asks for both."""
    kind = getattr(request, "param", "sqlite")
    made = Store(request.getfixturevalue(f"migrated_{'postgres' if kind == 'postgresql' else 'sqlite'}_url"))
    yield made
    made.dispose()


on_both = pytest.mark.parametrize("store", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def people(store: Store, clock: Clock) -> People:
    return make_people(store, clock=clock)


def signed_in(people: People, name: str = "eva", **options: Any) -> str:
    return people.accounts.open_session(people.ids[name], **options)


def actions(store: Store) -> list[str]:
    with store.read() as connection:
        return list(connection.scalars(select(AuditEvent.action).order_by(AuditEvent.seq)))


def wrong(people: People, email: str, origin: str = HOME) -> type[Exception] | None:
    try:
        people.accounts.authenticate(email, "wrong password", origin)
    except (NotSignedInError, TooManyAttemptsError) as error:
        return type(error)
    return None
