"""Are the kept snapshots what their manifests say."""

from __future__ import annotations

from contextlib import closing

import duckdb

from services.mart.connection import open_for_reading
from services.mart.digests import table_digests
from services.mart.snapshots import Manifest, SnapshotFolder


def verify_files(folder: SnapshotFolder) -> dict[str, str]:
    """Every snapshot's state by id: "intact", or what is wrong with it. Reads each file whole."""
    return {manifest.id: _state(folder, manifest) for manifest in folder.manifests()}


def _state(folder: SnapshotFolder, manifest: Manifest) -> str:
    if not folder.is_intact(manifest, thorough=True):
        return "does not match its checksum"
    try:
        with closing(open_for_reading(folder.file(manifest.id))) as duck:
            digests = table_digests(duck)
    except duckdb.Error as error:
        return f"cannot be read: {error}"
    return "intact" if digests == dict(manifest.tables) else "its tables do not match its manifest"
