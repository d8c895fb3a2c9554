"""The only place that opens DuckDB, with one fixed configuration."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb

LOCKED_DOWN: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": "false",
    "autoload_known_extensions": "false",
    "autoinstall_known_extensions": "false",
    "allow_community_extensions": "false",
}
READER_MEMORY = "400MB"
BUILDER_MEMORY_SHARE = 0.35
BUILDER_MEMORY_MAX_MB = 8192


def open_for_reading(path: Path) -> duckdb.DuckDBPyConnection:
    """A published snapshot, read-only. Raises duckdb.Error when the file cannot be read.

    Always the same configuration: DuckDB refuses a second one for a file that is open in the process.
    """
    config = {**LOCKED_DOWN, "memory_limit": READER_MEMORY, "threads": str(reader_threads()), "temp_directory": ""}
    connection = duckdb.connect(str(path), read_only=True, config=config)
    _lock(connection)
    return connection


def open_for_building(path: Path) -> duckdb.DuckDBPyConnection:
    """A snapshot that nobody reads yet. Large steps spill to a folder beside it."""
    config = {
        **LOCKED_DOWN,
        "memory_limit": f"{_builder_memory_mb()}MB",
        "temp_directory": str(path.with_suffix(".tmp")),
    }
    connection = duckdb.connect(str(path), config=config)
    _lock(connection)
    return connection


def _lock(connection: duckdb.DuckDBPyConnection) -> None:
    """Times are UTC, and nothing can be changed any more. A file already open in the process is locked already."""
    locked = connection.execute("SELECT current_setting('lock_configuration')").fetchone()
    if locked == (False,):
        connection.execute("SET GLOBAL TimeZone = 'UTC'")
        connection.execute("SET lock_configuration = true")


def reader_threads() -> int:
    """Threads of one reading process: queries of a dashboard are short, so more than four gain nothing."""
    return min(4, os.cpu_count() or 1)


def _builder_memory_mb() -> int:
    total_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    return min(BUILDER_MEMORY_MAX_MB, max(512, int(total_mb * BUILDER_MEMORY_SHARE)))
