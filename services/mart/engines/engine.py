"""What another database must be able to do to answer in DuckDB's place."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import sqlalchemy as sa

from services.domain.errors import RetryLaterError
from services.mart.snapshots import Manifest

KEEP_LATEST = 3


class EngineAwayError(RetryLaterError):
    """The database did not answer, or ended the connection."""


class SnapshotGoneError(RetryLaterError):
    """The snapshot was let go of while somebody still asked it."""


class Rows(NamedTuple):
    """What a select found: the labels of its columns, and plain Python values."""

    names: tuple[str, ...]
    rows: list[tuple[Any, ...]]

    def arrays(self) -> dict[str, np.ndarray[Any, Any]]:
        """The columns as arrays, masked where a value is NULL."""
        columns = zip(*self.rows, strict=True) if self.rows else ((),) * len(self.names)
        return {name: _array(column) for name, column in zip(self.names, columns, strict=True)}


class Session(Protocol):
    """One connection, for one thread. Every method raises EngineAwayError when the database does not answer."""

    def version(self) -> tuple[str, int] | None:
        """Id of the current snapshot, and a number that grows with every publication; None = nothing published."""

    def manifests(self) -> list[Manifest]:
        """All published snapshots, the current one first."""

    def run(self, statement: sa.SelectBase, snapshot_id: str) -> Rows:
        """Ask one snapshot. Raises SnapshotGoneError, and RetryLaterError after the time limit."""

    def close(self) -> None: ...


class Engine(Protocol):
    """A database that snapshots can be published in."""

    @property
    def name(self) -> str:
        """As people call it."""

    def connect(self, timeout_s: float) -> Session:
        """``timeout_s``: the limit of one question. Raises EngineAwayError."""

    def publish(self, manifest: Manifest, file: Path, pinned: frozenset[str]) -> None:
        """Load the snapshot's ``file`` unless it is there, make it current, and drop those not kept.

        Readers see the one before until everything is loaded. Raises RetryLaterError; what was current stays.
        """


def _array(column: Sequence[Any]) -> np.ndarray[Any, Any]:
    known = next((value for value in column if value is not None), None)
    kind, filler = _kind_of(known) if column else (np.dtype(np.int64), 0)
    missing = np.fromiter((value is None for value in column), dtype=np.bool_, count=len(column))
    if not missing.any():
        return np.array(column, dtype=kind)
    filled = [filler if value is None else value for value in column]
    return np.ma.MaskedArray(np.array(filled, dtype=kind), mask=missing)


def _kind_of(value: Any) -> tuple[np.dtype[Any], Any]:
    """The array's type for values like this one, and what stands where there is none."""
    if isinstance(value, bool):
        return np.dtype(np.bool_), False
    if isinstance(value, int):
        return np.dtype(np.int64), 0
    if isinstance(value, float):
        return np.dtype(np.float64), 0.0
    if isinstance(value, date):
        return np.dtype("datetime64[us]"), np.datetime64(0, "us")
    return np.dtype(object), ""
