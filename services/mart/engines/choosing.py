"""Which engine answers: ``HIREBOARD_MART_URL`` names it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from services.mart.engines.engine import Engine

if TYPE_CHECKING:
    from services.mart.reader import MartReader
    from services.mart.snapshots import Manifest, SnapshotFolder

DUCKDB, CLICKHOUSE = "duckdb", "clickhouse"


def engine_at(url: str) -> Engine | None:
    """The database at ``url``; None = the snapshot files themselves answer."""
    kind = url.split(":", maxsplit=1)[0] or DUCKDB
    if kind == DUCKDB:
        return None
    if kind == CLICKHOUSE:
        from services.mart.engines.clickhouse import ClickHouseEngine  # noqa: PLC0415 - only where it is chosen

        return ClickHouseEngine(url)
    from services.mart.engines.postgresql import PostgresEngine  # noqa: PLC0415 - as above

    return PostgresEngine(url)


def open_mart(snapshots: Path, url: str = "") -> MartReader:
    """A reader of the engine at ``url``. ``snapshots``: the builder's folder; past ones are read there in any case.

    Nothing is opened yet.
    """
    engine = engine_at(url)
    if engine is None:
        from services.mart.reader import MartReader  # noqa: PLC0415 - a build loads no reader, nor what compiles for it

        return MartReader(snapshots)
    from services.mart.engines.reader import PublishedReader  # noqa: PLC0415 - as above

    return PublishedReader(snapshots, engine)


def publish(url: str, folder: SnapshotFolder, manifest: Manifest) -> None:
    """Bring the engine at ``url`` up to the built snapshot; nothing to do where the files themselves answer.

    Also after a build that changed nothing: what an earlier publication could not bring there follows now.
    """
    engine = engine_at(url)
    if engine is not None:
        engine.publish(manifest, folder.file(manifest.id), folder.pinned())
