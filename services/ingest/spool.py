"""Where an import is staged before the store sees any of it: a private SQLite file, deleted when it is complete.

Once everything is staged the file is kept under the batch's number, so that an import that was cut off can be finished
without the export it came from.
"""

from __future__ import annotations

import hashlib
import json
import marshal
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple, Self

from services.ingest.entities import RANK
from services.ingest.kept_spool import SpoolHeader, open_kept, to_disk
from services.ingest.records import EntityRow, Problem, SourceItem, TableRow

PAYLOAD_LIMIT = 64 * 1024
_STAGE_SIZE = 5_000
_SCHEMA = """
create table record (
  seq integer primary key, rank integer not null, resource text not null, key text not null, parent text not null,
  version text, digest blob not null, file text not null, counted integer not null, rows blob not null,
  payload text not null);
create table problem (
  resource text not null, file text not null, record text not null, field text, reason text not null,
  payload text not null);
create table header (content text not null);
"""

_encode = json.JSONEncoder(default=str).encode
_FORMAT = 2
"""The marshal format without references between objects: equal records give equal bytes, so a digest can be taken."""


class StagedItem(NamedTuple):
    """A source record as the loader gets it back."""

    seq: int
    rank: int
    """Place of the record's main entity in the order of application."""
    resource: str
    key: str
    parent: str
    version: str | None
    digest: bytes
    file: str
    counted: bool
    rows: tuple[EntityRow, ...]


class Spool:
    """Staged records of one import, readable in the order of application."""

    def __init__(self, path: Path, kept: SpoolHeader | None = None) -> None:
        """An empty one, or with ``kept`` (see ``kept_header``) the one that is there."""
        self.path = path
        self._is_kept = kept is not None
        self._pending: list[tuple[object, ...]] = []
        self.read_count = kept.read_count if kept else 0
        self.dropped_count = kept.dropped_count if kept else 0
        self._db = open_kept(path) if kept else _new_file(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()
        if not self._is_kept:
            self.path.unlink(missing_ok=True)

    def discard(self) -> None:
        """The import is complete: nobody needs its records any more."""
        self._is_kept = False

    def keep(self, path: Path, header: SpoolHeader) -> None:
        """Everything staged is on the disk under ``path`` when this returns, and stays there until ``discard``."""
        (problems,) = self._db.execute("select count(*) from problem").fetchone()
        counts = {"read_count": self.read_count, "dropped_count": self.dropped_count}
        whole = {**asdict(header), **counts, "records": self.item_count(), "problems": problems}
        self._db.execute("insert into header values (?)", (_encode(whole),))
        self._db.execute("commit")
        self._db.close()
        to_disk(self.path)
        self.path.replace(path)
        to_disk(path.parent)
        self.path, self._is_kept = path, True
        self._db = open_kept(path)

    def add(self, item: SourceItem | Problem) -> None:
        """Stage one record, or remember why it cannot be."""
        if isinstance(item, Problem):
            self.read_count += 1
            self.add_problem(item)
            return
        rows = marshal.dumps((item.version, [tuple(row) for row in item.rows]), _FORMAT)
        digest = hashlib.blake2b(rows, digest_size=16).digest()
        rank, parent = _place(item)
        record = (
            rank,
            item.resource,
            item.key,
            parent,
            item.version,
            digest,
            item.file,
            item.counted,
            rows,
            _stored_payload(item.payload),
        )
        self.read_count += item.counted
        self._pending.append(record)
        if len(self._pending) >= _STAGE_SIZE:
            self._flush()

    def add_problem(self, problem: Problem) -> None:
        self._db.execute(
            "insert into problem values (?, ?, ?, ?, ?, ?)",
            (
                problem.resource,
                problem.file,
                printable(problem.record)[:200],
                problem.field,
                printable(problem.reason),
                problem.payload if isinstance(problem.payload, str) else payload_text(problem.payload),
            ),
        )

    def finish(self) -> None:
        """Everything is staged: settle which of several records with the same id counts."""
        self._flush()
        self._db.execute("create index record_key on record (resource, key)")
        self._drop_repeated()
        self._db.execute("create index record_order on record (rank, parent, seq)")

    def _flush(self) -> None:
        self._db.executemany(
            "insert into record (rank, resource, key, parent, version, digest, file, counted, rows, payload)"
            " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            self._pending,
        )
        self._pending.clear()

    def _drop_repeated(self) -> None:
        """The newest version wins, the first in the file among equals; equal versions must say the same."""
        repeated = self._db.execute(
            "select resource, key from record group by resource, key having count(*) > 1"
        ).fetchall()
        for resource, key in repeated:
            found = self._db.execute(
                "select seq, version, digest, counted, file, payload from record where resource = ? and key = ?"
                " order by version desc nulls last, seq",
                (resource, key),
            ).fetchall()
            _, version, digest, *_ = found[0]
            for seq, other_version, other_digest, counted, file, payload in found[1:]:
                self._db.execute("delete from record where seq = ?", (seq,))
                if other_digest == digest or other_version != version:
                    self.dropped_count += counted
                    continue
                reason = f"id {key} occurs more than once with different content; the first one was used"
                self.add_problem(Problem(resource, file, key, "id", reason, _payload_from(payload)))

    def items(self) -> Iterator[StagedItem]:
        """In the order of application; the rows of one parent follow each other."""
        cursor = self._db.execute(
            "select rows, counted, seq, rank, resource, key, parent, version, digest, file from record"
            " order by rank, parent, seq"
        )
        for rows, counted, seq, rank, resource, key, parent, version, digest, file in cursor:
            _, plain = marshal.loads(rows)  # noqa: S302 - our own file, see kept_spool.py
            entity_rows = tuple([EntityRow(*row) for row in plain])
            yield StagedItem(seq, rank, resource, key, parent, version, digest, file, counted == 1, entity_rows)

    def item_count(self) -> int:
        """Records to apply."""
        (count,) = self._db.execute("select count(*) from record").fetchone()
        return int(count)

    def resources(self) -> list[str]:
        return [str(row[0]) for row in self._db.execute("select distinct resource from record")]

    def payload(self, seq: int) -> str:
        """The record as it came, as JSON."""
        (text,) = self._db.execute("select payload from record where seq = ?", (seq,)).fetchone()
        return _payload_from(text)

    def problems(self) -> list[Problem]:
        """Why records cannot be loaded, in the order in which they were found."""
        rows = self._db.execute("select resource, file, record, field, reason, payload from problem order by rowid")
        return [Problem(*row) for row in rows]

    def planned_keys(self, entity: str, keys: Iterable[str]) -> set[str]:
        """Which of ``keys`` this import itself would create (for a dry run)."""
        query = "select 1 from record where rank = ? and parent = ? limit 1"
        return {key for key in keys if self._db.execute(query, (RANK[entity], key)).fetchone()}


def _new_file(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    db = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode = off", "synchronous = off", "locking_mode = exclusive", "temp_store = memory"):
        db.execute(f"pragma {pragma}")
    db.executescript(_SCHEMA)
    db.execute("begin")
    return db


def _place(item: SourceItem) -> tuple[int, str]:
    """When a record's turn comes, and which others it is written together with."""
    if not item.rows:
        return 0, item.key
    main = item.rows[0] if len(item.rows) == 1 else max(item.rows, key=lambda row: RANK[row.entity])
    return RANK[main.entity], main.parent or main.key


def _stored_payload(payload: Mapping[str, object] | TableRow) -> str | bytes:
    """Rows of a table are many and seldom asked for: they are stored cheaply."""
    if isinstance(payload, TableRow):
        plain = [value if type(value) is str else None if value is None else str(value) for value in payload.fields]
        return marshal.dumps((payload.columns, plain), _FORMAT)
    return payload_text(payload)


def _payload_from(stored: str | bytes) -> str:
    if isinstance(stored, str):
        return stored
    columns, fields = marshal.loads(stored)  # noqa: S302 - our own file, see kept_spool.py
    return payload_text(dict(zip(columns, fields, strict=False)))


def printable(text: str) -> str:
    """Text that every store takes: no lone surrogates, no NUL."""
    return text.encode("utf-8", "replace").decode().replace("\x00", "\ufffd")


def payload_text(payload: object) -> str:
    """JSON, cut at 64 KiB."""
    if isinstance(payload, TableRow):
        payload = payload.as_mapping()
    text = _encode(payload)
    return text if len(text) <= PAYLOAD_LIMIT else text[:PAYLOAD_LIMIT]
