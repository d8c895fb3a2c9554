"""Staged records into the store, a chunk a transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, select, update

from services.delivery import failpoints
from services.ingest import bulk
from services.ingest.entities import RANK
from services.ingest.event_chunks import EVENT_RANK
from services.ingest.quarantine import QuarantineWriter
from services.ingest.records import FieldError, Problem
from services.ingest.resolve import Resolver
from services.ingest.rows import MissingSelfReferenceError
from services.ingest.spool import Spool, StagedItem
from services.ingest.writers import ChunkWriter, RowsOfItem
from services.store.database import Store
from services.store.tables import SourceRecord

ROWS_AT_A_TIME = 2_000
"""Rows a transaction writes at most, bookkeeping included, so that a web write never waits for long."""

_HOLD_RANK = RANK["hold"]
_RECORD = ("source_system", "resource", "external_id", "digest", "source_version", "batch_id")


@dataclass(slots=True)
class Tally:
    loaded: int = 0
    unchanged: int = 0
    quarantined: int = 0


def chunks(items: Iterable[StagedItem], limit: int = ROWS_AT_A_TIME) -> Iterator[list[StagedItem]]:
    """Records of one rank, at most ``limit`` rows, those of one parent together unless it alone has more."""
    chunk: list[StagedItem] = []
    filled = 0
    for item in items:
        own = len(item.rows) + 1  # and its source record
        other = not chunk or chunk[-1].parent != item.parent
        if chunk:
            full = filled + own + other > limit - (limit // 4 if other else 0)
            if full or item.rank != chunk[-1].rank:
                yield chunk
                chunk, filled, other = [], 0, True
        chunk.append(item)
        filled += own + other  # a parent has one change row
    if chunk:
        yield chunk


class Loader:
    """Applies one spool for one batch. Running it again applies only what is still missing.

    ``unfinished``: batches given up or cut off for good, whose records pass to this batch as it says them again.
    ``keeps_later``: what a later batch said of a record stands (a batch that is finished long after it was begun).
    """

    def __init__(
        self,
        store: Store,
        spool: Spool,
        system: str,
        batch_id: int,
        *,
        progress: Callable[[int], None],
        unfinished: frozenset[int] = frozenset(),
        keeps_later: bool = False,
    ) -> None:
        self._store = store
        self._spool = spool
        self._system = system
        self._batch_id = batch_id
        self._progress = progress
        self._unfinished = unfinished
        self._keeps_later = keeps_later
        self._resolver = Resolver(system)
        self._writer = ChunkWriter(system, self._resolver)
        self._quarantine = QuarantineWriter(store, system, batch_id)
        self._waiting: list[StagedItem] = []
        self._new: set[str] = set()
        self.tally = Tally()

    def run(self) -> Tally:
        self._new = self._never_seen()
        for chunk in chunks(self._spool.items()):
            if self._waiting and chunk[0].rank != self._waiting[0].rank:
                self._apply_waiting()
            self._apply(chunk, last_try=False)
        self._apply_waiting()
        self._write_problems(self._spool.problems())
        return self.tally

    def _never_seen(self) -> set[str]:
        """Resources of which the store has no record: theirs need not be looked up one by one."""
        record = SourceRecord
        known = select(record.id).where(record.source_system == self._system).limit(1)
        with self._store.read() as connection:
            return {
                resource
                for resource in self._spool.resources()
                if connection.execute(known.where(record.resource == resource)).first() is None
            }

    def _apply_waiting(self) -> None:
        """Records that referred to a later one of their own kind, now that all of that kind are there."""
        waiting, self._waiting = self._waiting, []
        for chunk in chunks(waiting):
            self._apply(chunk, last_try=True)

    def _apply(self, chunk: Sequence[StagedItem], *, last_try: bool) -> None:
        try:
            with self._store.write() as connection:
                bulk.prepare(connection)
                done = self._apply_in(connection, chunk, last_try=last_try)
        except BaseException:
            self._resolver.forget()
            raise
        self.tally.loaded += done.loaded
        self.tally.unchanged += done.unchanged
        self.tally.quarantined += done.quarantined
        self._progress(len(chunk))
        failpoints.hit("import-chunk")

    def _apply_in(self, connection: Connection, chunk: Sequence[StagedItem], *, last_try: bool) -> Tally:
        self._resolver.forget_chunk()
        seen_before = [item for item in chunk if item.resource not in self._new]
        known = known_records(connection, self._system, seen_before)
        fresh = [item for item in seen_before if self._is_news(item, known.get((item.resource, item.key)))]
        fresh.extend(item for item in chunk if item.resource in self._new)
        same = [item for item in seen_before if _is_same(item, known)]
        self._take_over(connection, [item for item in same if _batch_of(item, known) in self._unfinished])
        done = Tally(unchanged=sum(item.counted for item in chunk) - sum(item.counted for item in fresh))
        slow = self._writer.write_events(connection, fresh) if chunk[0].rank == EVENT_RANK else fresh
        rows = [RowsOfItem(item) for item in slow]
        # holds cut one another where they overlap: those that have not changed are laid again beside those that have
        again = [RowsOfItem(_holds_of(item)) for item in same] if chunk[0].rank == _HOLD_RANK else []
        self._writer.write(connection, [*rows, *again])
        refused = {one.item.seq for one in rows if one.error is not None}
        loaded = [item for item in fresh if item.seq not in refused] if refused else fresh
        for one in rows:
            if one.error is None:
                continue
            if isinstance(one.error, MissingSelfReferenceError) and not last_try:
                self._waiting.append(one.item)
            else:
                self._quarantine.add(connection, self._problem(one.item, one.error))
                done.quarantined += one.item.counted
        self._record(connection, loaded)
        self._quarantine.loaded(connection, ((item.resource, item.key) for item in loaded))
        done.loaded = sum(item.counted for item in loaded)
        return done

    def _is_news(self, item: StagedItem, known: KnownRecord | None) -> bool:
        if self._keeps_later and known is not None and known.batch_id is not None and known.batch_id > self._batch_id:
            return False
        return is_news(item, known)

    def _take_over(self, connection: Connection, items: Sequence[StagedItem]) -> None:
        """Records of batches given up are this batch's now that it said the same."""
        record = SourceRecord
        for resource in sorted({item.resource for item in items}):
            keys = [item.key for item in items if item.resource == resource]
            statement = update(record).where(
                record.source_system == self._system,
                record.resource == resource,
                bulk.among(connection, record.external_id, keys),
            )
            connection.execute(statement.values(batch_id=self._batch_id))

    def _problem(self, item: StagedItem, error: FieldError) -> Problem:
        return Problem(item.resource, item.file, item.key, error.field, error.reason, self._spool.payload(item.seq))

    def _record(self, connection: Connection, items: Sequence[StagedItem]) -> None:
        system, batch, table = self._system, self._batch_id, SourceRecord.__table__
        for new in (True, False):
            rows = [
                (system, item.resource, item.key, item.digest, item.version, batch)
                for item in items
                if (item.resource in self._new) == new
            ]
            conflict = () if new else _RECORD[:3]
            bulk.upsert_values(connection, table, _RECORD, rows, conflict)  # type: ignore[arg-type]

    def _write_problems(self, problems: Sequence[Problem]) -> None:
        limit = ROWS_AT_A_TIME // 4
        for start in range(0, len(problems), limit):
            with self._store.write() as connection:
                bulk.prepare(connection)
                for problem in problems[start : start + limit]:
                    self._quarantine.add(connection, problem)
        self.tally.quarantined += len(problems)


class KnownRecord(NamedTuple):
    """What the store has of a source record."""

    digest: bytes
    version: str | None
    batch_id: int | None


_Known = Mapping[tuple[str, str], KnownRecord]
"""By resource and key."""


def known_records(
    connection: Connection, system: str, items: Sequence[StagedItem]
) -> dict[tuple[str, str], KnownRecord]:
    """Those of ``items`` that the store has in any version."""
    by_resource: dict[str, list[StagedItem]] = {}
    for item in items:
        by_resource.setdefault(item.resource, []).append(item)
    table = SourceRecord.__table__
    known: dict[tuple[str, str], KnownRecord] = {}
    for resource, batch in by_resource.items():
        found = bulk.lookup(
            connection,
            [table.c.external_id, table.c.digest, table.c.source_version, table.c.batch_id],
            (table.c.source_system == system) & (table.c.resource == resource),
            table.c.external_id,
            [item.key for item in batch],
        )
        known.update({(resource, key): KnownRecord(bytes(digest), *rest) for key, digest, *rest in found})
    return known


def changed_items(connection: Connection, system: str, items: Sequence[StagedItem]) -> list[StagedItem]:
    """Without those that the store has as they are, or in a newer version."""
    known = known_records(connection, system, items)
    return [item for item in items if is_news(item, known.get((item.resource, item.key)))]


def is_news(item: StagedItem, known: KnownRecord | None) -> bool:
    """It says something else than the store has, and not in an older version."""
    if known is None:
        return True
    if known.digest == item.digest:
        return False
    return item.version is None or known.version is None or item.version >= known.version


def _is_same(item: StagedItem, known: _Known) -> bool:
    found = known.get((item.resource, item.key))
    return found is not None and found.digest == item.digest


def _holds_of(item: StagedItem) -> StagedItem:
    return item._replace(rows=tuple(row for row in item.rows if row.entity == "hold"))


def _batch_of(item: StagedItem, known: _Known) -> int | None:
    return known[item.resource, item.key].batch_id
