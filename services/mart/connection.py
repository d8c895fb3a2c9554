"""The only place that opens DuckDB, with one fixed configuration."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import duckdb

LOADS_NOTHING: dict[str, str | bool | int | float | list[str]] = {
    "autoload_known_extensions": "false",
    "autoinstall_known_extensions": "false",
    "allow_community_extensions": "false",
}
READER_MEMORY = "400MB"
BUILDER_MEMORY_SHARE = 0.35
BUILDER_MEMORY_MAX_MB = 8192


def open_for_reading(path: Path) -> duckdb.DuckDBPyConnection:
    """A published snapshot, read-only. Raises duckdb.Error when the file cannot be read.

    An instance of its own that attaches the file. Connecting to the path would share one instance per process and path,
    also with a forked child, in which the parent's threads are gone. Cursors of it need ``enter_snapshot``.
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        **LOADS_NOTHING,
        "memory_limit": READER_MEMORY,
        "threads": str(reader_threads()),
        # made only when a question needs more memory than it may have
        "temp_directory": str(Path(tempfile.gettempdir()) / f"hireboard-mart-{os.getpid()}"),
    }
    connection = duckdb.connect(":memory:", config=config)
    try:
        quoted = str(path).replace("'", "''")
        connection.execute(f"ATTACH '{quoted}' AS snapshot (READ_ONLY)")
        enter_snapshot(connection)
        connection.execute("SET enable_external_access = false")
        _lock(connection)
    except duckdb.Error:
        connection.close()
        raise
    return connection


def enter_snapshot(cursor: duckdb.DuckDBPyConnection) -> None:
    """Make unqualified table names mean the snapshot's."""
    cursor.execute("USE snapshot")


def open_for_building(path: Path) -> duckdb.DuckDBPyConnection:
    """A snapshot that nobody reads yet. Large steps spill to a folder beside it."""
    config: dict[str, str | bool | int | float | list[str]] = {
        **LOADS_NOTHING,
        "enable_external_access": "false",
        "memory_limit": f"{_builder_memory_mb()}MB",
        "temp_directory": str(path.with_suffix(".tmp")),
    }
    connection = duckdb.connect(str(path), config=config)
    _lock(connection)
    return connection


def _lock(connection: duckdb.DuckDBPyConnection) -> None:
    """Times are UTC, and nothing can be changed any more."""
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    connection.execute("SET lock_configuration = true")


def reader_threads() -> int:
    """Threads of one reading process: queries of a dashboard are short, so more than four gain nothing."""
    return min(4, os.cpu_count() or 1)


def _builder_memory_mb() -> int:
    total_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    return min(BUILDER_MEMORY_MAX_MB, max(512, int(total_mb * BUILDER_MEMORY_SHARE)))
