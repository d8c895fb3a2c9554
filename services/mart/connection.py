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


def open_for_reading(path: Path, *, threads: int, memory_limit: str) -> duckdb.DuckDBPyConnection:
    """A published snapshot, read-only. Raises duckdb.Error when the file cannot be read."""
    config = {**LOCKED_DOWN, "memory_limit": memory_limit, "threads": str(threads), "temp_directory": ""}
    connection = duckdb.connect(str(path), read_only=True, config=config)
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    connection.execute("SET lock_configuration = true")
    return connection


def open_for_building(path: Path) -> duckdb.DuckDBPyConnection:
    """A snapshot that nobody reads yet. Large steps spill to a folder beside it."""
    config = {
        **LOCKED_DOWN,
        "memory_limit": f"{_builder_memory_mb()}MB",
        "temp_directory": str(path.with_suffix(".tmp")),
    }
    connection = duckdb.connect(str(path), config=config)
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    connection.execute("SET lock_configuration = true")
    return connection


def reader_threads() -> int:
    """Threads of one reading process: queries of a dashboard are short, so more than four gain nothing."""
    return min(4, os.cpu_count() or 1)


def _builder_memory_mb() -> int:
    total_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    return min(BUILDER_MEMORY_MAX_MB, max(512, int(total_mb * BUILDER_MEMORY_SHARE)))
