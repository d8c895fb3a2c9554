"""Import batches: begin, complete or fail one; which are unfinished, and what stands in the store because of them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from services.audit.log import AuditLog
from services.domain.errors import HireboardError, NotFoundError
from services.domain.import_batches import BLOCKING, UNFINISHED, BatchState, UnfinishedImport
from services.ingest import live_lane
from services.ingest.import_lock import running_import
from services.ingest.kept_spool import SpoolHeader, kept_header
from services.store.database import Store
from services.store.tables import AppSetting, ImportBatch, SourceRecord

SHOWN = 100


@dataclass(frozen=True, slots=True)
class Counts:
    """read = loaded + unchanged + quarantined, in records of the source."""

    read: int
    loaded: int
    unchanged: int
    quarantined: int


@dataclass(frozen=True, slots=True)
class ListedImport:
    """One import as people ask for it. ``written``: records in the store that it was the last to write."""

    id: int
    system: str
    path: str
    state: str
    started_at: datetime
    finished_at: datetime | None
    counts: Counts
    written: int | None
    """None for one that is over: nobody needs it, and counting takes long."""
    is_running: bool
    """On this machine."""
    can_resume: bool
    """What it had read is kept on this machine."""
    blocks: bool
    """While it is like this, no new numbers are published."""


def kept_file(folder: Path, batch_id: int) -> Path:
    return folder / f"batch-{batch_id}.spool"


def list_imports(store: Store, folder: Path) -> list[ListedImport]:
    """Every unfinished import and the last hundred others, the newest first."""
    is_open = ImportBatch.state.in_(UNFINISHED)
    latest = select(ImportBatch.id).where(~is_open).order_by(ImportBatch.id.desc()).limit(SHOWN)
    query = select(ImportBatch.__table__).where(is_open | ImportBatch.id.in_(latest))
    with store.read() as connection:
        rows = connection.execute(query.order_by(ImportBatch.id.desc())).mappings().all()
        written = written_by(connection, [row["id"] for row in rows if row["state"] in UNFINISHED])
    running = running_import(folder)
    return [
        ListedImport(
            id=row["id"],
            system=row["source_system"],
            path=row["path"],
            state=row["state"],
            started_at=row["started_at"],
            finished_at=row["finished_at"],
            counts=Counts(*(row[f"{name}_count"] for name in Counts.__slots__)),
            written=written.get(row["id"], 0) if row["state"] in UNFINISHED else None,
            is_running=row["id"] == running,
            can_resume=row["state"] in UNFINISHED and row["id"] != running and kept_file(folder, row["id"]).exists(),
            blocks=row["state"] in BLOCKING,
        )
        for row in rows
    ]


def written_by(connection: Connection, batch_ids: Iterable[int]) -> dict[int, int]:
    """Records that each batch was the last to write; those that wrote none are left out."""
    wanted = list(batch_ids)
    if not wanted:
        return {}
    query = select(SourceRecord.batch_id, func.count()).where(SourceRecord.batch_id.in_(wanted))
    return {int(number or 0): int(count) for number, count in connection.execute(query.group_by(SourceRecord.batch_id))}


def find_import(store: Store, batch_id: int) -> UnfinishedImport:
    """Raises NotFoundError."""
    with store.read() as connection:
        found = _imports(connection, ImportBatch.id == batch_id)
    if not found:
        raise NotFoundError(f"There is no import {batch_id}. `hireboard import list` shows those there are.")
    return found[0]


def blocking_imports(store: Store) -> list[UnfinishedImport]:
    """Those because of which nothing is published."""
    with store.read() as connection:
        return _imports(connection, ImportBatch.state.in_(BLOCKING))


def unfinished_of(connection: Connection, system: str) -> list[UnfinishedImport]:
    return _imports(connection, (ImportBatch.source_system == system) & ImportBatch.state.in_(UNFINISHED))


def _imports(connection: Connection, where: Any) -> list[UnfinishedImport]:
    query = select(
        ImportBatch.id, ImportBatch.source_system, ImportBatch.path, ImportBatch.state, ImportBatch.started_at
    )
    return [UnfinishedImport(*row) for row in connection.execute(query.where(where).order_by(ImportBatch.id))]


def header_of(store: Store, folder: Path, batch_id: int) -> SpoolHeader:
    """What is kept of an unfinished import. Raises NotFoundError where nothing is, ConflictError if it is damaged."""
    batch, file = find_import(store, batch_id), kept_file(folder, batch_id)
    header = kept_header(file) if file.exists() else None
    if header is None or not _belongs(header, batch):
        raise NotFoundError(
            f"What import {batch_id} had read is not kept on this machine (in {folder}). Resume it on the machine that "
            f"began it, run it again from {batch.place}, or give it up with `hireboard import abandon {batch_id}`."
        )
    return header


def _belongs(header: SpoolHeader, batch: UnfinishedImport) -> bool:
    theirs = (header.batch_id, header.system, header.place, header.begun_at)
    return theirs == (batch.id, batch.system, batch.place, batch.started_at.isoformat())


def sweep(store: Store, folder: Path) -> None:
    """Throw away what nobody needs: files of imports killed while they read, and of those that are over."""
    for file in folder.glob("*.spool"):
        number = file.stem.removeprefix("batch-")
        if number == file.stem:
            file.unlink()
            continue
        with contextlib.suppress(HireboardError, ValueError):
            batch = find_import(store, int(number))
            if batch.state not in UNFINISHED and _belongs(kept_header(file), batch):
                file.unlink()


def begin(store: Store, system: str, place: str, actor: str) -> tuple[UnfinishedImport, bool]:
    """The batch of this import, and whether it is a cut one of the same place that is taken up again."""
    with store.write() as connection:
        for batch in unfinished_of(connection, system):
            if batch.place == place:
                return batch, batch.state != BatchState.STAGED
        now = datetime.now(UTC).replace(microsecond=0)
        values = {"source_system": system, "path": place, "state": BatchState.STAGED.value, "started_at": now}
        statement = insert(ImportBatch).values(**values, actor=actor).returning(ImportBatch.id)
        number = int(connection.execute(statement).scalar_one())
    return UnfinishedImport(number, system, place, BatchState.STAGED, now), False


def set_applying(store: Store, batch_id: int, actor: str, *, resumed: bool) -> None:
    with store.write() as connection:
        _change(connection, batch_id, BatchState.APPLYING)
        if resumed:
            AuditLog(store).append(connection, actor, "import.resumed", f"import:{batch_id}")


def note_failure(store: Store, batch_id: int, error: BaseException, actor: str) -> None:
    """The import ended with ``error``. Where even that cannot be written the batch stays ``applying``."""
    with contextlib.suppress(HireboardError, SQLAlchemyError), store.write() as connection:
        if not _imports(connection, (ImportBatch.id == batch_id) & ImportBatch.state.in_(UNFINISHED)):
            return
        _change(connection, batch_id, BatchState.FAILED)
        detail = {"error": type(error).__name__, "message": str(error)[:500]}
        AuditLog(store).append(connection, actor, "import.failed", f"import:{batch_id}", detail)


def complete(
    store: Store,
    batch_id: int,
    counts: Counts,
    *,
    entities: Iterable[str],
    data_from: str | None,
    unfinished: Iterable[int],
    actor: str,
) -> list[UnfinishedImport]:
    """Everything is written: show it. Returns those of ``unfinished`` of which something is still not said again."""
    now = datetime.now(UTC)
    audit = AuditLog(store)
    with store.read() as connection:
        lane = live_lane.difference(connection, now)  # worked out before the lock is taken, written under it
    with store.write() as connection:
        live_lane.apply_difference(connection, lane, now)
        values = {f"{name}_count": getattr(counts, name) for name in Counts.__slots__}
        _change(connection, batch_id, BatchState.COMPLETE, finished_at=now, **values)
        detail = {name: getattr(counts, name) for name in Counts.__slots__}
        audit.append(connection, actor, "import.completed", f"import:{batch_id}", detail)
        if data_from is not None:
            begins = datetime.combine(date.fromisoformat(data_from), datetime.min.time(), UTC)
            _set(connection, "data_from", begins.isoformat(), actor, now)
        known = _setting(connection, "loaded_entities") or []
        _set(connection, "loaded_entities", sorted({*known, *entities}), actor, now)
        wanted = list(unfinished)
        left = written_by(connection, wanted)
        for number in wanted:
            if number not in left:
                _change(connection, number, BatchState.SUPERSEDED, finished_at=now)
                audit.append(connection, actor, "import.superseded", f"import:{number}", {"by": batch_id})
        return _imports(connection, ImportBatch.id.in_(left)) if left else []


def end(connection: Connection, batch_id: int, state: BatchState) -> None:
    """Give a batch up, in the caller's transaction."""
    finished = None if state in UNFINISHED else datetime.now(UTC)
    _change(connection, batch_id, state, finished_at=finished)


def _change(connection: Connection, batch_id: int, state: BatchState, **values: Any) -> None:
    connection.execute(update(ImportBatch).where(ImportBatch.id == batch_id).values(state=state.value, **values))


def _setting(connection: Connection, name: str) -> Any:
    query = select(AppSetting.value).where(AppSetting.name == name).order_by(AppSetting.version.desc()).limit(1)
    value = connection.execute(query).scalar()
    return None if value is None else json.loads(value)


def _set(connection: Connection, name: str, value: object, actor: str, now: datetime) -> None:
    """A new version, if the value differs from the current one."""
    if _setting(connection, name) == value:
        return
    version = connection.execute(select(func.max(AppSetting.version)).where(AppSetting.name == name)).scalar() or 0
    connection.execute(
        insert(AppSetting).values(
            name=name, version=version + 1, value=json.dumps(value), changed_at=now, changed_by=actor
        )
    )
