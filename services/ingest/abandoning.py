"""Give an unfinished import up for good, so that nothing half of it is ever shown.

Three ways, by what is in the store. Nothing was written: it is over at once. Nothing else was ever imported from that
source: every row of the source goes, as if it had never been. Otherwise former values are not known any more: what was
written stays, unseen, until a complete import of the source has said each of those records again, in whatever version.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import ColumnElement, Connection, Table, delete, func, or_, select, update

from services.audit.log import AuditLog
from services.domain.errors import ConflictError
from services.domain.import_batches import UNFINISHED, BatchState, UnfinishedImport
from services.ingest import batches, live_lane
from services.ingest.batches import kept_file
from services.ingest.changes import write_changes
from services.ingest.entities import ENTITIES
from services.ingest.import_lock import ImportLock
from services.ingest.imports import ACTOR, default_folder, in_words
from services.store.database import Store
from services.store.tables import ImportBatch, QuarantineRow, SourceRecord, metadata

ROWS_AT_A_TIME = 2_000


class Way(enum.Enum):
    NOTHING_WRITTEN = "nothing written"
    TAKE_BACK = "take back"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class AbandonPlan:
    """``others``: unfinished imports of the same source whose rows go with this one's."""

    batch: UnfinishedImport
    written: int
    way: Way
    others: tuple[int, ...] = ()

    def words(self) -> str:
        """What abandoning it does, for a person who is asked."""
        one = self.batch
        name = f"Import {one.id} ({one.system} from {one.place}, {in_words(one.state)})"
        match self.way:
            case Way.NOTHING_WRITTEN:
                return f"{name} has no record in the store. Abandoning it ends it; nothing else changes."
            case Way.TAKE_BACK:
                too = f", with what imports {', '.join(map(str, self.others))} wrote," if self.others else ""
                return (
                    f"{name} wrote {self.written:,} records, and no import of {one.system} was ever complete. "
                    f"Abandoning it{too} deletes every row of {one.system} from the store. Numbers never showed them."
                )
            case Way.WAIT:
                return (
                    f"{name} wrote {self.written:,} records over older ones, which are not known any more. Abandoning "
                    f"it throws away what it had read and cannot be undone. Numbers stay as they are until complete "
                    f"imports of {one.system} have brought these {self.written:,} records again, older versions "
                    "included."
                )


def plan_abandon(store: Store, batch_id: int) -> AbandonPlan:
    """Raises NotFoundError if there is no such import, ConflictError if it is over or accounts refer to its rows."""
    batch = batches.find_import(store, batch_id)
    if batch.state not in UNFINISHED:
        raise ConflictError(f"Import {batch_id} is {in_words(batch.state)}: only an unfinished one can be abandoned.")
    with store.read() as connection:
        written = batches.written_by(connection, [batch_id]).get(batch_id, 0)
        wrote_unlisted = batch.state != BatchState.STAGED and _has_rows_without_records(connection, batch.system)
        if not written and not wrote_unlisted:
            return AbandonPlan(batch, 0, Way.NOTHING_WRITTEN)
        completed = select(func.count()).where(
            ImportBatch.source_system == batch.system,
            ImportBatch.state.in_((BatchState.COMPLETE.value, BatchState.SUPERSEDED.value)),
        )
        if connection.scalar(completed):
            return AbandonPlan(batch, written, Way.WAIT)
        others = tuple(one.id for one in batches.unfinished_of(connection, batch.system) if one.id != batch_id)
        _require_free(connection, batch)
    return AbandonPlan(batch, written, Way.TAKE_BACK, others)


def abandon_import(store: Store, batch_id: int, *, spool_dir: Path | None = None, actor: str = ACTOR) -> AbandonPlan:
    """Carry the plan out; killed halfway it is still unfinished, and abandoning it again goes on.

    Raises as ``plan_abandon``, and ConflictError while an import runs on this machine.
    """
    folder = spool_dir or default_folder()
    with ImportLock(folder):
        plan = plan_abandon(store, batch_id)
        with store.write() as connection:
            over = plan.way is Way.NOTHING_WRITTEN
            batches.end(connection, batch_id, BatchState.TAKEN_BACK if over else BatchState.ABANDONED)
            write_changes(connection, "reference", [None] if over else [])
            detail = {"way": plan.way.value, "written": plan.written, "with": list(plan.others)}
            AuditLog(store).append(connection, actor, "import.abandoned", f"import:{batch_id}", detail)
        if plan.way is Way.TAKE_BACK:
            _take_back(store, plan)
        elif plan.way is Way.WAIT:
            _forget_versions(store, batch_id)
        for number in (batch_id, *plan.others):
            kept_file(folder, number).unlink(missing_ok=True)
        return plan


def _forget_versions(store: Store, batch_id: int) -> None:
    """So that any export that holds these records is news, an older one too."""
    record, last = SourceRecord, 0
    while True:
        with store.write() as connection:
            page = select(record.id).where(record.batch_id == batch_id, record.id > last)
            ids = list(connection.scalars(page.order_by(record.id).limit(ROWS_AT_A_TIME)))
            if not ids:
                return
            connection.execute(update(record).where(record.id.in_(ids)).values(digest=b"", source_version=None))
            last = ids[-1]


# --- every row of a source --------------------------------------------------------------------------------------------

_TABLES = {metadata.tables[entity.table] for entity in ENTITIES.values()}


def _take_back(store: Store, plan: AbandonPlan) -> None:
    system = plan.batch.system
    for table in reversed(metadata.sorted_tables):
        if table in _TABLES:
            for column in _references_to_itself(table):
                _in_pages(store, table, _is_of(system, table) & column.is_not(None), clear=column)
            _in_pages(store, table, _is_of(system, table))
    if not _any_complete(store):
        _in_pages(store, metadata.tables["company_holiday"], metadata.tables["company_holiday"].c.office_id.is_(None))
    for table in (SourceRecord.__table__, QuarantineRow.__table__):
        _in_pages(store, table, table.c.source_system == system)  # type: ignore[arg-type]
    with store.write() as connection:
        write_changes(connection, "reference", [None])
        for number in (plan.batch.id, *plan.others):
            batches.end(connection, number, BatchState.TAKEN_BACK)
        now = datetime.now(UTC)
        live_lane.apply_difference(connection, live_lane.difference(connection, now), now)


def _any_complete(store: Store) -> bool:
    """Holidays of the whole company do not say which source they came from."""
    with store.read() as connection:
        query = select(ImportBatch.id).where(ImportBatch.state == BatchState.COMPLETE.value).limit(1)
        return connection.execute(query).first() is not None


def _in_pages(
    store: Store, table: Table, where: ColumnElement[bool], clear: ColumnElement[object] | None = None
) -> None:
    """Delete the rows, or empty one of their columns, a few at a time so that a web write never waits for long."""
    page = select(table.c.id).where(where).limit(ROWS_AT_A_TIME)
    while True:
        with store.write() as connection:
            ids = list(connection.scalars(page))
            if not ids:
                return
            among = table.c.id.in_(ids)
            connection.execute(
                delete(table).where(among) if clear is None else update(table).where(among).values({clear: None})
            )


def _is_of(system: str, table: Table) -> ColumnElement[bool]:
    """Rows of the source: by its name, or by the row of the source that they belong to."""
    if "source_system" in table.c:
        return table.c.source_system == system
    owners = [
        key.parent.in_(select(key.column).where(key.column.table.c.source_system == system))
        for key in table.foreign_keys
        if "source_system" in key.column.table.c
    ]
    return or_(*owners)


def _references_to_itself(table: Table) -> list[ColumnElement[object]]:
    return [key.parent for key in table.foreign_keys if key.column.table is table]


def _references_from_outside() -> Iterator[tuple[Table, ColumnElement[object], Table]]:
    """(table, column, table of a source it refers to) of everything that no import writes."""
    for table in metadata.sorted_tables:
        for key in table.foreign_keys:
            if table not in _TABLES and key.column.table in _TABLES:
                yield table, key.parent, key.column.table


def _require_free(connection: Connection, batch: UnfinishedImport) -> None:
    """Accounts, grants or rules that refer to the rows would be left without them."""
    for table, column, target in _references_from_outside():
        of_source = select(target.c.id).where(_is_of(batch.system, target))
        count = connection.scalar(select(func.count()).select_from(table).where(column.in_(of_source)))
        if count:
            name = table.name.replace("_", " ")
            raise ConflictError(
                f"{count:,} rows of {name} refer to what import {batch.id} wrote, so it cannot be taken back. Remove "
                f"those first, or import a whole export of {batch.system}."
            )


def _has_rows_without_records(connection: Connection, system: str) -> bool:
    """The demonstration company is written without records of its rows."""
    tables = [table for table in _TABLES if "source_system" in table.c]
    record = select(SourceRecord.id).where(SourceRecord.source_system == system).limit(1)
    if connection.execute(record).first() is not None:
        return False
    return any(
        connection.execute(select(table.c.id).where(table.c.source_system == system).limit(1)).first() is not None
        for table in tables
    )
