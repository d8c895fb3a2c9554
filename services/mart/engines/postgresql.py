"""Snapshots in PostgreSQL: a schema each, and a table that says which one is current.

``hireboard_mart.snapshot`` has one row for each snapshot that is loaded completely. A schema ``mart_<id>`` without a
row is what an interrupted load left behind; the next publication of the snapshot loads it anew.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import sqlalchemy as sa
from psycopg import sql
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from sqlalchemy.schema import CreateTable

from services.domain.errors import RetryLaterError
from services.mart.compiled import Compiler
from services.mart.engines.engine import KEEP_LATEST, EngineAwayError, Rows, SnapshotGoneError
from services.mart.engines.postgresql_spelling import DIALECT
from services.mart.schema import metadata
from services.mart.snapshots import Manifest

log = logging.getLogger(__name__)

LEDGER = "hireboard_mart"
LOCK = 4_227_013_581
"""Held by the one who publishes."""
PATIENCE_S = 10
LEDGER_DDL = """
CREATE SCHEMA IF NOT EXISTS hireboard_mart;
CREATE TABLE IF NOT EXISTS hireboard_mart.snapshot (
  id text PRIMARY KEY, manifest text NOT NULL, as_of timestamptz NOT NULL,
  publication bigint GENERATED ALWAYS AS IDENTITY, is_current boolean NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS snapshot_current ON hireboard_mart.snapshot (is_current) WHERE is_current;
CREATE OR REPLACE AGGREGATE hireboard_mart.product(double precision)
  (SFUNC = float8mul, STYPE = float8, INITCOND = '1');
"""
compile_select = Compiler(DIALECT).by_name


class _Number(Loader):
    """NUMERIC as the plain number it is: sums of whole numbers arrive so."""

    def load(self, data: Buffer) -> int | float:
        text = bytes(data)
        return int(text) if text.lstrip(b"-").isdigit() else float(text)


class PostgresEngine:
    """Publishes in the database at ``url``, which may be the store's own: only schemas of its own are touched."""

    name = "PostgreSQL"

    def __init__(self, url: str) -> None:
        self.url = sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)

    def connect(self, timeout_s: float) -> PostgresSession:
        limits = f"-c statement_timeout={int(timeout_s * 1000)} -c default_transaction_read_only=on"
        with _named_failures():
            connection = psycopg.connect(
                self.url,
                autocommit=True,
                connect_timeout=PATIENCE_S,
                options=f"{limits} -c TimeZone=UTC -c jit=off",
                cursor_factory=psycopg.ClientCursor,
            )
        connection.adapters.register_loader("numeric", _Number)
        return PostgresSession(connection, timeout_s)

    def publish(self, manifest: Manifest, file: Path, pinned: frozenset[str]) -> None:
        with _named_failures(), psycopg.connect(self.url, autocommit=True, connect_timeout=PATIENCE_S) as connection:
            found = connection.execute("SELECT pg_try_advisory_lock(%s)", [LOCK]).fetchone()
            if not found or not found[0]:
                raise RetryLaterError("Another snapshot is being published to PostgreSQL. Build again in a moment.")
            connection.execute(LEDGER_DDL)
            if manifest.id not in _listed(connection):
                _load(connection, self.url, manifest, file)
            _make_current(connection, manifest)
            _prune(connection, pinned)


class PostgresSession:
    """One connection that may only read."""

    def __init__(self, connection: psycopg.Connection[tuple[Any, ...]], timeout_s: float) -> None:
        self._connection = connection
        self._timeout_s = timeout_s
        self._schema = ""

    def version(self) -> tuple[str, int] | None:
        found = self._ledger("SELECT id, publication FROM hireboard_mart.snapshot WHERE is_current")
        return (str(found[0][0]), int(found[0][1])) if found else None

    def manifests(self) -> list[Manifest]:
        rows = self._ledger("SELECT manifest FROM hireboard_mart.snapshot ORDER BY is_current DESC, publication DESC")
        return [Manifest.from_json(text) for (text,) in rows]

    def run(self, statement: sa.SelectBase, snapshot_id: str) -> Rows:
        text, values = compile_select(statement)
        with _named_failures(self._timeout_s):
            if self._schema != snapshot_id:
                schemas = sql.SQL(", ").join([sql.Identifier(schema_of(snapshot_id)), sql.Identifier(LEDGER)])
                self._connection.execute(sql.SQL("SET search_path TO {}").format(schemas))
                self._schema = snapshot_id
            cursor = self._connection.execute(text.encode(), values)
            return Rows(tuple(column.name for column in cursor.description or ()), cursor.fetchall())

    def _ledger(self, query: LiteralString) -> list[tuple[Any, ...]]:
        with _named_failures():
            try:
                return self._connection.execute(query).fetchall()
            except psycopg.errors.UndefinedTable:
                return []  # nothing was ever published here

    def close(self) -> None:
        self._connection.close()


def schema_of(snapshot_id: str) -> str:
    return f"mart_{snapshot_id[:12]}"


def _listed(connection: psycopg.Connection[Any]) -> list[str]:
    """Ids of the loaded snapshots, the one published last first."""
    return [
        str(row[0]) for row in connection.execute("SELECT id FROM hireboard_mart.snapshot ORDER BY publication DESC")
    ]


def _load(connection: psycopg.Connection[Any], url: str, manifest: Manifest, file: Path) -> None:
    from services.mart.engines.copying import copy_by_adbc  # noqa: PLC0415 - loads drivers that no reader needs

    schema = sql.Identifier(schema_of(manifest.id))
    with connection.transaction():
        connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(schema))
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(schema))
        connection.execute(sql.SQL("SET LOCAL search_path TO {}").format(schema))
        for table in metadata.sorted_tables:
            connection.execute(_ddl(table).encode())
    copy_by_adbc(url, schema_of(manifest.id), file)
    for table in metadata.sorted_tables:
        name = sql.Identifier(schema_of(manifest.id), table.name)
        counted = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(name)).fetchone()
        if counted is None or counted[0] != manifest.counts[table.name]:
            raise RetryLaterError(f"PostgreSQL took only a part of {table.name}. Build again.")
        connection.execute(sql.SQL("ANALYZE {}").format(name))


def _ddl(table: sa.Table) -> str:
    """Texts compare by their bytes, as in DuckDB, whatever the database's language."""
    return str(CreateTable(table).compile(dialect=DIALECT)).replace(" VARCHAR", ' TEXT COLLATE "C"')


def _make_current(connection: psycopg.Connection[Any], manifest: Manifest) -> None:
    """In one transaction, so that readers see the one before or this one. A later one is not taken back."""
    with connection.transaction():
        later = connection.execute(
            "SELECT 1 FROM hireboard_mart.snapshot WHERE is_current AND as_of > %s", [manifest.as_of]
        ).fetchone()
        connection.execute("DELETE FROM hireboard_mart.snapshot WHERE id = %s AND NOT is_current", [manifest.id])
        if later:
            is_current = False
        else:
            connection.execute("UPDATE hireboard_mart.snapshot SET is_current = false WHERE is_current")
            connection.execute("DELETE FROM hireboard_mart.snapshot WHERE id = %s", [manifest.id])
            is_current = True
        connection.execute(
            "INSERT INTO hireboard_mart.snapshot (id, manifest, as_of, is_current) VALUES (%s, %s, %s, %s) "
            "ON CONFLICT (id) DO NOTHING",
            [manifest.id, manifest.to_json(), manifest.as_of, is_current],
        )


def _prune(connection: psycopg.Connection[Any], pinned: frozenset[str]) -> None:
    """Drop all but the last three and the pinned ones; one that is still being read goes the next time."""
    for snapshot_id in [found for found in _listed(connection)[KEEP_LATEST:] if found not in pinned]:
        try:
            with connection.transaction():
                connection.execute("SET LOCAL lock_timeout = '2s'")
                connection.execute(
                    "DELETE FROM hireboard_mart.snapshot WHERE id = %s AND NOT is_current", [snapshot_id]
                )
                connection.execute(
                    sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(schema_of(snapshot_id)))
                )
        except psycopg.errors.LockNotAvailable:
            log.info("Snapshot %s is still being read; it goes with the next publication.", snapshot_id)


@contextlib.contextmanager
def _named_failures(timeout_s: float = 0) -> Iterator[None]:
    try:
        yield
    except psycopg.errors.QueryCanceled as error:
        raise RetryLaterError(
            f"The question took longer than {timeout_s:g} s and was stopped. Narrow the filters or try later."
        ) from error
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName) as error:
        raise SnapshotGoneError("The data were published anew meanwhile. Try again.") from error
    except (psycopg.errors.OutOfMemory, psycopg.errors.DiskFull) as error:
        raise RetryLaterError(f"PostgreSQL has no room left: {error}. Narrow the filters or try later.") from error
    except psycopg.errors.InsufficientPrivilege as error:
        raise RetryLaterError(
            f"PostgreSQL refuses: {error}. The account of HIREBOARD_MART_URL must be allowed to make schemas in its "
            "database."
        ) from error
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise EngineAwayError(f"The mart's PostgreSQL does not answer: {error}. Try again in a moment.") from error
