"""Build a snapshot and publish it: one builder at a time, nothing half-made ever visible."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import duckdb
import sqlalchemy as sa

from services.domain.errors import RetryLaterError
from services.domain.import_batches import BLOCKING, UnfinishedImport, blocked_by
from services.mart.builder import build_full, loaded_flags
from services.mart.changes import Changes, read_changes
from services.mart.connection import open_for_building
from services.mart.digests import SCHEMA_VERSION, Digest, digest_of, snapshot_id, table_digests
from services.mart.extract import StoreSnapshot, open_snapshot
from services.mart.increment import apply_changes
from services.mart.snapshots import Manifest, SnapshotFolder, sha256_of, utc_now
from services.store.tables import AppSetting, ChangeRow, ImportBatch

log = logging.getLogger(__name__)


class _Reading(NamedTuple):
    """What a build knows of the store before it reads the rows."""

    as_of: datetime
    watermark: int
    store: str
    data_from: datetime | None


class Mart:
    """Builds and publishes snapshots of the store at ``url`` in the folder ``snapshots``.

    Reads SQLite with a library of its own: use it in a process that holds no connection to the same file
    (``services.mart.apart`` starts one).
    """

    def __init__(self, url: sa.URL | str, snapshots: Path) -> None:
        self.url = sa.make_url(url)
        self.folder = SnapshotFolder(snapshots)

    def build(self, *, full: bool = False) -> Manifest:
        """Publish the store's present content; unless ``full``, only what changed is built where that is possible.

        Raises RetryLaterError while an import is being applied or another build runs; the published snapshot stays.
        """
        began = time.monotonic()
        with self.folder.exclusive(), _named_failures(), open_snapshot(self.url) as store:
            self._sweep()
            reading = self._look(store)
            current = self._usable_current(reading)
            changes = read_changes(store, current.watermark) if current and not full else None
            if current is None or changes is None:
                manifest = self._build_full(store, reading, began)
            elif changes.is_empty and _same_settings(store, reading, current):
                return self._publish_again(
                    current, self._manifest(reading, current.tables, current.counts, "none", began)
                )
            else:
                manifest = self._build_increment(store, reading, current, changes, began)
            return self._publish(manifest, current)

    @property
    def _fresh(self) -> Path:
        return self.folder.path / ".build.duckdb"

    def _build_full(self, store: StoreSnapshot, reading: _Reading, began: float) -> Manifest:
        with closing(open_for_building(self._fresh)) as duck:
            duck.begin()
            build_full(duck, store)
            _note_data_from(duck, reading.data_from)
            return self._finish(duck, reading, table_digests(duck), "full", began)

    def _build_increment(
        self, store: StoreSnapshot, reading: _Reading, current: Manifest, changes: Changes, began: float
    ) -> Manifest:
        shutil.copyfile(self.folder.file(current.id), self._fresh)
        with closing(open_for_building(self._fresh)) as duck:
            duck.begin()
            digests = apply_changes(duck, store, changes, current.tables)
            _note_data_from(duck, reading.data_from)
            digests["snapshot_count"] = str(digest_of(duck, "snapshot_count"))
            return self._finish(duck, reading, digests, "increment", began)

    def _sweep(self) -> None:
        """Throw away what a killed build left behind."""
        for leftover in self.folder.path.glob(".build.*"):
            if leftover.is_dir():
                for file in leftover.iterdir():
                    file.unlink()
                leftover.rmdir()
            else:
                leftover.unlink()

    def _look(self, store: StoreSnapshot) -> _Reading:
        unfinished = _unfinished_imports(store)
        if unfinished:
            raise RetryLaterError(blocked_by(unfinished))
        identity = hashlib.sha256(self.url.render_as_string(hide_password=True).encode()).hexdigest()[:12]
        return _Reading(utc_now(), _watermark(store), identity, _data_from(store))

    def _usable_current(self, reading: _Reading) -> Manifest | None:
        """The published manifest, if it is intact and came from this store with this schema; otherwise None."""
        current_id = self.folder.current_id()
        current = self.folder.manifest(current_id) if current_id else None
        if current is None or current.schema_version != SCHEMA_VERSION or current.store != reading.store:
            return None
        if current.watermark > reading.watermark:
            return None  # another store under the same address
        return current if self.folder.is_intact(current) else None

    def _finish(
        self, duck: duckdb.DuckDBPyConnection, reading: _Reading, digests: dict[str, str], how: str, began: float
    ) -> Manifest:
        counts = {name: int(value) for name, value in duck.execute("FROM snapshot_count").fetchall()}
        counts |= {name: Digest.parse(digest).rows for name, digest in digests.items()}
        duck.commit()
        duck.execute("CHECKPOINT")
        return self._manifest(reading, digests, counts, how, began)

    def _manifest(
        self, reading: _Reading, tables: Mapping[str, str], counts: Mapping[str, int], how: str, began: float
    ) -> Manifest:
        return Manifest(
            id=snapshot_id(tables),
            as_of=reading.as_of,
            published_at=utc_now(),
            tables=tables,
            counts=counts,
            watermark=reading.watermark,
            store=reading.store,
            schema_version=SCHEMA_VERSION,
            sha256="",
            size_bytes=0,
            how=how,
            duration_s=round(time.monotonic() - began, 3),
            data_from=reading.data_from,
        )

    def _publish(self, manifest: Manifest, current: Manifest | None) -> Manifest:
        fresh = self._fresh
        if current is not None and current.id == manifest.id:
            return self._publish_again(current, manifest)
        sealed = dataclasses.replace(manifest, sha256=sha256_of(fresh), size_bytes=fresh.stat().st_size)
        self.folder.publish(fresh, sealed)
        self._sweep()
        removed = self.folder.prune()
        log.info("Published snapshot %s (%s, %.1f s); removed %s", sealed.id, sealed.how, sealed.duration_s, removed)
        return sealed

    def _publish_again(self, current: Manifest, latest: Manifest) -> Manifest:
        """Equal content, later time: the file stays, the manifest moves on."""
        again = dataclasses.replace(latest, sha256=current.sha256, size_bytes=current.size_bytes)
        self.folder.republish(again)
        self._sweep()
        return again

    def differences(self) -> dict[str, tuple[str, str]]:
        """Tables of the published snapshot whose digest differs from a full build of the store now: (published, now).

        Publishes nothing; without a snapshot every table differs from "". Raises RetryLaterError as ``build`` does.
        """
        current_id = self.folder.current_id()
        current = self.folder.manifest(current_id) if current_id else None
        published: Mapping[str, str] = current.tables if current else {}
        with self.folder.exclusive(), _named_failures(), open_snapshot(self.url) as store:
            self._sweep()
            reading = self._look(store)
            with closing(open_for_building(self._fresh)) as duck:
                duck.begin()
                build_full(duck, store)
                _note_data_from(duck, reading.data_from)
                now = table_digests(duck)
            self._sweep()
        return {
            name: (published.get(name, ""), now[name]) for name in sorted(now) if published.get(name, "") != now[name]
        }


@contextmanager
def _named_failures() -> Iterator[None]:
    try:
        yield
    except duckdb.ProgrammingError:
        raise  # our SQL is wrong: nothing a person at the server can do
    except (duckdb.Error, OSError) as error:
        raise RetryLaterError(
            f"The snapshot could not be built: {error}. The published one stays. Look at free disk space and memory, "
            "then build again."
        ) from error


def _same_settings(store: StoreSnapshot, reading: _Reading, current: Manifest) -> bool:
    """No change row tells of a first survey or of a moved beginning of the data; both are cheap to look up."""
    loaded = loaded_flags(store)
    return reading.data_from == current.data_from and all(current.counts.get(n) == v for n, v in loaded.items())


def _note_data_from(duck: duckdb.DuckDBPyConnection, data_from: datetime | None) -> None:
    if data_from is not None:
        duck.execute("INSERT INTO snapshot_count VALUES ('data_from', ?)", [int(data_from.timestamp())])


def _unfinished_imports(store: StoreSnapshot) -> list[UnfinishedImport]:
    query = sa.select(
        ImportBatch.id, ImportBatch.source_system, ImportBatch.path, ImportBatch.state, ImportBatch.started_at
    )
    rows = store.rows(query.where(ImportBatch.state.in_(BLOCKING)))
    return [UnfinishedImport(*row)._replace(started_at=_instant(row[-1])) for row in rows]


def _instant(given: datetime | str) -> datetime:
    """PostgreSQL's driver gives a moment, SQLite's the text of the store."""
    return datetime.fromisoformat(given) if isinstance(given, str) else given.astimezone(UTC)


def _watermark(store: StoreSnapshot) -> int:
    """Where the next increment begins: the oldest transaction still running (PostgreSQL), the last row (SQLite)."""
    if store.dialect == "postgresql":
        return int(
            store.scalar(sa.select(sa.text("CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint)")))
        )
    return int(store.scalar(sa.select(sa.func.coalesce(sa.func.max(ChangeRow.id), 0))))


def _data_from(store: StoreSnapshot) -> datetime | None:
    """The setting ``data_from``: an ISO time, or seconds since 1970; None when it was never set."""
    latest = sa.select(AppSetting.value).where(AppSetting.name == "data_from").order_by(AppSetting.version.desc())
    rows = store.rows(latest.limit(1))
    value = json.loads(rows[0][0]) if rows else None
    if value is None:
        return None
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    at = datetime.fromisoformat(str(value))
    return at if at.tzinfo else at.replace(tzinfo=UTC)
