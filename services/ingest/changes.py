"""What a transaction touched, for the mart's increment."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import BigInteger, Connection, Text, cast, func, select

from services.ingest import bulk
from services.store.tables import ChangeRow


def write_changes(connection: Connection, kind: str, entity_ids: Iterable[int | None]) -> None:
    """One row per touched application or requisition; ``reference`` needs no id."""
    xid = transaction_id(connection)
    rows = [(xid, kind, number) for number in entity_ids]
    bulk.upsert_values(connection, ChangeRow.__table__, ("xid", "kind", "entity_id"), rows)  # type: ignore[arg-type]


def transaction_id(connection: Connection) -> int | None:
    """PostgreSQL's id of the running transaction; None on SQLite, where row ids are in commit order."""
    if connection.dialect.name != "postgresql":
        return None
    return connection.execute(select(cast(cast(func.pg_current_xact_id(), Text), BigInteger))).scalar_one()
