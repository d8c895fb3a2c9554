"""Digests of table contents that do not depend on the order of rows: an increment must equal a full rebuild."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import duckdb

from services.mart.schema import metadata

SCHEMA_VERSION = 1
"""Grows when the facts change shape or meaning: an older snapshot is rebuilt in full."""


def table_digests(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Per table ``rows:sum:xor`` over a 64-bit hash of every row."""
    return {name: _digest(connection, name, [c.name for c in table.columns]) for name, table in metadata.tables.items()}


def _digest(connection: duckdb.DuckDBPyConnection, name: str, columns: list[str]) -> str:
    row_hash = f"hash({', '.join(columns)})"
    statement = (
        f"SELECT count(*), coalesce(sum(CAST({row_hash} AS HUGEINT)), 0), coalesce(bit_xor({row_hash}), 0) FROM {name}"  # noqa: S608 - names of our schema
    )
    row = connection.execute(statement).fetchone()
    if row is None:
        raise RuntimeError(f"no digest of {name}")
    rows, total, xor = row
    return f"{rows}:{int(total) % 2**64:016x}:{int(xor):016x}"


def snapshot_id(tables: Mapping[str, str]) -> str:
    """The id that equal contents share."""
    text = "\n".join(f"{name} {tables[name]}" for name in sorted(tables))
    return hashlib.sha256(f"{SCHEMA_VERSION}\n{text}".encode()).hexdigest()[:24]
