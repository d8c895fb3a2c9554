"""One consistent read of the store through ADBC, as Arrow streams with the types DuckDB is to give them.

ADBC's SQLite driver types a column by its first rows, so a column that begins with NULL fails later: every nullable
column is read as text with "" for NULL and cast back. PostgreSQL's driver types by the catalogue; instants are read at
UTC. An empty text and a missing one are the same thing to the mart, on both.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import adbc_driver_manager
import adbc_driver_postgresql.dbapi
import adbc_driver_sqlite.dbapi
import pyarrow as pa
import sqlalchemy as sa

from services.domain.errors import ConfigurationError, RetryLaterError
from services.mart.sources import Source
from services.store.types import UtcDateTime

SQLITE_BATCH_ROWS = 65_536
DIALECTS: dict[str, sa.Dialect] = {
    name: sa.make_url(f"{driver}://").get_dialect()()
    for name, driver in (("sqlite", "sqlite"), ("postgresql", "postgresql+psycopg"))
}


def duck_type(column: sa.Column[Any]) -> str:
    """The mart's type of a store column."""
    kinds: tuple[tuple[type[Any], str], ...] = (
        (UtcDateTime, "TIMESTAMP"),
        (sa.Date, "DATE"),
        (sa.Boolean, "BOOLEAN"),
        (sa.Integer, "BIGINT"),
        (sa.Float, "DOUBLE"),
        (sa.String, "VARCHAR"),
    )
    for kind, name in kinds:
        if isinstance(column.type, kind):
            return name
    raise TypeError(f"{column} has type {column.type}, which the mart cannot stage")


class StoreSnapshot:
    """A read transaction that sees one state of the store. Use through ``open_snapshot``."""

    def __init__(self, connection: Any, dialect: str) -> None:
        self._connection = connection
        self.dialect = dialect

    def select(self, source: Source, *conditions: sa.ColumnElement[bool]) -> str:
        """The extract statement of a source, generated from its table's columns."""
        table = source.table
        columns = [self._read_as(table.c[name]).label(name) for name in source.columns]
        kept = [*conditions] if source.kept is None else [source.kept, *conditions]
        return self.compile(sa.select(*columns).where(*kept))

    def compile(self, statement: sa.SelectBase) -> str:
        text = statement.compile(dialect=DIALECTS[self.dialect], compile_kwargs={"literal_binds": True})
        return str(text)

    def _read_as(self, column: sa.Column[Any]) -> sa.ColumnElement[Any]:
        if self.dialect == "postgresql":
            at_utc = isinstance(column.type, UtcDateTime)
            return sa.func.timezone("UTC", column) if at_utc else sa.type_coerce(column, column.type)
        if column.nullable:
            return sa.func.coalesce(sa.cast(sa.type_coerce(column, sa.Text()), sa.Text()), "")
        return sa.type_coerce(column, sa.Text())

    def cast_back(self, source: Source, name: str) -> str:
        """DuckDB expression that gives a staged column its type."""
        column = source.table.c[name]
        kind, quoted = duck_type(column), f'"{name}"'
        if kind == "VARCHAR":
            return f"nullif(CAST({quoted} AS VARCHAR), '')" if column.nullable else f"CAST({quoted} AS VARCHAR)"
        if self.dialect == "postgresql":
            return f"CAST({quoted} AS {kind})"
        if column.nullable:
            return f"CAST(nullif({quoted}, '') AS {kind})"
        if kind in {"BIGINT", "BOOLEAN", "DOUBLE"}:
            return f"CAST({quoted} AS {kind})"
        # an empty table comes as integers, which do not cast to a time
        return f"CAST(CAST({quoted} AS VARCHAR) AS {kind})"

    @contextlib.contextmanager
    def stream(self, sql: str) -> Iterator[pa.RecordBatchReader]:
        """The rows of a statement as Arrow record batches."""
        with contextlib.closing(self._connection.cursor()) as cursor:
            if self.dialect == "sqlite":
                cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": str(SQLITE_BATCH_ROWS)})
            cursor.execute(sql)
            yield cursor.fetch_record_batch()

    def rows(self, statement: sa.SelectBase) -> list[tuple[Any, ...]]:
        """All rows of a small statement."""
        with contextlib.closing(self._connection.cursor()) as cursor:
            cursor.execute(self.compile(statement))
            return list(cursor.fetchall())

    def scalar(self, statement: sa.SelectBase) -> Any:
        return self.rows(statement)[0][0]


@contextlib.contextmanager
def open_snapshot(url: sa.URL) -> Iterator[StoreSnapshot]:
    """Read one state of the store at ``url``.

    Raises RetryLaterError when it is away or busy, ConfigurationError when it was not migrated.

    On SQLite not beside an open SQLAlchemy connection of the same process: two SQLite libraries in one process drop
    each other's file locks.
    """
    dialect = url.get_backend_name()
    try:
        connection = _connect(url, dialect)
    except adbc_driver_manager.Error as error:
        raise RetryLaterError(f"The database cannot be read for the mart: {error}. Try again in a moment.") from error
    try:
        with contextlib.closing(connection.cursor()) as cursor:
            for statement in _OPENING[dialect]:
                cursor.execute(statement)
        yield StoreSnapshot(connection, dialect)
    except adbc_driver_manager.ProgrammingError as error:
        raise ConfigurationError(
            f"The database does not have the tables the mart reads: {error}. Run `hireboard migrate`, then build again."
        ) from error
    except adbc_driver_manager.OperationalError as error:
        raise RetryLaterError(f"The database cannot be read for the mart: {error}. Try again in a moment.") from error
    finally:
        connection.rollback()
        connection.close()


_OPENING: dict[str, Sequence[str]] = {
    "sqlite": ("PRAGMA query_only = ON", "PRAGMA busy_timeout = 30000"),
    "postgresql": ("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",),
}


def _connect(url: sa.URL, dialect: str) -> Any:
    if dialect == "sqlite":
        return adbc_driver_sqlite.dbapi.connect(str(url.database))
    plain = url.set(drivername="postgresql")
    return adbc_driver_postgresql.dbapi.connect(plain.render_as_string(hide_password=False))
