"""One folder a source system; ``open_connector`` picks by name."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from services.domain.errors import InvalidInputError
from services.ingest.connectors.greenhouse import open_greenhouse
from services.ingest.records import Connector

SYSTEMS = ("greenhouse", "table")


def open_connector(system: str, path: Path, mapping: Path | None, now: datetime) -> Connector:
    """The connector for ``system`` on ``path``. Raises InvalidInputError when either cannot be used."""
    if not path.exists():
        raise InvalidInputError(f"There is no file or folder {path}. Give the path of the export.")
    if system == "greenhouse":
        return open_greenhouse(path, mapping, now)
    if system == "table":
        from services.ingest.connectors.table import open_table  # noqa: PLC0415 - loads pandas, which others do not need

        return open_table(path, mapping, now)
    raise InvalidInputError(f"The system {system!r} is not known. Known systems: {', '.join(SYSTEMS)}.")
