"""Digests of table contents that do not depend on the order of rows: an increment must equal a full rebuild."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib import resources
from typing import NamedTuple

import duckdb

from services.mart.schema import metadata

LOGIC_VERSION = 4
"""Grows when the facts change meaning by something else than their columns and the SQL that fills them."""


def _schema_version() -> int:
    columns = [f"{table.name}.{column.name} {column.type}" for table in metadata.sorted_tables for column in table.c]
    scripts = sorted(resources.files("services.mart").joinpath("sql").iterdir(), key=lambda path: path.name)
    texts = [path.read_text(encoding="utf-8") for path in scripts if path.name.endswith(".sql")]
    shape = "\n".join([str(LOGIC_VERSION), *columns, *texts])
    return int(hashlib.sha256(shape.encode()).hexdigest()[:7], 16)


SCHEMA_VERSION = _schema_version()
"""Of what the facts look like and how they are made: a snapshot with another one is not read, but rebuilt in full."""

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
