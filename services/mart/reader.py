"""Reading the published snapshot: follows the link, survives forks, bounds every query in time."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import threading
import time
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import numpy as np
import sqlalchemy as sa

from services.domain.errors import NotFoundError, RetryLaterError
from services.mart.compiler import compile_select
from services.mart.connection import enter_snapshot, open_for_reading, reader_threads
from services.mart.digests import SCHEMA_VERSION
from services.mart.prepared import PreparedRows
from services.mart.snapshots import Manifest, SnapshotFolder
from services.mart.together import Together
from services.mart.watchdog import Watchdog

_T = TypeVar("_T")
log = logging.getLogger(__name__)

QUERY_TIMEOUT_S = 30.0
LOOK_AGAIN_S = 1.0
OTHERS_OPEN = 2
"""Snapshots that somebody holds on to, opened beside the current one."""
_ID = re.compile(r"[0-9a-f]{8,64}")


class NotReadyError(RetryLaterError):
    """No snapshot can be served yet."""


@dataclass(frozen=True)
class SnapshotInfo:
    """Which snapshot answers. ``as_of``: the time of its store read, the default cut of every query.

    ``data_from``: before it nothing was recorded (late entry); None = the data are complete from their first day.
    ``counts``: the table ``snapshot_count``, and the rows of every table by its name. ``version`` also changes when the
    same content is published for a later time: the right thing to put into cache keys and `/api/version`.
    """

    id: str
    as_of: datetime
    data_from: datetime | None
    counts: Mapping[str, int]

    @property
    def version(self) -> str:
        return f"{self.id}-{self.as_of:%Y%m%d%H%M%S}"


class _Instance:
    """One opened snapshot: a connection, and a cursor per thread."""

    def __init__(self, manifest: Manifest, connection: duckdb.DuckDBPyConnection, version: tuple[str, int]) -> None:
        self.info = SnapshotInfo(manifest.id, manifest.as_of, manifest.data_from, manifest.counts)
        self.version = version
        self.seen = (manifest.id, manifest.sha256)
        self.prepared = PreparedRows(lambda sql, values: self.cursor().execute(sql, values).fetchall())
        self._connection = connection
        self._local = threading.local()

    def cursor(self) -> duckdb.DuckDBPyConnection:
        cursor: duckdb.DuckDBPyConnection | None = getattr(self._local, "cursor", None)
        if cursor is None:
            cursor = self._connection.cursor()
            enter_snapshot(cursor)
            self._local.cursor = cursor
        return cursor


class MartReader:
    """Read access to the current snapshot. One per process; safe for threads and across a fork.

    Nothing is opened before the first use in a process. All methods raise NotReadyError while no intact snapshot
    exists.
    """

    def __init__(
        self,
        snapshots: Path,
        *,
        timeout_s: float = QUERY_TIMEOUT_S,
        look_again_s: float = LOOK_AGAIN_S,
    ) -> None:
        self.folder = SnapshotFolder(snapshots)
        self._timeout_s = timeout_s
        self._look_again_s = look_again_s
        self._refused: set[tuple[str, str]] = set()
        self._forget()

    def _forget(self) -> None:
        """Start afresh in this process. A connection inherited over a fork is left alone: closing it could hang."""
        inherited = [getattr(self, "_instance", None), getattr(self, "_others", None)]
        self._inherited = [*getattr(self, "_inherited", []), *inherited]
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._local = threading.local()
        self._watchdog = Watchdog()
        self._pool: ThreadPoolExecutor | None = None
        self._instance: _Instance | None = None
        self._others: dict[str, _Instance] = {}
        self._looked_at = 0.0

    def snapshot(self) -> SnapshotInfo:
        """The snapshot that would answer now."""
        return self._current().info

    def refresh(self) -> SnapshotInfo:
        """As ``snapshot()``, but looks at the link even if it did so less than a second ago."""
        return self._current(look=True).info

    @contextlib.contextmanager
    def hold(self) -> Iterator[SnapshotInfo]:
        """All queries of this thread inside the block are answered by one snapshot, whatever is published meanwhile."""
        held = self._held()
        if held is not None:
            yield held.info
            return
        self._local.held = instance = self._current()
        try:
            yield instance.info
        finally:
            self._local.held = None

    @contextlib.contextmanager
    def hold_at(self, snapshot_id: str) -> Iterator[SnapshotInfo]:
        """As ``hold``, by a snapshot that is kept, whatever is current. Raises NotFoundError when it is not."""
        before, instance = self._held(), self._kept(snapshot_id)
        self._local.held = instance
        try:
            yield instance.info
        finally:
            self._local.held = before

    def _kept(self, snapshot_id: str) -> _Instance:
        current = self._current()
        if current.info.id == snapshot_id:
            return current
        with self._lock:
            found = self._others.get(snapshot_id)
            if found is None:
                self._others[snapshot_id] = found = self._opened(snapshot_id)
                while len(self._others) > OTHERS_OPEN:
                    self._others.pop(next(iter(self._others)))
            return found

    def _opened(self, snapshot_id: str) -> _Instance:
        manifest = self.folder.manifest(snapshot_id) if _ID.fullmatch(snapshot_id) else None
        usable = manifest is not None and manifest.schema_version == SCHEMA_VERSION
        if manifest is None or not usable or not self.folder.is_intact(manifest):
            raise NotFoundError("The numbers that this view held are not kept any more. Let go of it to see today's.")
        return _Instance(manifest, open_for_reading(self.folder.file(manifest.id)), (manifest.id, 0))

    def later(self, work: Callable[[], _T]) -> Callable[[], _T]:
        """Begin ``work`` in another thread, on the snapshot that this one holds; what is returned waits for it.

        As many run at once as the process may use cores: one reads while another adds up.
        """
        instance = self._held() or self._current()

        def on_the_same_snapshot() -> _T:
            self._local.held = instance
            try:
                return work()
            finally:
                self._local.held = None

        return self._workers().submit(on_the_same_snapshot).result

    def _workers(self) -> ThreadPoolExecutor:
        """Of this process: started with the first question, so that none is inherited over a fork."""
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(reader_threads(), thread_name_prefix="mart")
            return self._pool

    def execute(self, statement: sa.SelectBase) -> list[tuple[Any, ...]]:
        """All rows of a select over ``services.mart.schema``. Raises RetryLaterError after the time limit."""
        rows: list[tuple[Any, ...]] = self._run(*compile_select(statement), lambda cursor: cursor.fetchall())
        return rows

    def fetch_arrays(self, statement: sa.SelectBase) -> dict[str, np.ndarray[Any, Any]]:
        """The columns by label, as numpy arrays (masked where a value is NULL), for curve arithmetic."""
        arrays = self._run(*compile_select(statement), lambda cursor: cursor.fetchnumpy())
        return {name: np.asanyarray(column) for name, column in arrays.items()}

    def fetch_together(self, statements: Sequence[sa.Select[Any]]) -> list[dict[str, np.ndarray[Any, Any]]]:
        """As ``fetch_arrays`` of each, in one statement; see ``Together`` for what they must look like."""
        if not statements:
            return []
        together = Together(statements, compile_select)
        return together.apart(self._run(together.sql, together.values, lambda cursor: cursor.fetchnumpy()))

    def prepared(self, key: Hashable, build: Callable[[], sa.Select[Any]], now: bool) -> sa.FromClause | None:  # noqa: FBT001 - positional for its callers
        """Rows that depend on nothing but the snapshot and ``key``, as a table; None = not kept, ask without it.

        ``now``: keep them at once, not from their second use on.
        """
        instance = self._held() or self._current()
        with self._watchdog.limit(self._timeout_s, instance.cursor().interrupt):
            return instance.prepared.table(key, build, now=now)

    def close(self) -> None:
        """Let go of the snapshot; the next use opens it again."""
        with self._lock:
            self._instance = None
            self._others.clear()

    def _run(self, sql: str, values: list[object], fetch: Callable[[duckdb.DuckDBPyConnection], Any]) -> Any:
        instance = self._held() or self._current()
        cursor = instance.cursor()
        try:
            with self._watchdog.limit(self._timeout_s, cursor.interrupt):
                return fetch(cursor.execute(sql, values))
        except duckdb.InterruptException as error:
            limit = f"{self._timeout_s:g} s"
            raise RetryLaterError(
                f"The question took longer than {limit} and was stopped. Narrow the filters or try later."
            ) from error
        except duckdb.OutOfMemoryException as error:
            raise RetryLaterError(
                "The question needs more memory than is free. Narrow the filters or try later."
            ) from error
        except duckdb.IOException as error:
            self._give_up(instance, f"cannot be read any more ({error})")
            raise RetryLaterError(
                "The snapshot turned out to be damaged; an earlier one is used. Try again."
            ) from error

    def _give_up(self, instance: _Instance, why: str) -> None:
        """A block that is broken although the file was whole when it was opened: DuckDB checks each one it reads."""
        with self._lock:
            if self._instance is instance:
                self._refuse(instance.seen, why)
                self._instance = None

    def _held(self) -> _Instance | None:
        if self._pid != os.getpid():
            self._forget()
        held: _Instance | None = getattr(self._local, "held", None)
        return held

    def _current(self, *, look: bool = False) -> _Instance:
        if self._pid != os.getpid():
            self._forget()
        now = time.monotonic()
        instance = self._instance
        if instance is not None and not look and now - self._looked_at < self._look_again_s:
            return instance
        with self._lock:
            self._looked_at = now
            version = self.folder.version()
            if self._instance is None or (version is not None and version != self._instance.version):
                self._instance = self._open(version) or self._instance
            if self._instance is None:
                raise NotReadyError(
                    "There is no snapshot of the data yet. It is built after the first import; "
                    "`hireboard mart build` builds it now."
                )
            return self._instance

    def _open(self, version: tuple[str, int] | None) -> _Instance | None:
        """The current snapshot, or the newest intact one before it."""
        for manifest in self.folder.manifests():
            seen = (manifest.id, manifest.sha256)
            if seen in self._refused:
                continue
            if manifest.schema_version != SCHEMA_VERSION:
                self._refuse(seen, "was built by another version of the program")
                continue
            if not self.folder.is_intact(manifest):
                self._refuse(seen, "does not match its checksum")
                continue
            try:
                connection = open_for_reading(self.folder.file(manifest.id))
            except duckdb.Error as error:
                self._refuse(seen, f"cannot be opened ({error})")
                continue
            return _Instance(manifest, connection, version or (manifest.id, 0))
        return None

    def _refuse(self, seen: tuple[str, str], why: str) -> None:
        self._refused.add(seen)
        log.error("Snapshot %s %s; the previous one is used. Build again: hireboard mart build --full", seen[0], why)
