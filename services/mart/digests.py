"""Digests of table contents that do not depend on the order of rows: an increment must equal a full rebuild."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import NamedTuple

import duckdb

from services.mart.schema import metadata

SCHEMA_VERSION = 3
"""Grows when the facts change shape or meaning: an older snapshot is rebuilt in full."""

MODULUS = 2**64


class Digest(NamedTuple):
    """Rows, and sum and exclusive-or of a 64-bit hash of each.

    Rows can be taken out and put in without reading the rest.
    """

    rows: int
    total: int
    parity: int

    def __add__(self, other: object) -> Digest:
        if not isinstance(other, Digest):
            return NotImplemented
        return Digest(self.rows + other.rows, (self.total + other.total) % MODULUS, self.parity ^ other.parity)

    def __sub__(self, other: object) -> Digest:
        if not isinstance(other, Digest):
            return NotImplemented
        return Digest(self.rows - other.rows, (self.total - other.total) % MODULUS, self.parity ^ other.parity)

    def __str__(self) -> str:
        return f"{self.rows}:{self.total:016x}:{self.parity:016x}"

    @staticmethod
    def parse(text: str) -> Digest:
        rows, total, parity = text.split(":")
        return Digest(int(rows), int(total, 16), int(parity, 16))


def digest_of(connection: duckdb.DuckDBPyConnection, table: str, where: str = "true") -> Digest:
    """Digest of a table's rows, or of those for which ``where`` holds."""
    columns = ", ".join(f'"{column.name}"' for column in metadata.tables[table].columns)
    ((rows, total, parity),) = connection.execute(
        f"SELECT count(*), coalesce(sum(CAST(h AS HUGEINT)), 0), coalesce(bit_xor(h), 0) "  # noqa: S608 - our own names
        f"FROM (SELECT hash({columns}) AS h FROM {table} WHERE {where})"
    ).fetchall()
    return Digest(rows, int(total) % MODULUS, int(parity))


def table_digests(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Digest of every table of the schema."""
    return {name: str(digest_of(connection, name)) for name in metadata.tables}


def snapshot_id(tables: Mapping[str, str]) -> str:
    """The id that equal contents share."""
    text = "\n".join(f"{name} {tables[name]}" for name in sorted(tables))
    return hashlib.sha256(f"{SCHEMA_VERSION}\n{text}".encode()).hexdigest()[:24]
