"""``INSERT … ON CONFLICT DO NOTHING``, in the words of each database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from services.store.tables import Base


def insert_if_absent(
    connection: Connection, table: type[Base], rows: Sequence[Mapping[str, Any]], key: Sequence[str]
) -> int:
    """Insert the rows whose unique ``key`` is not there yet; leave the others as they are. Returns how many are new."""
    if not rows:
        return 0
    dialect_insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = dialect_insert(table).on_conflict_do_nothing(index_elements=key)
    # rows that RETURNING gives back, not rowcount: psycopg knows no rowcount for batches
    return len(connection.execute(statement.returning(getattr(table, key[0])), list(rows)).all())
