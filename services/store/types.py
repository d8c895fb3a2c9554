"""Column types that mean the same on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect, String
from sqlalchemy.types import TypeDecorator, TypeEngine

SQLITE_FORMAT = "%Y-%m-%d %H:%M:%S"


class UtcDateTime(TypeDecorator[datetime]):
    """An instant, in whole seconds, aware and in UTC in Python.

    PostgreSQL: ``timestamptz``. SQLite: text ``YYYY-MM-DD HH:MM:SS`` in UTC, which sorts and compares as the
    instant does.
    Fractions of a second are cut off: every clock of ours counts whole seconds. A naive datetime is refused
    (ValueError).
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(String(19))
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | str | None:
        if value is None:
            return None
        if value.tzinfo is None:
            message = "an instant needs a time zone"
            raise ValueError(message)
        instant = value.astimezone(UTC).replace(microsecond=0)
        return instant.strftime(SQLITE_FORMAT) if dialect.name == "sqlite" else instant

    def process_result_value(self, value: datetime | str | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if isinstance(value, str):
            return datetime.strptime(value, SQLITE_FORMAT).replace(tzinfo=UTC)
        return value.astimezone(UTC)
