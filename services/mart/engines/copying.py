"""A snapshot file's tables into another database: Arrow batches out of DuckDB, COPY or inserts over there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import adbc_driver_manager
import adbc_driver_postgresql.dbapi
import pyarrow as pa

from services.mart.connection import open_for_reading
from services.mart.engines.engine import EngineAwayError
from services.mart.schema import metadata

BATCH_ROWS = 100_000


def tables_of(file: Path) -> Iterator[tuple[str, pa.RecordBatchReader]]:
    """Every table of the schema with its rows, in the order in which they lie."""
    with closing(open_for_reading(file)) as duck:
        for table in metadata.sorted_tables:
            columns = ", ".join(f'"{column.name}"' for column in table.c)
            found = duck.sql(f"SELECT {columns} FROM {table.name}")  # noqa: S608 - names of our schema
            with found.to_arrow_reader(BATCH_ROWS) as rows:
                yield table.name, rows
            del found


def copy_by_adbc(url: str, schema: str, file: Path) -> None:
    """COPY every table into ``schema``, all or nothing. Raises EngineAwayError when PostgreSQL ends it."""
    try:
        with (
            closing(adbc_driver_postgresql.dbapi.connect(url)) as connection,
            closing(connection.cursor()) as cursor,
        ):
            for name, rows in tables_of(file):
                cursor.adbc_ingest(name, rows, mode="append", db_schema_name=schema)
            connection.commit()
    except adbc_driver_manager.OperationalError as error:
        raise EngineAwayError(f"PostgreSQL did not take the snapshot: {error}. Build again.") from error
