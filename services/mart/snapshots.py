"""The folder of published snapshots: manifests, checksums, the `current` link, pins and what may be thrown away.

<id>.duckdb      the snapshot; never written again
<id>.json        its manifest
<id>.verified    which file was found to match its checksum, so that each process need not read it whole
<id>.pin         keep it
current          link to <id>.duckdb
publications     one line for every publication, for ever: what was current when, also after the file is gone
.lock            held by the one builder
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from services.domain.errors import NotFoundError, RetryLaterError

KEEP_LATEST = 3
PUBLICATIONS = "publications"


@dataclass(frozen=True)
class Manifest:
    """What a snapshot is and where it came from. ``id`` is the digest over ``tables``, so equal content has one id.

    ``as_of`` is the time of the store read; ``watermark`` is where the next increment begins in the change rows.
    No time enters the id.
    """

    id: str
    as_of: datetime
    published_at: datetime
    tables: Mapping[str, str]
    counts: Mapping[str, int]
    watermark: int
    store: str
    schema_version: int
    sha256: str
    size_bytes: int
    how: str
    """full, increment, or none (the content was the same)."""
    duration_s: float
    data_from: datetime | None = None

    def to_json(self) -> str:
        values = dataclasses.asdict(self)
        for name in ("as_of", "published_at", "data_from"):
            values[name] = values[name].isoformat() if values[name] else None
        return json.dumps(values, indent=1, sort_keys=True)

    @staticmethod
    def from_json(text: str) -> Manifest:
        """Raises ValueError, KeyError or TypeError when it is not a manifest."""
        values = json.loads(text)
        for name in ("as_of", "published_at", "data_from"):
            values[name] = datetime.fromisoformat(values[name]) if values[name] else None
        return Manifest(**values)


class Publication(NamedTuple):
    """``snapshot_id`` was current from ``as_of``, the time of the store read, until the next publication.

    ``is_logged``: it stands in the list; else it is known from a kept manifest alone, and what came next is not known.
    """

    as_of: datetime
    snapshot_id: str
    is_logged: bool = True


class SnapshotFolder:
    """Snapshots on disk. Writing methods are for the holder of ``exclusive()`` only."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def file(self, snapshot_id: str) -> Path:
        return self.path / f"{snapshot_id}.duckdb"

    def manifest(self, snapshot_id: str) -> Manifest | None:
        """None when there is none or it cannot be read."""
        try:
            return Manifest.from_json(self._manifest_file(snapshot_id).read_text(encoding="utf-8"))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _manifest_file(self, snapshot_id: str) -> Path:
        return self.path / f"{snapshot_id}.json"

    def current_id(self) -> str | None:
        """Where the link points; None before the first publication."""
        try:
            return (self.path / "current").readlink().stem
        except OSError:
            return None

    def version(self) -> tuple[str, int] | None:
        """Changes with every publication, also of the same content at a later time. Cheap: two system calls."""
        current = self.current_id()
        if current is None:
            return None
        try:
            return current, self._manifest_file(current).stat().st_mtime_ns
        except OSError:
            return current, 0

    def manifests(self) -> list[Manifest]:
        """All readable manifests whose file exists, the current one first, then newest first."""
        found = [self.manifest(path.stem) for path in self.path.glob("*.json")]
        present = [item for item in found if item and self.file(item.id).exists()]
        current = self.current_id()
        return sorted(present, key=lambda m: (m.id == current, m.published_at), reverse=True)

    def is_intact(self, manifest: Manifest, *, thorough: bool = False) -> bool:
        """Whether the file matches its checksum.

        Unless ``thorough``, a file that was found intact before and has not been touched since passes.
        """
        path = self.file(manifest.id)
        try:
            seal = _seal(path)
            verified = path.with_suffix(".verified")
            if (
                not thorough
                and verified.exists()
                and verified.read_text(encoding="utf-8") == f"{manifest.sha256} {seal}"
            ):
                return True
            if sha256_of(path) != manifest.sha256:
                return False
            _write_atomically(verified, f"{manifest.sha256} {seal}")
        except OSError:
            return False
        return True

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[None]:
        """Be the only builder. Raises RetryLaterError when another one is at work; a dead builder holds nothing."""
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / ".lock").open("a") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise RetryLaterError(
                    "Another mart build is running. Wait until it has finished, then build again."
                ) from error
            yield

    def publish(self, built: Path, manifest: Manifest) -> None:
        """Put a finished file in place: fsync, rename, manifest, then the link. A crash leaves the old one."""
        target = self.file(manifest.id)
        _sync(built)
        built.replace(target)
        self.write_manifest(manifest)
        _write_atomically(target.with_suffix(".verified"), f"{manifest.sha256} {_seal(target)}")
        self._point_current(target)
        self._log(manifest)

    def write_manifest(self, manifest: Manifest) -> None:
        _write_atomically(self._manifest_file(manifest.id), manifest.to_json())
        _sync(self.path)

    def republish(self, manifest: Manifest) -> None:
        """The same content is still true at a later time: new manifest, same file."""
        self.write_manifest(manifest)
        self._point_current(self.file(manifest.id))
        self._log(manifest)

    def _log(self, manifest: Manifest) -> None:
        with (self.path / PUBLICATIONS).open("a", encoding="utf-8") as lines:
            lines.write(json.dumps({"as_of": manifest.as_of.isoformat(), "id": manifest.id}) + "\n")
            lines.flush()
            os.fsync(lines.fileno())

    def publications(self) -> list[Publication]:
        """Every publication that is known of, oldest first; a line that cannot be read is passed over."""
        found: dict[tuple[datetime, str], Publication] = {}
        for item in self.manifests():
            found[item.as_of, item.id] = Publication(item.as_of, item.id, is_logged=False)
        try:
            lines = (self.path / PUBLICATIONS).read_text(encoding="utf-8").splitlines()
        except OSError:
            lines = []
        for line in lines:
            try:
                values = json.loads(line)
                logged = Publication(datetime.fromisoformat(values["as_of"]), str(values["id"]))
            except (ValueError, KeyError, TypeError):
                continue
            found[logged.as_of, logged.snapshot_id] = logged
        return sorted(found.values())

    def _point_current(self, target: Path) -> None:
        link = self.path / ".current.new"
        link.unlink(missing_ok=True)
        link.symlink_to(target.name)
        link.replace(self.path / "current")
        _sync(self.path)

    def pin(self, snapshot_id: str) -> None:
        """Keep a snapshot for ever. Raises NotFoundError when it is not there."""
        if not self.file(snapshot_id).exists():
            raise NotFoundError(
                f"There is no snapshot {snapshot_id!r}. `hireboard mart status` lists those that exist."
            )
        self.file(snapshot_id).with_suffix(".pin").touch()

    def unpin(self, snapshot_id: str) -> None:
        """It goes with the other old ones at the next publication."""
        self.file(snapshot_id).with_suffix(".pin").unlink(missing_ok=True)

    def prune(self) -> list[str]:
        """Remove all but the last three, the last of each month and pinned ones; returns the removed ids."""
        newest_first = sorted(self.manifests(), key=lambda m: m.published_at, reverse=True)
        keep = {item.id for item in newest_first[:KEEP_LATEST]} | {self.current_id()}
        months: set[tuple[int, int]] = set()
        for item in newest_first:
            month = (item.published_at.year, item.published_at.month)
            if month not in months:
                months.add(month)
                keep.add(item.id)
        removed = [m.id for m in newest_first if m.id not in keep and not self._is_pinned(m.id)]
        for snapshot_id in removed:
            for suffix in (".json", ".verified", ".duckdb"):
                self.file(snapshot_id).with_suffix(suffix).unlink(missing_ok=True)
        return removed

    def pinned(self) -> frozenset[str]:
        """Ids of the snapshots that somebody wants to be kept."""
        return frozenset(path.stem for path in self.path.glob("*.pin"))

    def _is_pinned(self, snapshot_id: str) -> bool:
        return self.file(snapshot_id).with_suffix(".pin").exists()


def sha256_of(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def utc_now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _seal(path: Path) -> str:
    """Identity of a file that any write to it changes (the change time cannot be set back)."""
    stat = path.stat()
    return f"{stat.st_ino} {stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns}"


def _write_atomically(path: Path, text: str) -> None:
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with fresh.open("w", encoding="utf-8") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    fresh.replace(path)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
