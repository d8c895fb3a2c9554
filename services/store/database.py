"""The two ways into the store: ``Store.read()`` and ``Store.write()``. No other place opens a transaction."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, OperationalError

from services.domain.errors import ConfigurationError, RetryLaterError

WRITE_TIMEOUT_S = 30
AWAY = "The database is busy or away. Nothing was changed; try again in a moment."


class Store:
    """The system of record on SQLite or PostgreSQL. One instance a process; safe for threads, not across a fork.

    ``read()`` opens a deferred, read-only snapshot transaction. ``write()`` takes SQLite's write lock at once
    (``BEGIN IMMEDIATE``): a read-modify-write inside it loses no update. On PostgreSQL it is READ COMMITTED and
    rows that
    will be changed are to be selected ``FOR UPDATE``. Both raise RetryLaterError when the database is away or
    locked for
    longer than 30 s.
    """

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
        if backend not in {"sqlite", "postgresql"}:
            message = f"HIREBOARD_DATABASE_URL starts with {backend!r}; it accepts sqlite:///FILE or postgresql://..."
            raise ConfigurationError(message)
        self.dialect = backend
        if backend == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        self.url = parsed
        self.engine = _engine_of(parsed, backend)

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """A consistent view of the store that cannot write."""
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with _translated(), self.engine.connect() as connection:
            if self.dialect == "postgresql":
                connection.execution_options(**options)
            else:
                connection.info["begin"] = "BEGIN DEFERRED"
                connection.exec_driver_sql("PRAGMA query_only = ON")
            try:
                yield connection
            finally:
                connection.rollback()
                if self.dialect == "sqlite":
                    connection.exec_driver_sql("PRAGMA query_only = OFF")
                    connection.rollback()

    @contextlib.contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction, committed at the end of the block, rolled back by any exception."""
        with _translated(), self.engine.connect() as connection:
            connection.info["begin"] = "BEGIN IMMEDIATE"
            with connection.begin():
                yield connection

    def dispose(self) -> None:
        """Close pooled connections: before a fork, and at the end."""
        self.engine.dispose()

    def sqlite_path(self) -> Path | None:
        """The file, or None on PostgreSQL."""
        return Path(self.url.database) if self.dialect == "sqlite" and self.url.database else None


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        if error.connection_invalidated or _is_away(error):
            raise RetryLaterError(AWAY) from error
        raise


def _is_away(error: DBAPIError) -> bool:
    """True for a lock that was not released in time or a server that does not answer; false for mistakes of ours."""
    if not isinstance(error, OperationalError):
        return False
    words = str(error.orig).lower()
    state = getattr(error.orig, "sqlstate", None)
    away_states = ("08", "53", "55P03", "57P")  # connection, resources, lock not available, shutdown
    sqlite_busy = "database is locked" in words or "database is busy" in words
    return sqlite_busy or "connect" in words or bool(state and state.startswith(away_states))


def _engine_of(url: URL, backend: str) -> Engine:
    if backend == "postgresql":
        return create_engine(url, pool_pre_ping=True, pool_size=5, max_overflow=15)
    if url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": WRITE_TIMEOUT_S}, pool_size=5, max_overflow=15)

    @event.listens_for(engine, "connect")
    def _configure(connection: sqlite3.Connection, _record: object) -> None:
        # autocommit at driver level: SQLAlchemy's BEGIN below is the only one
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            "journal_mode = WAL",
            "synchronous = NORMAL",
            "foreign_keys = ON",
            "recursive_triggers = ON",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(connection.info.pop("begin", "BEGIN DEFERRED"))

    return engine
