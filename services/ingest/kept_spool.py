"""A spool that outlives its import: what it says of itself, and whether it can be relied on."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import stat
from dataclasses import dataclass
from pathlib import Path

from services.domain.errors import ConflictError


@dataclass(frozen=True, slots=True)
class SpoolHeader:
    """Everything but the records that finishing an import takes."""

    batch_id: int
    system: str
    place: str
    begun_at: str
    """With the batch's number, system and place it tells that the file belongs to this very store."""
    entities: tuple[str, ...]
    data_from: str | None
    notes: dict[str, int]
    records: int = 0
    problems: int = 0
    read_count: int = 0
    dropped_count: int = 0


def kept_header(path: Path) -> SpoolHeader:
    """What a kept spool says of itself. Raises ConflictError when it cannot be relied on."""
    _require_own(path)
    try:
        with contextlib.closing(open_kept(path)) as db:
            row = db.execute("select content from header").fetchone()
            content = json.loads(row[0])
            header = SpoolHeader(**{**content, "entities": tuple(content["entities"])})
            found = tuple(db.execute("select (select count(*) from record), (select count(*) from problem)").fetchone())
            is_whole = found == (header.records, header.problems)
            is_sound = db.execute("pragma quick_check").fetchone() == ("ok",)
    except (sqlite3.DatabaseError, TypeError, ValueError) as error:
        raise ConflictError(_DAMAGED.format(path)) from error
    if not (is_whole and is_sound):
        raise ConflictError(_DAMAGED.format(path))
    return header


_DAMAGED = "{} is damaged: what the import had read is lost. Run the import again from its export, or abandon it."


def _require_own(path: Path) -> None:
    """Rows are kept in Python's own format, which must not be read from a file that somebody else could write."""
    found = path.stat()
    if found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o022:
        message = f"{path} belongs to another user or can be written by others: run this as the user who began it."
        raise ConflictError(message)


def open_kept(path: Path) -> sqlite3.Connection:
    """To read only."""
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)


def to_disk(path: Path) -> None:
    """The file, or the names in the folder, survive a power cut when this returns."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
