"""Reading snapshots that were published in another database, with everything else as ``MartReader`` has it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import sqlalchemy as sa

from services.mart.digests import SCHEMA_VERSION
from services.mart.engines.engine import Engine, EngineAwayError, Rows, Session, SnapshotGoneError
from services.mart.reader import LOOK_AGAIN_S, QUERY_TIMEOUT_S, MartReader, SnapshotInfo, _Instance
from services.mart.snapshots import Manifest, SnapshotFolder

_T = TypeVar("_T")


class _Published(_Instance):
    """A published snapshot: nothing is opened, every question names it."""

    def __init__(self, manifest: Manifest, version: tuple[str, int]) -> None:
        self.info = SnapshotInfo(manifest.id, manifest.as_of, manifest.data_from, manifest.counts)
        self.version = version
        self.seen = (manifest.id, manifest.sha256)


class _PublishedFolder(SnapshotFolder):
    """The builder's own folder (past snapshots are asked there), whose news come from the database."""

    def __init__(self, path: Path, version: Callable[[], tuple[str, int] | None]) -> None:
        super().__init__(path)
        self._version = version

    def version(self) -> tuple[str, int] | None:
        return self._version()


class PublishedReader(MartReader):
    """As ``MartReader``, from a database. A connection for each thread; nothing is connected before the first use.

    All methods raise RetryLaterError while the database is away, and NotReadyError while nothing is published there.
    """

    def __init__(
        self,
        snapshots: Path,
        engine: Engine,
        *,
        timeout_s: float = QUERY_TIMEOUT_S,
        look_again_s: float = LOOK_AGAIN_S,
    ) -> None:
        super().__init__(snapshots, timeout_s=timeout_s, look_again_s=look_again_s)
        self.engine = engine
        self.folder = _PublishedFolder(snapshots, lambda: self._asking(lambda session: session.version()))

    def _forget(self) -> None:
        """Connections inherited over a fork are left alone: closing them would end the parent's."""
        super()._forget()
        self._left_alone = [*getattr(self, "_left_alone", []), *getattr(self, "_sessions", [])]
        self._sessions: list[Session] = []

    def execute(self, statement: sa.SelectBase) -> list[tuple[Any, ...]]:
        """All rows of a select over ``services.mart.schema``. Raises RetryLaterError after the time limit."""
        return self._rows(statement).rows

    def fetch_arrays(self, statement: sa.SelectBase) -> dict[str, np.ndarray[Any, Any]]:
        """The columns by label, as numpy arrays (masked where a value is NULL), for curve arithmetic."""
        return self._rows(statement).arrays()

    def fetch_together(self, statements: Sequence[sa.Select[Any]]) -> list[dict[str, np.ndarray[Any, Any]]]:
        """One after the other: only the engine in this process reads for many questions at once."""
        return [self.fetch_arrays(statement) for statement in statements]

    def prepared(self, key: Hashable, build: Callable[[], sa.Select[Any]], now: bool) -> sa.FromClause | None:  # noqa: FBT001 - positional for its callers
        """Nothing is kept: readers may not write there."""
        del key, build, now
        return None

    def _rows(self, statement: sa.SelectBase) -> Rows:
        instance = self._held() or self._current()
        try:
            return self._asking(lambda session: session.run(statement, instance.info.id))
        except SnapshotGoneError:
            self._looked_at = 0.0
            raise

    def _open(self, version: tuple[str, int] | None) -> _Instance | None:
        for manifest in self._asking(lambda session: session.manifests()):
            if manifest.schema_version == SCHEMA_VERSION:
                return _Published(manifest, version or (manifest.id, 0))
            self._refuse((manifest.id, manifest.sha256), "was built by another version of the program")
        return None

    def _asking(self, work: Callable[[Session], _T]) -> _T:
        """``work`` on this thread's connection; once more on a new one when the old one turns out to be gone."""
        session: Session | None = getattr(self._local, "session", None)
        if session is not None:
            try:
                return work(session)
            except EngineAwayError:
                self._drop(session)
        session = self.engine.connect(self._timeout_s)
        self._local.session = session
        self._sessions.append(session)
        try:
            return work(session)
        except EngineAwayError:
            self._drop(session)
            raise

    def _drop(self, session: Session) -> None:
        self._local.session = None
        with contextlib.suppress(ValueError):
            self._sessions.remove(session)
        session.close()

    def close(self) -> None:
        """Let go of the snapshot and of every thread's connection; the next use connects again."""
        super().close()
        while self._sessions:
            self._sessions.pop().close()
