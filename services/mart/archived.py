"""Reading one kept snapshot, whatever is current."""

from __future__ import annotations

from pathlib import Path

from services.domain.errors import RetryLaterError
from services.mart.digests import SCHEMA_VERSION
from services.mart.reader import MartReader
from services.mart.snapshots import Manifest, SnapshotFolder


class OtherSchemaError(RetryLaterError):
    """The snapshot was made by another version of the program."""


class _OneSnapshot(SnapshotFolder):
    """The folder as if nothing but one snapshot had ever been published."""

    def __init__(self, path: Path, manifest: Manifest) -> None:
        super().__init__(path)
        self._manifest = manifest

    def current_id(self) -> str | None:
        return self._manifest.id

    def manifests(self) -> list[Manifest]:
        return [self._manifest] if self.file(self._manifest.id).exists() else []


def reader_of(path: Path, manifest: Manifest) -> MartReader:
    """A reader of exactly this snapshot.

    Raises OtherSchemaError at once, instead of answering from another one; its methods raise NotReadyError when the
    file is gone or does not match its checksum.
    """
    if manifest.schema_version != SCHEMA_VERSION:
        raise OtherSchemaError(
            f"Snapshot {manifest.id} was made by another version of the program (schema {manifest.schema_version}, "
            f"this one reads {SCHEMA_VERSION}). Ask it with the version that made it."
        )
    reader = MartReader(path)
    reader.folder = _OneSnapshot(path, manifest)
    return reader
